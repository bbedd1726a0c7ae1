import { expect, test } from 'vitest';
import type { NoteEvent, Page } from '../../src/chat/view.ts';
import { SkychatError } from '../../src/errors.ts';
import { bob, idOf } from '../support/fake-api.ts';
import { EventReader, listenFixture, openFixture } from '../support/http.ts';

const id = idOf(1);

test.each<[string, string, string | undefined, readonly unknown[]]>([
  ['PATCH', `/messages/${id}`, '{"text":"better"}', ['edit', id, 'better']],
  ['PATCH', `/v1/messages/${id.toUpperCase()}`, 'bare text', ['edit', id, 'bare text']],
  ['DELETE', `/messages/${id}`, undefined, ['erase', id]],
  ['PUT', `/messages/${id}/reactions/%F0%9F%91%8D`, undefined, ['react', id, '👍', true]],
  ['DELETE', `/messages/${id}/reactions/%F0%9F%91%8D`, undefined, ['react', id, '👍', false]],
  ['PUT', `/messages/${id}/reactions/%2B1`, '', ['react', id, '+1', true]],
  ['PUT', `/messages/${id}/ack`, '{}', ['ack', id]],
  ['PUT', `/messages/${id}/pin`, undefined, ['pin', id, true]],
  ['DELETE', `/messages/${id}/pin`, undefined, ['pin', id, false]],
  ['PUT', `/messages/${id}/hide`, undefined, ['hide', id, true]],
  ['DELETE', `/messages/${id}/hide`, undefined, ['hide', id, false]],
])('%s %s is answered with the message as it is then', async (method, url, body, call) => {
  const { api, server } = openFixture();
  const message = api.arrive('said');
  const type = body?.startsWith('{') === true ? 'application/json' : 'text/plain';
  const answer = await server.fastify.inject({
    ...{ method: method as 'PUT', url },
    ...(body !== undefined && { payload: body, headers: { 'content-type': type } }),
  });
  expect(answer.statusCode).toBe(200);
  expect(answer.json()).toEqual(message);
  expect(api.noted).toEqual([call]);
});

test.each<[string, string, string | undefined, number, string]>([
  ['PATCH', `/messages/${id}`, '{"text":"a","on":true}', 400, 'bad-field'],
  ['PATCH', `/messages/${id}`, '{}', 400, 'bad-field'],
  ['PATCH', `/messages/${id}`, '{"text":""}', 400, 'empty-text'],
  ['PATCH', `/messages/${id}`, undefined, 400, 'empty-text'],
  ['PATCH', `/messages/${id}`, `{"text":"${'x'.repeat(65_537)}"}`, 413, 'text-too-large'],
  ['PATCH', `/messages/${id}`, '{"text":"\\ud800"}', 422, 'bad-text'],
  ['PATCH', `/messages/${id}?x=1`, '{"text":"a"}', 400, 'bad-field'],
  ['PATCH', '/messages/abc', '{"text":"a"}', 400, 'bad-id'],
  ['DELETE', '/messages/abc', undefined, 400, 'bad-id'],
  ['DELETE', `/messages/${id}`, '{"why":"a"}', 400, 'bad-field'],
  ['PUT', `/messages/${id}/ack`, '{"by":"me"}', 400, 'bad-field'],
  ['PUT', `/messages/${idOf(7)}/pin`, undefined, 404, 'unknown-message'],
  ['PUT', '/messages/abc/hide', undefined, 400, 'bad-id'],
])('%s %s with %s is refused and changes nothing', async (method, url, body, status, code) => {
  const { api, server } = openFixture();
  api.arrive('said');
  const answer = await server.fastify.inject({
    ...{ method: method as 'PUT', url },
    ...(body !== undefined && { payload: body, headers: { 'content-type': 'application/json' } }),
  });
  expect([answer.statusCode, answer.json<{ code: string }>().code]).toEqual([status, code]);
  expect(api.noted).toEqual([]);
});

test.each([
  ['not-the-author', 403],
  ['not-an-admin', 403],
  ['deleted', 409],
] as const)('the refusal %s is a problem with status %d', async (code, status) => {
  const { api, server } = openFixture({}, 'any code');
  api.arrive('said');
  api.failure = new SkychatError(code, 'no');
  const answer = await server.fastify.inject({ method: 'DELETE', url: `/messages/${id}` });
  expect([answer.statusCode, answer.json<{ code: string }>().code]).toEqual([status, code]);
});

test('answers to a message are a page of their own, gone back by before', async () => {
  const { api, server } = openFixture();
  api.arrive('who?');
  for (let i = 0; i < 5; i++) api.arrive(`${i}`, { reply_to: id });
  const read = async (query: string) =>
    (await server.fastify.inject(`/messages/${id}/replies${query}`)).json<Page>();
  const texts = ({ messages }: Page) => messages.map(({ text }) => text);
  expect(texts(await read(''))).toEqual(['0', '1', '2', '3', '4']);
  const newest = await read('?limit=2');
  expect([texts(newest), newest.more]).toEqual([['3', '4'], true]);
  expect(texts(await read(`?limit=2&before=${newest.messages[0]?.id}`))).toEqual(['1', '2']);
  for (const query of ['?limit=0', '?limit=1001', '?after=0', '?before=%20']) {
    expect((await server.fastify.inject(`/messages/${id}/replies${query}`)).statusCode).toBe(400);
  }
});

test('needs_ack and pinned are handed on, and refused where they are neither', async () => {
  const { api, server } = openFixture();
  const filters: unknown[] = [];
  api.newest = (filter) => {
    filters.push(filter);
    return Promise.resolve({ messages: [], next: '0', more: false });
  };
  for (const query of ['needs_ack=me', `needs_ack=${bob.toUpperCase()}`, 'pinned=1', 'pinned=0']) {
    expect((await server.fastify.inject(`/messages?${query}`)).statusCode).toBe(200);
  }
  expect(filters).toEqual([{ needsAck: 'me' }, { needsAck: bob }, { pinned: true }, {}]);
  for (const query of ['needs_ack=you', 'needs_ack=', 'pinned=yes']) {
    expect((await server.fastify.inject(`/messages?${query}`)).statusCode).toBe(400);
  }
});

test('priority and ack of a post are handed on, from the body or beside a bare text', async () => {
  const { api, server } = openFixture();
  const post = (url: string, payload: string, type: string) =>
    server.fastify.inject({ method: 'POST', url, payload, headers: { 'content-type': type } });
  const body = '{"text":"a","priority":"urgent","ack":true}';
  await post('/messages', body, 'application/json');
  await post('/messages?priority=low&ack=1', 'a', 'text/plain');
  expect(api.drafts.map(({ draft }) => draft)).toEqual([
    { text: 'a', priority: 'urgent', ack: true },
    { text: 'a', priority: 'low', ack: true },
  ]);
});

test('F46 F47 a note is an event of its name with its own cursor and the message, from any cursor on', async () => {
  const { api, port } = await listenFixture();
  const message = api.arrive('one', { edited: true });
  const names: NoteEvent[] = ['edit', 'delete', 'reaction', 'ack', 'pin', 'hide'];
  for (const name of names) api.arriveNote(name, message);
  const last = api.arrive('two');
  const told = [
    { id: '1', event: 'message', data: message },
    ...names.map((event, i) => ({ id: String(i + 2), event, data: message })),
    { id: '8', event: 'message', data: last },
  ];
  for (const cursor of [0, 3, 7]) {
    const headers = { 'last-event-id': String(cursor) };
    const reader = await EventReader.open(port, '/events', headers);
    const seen = [];
    while (seen.length < told.length - cursor) seen.push(await reader.next());
    expect(seen).toEqual(told.slice(cursor));
    reader.destroy();
  }
});

test('followed lists of messages carry no notes', async () => {
  const { api, server } = openFixture();
  api.arriveNote('edit', api.arrive('one'));
  api.arrive('two');
  const { body } = await server.fastify.inject('/messages?after=0&format=ndjson');
  expect(body.trim().split('\n')).toHaveLength(2);
});
