import { once } from 'node:events';
import type { Socket } from 'node:net';
import { expect, test } from 'vitest';
import { systemTimers } from '../../src/env.ts';
import type { MessageView } from '../../src/chat/view.ts';
import {
  httpTimes,
  happeningsMax,
  readersMax,
  streamQueueBytesMax,
} from '../../src/http/limits.ts';
import { alice, bob, peerView } from '../support/fake-api.ts';
import { EventReader, listenFixture, openFixture, RawClient } from '../support/http.ts';

test('an event has the cursor as id, its name, and the REST object as data', async () => {
  const { api, port } = await listenFixture();
  const message = api.arrive('two\nlines');
  const reader = await EventReader.open(port, '/events?after=0');
  expect(await reader.next()).toEqual({ id: '1', event: 'message', data: message });
});

test('without a cursor the stream begins with what arrives from then on', async () => {
  const { api, port } = await listenFixture();
  api.arrive('before');
  const reader = await EventReader.open(port, '/v1/events');
  await reader.opened();
  api.arrive('after');
  expect(await reader.texts(1)).toEqual(['after']);
});

test('F46 F47 a reader that resumes at any boundary gets exactly the rest', async () => {
  const { api, port } = await listenFixture();
  const all = Array.from({ length: 40 }, (_, i) => api.arrive(`text ${i + 1}`).text);
  for (let cursor = 0; cursor <= 40; cursor++) {
    const headers = { 'last-event-id': String(cursor) };
    const reader = await EventReader.open(port, '/events?after=0', headers);
    await reader.opened();
    api.arrive(`live ${cursor}`);
    all.push(`live ${cursor}`);
    expect(await reader.texts(all.length - cursor)).toEqual(all.slice(cursor));
    reader.destroy();
  }
});

test('F46 an absence of 5,000 messages is made up for without a gap', async () => {
  const { api, port } = await listenFixture();
  const all = Array.from({ length: 5000 }, (_, i) => api.arrive(`text ${i}`).text);
  const reader = await EventReader.open(port, '/events', { 'last-event-id': '3' });
  expect(await reader.texts(all.length - 3)).toEqual(all.slice(3));
});

test('F45 a reader that is cut off before its first event resumes from where it began', async () => {
  const { api, port, server } = await listenFixture();
  const first = await EventReader.open(port, '/events');
  await first.opened();
  first.destroy();
  await expect.poll(() => server.readers).toBe(0);
  api.arrive('while nobody listened');
  const headers = { 'last-event-id': first.lastId };
  const second = await EventReader.open(port, '/events', headers);
  expect(await second.texts(1)).toEqual(['while nobody listened']);
});

test('F44 two readers both get every message', async () => {
  const { api, port } = await listenFixture();
  const readers = await Promise.all(
    ['/events?after=0', '/events?after=0'].map((path) => EventReader.open(port, path)),
  );
  for (let i = 0; i < 100; i++) api.arrive(String(i));
  const expected = api.stored.map((message) => message.text);
  for (const reader of readers) expect(await reader.texts(100)).toEqual(expected);
});

test('changes of peers are told, the latest state of each', async () => {
  const { api, port } = await listenFixture();
  api.arrive('a');
  const reader = await EventReader.open(port, '/events');
  await reader.opened();
  api.changePeer(alice, 'dialing');
  api.changePeer(alice, 'connected');
  api.changePeer(bob, 'refused');
  expect(await reader.next()).toEqual({
    id: '1',
    event: 'peer',
    data: peerView(alice, 'connected'),
  });
  expect(await reader.next()).toMatchObject({ event: 'peer', data: { pk: bob } });
});

test('F48 changes of peers beyond the bound are told as a gap', async () => {
  const { api, port } = await listenFixture();
  const reader = await EventReader.open(port, '/events?after=0');
  await reader.opened();
  for (let i = 0; i < happeningsMax + 7; i++) api.changePeer(`peer ${i}`, 'waiting');
  for (let i = 0; i < happeningsMax; i++) expect((await reader.next())?.event).toBe('peer');
  expect(await reader.next()).toEqual({ id: '0', event: 'gap', data: { of: 'peer', dropped: 7 } });
});

test('an idle stream carries a comment at least every 15 s', async () => {
  const armed: { delayMs: number; callback: () => void }[] = [];
  const timers = {
    after: (delayMs: number, callback: () => void) => {
      if (delayMs < 1000) return systemTimers.after(delayMs, callback);
      armed.push({ delayMs, callback });
      return () => undefined;
    },
  };
  const { api, port } = await listenFixture({ timers });
  const reader = await EventReader.open(port, '/events');
  await reader.opened();
  expect(httpTimes.keepAliveMs).toBeLessThanOrEqual(15_000);
  for (let i = 0; i < 3; i++) {
    const [{ delayMs, callback } = { delayMs: Infinity, callback: () => undefined }] =
      armed.splice(0);
    expect(delayMs).toBe(httpTimes.keepAliveMs);
    callback();
  }
  api.arrive('after three comments');
  await reader.next();
  expect(reader.comments).toBe(3);
});

function connectionsOf(server: {
  on(event: 'connection', listener: (s: Socket) => void): unknown;
}) {
  const sockets: Socket[] = [];
  server.on('connection', (socket) => sockets.push(socket));
  return sockets;
}

const request = (path: string): string => `GET ${path} HTTP/1.1\r\nHost: localhost\r\n\r\n`;

test('F05 F06 a reader that does not read is paused, costs nobody, and misses nothing', async () => {
  const { api, port, server } = await listenFixture();
  const sockets = connectionsOf(server.fastify.server);
  const slow = await EventReader.open(port, '/events?after=0');
  const healthy = await EventReader.open(port, '/events?after=0');
  const body = 'x'.repeat(60_000);
  for (let i = 0; i < 200; i++) {
    api.arrive(`${i} ${body}`);
    expect((await healthy.next())?.id).toBe(String(i + 1));
  }
  const late = await EventReader.open(port, '/events?after=0');
  for (const socket of [sockets[0], sockets[2]]) {
    await expect.poll(() => socket?.writableLength).toBeGreaterThan(streamQueueBytesMax);
    expect(socket?.writableLength).toBeLessThan(streamQueueBytesMax + 80_000);
  }
  const { reads } = api;
  for (let turn = 0; turn < 50; turn++) await new Promise((resolve) => setImmediate(resolve));
  expect(api.reads, 'a paused reader is not read for').toBe(reads);
  for (const { cursor, text } of api.stored) {
    expect(await slow.next()).toMatchObject({ id: cursor, data: { text } });
    expect(await late.next()).toMatchObject({ id: cursor });
  }
});

test('F06 a paused reader is not sent comments on top', async () => {
  const { api, port, server } = await listenFixture({ times: { keepAliveMs: 2 } });
  const sockets = connectionsOf(server.fastify.server);
  for (let i = 0; i < 200; i++) api.arrive('x'.repeat(60_000));
  await EventReader.open(port, '/events?after=0');
  await expect.poll(() => sockets[0]?.writableLength).toBeGreaterThan(streamQueueBytesMax);
  const queued = sockets[0]?.writableLength;
  const idle = new RawClient(port);
  idle.socket.write(request('/events'));
  await idle.until((received) => received.split(': still here').length > 10);
  expect(sockets[0]?.writableLength).toBe(queued);
});

test('F09 a reader that leaves frees all that it held, also while it is paused', async () => {
  const { api, port, server } = await listenFixture();
  const idle = await EventReader.open(port, '/events');
  const follower = await EventReader.open(port, '/messages?follow=1&format=text');
  const stuck = new RawClient(port);
  stuck.socket.pause();
  stuck.socket.write(request('/events?after=0'));
  const poll = new RawClient(port);
  poll.socket.write(request(`/messages?after=now&wait=60&author=${bob}`));
  await expect.poll(() => server.readers).toBe(4);
  // Both event streams share one.
  await expect.poll(() => api.waits).toBe(3);
  for (let i = 0; i < 200; i++) api.arrive('x'.repeat(60_000));
  idle.destroy();
  follower.destroy();
  stuck.socket.destroy();
  poll.socket.destroy();
  await expect.poll(() => [server.readers, api.waits, api.happenings.watchers]).toEqual([0, 0, 0]);
});

test('F49 closing tells every open stream, and does not wait for one that never reads', async () => {
  const { api, port, server } = await listenFixture({ times: { closeMs: 50 } });
  const events = await EventReader.open(port, '/events?after=0');
  const follower = new RawClient(port);
  follower.socket.write(request('/messages?after=0&follow=1&format=ndjson'));
  const poll = new RawClient(port);
  poll.socket.write(request('/messages?after=now&wait=60&author=' + bob));
  const stuck = new RawClient(port);
  stuck.socket.pause();
  stuck.socket.write(request('/events?after=0'));
  await expect.poll(() => server.readers).toBe(4);
  for (let i = 0; i < 200; i++) {
    api.arrive('x'.repeat(60_000));
    await events.next();
  }
  const closed = server.close();
  expect(await events.next()).toMatchObject({ id: '200', event: 'shutdown' });
  expect(await events.next()).toBeUndefined();
  expect(await follower.closed()).toMatch(/\}\n\r\n0\r\n\r\n$/);
  expect(await poll.closed()).toMatch(/^HTTP\/1.1 200 OK/);
  await closed;
  expect([server.readers, api.waits, api.happenings.watchers]).toEqual([0, 0, 0]);
});

test('F49 a slow reader is still sent what it was promised while the surface closes', async () => {
  const { api, port, server } = await listenFixture();
  const sockets = connectionsOf(server.fastify.server);
  const events = await EventReader.open(port, '/events?after=0');
  const page = new RawClient(port);
  page.socket.pause();
  for (let i = 0; i < 200; i++) api.arrive('x'.repeat(60_000));
  page.socket.write(request('/messages?limit=200'));
  const backlogged = (): boolean =>
    sockets.every((socket) => socket.writableLength > streamQueueBytesMax);
  await expect.poll(backlogged).toBe(true);
  const closed = server.close();
  page.socket.resume();
  const seen: string[] = [];
  for (let event = await events.next(); event !== undefined; event = await events.next()) {
    seen.push(event.event);
  }
  expect(seen.at(-1)).toBe('shutdown');
  expect((await page.closed()).endsWith('"more":false}\n')).toBe(true);
  await closed;
});

test('F49 no time-out of requests touches an open stream', async () => {
  const { api, port } = await listenFixture({
    times: { headersMs: 50, requestMs: 60, stalledMs: 400 },
  });

  const reader = await EventReader.open(port, '/events');
  await reader.opened();
  const late = new RawClient(port);
  late.socket.write('POST /messages HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\nabc');
  expect(await late.closed()).toMatch(/^HTTP\/1.1 408 /);
  const stalled = new RawClient(port);
  stalled.socket.write(request('/messages?after=now&wait=60'));
  expect(await stalled.closed()).toBe('');
  api.arrive('still open');
  expect(await reader.texts(1)).toEqual(['still open']);
});

test('followed ndjson gives the newest, then each arrival, as lines', async () => {
  const { api, port } = await listenFixture();
  for (let i = 0; i < 5; i++) api.arrive(`text ${i}`);
  api.arrive('late', { time: '2001-01-01T00:00:00.000Z' });
  const client = new RawClient(port);
  client.socket.write(request('/messages?follow=1&format=ndjson&limit=2'));
  await client.until((received) => received.includes('text 4'));
  api.arrive('text 5');
  await client.until((received) => received.includes('text 5'));
  const lines = client.received.split('\r\n').flatMap((chunk) => chunk.split('\n'));
  const texts = lines
    .filter((line) => line.startsWith('{'))
    .map((line) => (JSON.parse(line) as MessageView).text);
  expect(texts).toEqual(['text 3', 'text 4', 'text 5']);
});

test('followed text keeps to its filter', async () => {
  const { api, port } = await listenFixture();
  const client = new RawClient(port);
  client.socket.write(request(`/messages?after=0&follow=1&format=text&author=${bob}`));
  for (let i = 0; i < 100; i++) api.arrive(String(i), { author: i % 10 === 0 ? bob : alice });
  await client.until((received) => received.includes(': 90\n'));
  expect([...client.received.matchAll(/alice: (\d+)\n/g)].map(([, text]) => text)).toEqual(
    Array.from({ length: 10 }, (_, i) => String(10 * i)),
  );
});

test('a stream that the store fails is ended, counted and logged, so that it is resumed', async () => {
  const { api, port, server, logged } = await listenFixture();
  const reader = await EventReader.open(port, '/events');
  await reader.opened();
  await expect.poll(() => api.waits).toBe(1);
  api.failure = new Error('the disk is gone');
  api.arrive('unread');
  expect(await reader.next()).toBeUndefined();
  expect(server.counters()).toEqual({ internal: 1 });
  expect(logged).toMatchObject([{ level: 'error' }]);
  const again = await EventReader.open(port, '/events', { 'last-event-id': reader.lastId });
  expect(await again.texts(1)).toEqual(['unread']);
});

test('readers beyond the bound are refused with 429 and Retry-After', async () => {
  const { api, server } = openFixture();
  const url = '/messages?after=now&wait=60';
  const open = Array.from({ length: readersMax }, () => server.fastify.inject(url));
  await expect.poll(() => api.waits).toBe(readersMax);
  for (const path of [url, '/events', '/messages?follow=1&format=text']) {
    const refused = await server.fastify.inject(path);
    expect(refused.statusCode).toBe(429);
    expect(refused.json()).toMatchObject({ code: 'too-many-requests' });
    expect(Number(refused.headers['retry-after'])).toBeGreaterThan(0);
  }
  api.arrive('for all of them');
  const statuses = (await Promise.all(open)).map((answer) => answer.statusCode);
  expect(new Set(statuses)).toEqual(new Set([200]));
});

test('a posted message reaches the stream once, as one’s own', async () => {
  const { port, server } = await listenFixture();
  const reader = await EventReader.open(port, '/events');
  await reader.opened();
  await server.fastify.inject({ method: 'POST', url: '/messages', payload: { text: 'F50' } });
  expect(await reader.next()).toMatchObject({ data: { text: 'F50', mine: true } });
  const closed = server.close();
  expect(await reader.next()).toMatchObject({ event: 'shutdown' });
  await closed;
});

test('the test client itself sees the end of a connection', async () => {
  const { port } = await listenFixture();
  const client = new RawClient(port);
  await once(client.socket, 'connect');
  client.socket.end();
  expect(await client.closed()).toBe('');
});
