// The requests and answers of skywire's skychat as its documentation and its command line have them.
import { expect, test } from 'vitest';
import { alice, bob, lobby } from '../support/fake-api.ts';
import { newGroup } from '../support/fake-groups.ts';
import { listenFixture, openFixture, RawClient, type Fixture } from '../support/http.ts';

const talk = '7a'.repeat(32);

/** The conversation of this node, which is Alice's, with Bob. */
function openTalk<F extends Fixture>(fixture: F): F {
  const group = newGroup({ id: talk, name: 'bob', encrypted: true, kind: 'direct' });
  const { members } = fixture.api.rosters.put(group);
  for (const pk of [alice, bob]) members.set(pk, { role: 'member', history: true });
  return fixture;
}

function send({ server }: Fixture, body: object) {
  return server.fastify.inject({ method: 'POST', url: '/message', payload: body });
}

test('a send that waits is answered once the recipient has it: acked, id and ms', async () => {
  const fixture = openFixture();
  const request = { recipient: bob, message: 'hello', wait_ms: 5000 };
  const answer = await send(fixture, request);
  expect(answer.statusCode).toBe(200);
  expect(answer.json()).toEqual({
    ...{ ok: true, acked: true, id: fixture.api.stored[0]?.id, ms: expect.any(Number) as number },
  });
  expect(fixture.api.drafts).toEqual([
    { draft: { text: 'hello', to: bob }, options: { storedBy: bob, timeoutMs: 5000 } },
  ]);
});

test('a send that nobody acknowledged in time is a 504 with acked false; the message is kept', async () => {
  const fixture = openFixture();
  fixture.api.replicated = false;
  const answer = await send(fixture, { recipient: bob, message: 'hello', wait_ms: 100 });
  expect(answer.statusCode).toBe(504);
  expect(answer.headers['content-type']).toContain('application/json');
  expect(answer.json()).toMatchObject({ acked: false, reason: 'timeout' });
  expect(fixture.api.stored).toHaveLength(1);
});

test.each([
  [undefined, undefined],
  [0, undefined],
  [-1, undefined],
  [1, 100],
  [60_000, 60_000],
  [86_400_000, 60_000],
])('wait_ms of %s waits for %s ms', async (waitMs, timeoutMs) => {
  const fixture = openFixture();
  const answer = await send(fixture, {
    ...{ recipient: bob, message: 'hello' },
    ...(waitMs !== undefined && { wait_ms: waitMs }),
  });
  expect(answer.statusCode).toBe(200);
  expect(fixture.api.drafts[0]?.options.timeoutMs).toBe(timeoutMs);
});

test('the fields of the browser and the command line are taken: network, receipts, reply_to', async () => {
  const fixture = openFixture();
  const question = fixture.api.arrive('question');
  const answer = await send(fixture, {
    ...{ recipient: bob.toUpperCase(), message: 'hello', network: 'dmsg', receipts: true },
    reply_to: question.id,
  });
  expect(answer.json()).toMatchObject({ ok: true, id: fixture.api.stored[1]?.id });
  expect(fixture.api.drafts[0]?.draft).toEqual({ text: 'hello', to: bob, replyTo: question.id });
});

test.each([
  [{ message: 'x' }, 'bad-field'],
  [{ recipient: bob }, 'bad-field'],
  [{ recipient: 'bob', message: 'x' }, 'bad-field'],
  [{ recipient: bob, message: '' }, 'empty-text'],
  [{ recipient: bob, message: 'x', wait_ms: '5s' }, 'bad-field'],
  [{ recipient: bob, message: 'x', color: 'red' }, 'bad-field'],
])('%j is refused and sends nothing', async (body, code) => {
  const fixture = openFixture();
  const answer = await send(fixture, body);
  expect(answer.json()).toMatchObject({ code });
  expect(fixture.api.drafts).toEqual([]);
});

test("a key of skywire is told apart from a key of this network's", async () => {
  const answer = await send(openFixture(), { recipient: `02${bob}`, message: 'x' });
  const problem = answer.json<{ code: string; detail: string; hint: string }>();
  expect(problem.code).toBe('bad-field');
  expect(problem.detail).toContain('key of skywire');
  expect(problem.hint).toContain('64 hex characters');
});

test('the history has the rows of skychat, the newest last; what is no talk of two is marked', async () => {
  const fixture = openTalk(openFixture());
  const { api } = fixture;
  api.arrive('in the room', { author: bob });
  api.arrive('from bob', { author: bob, group: talk });
  api.arrive('to bob', { mine: true, group: talk, reply_to: api.stored[1]?.id ?? '' });
  const { body } = await fixture.server.fastify.inject('/history');
  const [first, second, third] = api.stored.map(({ id, time }) => ({ id, timestamp: time }));
  expect(JSON.parse(body)).toEqual([
    {
      ...{ peer: lobby, from: bob, outgoing: false, text: 'in the room', ...first },
      ...{ channel: 'group', group_id: lobby },
    },
    { peer: bob, from: bob, outgoing: false, text: 'from bob', ...second },
    { peer: bob, outgoing: true, text: 'to bob', ...third, reply_to: second?.id },
  ]);
});

test('limit is 100 where not given, and never more than 1,000', async () => {
  const fixture = openFixture();
  const asked: number[] = [];
  fixture.api.newest = (_, limit) => {
    asked.push(limit);
    return Promise.resolve({ messages: [], next: '0', more: false });
  };
  for (const query of ['', '?limit=7', '?limit=5000']) {
    expect((await fixture.server.fastify.inject(`/history${query}`)).json()).toEqual([]);
  }
  expect(asked).toEqual([100, 7, 1000]);
  for (const query of ['?limit=0', '?limit=-1', '?limit=x', '?peer=bob']) {
    expect((await fixture.server.fastify.inject(`/history${query}`)).statusCode).toBe(400);
  }
});

test('peer is a key with whom this node talks alone, or the id of a group', async () => {
  const fixture = openTalk(openFixture());
  const { api } = fixture;
  const latest = api.arrive('from bob', { author: bob, group: talk });
  const row = api.rosters.read(talk);
  row.view = { ...row.view, last_message: latest };
  const asked: unknown[] = [];
  api.newest = (filter) => {
    asked.push(filter);
    return Promise.resolve({ messages: [latest], next: '0', more: false });
  };
  for (const peer of [bob, bob.toUpperCase(), lobby, 'cc'.repeat(32)]) {
    await fixture.server.fastify.inject(`/history?peer=${peer}`);
  }
  expect(asked).toEqual([{ group: talk }, { group: talk }, { group: lobby }]);
});

/** The data of each event, as a client reads it that looks at lines alone. */
function dataIn(received: string): unknown[] {
  return [...received.matchAll(/^data: (.*)$/gm)].map(
    ([, data = '']) => JSON.parse(data) as unknown,
  );
}

test('the stream begins with a comment and has one unnamed event a message', async () => {
  const { api, port } = openTalk(await listenFixture());
  const client = new RawClient(port);
  client.socket.write('GET /sse HTTP/1.1\r\nHost: localhost\r\n\r\n');
  await client.until((text) => text.includes(': connected\n'));
  const said = api.arrive('wie geht’s\n?', { author: bob, group: talk });
  const answered = api.arrive('gut', { mine: true, group: talk, reply_to: said.id });
  const there = api.arrive('in the room', { author: bob });
  await client.until((text) => text.includes(there.id));
  const network = 'skychat-node';
  expect(dataIn(client.received)).toEqual([
    { sender: bob, message: 'wie geht’s\n?', network, dir: 'in', id: said.id, len: 14 },
    {
      ...{ sender: alice, message: 'gut', network, dir: 'out', id: answered.id, len: 3 },
      ...{ to: bob, reply_to_id: said.id },
    },
    {
      ...{ sender: bob, message: 'in the room', network, dir: 'in', id: there.id, len: 11 },
      ...{ channel: 'group', group_id: lobby },
    },
  ]);
  expect(client.received).not.toContain('event:');
});

test('a client that comes back with the last id misses nothing', async () => {
  const { api, port } = openTalk(await listenFixture());
  for (const text of ['one', 'two', 'three']) api.arrive(text, { author: bob, group: talk });
  const client = new RawClient(port);
  client.socket.write('GET /sse HTTP/1.1\r\nHost: localhost\r\nLast-Event-ID: 1\r\n\r\n');
  await client.until((text) => text.includes('three'));
  expect(dataIn(client.received)).toMatchObject([{ message: 'two' }, { message: 'three' }]);
});
