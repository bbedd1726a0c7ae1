// Readers of a node over its restarts: each sees everything, once.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { MessageView, Page } from '../../src/chat/view.ts';
import { Daemon } from '../support/node-daemon.ts';
import { EventStream, idOf } from '../support/node-events.ts';
import { useWorkspace } from '../support/node-process.ts';

const workspace = useWorkspace();

async function postAll(node: Daemon, count: number): Promise<string[]> {
  const posted = await Promise.all(
    Array.from({ length: count }, (_, i) => node.post(`message ${i}`)),
  );
  return posted.sort((a, b) => Number(a.cursor) - Number(b.cursor)).map(({ id }) => id);
}

test('F44 two readers of one node each see everything, as does a third that polls', async () => {
  const node = await Daemon.start(workspace, 'two-readers');
  const streams = await Promise.all([EventStream.open(node), EventStream.open(node)]);
  // From a cursor: it is the same whichever of the requests comes first.
  const { next } = await node.get<Page>('/messages?after=now');
  const poll = node.get<Page>(`/messages?after=${next}&wait=30`);
  const ids = await postAll(node, 200);
  for (const stream of streams) expect((await stream.take(200)).map(idOf)).toEqual(ids);
  expect((await poll).messages[0]?.id).toBe(ids[0]);
  expect((await node.arrivals()).map(({ id }) => id)).toEqual(ids);
});

test('F45 F46 what came while nobody listened, more than any buffer holds, is in the stream of who comes back', async () => {
  const node = await Daemon.start(workspace, 'nobody');
  const stream = await EventStream.open(node);
  const first = await node.post('while somebody listens');
  expect(idOf(await stream.next())).toBe(first.id);
  stream.close();
  const ids: string[] = [];
  for (let i = 0; i < 20; i++) ids.push(...(await postAll(node, 150)));
  await node.kill();
  await node.start();
  const again = await EventStream.open(node, stream.lastId);
  expect((await again.take(3000)).map(idOf)).toEqual(ids);
  const next = await node.post('and on');
  expect(idOf(await again.next())).toBe(next.id);
});

test('F47 a stream that is resumed at any boundary, over a restart, neither skips nor repeats', async () => {
  const node = await Daemon.start(workspace, 'boundaries');
  const stream = await EventStream.open(node, '0');
  const ids = await postAll(node, 12);
  const events = await stream.take(12);
  const cursors = ['0', ...events.map(({ id }) => id)];
  await node.stop();
  await node.start();
  const late = (await node.post('late')).id;
  for (const [at, cursor] of cursors.entries()) {
    const resumed = await EventStream.open(node, cursor);
    const expected = [...ids.slice(at), late];
    expect((await resumed.take(expected.length)).map(idOf)).toEqual(expected);
    resumed.close();
    const page = await node.get<Page>(`/messages?after=${cursor}`);
    expect(page.messages.map(({ id }) => id)).toEqual(expected);
  }
});

test('F47 a stream that was opened and cut before its first event resumes where it was opened', async () => {
  const node = await Daemon.start(workspace, 'opened');
  await node.post('before');
  const stream = await EventStream.open(node);
  expect(await stream.next('opening')).toBeDefined();
  await node.kill();
  expect(await stream.next()).toBeUndefined();
  await node.start();
  const { id } = await node.post('after');
  const again = await EventStream.open(node, stream.lastId);
  expect(idOf(await again.next())).toBe(id);
});

test("F50 one's own post is shown once and as one's own, and to others once and as another's", async () => {
  const b = await Daemon.make(workspace, 'own-b');
  const a = await Daemon.start(workspace, 'own-a', {
    flags: ['--peers', b.address, '--name', 'ann'],
  });
  b.flags.push('--allow', a.pk);
  await b.start();
  await a.untilConnected(b);
  const streams = await Promise.all([EventStream.open(a), EventStream.open(b)]);
  const { id } = await a.post('mine');
  // Each stream is in the order in which its node came to have them.
  await b.untilMessages(1);
  const marker = await b.post('the end');
  for (const [i, stream] of streams.entries()) {
    const [first, second] = (await stream.take(2)).map(
      ({ data }) => JSON.parse(data) as MessageView,
    );
    expect(first).toMatchObject({ id, mine: i === 0, author: a.pk, name: 'ann', text: 'mine' });
    expect(second).toMatchObject({ id: marker.id, mine: i === 1, author: b.pk });
  }
  expect((await a.arrivals()).map((each) => each.id)).toEqual([id, marker.id]);
});

test('F49 SIGTERM ends open streams and polls with a word, takes runtime.json away, and is over in time', async () => {
  const node = await Daemon.start(workspace, 'drain');
  const path = join(node.data, 'runtime.json');
  const { pk, http, port } = node;
  const runtime = { pid: node.process?.pid, pk, listen: `127.0.0.1:${port}`, http };
  expect(JSON.parse(readFileSync(path, 'utf8'))).toEqual(runtime);
  const stream = await EventStream.open(node);
  const follow = await fetch(`${node.http}/messages?follow=1&format=text`);
  const { next } = await node.get<Page>('/messages?after=now');
  const poll = node.get<Page>(`/messages?after=${next}&wait=60`);
  const posted = await node.post('the last one');
  expect(idOf(await stream.next())).toBe(posted.id);
  const idle = node.get<Page>(`/messages?after=${posted.cursor}&wait=60`);
  await poll;
  // The stream, the list and the poll that has nothing to answer yet.
  await node.until('three readers', async () => {
    const { body } = await node.ask<string>('GET', '/metrics');
    return /^skychat_http_readers 3$/m.test(body);
  });
  const { stderr } = await node.stop();
  expect(await stream.next('shutdown')).toMatchObject({ event: 'shutdown', id: posted.cursor });
  expect(await stream.next()).toBeUndefined();
  expect(await follow.text()).toMatch(/: the last one\n$/);
  expect((await poll).messages.map(({ id }) => id)).toEqual([posted.id]);
  expect((await idle).messages).toEqual([]);
  // What a close that has to be cut off after 9 s would say.
  expect(stderr).not.toContain('closing took too long');
  expect(existsSync(path)).toBe(false);
});
