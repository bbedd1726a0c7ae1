// What reaches the ports of a node and does not belong there: each gets one clear, counted line, and
// the node's own peers notice nothing.
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import type { GroupId } from '../../src/cxo/ids.ts';
import { createKeyFile } from '../../src/key-file.ts';
import { Daemon } from '../support/node-daemon.ts';
import { useWorkspace } from '../support/node-process.ts';
import { heldTransport, Stranger } from '../support/node-stranger.ts';

const workspace = useWorkspace('file');
let node: Daemon;
let peer: Daemon;
let group: GroupId;
let isPosting = true;
let posting: Promise<number>;
const strangers: Stranger[] = [];

beforeAll(async () => {
  node = await Daemon.make(workspace, 'node');
  peer = await Daemon.start(workspace, 'peer', { flags: ['--peers', node.address] });
  node.flags.push('--allow', peer.pk);
  await node.start();
  await peer.untilConnected(node);
  ({
    groups: [{ id: group } = { id: '' as GroupId }],
  } = await node.get<{
    groups: { id: GroupId }[];
  }>('/groups'));
  posting = post();
});

/** Goes on during all tests: a message must reach the peer's disk before the next is written. */
async function post(): Promise<number> {
  let count = 0;
  for (; isPosting; count++) {
    const json = { text: `while strangers call ${count}`, min_peers: 1, timeout_ms: 60_000 };
    const { status } = await node.ask('POST', '/messages', { json });
    expect(status).toBe(201);
    await sleep(5);
  }
  return count;
}

afterEach(async () => {
  await Promise.all(strangers.splice(0).map((stranger) => stranger.close()));
});

afterAll(async () => {
  isPosting = false;
  await posting;
});

async function refusedCount(of: Daemon, reason: string): Promise<number> {
  return (await of.status()).counters.refused[reason] ?? 0;
}

/** Warnings with that reason. */
function linesOf(of: Daemon, reason: string): number {
  const warnings = of.log.filter(({ level }) => level === 'warn');
  return warnings.filter((line) => line.reason === reason || line['code'] === reason).length;
}

/** Whether the link between the two has lasted. */
async function linkOfPeer(): Promise<string | undefined> {
  const link = await node.peer(peer.pk);
  expect(link?.state).toBe('connected');
  return link?.since;
}

test('F14 a peer with another key at the right address is named on both sides and never talked to', async () => {
  const since = await linkOfPeer();
  const other = createKeyFile(workspace.path('other.key')).publicKey;
  const address = `${other}@127.0.0.1:${node.port}`;
  const dialer = await Daemon.start(workspace, 'misled', { flags: ['--peers', address] });
  expect(await dialer.logged('wrong-key')).toMatchObject({ level: 'warn', peer: other });
  expect(await node.logged('other-key-expected')).toMatchObject({ level: 'warn' });
  await dialer.post('for the other key alone');
  expect(await dialer.peer(other)).toMatchObject({ state: 'refused', bytes_out: 0 });
  expect((await dialer.peer(other))?.reason).toMatch(/another key/);
  expect(await refusedCount(dialer, 'wrong-key')).toBe(1);
  expect(await refusedCount(node, 'other-key-expected')).toBe(1);
  expect(linesOf(dialer, 'wrong-key')).toBe(1);
  expect(linesOf(node, 'other-key-expected')).toBe(1);
  await dialer.stop();
  expect(await linkOfPeer()).toBe(since);
});

test('F10 a peer whose key is not allowed is told so, shows it, and does not come back in a loop', async () => {
  const since = await linkOfPeer();
  const dialer = await Daemon.start(workspace, 'uninvited', { flags: ['--peers', node.address] });
  expect(await node.logged('not-allowed')).toMatchObject({ level: 'warn', peer: dialer.pk });
  await dialer.until('the refusal', async () => (await dialer.peer(node.pk))?.state === 'refused');
  expect((await dialer.peer(node.pk))?.reason).toMatch(
    /does not allow this node's key; next try in/,
  );
  expect(await dialer.logged('not-allowed')).toMatchObject({ level: 'warn', peer: node.pk });
  expect(await refusedCount(dialer, 'refused-by-peer')).toBe(1);
  expect(await refusedCount(node, 'not-allowed')).toBe(1);
  expect(linesOf(node, 'not-allowed')).toBe(1);
  // Its own messages are kept, and the node that refused it has none of them.
  await dialer.post('for nobody yet');
  expect((await node.feeds()).map(({ author }) => author)).not.toContain(dialer.pk);
  await dialer.stop();
  expect(await linkOfPeer()).toBe(since);
});

test('F05 F06 a peer that stops to read loses its link, and nobody else waits for it', async () => {
  const since = await linkOfPeer();
  const key = workspace.path('frozen.key');
  const { publicKey } = createKeyFile(key);
  const bulk = 'x'.repeat(60_000);
  // More than the kernel's buffers and the node's queue for one peer together.
  for (let i = 0; i < 200; i++) await node.post(`${i} ${bulk}`);
  await node.ask('POST', '/peers', { body: `${publicKey}@127.0.0.1:1` });
  const sockets: Socket[] = [];
  const transport = heldTransport((socket) => sockets.push(socket));
  const frozen = new Stranger(node, key, group, { transport, windowBytes: 2 ** 40 });
  strangers.push(frozen);
  await frozen.hears('have');
  await frozen.want(node.pk);
  await frozen.hears('segment');
  for (const socket of sockets) socket.pause();
  expect(await node.logged('not-reading')).toMatchObject({ level: 'warn', peer: publicKey });
  expect(await refusedCount(node, 'not-reading')).toBe(1);
  expect(linesOf(node, 'not-reading')).toBe(1);
  expect((await node.peer(publicKey))?.state).not.toBe('connected');
  await node.ask('DELETE', `/peers/${publicKey}`);
  expect(await linkOfPeer()).toBe(since);
});

test('F01 a hello in the same segment as the end of the handshake is answered', async () => {
  const key = workspace.path('hasty.key');
  const { publicKey } = createKeyFile(key);
  await node.ask('POST', '/peers', { body: `${publicKey}@127.0.0.1:1` });
  const hasty = new Stranger(node, key, group, { transport: heldTransport(() => undefined) });
  strangers.push(hasty);
  expect(await hasty.hears('have', 'closed')).toMatchObject({ type: 'have' });
  await node.ask('DELETE', `/peers/${publicKey}`);
});

test('F15 curl on the link port is told where it is, and named in the log', async () => {
  const since = await linkOfPeer();
  const { code, stdout } = await workspace.run('curl', [
    '-s',
    `http://127.0.0.1:${node.port}/messages`,
  ]);
  expect({ code, stdout }).toEqual({
    code: 0,
    stdout: 'This is the link port of skychat-node. Its HTTP interface has another port.\n',
  });
  expect(await node.logged('http-on-link-port')).toMatchObject({ level: 'warn' });
  expect(await refusedCount(node, 'http-on-link-port')).toBe(1);
  expect(linesOf(node, 'http-on-link-port')).toBe(1);
  expect(await linkOfPeer()).toBe(since);
});

test('F15 noise on the HTTP port gets an HTTP answer, and a line in the log', async () => {
  const since = await linkOfPeer();
  const before = await refusedCount(node, 'bad-request');
  const { hostname, port } = new URL(node.http);
  const socket = connect(Number(port), hostname);
  let answer = '';
  socket.setEncoding('utf8').on('data', (part: string) => (answer += part));
  // 0x00 first, as in a link's handshake; no method begins with it.
  socket.write(Buffer.concat([Buffer.from([0]), randomBytes(400)]));
  await once(socket, 'close');
  expect(answer).toMatch(/^HTTP\/1\.1 400 /);
  expect(answer).toContain('"code":"bad-request"');
  expect(await node.logged('bad-request')).toMatchObject({ level: 'warn' });
  expect((await refusedCount(node, 'bad-request')) - before).toBe(1);
  expect(linesOf(node, 'bad-request')).toBe(1);
  expect(await linkOfPeer()).toBe(since);
});

test('F15 a node that dials the HTTP port is told that no node answers there', async () => {
  const since = await linkOfPeer();
  const before = await refusedCount(node, 'bad-request');
  const address = `${node.pk}@${new URL(node.http).host}`;
  const dialer = await Daemon.start(workspace, 'wrong-port', { flags: ['--peers', address] });
  expect(await dialer.logged('wrong-key')).toMatchObject({ level: 'warn', peer: node.pk });
  expect((await dialer.peer(node.pk))?.reason).toMatch(/no skychat-node/);
  expect((await refusedCount(node, 'bad-request')) - before).toBe(1);
  await dialer.stop();
  expect(await linkOfPeer()).toBe(since);
});

test('whoever called, the peer got every message while they did', async () => {
  isPosting = false;
  const count = await posting;
  expect(count).toBeGreaterThan(0);
  const texts = (await peer.arrivals()).map(({ text }) => text);
  const meanwhile = texts.filter((text) => text.startsWith('while strangers call '));
  expect(meanwhile).toEqual(Array.from({ length: count }, (_, i) => `while strangers call ${i}`));
});
