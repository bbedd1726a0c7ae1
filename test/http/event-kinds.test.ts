// Which events a stream carries: all kinds, those that are asked for, and what is told instead of
// messages that are not there.
import { expect, test } from 'vitest';
import { eventNames } from '../../src/http/event-selection.ts';
import { happeningsMax } from '../../src/http/limits.ts';
import type { GroupView, MessageGapView } from '../../src/chat/view.ts';
import { alice, type FakeApi, idOf, lobby } from '../support/fake-api.ts';
import { ask, EventReader, listenFixture, RawClient } from '../support/http.ts';

const other = '20'.repeat(32);
const groupView = { id: other, name: 'ops' } as GroupView;

const opened: MessageGapView = {
  ...{ of: 'message', reason: 'opened', group: other, after: '3', count: 2 },
};

/** One of each kind, about the lobby or the other group. */
function tellAll(api: FakeApi): void {
  const message = api.arrive('hello');
  for (const event of ['edit', 'delete', 'reaction', 'ack', 'pin', 'hide'] as const) {
    api.arriveNote(event, message);
  }
  api.arrive('elsewhere', { group: other });
  api.changePeer(alice, 'connected');
  api.happenings.tell({ event: 'group', data: groupView });
  api.happenings.tell({
    event: 'read',
    data: { group: lobby, cursor: '1', unread: 0, mentions: 0 },
  });
  api.happenings.tell({ event: 'gap', data: opened });
}

/** The names of what comes up to the end of the stream, in any order, each once. */
async function namesOf(query: string): Promise<string[]> {
  const { api, port, server } = await listenFixture();
  const reader = await EventReader.open(port, `/events${query}`);
  await reader.opened();
  tellAll(api);
  // What comes last is in every selection.
  api.happenings.tell({ event: 'gap', data: { of: 'gap', dropped: 1 } });
  const names = new Set<string>();
  const closing = async (): Promise<void> => {
    while (server.streams.live === 0 || api.waits === 0) await new Promise(setImmediate);
    await server.close();
  };
  const closed = closing();
  for (let one = await reader.next(); one !== undefined; one = await reader.next()) {
    names.add(one.event === 'message' ? `message ${String(one.data.text)}` : one.event);
  }
  await closed;
  return [...names].sort();
}

const about = ['ack', 'delete', 'edit', 'hide', 'pin', 'reaction'];

test.each([
  ['', ['message hello', 'message elsewhere', ...about, 'group', 'read', 'peer']],
  ['?events=message', ['message hello', 'message elsewhere']],
  ['?events=group,read', ['group', 'read']],
  ['?events=gap', []],
  ['?group=lobby', ['message hello', ...about, 'read']],
  [`?group=${lobby}&events=message,peer`, ['message hello', 'peer']],
  ['?group=lobby&events=group', []],
])('GET /events%s carries what it asks for, and always gaps and the end', async (query, names) => {
  expect(await namesOf(query)).toEqual([...names, 'gap', 'shutdown'].sort());
});

test('a gap of another group is not told to who asks for one group', async () => {
  const { api, port } = await listenFixture();
  const reader = await EventReader.open(port, '/events?group=lobby');
  await reader.opened();
  api.happenings.tell({ event: 'gap', data: opened });
  api.happenings.tell({ event: 'gap', data: { ...opened, group: lobby } });
  expect((await reader.next())?.data).toEqual({ ...opened, group: lobby });
});

test.each([
  ['?events=message,none', 400, 'bad-field'],
  ['?events=', 400, 'bad-field'],
  ['?events=message,', 400, 'bad-field'],
  ['?group=nowhere', 404, 'unknown-group'],
  ['?group=', 400, 'bad-field'],
  ['?kind=message', 400, 'bad-field'],
])('GET /events%s is refused', async (query, status, code) => {
  const { port } = await listenFixture();
  const answer = await ask(port, `/events${query}`);
  expect([answer.status, JSON.parse(answer.body)]).toEqual([
    status,
    expect.objectContaining({ code }),
  ]);
});

test('every name can be asked for', async () => {
  const { port } = await listenFixture();
  const reader = await EventReader.open(port, `/events?events=${eventNames.join(',')}`);
  await reader.opened();
});

test('a reader that left off beyond all that is here is told so and goes on, instead of being refused for good', async () => {
  const { api, port } = await listenFixture();
  api.arrive('of the new store');
  const reader = await EventReader.open(port, '/events', { 'last-event-id': '0000000000000077' });
  expect(await reader.next()).toEqual({
    ...{ id: '1', event: 'gap' },
    data: {
      ...{ of: 'message', reason: 'unknown-cursor', group: null },
      ...{ after: '0000000000000077', count: null },
    },
  });
  api.arrive('from now on');
  expect(await reader.texts(1)).toEqual(['from now on']);
  const refused = await ask(port, '/events', { headers: { 'last-event-id': 'no number' } });
  expect(refused.status).toBe(400);
});

test('the last id goes before the place that the address names', async () => {
  const { api, port } = await listenFixture();
  for (const text of ['a', 'b', 'c']) api.arrive(text);
  const reader = await EventReader.open(port, '/events?after=0', { 'last-event-id': '2' });
  expect(await reader.texts(1)).toEqual(['c']);
  const empty = await EventReader.open(port, '/events?after=1', { 'last-event-id': '' });
  expect(await empty.texts(2)).toEqual(['b', 'c']);
});

test('F48 each kind that a slow reader had no room for is a gap of its own', async () => {
  const { api, port } = await listenFixture();
  const reader = await EventReader.open(port, '/events?after=0');
  await reader.opened();
  for (let i = 0; i < happeningsMax; i++) api.changePeer(idOf(i), 'waiting');
  api.changePeer(idOf(0), 'connected');
  api.happenings.tell({ event: 'group', data: groupView });
  api.happenings.tell({ event: 'gap', data: opened });
  const first = await reader.next();
  expect(first?.data).toMatchObject({ pk: idOf(0), state: 'connected' });
  for (let i = 1; i < happeningsMax; i++) expect((await reader.next())?.event).toBe('peer');
  expect((await reader.next())?.data).toEqual({ of: 'group', dropped: 1 });
  expect((await reader.next())?.data).toEqual({ of: 'gap', dropped: 1 });
});

test('F06 a slow follower is paused, costs nobody, and misses nothing', async () => {
  const { api, port, server } = await listenFixture();
  const path = '/messages?after=0&follow=1&format=text';
  const clients = [new RawClient(port), new RawClient(port)];
  for (const { socket } of clients) socket.write(`GET ${path} HTTP/1.1\r\nHost: localhost\r\n\r\n`);
  await expect.poll(() => server.streams.live).toBe(2);
  expect(api.waits, 'followers of one list share its reading').toBe(1);
  const [slow, quick] = clients;
  slow?.socket.pause();
  for (let i = 0; i < 200; i++) api.arrive(`number ${i} ${'x'.repeat(60_000)}`);
  const isLast = ({ length }: string): boolean => length > 200 * 60_000 + 10_000;
  await quick?.until(isLast);
  await expect.poll(() => server.streams.paused).toBe(1);
  slow?.socket.resume();
  await slow?.until(isLast);
  const numbers = [...(slow?.received ?? '').matchAll(/number (\d+) /g)].map(([, n]) => Number(n));
  expect(numbers).toEqual(Array.from({ length: 200 }, (_, i) => i));
});
