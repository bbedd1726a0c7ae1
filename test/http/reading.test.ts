import { expect, test } from 'vitest';
import type { MessageView, Page } from '../../src/chat/view.ts';
import { alice, bob, idOf, lobby, peerView } from '../support/fake-api.ts';
import { openFixture, type Fixture } from '../support/http.ts';

async function get({ server }: Fixture, url: string, headers: Record<string, string> = {}) {
  const answer = await server.fastify.inject({ url, headers });
  return {
    status: answer.statusCode,
    type: answer.headers['content-type'],
    body: answer.body,
    page: () => answer.json<Page>(),
    texts: () => answer.json<Page>().messages.map((message: MessageView) => message.text),
    json: () => answer.json<Record<string, unknown>>(),
  };
}

function openTalk(count: number): Fixture {
  const fixture = openFixture();
  for (let i = 1; i <= count; i++) fixture.api.arrive(`text ${i}`);
  return fixture;
}

test('the newest messages are given in timeline order, 50 where no limit is asked', async () => {
  const fixture = openTalk(60);
  fixture.api.arrive('late', { time: '2001-01-01T00:00:00.000Z' });
  const { messages, next, more } = (await get(fixture, '/messages')).page();
  expect(messages.length).toBe(50);
  expect([messages[0]?.text, messages.at(-1)?.text]).toEqual(['text 11', 'text 60']);
  expect([next, more]).toEqual(['61', true]);
});

test('a message is shown whole', async () => {
  const fixture = openFixture();
  const whole = fixture.api.arrive('a "quoted" text', {
    name: null,
    reply_to: idOf(7),
    reactions: { '👍': [bob], 'a"b': [] },
    mentions: [alice],
    disputed: true,
    delivery: { stored: [bob], members: 3 },
  });
  expect((await get(fixture, '/messages')).page().messages).toEqual([whole]);
  expect((await get(fixture, `/messages/${whole.id}`)).json()).toEqual(whole);
  const line = (await get(fixture, '/messages?format=ndjson')).body;
  expect(JSON.parse(line)).toEqual(whole);
});

test('F44 F45 reading after a cursor gives each message once, to every reader', async () => {
  const fixture = openTalk(25);
  for (const reader of ['first', 'second']) {
    const texts: string[] = [];
    let cursor = '0';
    for (let more = true; more;) {
      const page = (await get(fixture, `/messages?after=${cursor}&limit=10`)).page();
      texts.push(...page.messages.map((message) => message.text));
      ({ next: cursor, more } = page);
    }
    expect(texts, reader).toEqual(fixture.api.stored.map((message) => message.text));
  }
});

test('before gives the page before a message or a cursor', async () => {
  const fixture = openTalk(9);
  const byId = await get(fixture, `/messages?before=${idOf(5)}&limit=2`);
  expect(byId.texts()).toEqual(['text 3', 'text 4']);
  expect((await get(fixture, '/messages?before=2')).texts()).toEqual(['text 1']);
});

test('from gives the page from a message or a cursor on, and its next goes on', async () => {
  const fixture = openTalk(9);
  const byId = await get(fixture, `/messages?from=${idOf(5)}&limit=2`);
  expect(byId.texts()).toEqual(['text 5', 'text 6']);
  const { next, more } = byId.page();
  expect(more).toBe(true);
  const rest = await get(fixture, `/messages?from=${next}`);
  expect(rest.texts()).toEqual(['text 7', 'text 8', 'text 9']);
  expect(rest.page().more).toBe(false);
  const lines = await get(fixture, `/messages?from=${idOf(9)}&format=ndjson`);
  expect(lines.body.trimEnd().split('\n')).toHaveLength(1);
});

test('group, author and since narrow the list', async () => {
  const fixture = openFixture();
  fixture.api.arrive('by bob', { author: bob });
  fixture.api.arrive('old', { time: '2020-01-01T00:00:00.000Z' });
  fixture.api.arrive('elsewhere', { group: idOf(1) });
  const upper = bob.toUpperCase();
  expect((await get(fixture, `/messages?author=${upper}`)).texts()).toEqual(['by bob']);
  expect((await get(fixture, `/messages?group=lobby&limit=9`)).texts()).toHaveLength(2);
  expect((await get(fixture, `/messages?group=${lobby}&limit=9`)).texts()).toHaveLength(2);
  for (const since of ['2021-06-01', '2021-06-01T00:00:00Z', '2021-06-01T02:00:00+02:00']) {
    expect((await get(fixture, `/messages?since=${since}`)).texts(), since).not.toContain('old');
  }
  const time = new Date(Date.now() - 30 * 60_000).toISOString();
  fixture.api.arrive('half an hour ago', { time });
  expect((await get(fixture, '/messages?since=10m')).texts()).toEqual([]);
  for (const since of ['31m', '1800000s', '1h', '1d', '1w', time]) {
    expect((await get(fixture, `/messages?since=${since}`)).texts(), since).toContain(
      'half an hour ago',
    );
  }
});

test.each([
  ['limit=0', 'limit'],
  ['limit=1001', 'limit'],
  ['limit=1e2', 'limit'],
  ['limit=', 'limit'],
  ['author=xyz', 'author'],
  ['group=', 'group'],
  ['since=yesterday', 'since'],
  ['since=10', 'since'],
  ['since=2026-13-45', 'since'],
  ['since=9999-01-01', 'since'],
  ['wait=61&after=now', 'wait'],
  ['wait=-1&after=now', 'wait'],
  ['wait=1', 'wait'],
  ['format=xml', 'format'],
  ['follow=1', 'follow'],
  ['follow=2&format=text', 'follow'],
  ['follow=1&format=text&before=1', 'follow'],
  ['before=1&after=1', 'before'],
  ['from=1&after=1', 'after'],
  ['from=1&before=1', 'before'],
  ['from=1&follow=1&format=text', 'follow'],
  ['from=1&wait=1', 'wait'],
  ['from=1&q=x', 'q'],
  ['from=1&needs_ack=me', 'needs_ack'],
  ['from=1&pinned=1', 'pinned'],
  ['limit=1&limit=2', 'limit'],
  ['words=x', 'words'],
])('GET /messages?%s is refused by the name %s', async (query, name) => {
  const answer = await get(openTalk(1), `/messages?${query}`);
  expect(answer.status).toBe(400);
  expect(answer.json()).toMatchObject({ code: 'bad-field', status: 400 });
  expect(answer.json()['detail']).toContain(name);
});

test.each(['', 'a%20b', 'x'.repeat(129), '%00', '%C3%A4', '99'])(
  'the cursor %j is refused as one that was never given out',
  async (cursor) => {
    const fixture = openTalk(1);
    expect((await get(fixture, `/messages?after=${cursor}`)).json()).toMatchObject({
      code: 'bad-cursor',
    });
    const events = await get(fixture, '/events?after=99');
    expect([events.status, events.json()['code']]).toEqual([400, 'bad-cursor']);
  },
);

test('ndjson is given by Accept or by format, one message a line', async () => {
  const fixture = openTalk(3);
  const accept = { accept: 'text/html, application/x-ndjson;q=0.9' };
  const byAccept = await get(fixture, '/messages', accept);
  const byFormat = await get(fixture, '/messages?format=ndjson');
  expect(byAccept.type).toContain('application/x-ndjson');
  expect(byAccept.body).toBe(byFormat.body);
  const lines = byFormat.body.split('\n');
  expect(lines.length).toBe(4);
  expect(lines.slice(0, 3).map((line) => JSON.parse(line) as MessageView)).toEqual(
    fixture.api.stored,
  );
  expect((await get(fixture, '/messages?format=json', accept)).texts()).toHaveLength(3);
});

test('F51 text has one line a message, whatever the messages hold', async () => {
  const fixture = openTalk(1);
  fixture.api.arrive('two\nlines \u001b[2J', { name: 'ev\nil' });
  fixture.api.arrive('unnamed', { name: null });
  const answer = await get(fixture, '/messages?format=text');
  expect(answer.type).toBe('text/plain; charset=utf-8');
  expect(answer.body.split('\n')).toEqual([
    '2023-11-14T22:13:20.001Z alice: text 1',
    '2023-11-14T22:13:20.002Z ev\\nil: two\\nlines \\x1b[2J',
    '2023-11-14T22:13:20.003Z aaaaaaaa: unnamed',
    '',
  ]);
});

test('a full page of long texts is streamed in every format', async () => {
  const fixture = openFixture();
  for (let i = 0; i < 100; i++) fixture.api.arrive('€'.repeat(20_000));
  for (const format of ['json', 'ndjson', 'text']) {
    const { body } = await get(fixture, `/messages?limit=1000&format=${format}`);
    expect(body.length, format).toBeGreaterThan(2_000_000);
  }
});

test('a long poll is answered by the first message that passes its filter', async () => {
  const fixture = openTalk(2);
  const answer = get(fixture, `/messages?after=now&wait=60&author=${bob}`);
  await expect.poll(() => fixture.api.waits).toBe(1);
  fixture.api.arrive('not this one');
  fixture.api.arrive('this one', { author: bob });
  expect((await answer).texts()).toEqual(['this one']);
  expect([fixture.api.waits, fixture.server.readers]).toEqual([0, 0]);
});

test('a long poll in which nothing arrives is answered with an empty list', async () => {
  const fixture = openTalk(2);
  const page = (await get(fixture, '/messages?after=2&wait=0.05')).page();
  expect(page).toEqual({ messages: [], next: '2', more: false });
  expect([fixture.api.waits, fixture.server.readers]).toEqual([0, 0]);
});

test('a long poll that already has something to say does not wait', async () => {
  expect((await get(openTalk(2), '/messages?after=1&wait=60')).texts()).toEqual(['text 2']);
});

test('a message and its proof are found by id in either case', async () => {
  const fixture = openFixture();
  const { id } = fixture.api.arrive('a', { id: 'ab'.repeat(32) });
  expect((await get(fixture, `/messages/${id.toUpperCase()}`)).json()).toMatchObject({ id });
  const proof = await get(fixture, `/messages/${id}/proof`);
  expect(proof.json()).toMatchObject({ object: '00', root: '01', signature: '02', author: alice });
});

test('peers are listed, added and removed', async () => {
  const fixture = openFixture();
  const { fastify } = fixture.server;
  const address = `${bob}@10.0.0.1:8870`;
  for (const [type, payload] of [
    ['application/json', JSON.stringify({ address })],
    ['application/x-www-form-urlencoded', JSON.stringify({ address })],
    ['application/x-www-form-urlencoded', `${address}\n`],
  ] as const) {
    const headers = { 'content-type': type };
    const added = await fastify.inject({ method: 'POST', url: '/peers', headers, payload });
    expect([added.statusCode, added.json()]).toMatchObject([201, { pk: bob, address }]);
  }
  const peers = [{ ...peerView(bob, 'dialing'), address }];
  expect((await get(fixture, '/peers')).json()).toEqual({ peers });
  const removal = { method: 'DELETE', url: `/peers/${bob.toUpperCase()}` } as const;
  const removed = await fastify.inject(removal);
  expect([removed.statusCode, removed.body]).toEqual([204, '']);
  expect((await get(fixture, '/peers')).json()).toEqual({ peers: [] });
});

test.each(['/messages', '/messages/0', '/peers', '/feeds', '/groups', '/status', '/readyz'])(
  '%s is the same under /v1',
  async (path) => {
    const fixture = openTalk(1);
    const bare = await get(fixture, path);
    const versioned = await get(fixture, `/v1${path}`);
    expect([versioned.status, versioned.body]).toEqual([bare.status, bare.body]);
  },
);

test('groups, members, feeds and status have their envelopes', async () => {
  const fixture = openFixture();
  expect((await get(fixture, '/groups')).json()).toMatchObject({ groups: [{ id: lobby }] });
  expect((await get(fixture, '/groups/lobby')).json()).toMatchObject({ id: lobby });
  expect((await get(fixture, `/groups/${lobby}/members`)).json()).toMatchObject({
    members: [{ pk: alice }],
  });
  expect((await get(fixture, '/feeds')).json()).toMatchObject({ feeds: [{ author: alice }] });
  expect((await get(fixture, '/status')).json()).toMatchObject({ pk: alice, room: 'lobby' });
  expect((await get(fixture, '/healthz')).status).toBe(200);
});

test('readyz names the reasons why the node is not ready', async () => {
  const fixture = openFixture();
  expect((await get(fixture, '/readyz')).status).toBe(200);
  fixture.api.reasons = ['the store is closed', 'the listener is down'];
  const answer = await get(fixture, '/readyz');
  expect(answer.status).toBe(503);
  expect(answer.json()).toMatchObject({
    code: 'not-ready',
    detail: 'the store is closed; the listener is down',
  });
  expect((await get(fixture, '/healthz')).status).toBe(200);
});

test('the cheat sheet names the address that it was asked by', async () => {
  const answer = await get(openFixture(), '/', { host: 'localhost:8123', accept: '*/*' });
  expect(answer.type).toContain('text/plain');
  expect(answer.body).toContain("curl -d 'disk full on db1' http://localhost:8123/messages");
});

test.each([
  '/messages',
  '/messages?format=text&follow=1',
  '/messages?after=now&wait=60',
  '/events',
  `/messages/${idOf(1)}`,
  `/messages/${idOf(1)}/proof`,
  '/peers',
  '/feeds',
  '/groups',
  '/groups/lobby',
  '/groups/lobby/members',
  '/status',
  '/healthz',
  '/readyz',
  '/',
  '/v1/messages',
])('HEAD %s is answered at once, without a body', async (url) => {
  const fixture = openTalk(1);
  const answer = await fixture.server.fastify.inject({ method: 'HEAD', url });
  expect([answer.statusCode, answer.body]).toEqual([200, '']);
  expect(fixture.server.readers).toBe(0);
});
