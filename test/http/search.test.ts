import { expect, test } from 'vitest';
import type { SearchPage } from '../../src/chat/view.ts';
import { bob } from '../support/fake-api.ts';
import { openFixture, type Fixture } from '../support/http.ts';

async function get({ server }: Fixture, query: string) {
  const answer = await server.fastify.inject({ url: `/messages?${query}` });
  return { status: answer.statusCode, body: answer.body, page: () => answer.json<SearchPage>() };
}

function openTalk(): Fixture {
  const fixture = openFixture();
  for (const text of ['disk full', 'disk ok', 'full disk', 'else']) fixture.api.arrive(text);
  return fixture;
}

test('a search gives the newest first, and goes on before the last', async () => {
  const fixture = openTalk();
  const page = (await get(fixture, 'q=disk+full&limit=1')).page();
  expect(page).toMatchObject({ more: true, complete: true, searched_from: null, next: '3' });
  expect(page.messages.map(({ text }) => text)).toEqual(['full disk']);
  const rest = (
    await get(fixture, `q=disk+full&before=${page.next}&author=${page.messages[0]?.author ?? ''}`)
  ).page();
  expect(rest.messages.map(({ text }) => text)).toEqual(['disk full']);
  expect((await get(fixture, 'q=disk&author=' + bob)).page().messages).toEqual([]);
  expect((await get(fixture, 'q=disk&format=text')).body.split('\n')).toHaveLength(4);
});

test('a search is told how long it may wait for the index', async () => {
  const fixture = openTalk();
  fixture.api.isIndexed = false;
  expect((await get(fixture, 'q=disk&wait=2.5')).page().complete).toBe(false);
  expect(fixture.api.searches).toEqual([{ line: 'disk', limit: 50, waitMs: 2500 }]);
});

test.each([
  'q=',
  'q=%20',
  `q=${'x'.repeat(1001)}`,
  'q=%22',
  'q=x&after=0',
  'q=x&follow=1&format=text',
  'q=x&needs_ack=me',
  'q=x&pinned=1',
  'q=x&q=y',
])('GET /messages?%s is refused as a bad field', async (query) => {
  const { status, body } = await get(openTalk(), query);
  expect([status, JSON.parse(body)]).toMatchObject([400, { code: 'bad-field' }]);
});
