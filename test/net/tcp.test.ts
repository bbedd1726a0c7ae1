import { once } from 'node:events';
import { get, type IncomingMessage } from 'node:http';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { systemClock, systemRandom, systemTimers } from '../../src/env.ts';
import * as limits from '../../src/net/limits.ts';
import { Network } from '../../src/net/network.ts';
import { tcpTransport } from '../../src/net/tcp.ts';
import type { Endpoint, Link, LinkHandler } from '../../src/net/transport.ts';
import { never, Side } from '../contract/transport.ts';
import { identityAt, patterned, recordingLogger, type LoggedLine } from '../support/net-rig.ts';

const loopback = { host: '127.0.0.1', port: 0 };
const open: { close(): Promise<void> }[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map((each) => each.close()));
});

/** A TCP server that does nothing but count and keep its sockets. */
async function mute(onSocket: (socket: Socket) => void = () => undefined): Promise<Endpoint> {
  const sockets: Socket[] = [];
  const server = createServer((socket) => {
    sockets.push(socket);
    socket.on('error', () => undefined);
    onSocket(socket);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  open.push({
    close: async () => {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  });
  return { host: '127.0.0.1', port: (server.address() as AddressInfo).port };
}

const idle: LinkHandler = {
  onFrame: () => undefined,
  onDrain: () => undefined,
  onClose: () => undefined,
};

interface TcpNode {
  readonly network: Network;
  readonly lines: LoggedLine[];
}

function node(index: number, onLink: ConstructorParameters<typeof Network>[0]['onLink']): TcpNode {
  const lines: LoggedLine[] = [];
  const network = new Network({
    identity: identityAt(index),
    transport: tcpTransport,
    clock: systemClock,
    timers: systemTimers,
    random: systemRandom,
    logger: recordingLogger(lines),
    isAllowed: () => true,
    onLink,
  });
  open.push(network);
  return { network, lines };
}

test('a host name is tried at all its addresses', async () => {
  const accepted: Side[] = [];
  const listener = await tcpTransport.listen(loopback, (stream) => {
    accepted.push(new Side(stream));
  });
  // `localhost` may be ::1 first, where nobody listens.
  const endpoint = { host: 'localhost', port: listener.endpoint.port };
  const side = new Side(await tcpTransport.dial(endpoint, never));
  side.stream.write(Uint8Array.of(1));
  side.stream.end();
  await side.untilClosed();
  await listener.close();
  expect(accepted).toHaveLength(1);
});

test('an address that is not of this machine is one clear failure', async () => {
  const listening = tcpTransport.listen({ host: '192.0.2.1', port: 0 }, () => undefined);
  await expect(listening).rejects.toMatchObject({ code: 'bad-config' });
  await expect(listening).rejects.toThrow('no such address on this machine');
});

test('F05 a peer that accepts but never reads shows in the queue, and costs no progress', async () => {
  const endpoint = await mute((socket) => socket.pause());
  const side = new Side(await tcpTransport.dial(endpoint, never));
  // More than the kernel takes on both sides.
  const part = new Uint8Array(limits.tcpWriteBytesMax);
  for (let i = 0; i < 200; i++) side.stream.write(part);
  await side.until(() => side.drains > 0);
  expect(side.stream.queuedBytes).toBeGreaterThan(0);
  side.stream.end();
  side.stream.destroy();
  await side.untilClosed();
});

test('a slow reader is seen to move in small steps', async () => {
  let socket: Socket | undefined;
  const endpoint = await mute((accepted) => {
    socket = accepted;
    accepted.pause();
  });
  const side = new Side(await tcpTransport.dial(endpoint, never));
  const total = 40 * limits.tcpWriteBytesMax;
  for (let i = 0; i < 160; i++) side.stream.write(new Uint8Array(limits.tcpWriteBytesMax / 4));
  socket?.resume();
  await side.until(() => side.stream.queuedBytes === 0);
  expect(side.drains).toBeGreaterThanOrEqual(total / limits.tcpWriteBytesMax);
  side.stream.destroy();
  await side.untilClosed();
});

test('F22 a peer that sends without end leaves every turn of the event loop to others as well', async () => {
  const listener = await tcpTransport.listen(loopback, (stream) => {
    stream.handler = {
      onData: (bytes) => {
        inTurn += bytes.length;
        received += bytes.length;
        if (received >= sent) finished();
      },
      onDrain: () => undefined,
      onClose: () => undefined,
    };
  });
  open.push(listener);
  const socket = connect(listener.endpoint.port, '127.0.0.1');
  await once(socket, 'connect');
  const sent = 4 * 1024 * 1024;
  let [received, inTurn, most] = [0, 0, 0];
  let finished = (): void => undefined;
  const all = new Promise<void>((resolve) => (finished = resolve));
  const turn = (): void => {
    most = Math.max(most, inTurn);
    inTurn = 0;
    if (received < sent) setImmediate(turn);
  };
  turn();
  // As much of it as the kernel takes is there before the first read.
  socket.write(new Uint8Array(sent));
  await all;
  socket.destroy();
  expect(Math.max(most, inTurn)).toBeLessThanOrEqual(2 * limits.tcpReadBytes);
});

test('a peer that half-closes its side ends the stream, with a reason in words', async () => {
  const endpoint = await mute((socket) => {
    socket.pause();
    socket.end();
  });
  const side = new Side(await tcpTransport.dial(endpoint, never));
  for (let i = 0; i < 100; i++) side.stream.write(new Uint8Array(limits.tcpWriteBytesMax));
  await side.untilClosed();
  expect(side.closed).toBe('the other side ended the connection');
});

test('frames cross a link over TCP whole and in order', async () => {
  const sizes = [0, 1, 65_536, 1_000_000, 7];
  const seen: number[] = [];
  let arrived: () => void = () => undefined;
  const all = new Promise<void>((resolve) => (arrived = resolve));
  const listening = node(1, () => ({
    ...idle,
    onFrame: (_type, payload) => {
      seen.push(payload.length);
      if (seen.length === sizes.length) arrived();
    },
  }));
  const endpoint = await listening.network.listen(loopback);
  const dialing = node(0, () => idle);
  dialing.network.addPeer({ pk: identityAt(1).publicKey, ...endpoint });
  const sender = await linkOf(dialing);
  for (const size of sizes) sender.send(16, patterned(size));
  await all;
  expect(seen).toEqual(sizes);
});

test('F15 HTTP to the link port gets an answer that names the mistake, and one line in the log', async () => {
  const listening = node(1, () => idle);
  const endpoint = await listening.network.listen(loopback);
  const request = get({ ...endpoint, path: '/messages' });
  const [response] = (await once(request, 'response')) as [IncomingMessage];
  const parts: Uint8Array[] = [];
  response.on('data', (part: Uint8Array) => parts.push(part));
  await once(response, 'end');
  expect(response.statusCode).toBe(400);
  expect(Buffer.concat(parts).toString()).toContain('link port');
  expect(listening.network.counters()['http-on-link-port']).toBe(1);
  expect(listening.lines.filter(({ level }) => level === 'warn')).toHaveLength(1);
});

test('F14 another key at the address is named over TCP as well', async () => {
  const listening = node(1, () => idle);
  const endpoint = await listening.network.listen(loopback);
  const dialing = node(0, () => idle);
  dialing.network.addPeer({ pk: identityAt(2).publicKey, ...endpoint });
  await poll(() => dialing.network.peers()[0]?.state === 'refused');
  expect(dialing.network.peers()[0]?.reason).toContain('another key');
});

test('F09 hundreds of links over TCP leave no socket, timer or listener behind', async () => {
  const before = resources();
  const listening = node(1, () => idle);
  const endpoint = await listening.network.listen(loopback);
  let ended = 0;
  const dialing = node(0, () => ({ ...idle, onClose: () => ended++ }));
  for (let round = 1; round <= 200; round++) {
    dialing.network.addPeer({ pk: identityAt(1).publicKey, ...endpoint });
    const link = await linkOf(dialing);
    dialing.network.removePeer(identityAt(1).publicKey);
    link.close('enough');
    await poll(() => ended === round);
  }
  await Promise.all(open.splice(0).map((each) => each.close()));
  await poll(() => resources() <= before);
  expect(resources()).toBeLessThanOrEqual(before);
});

test('F15 garbage of every kind over TCP never throws', async () => {
  const listening = node(1, () => idle);
  const endpoint = await listening.network.listen(loopback);
  for (let i = 0; i < 40; i++) {
    const socket = connect(endpoint);
    socket.on('error', () => undefined);
    await once(socket, 'connect');
    socket.write(systemRandom.bytes(1 + i * 7));
    if (i % 4 === 0) socket.resetAndDestroy();
    else socket.end();
    socket.resume();
    await once(socket, 'close');
  }
  const counted = (): number =>
    Object.values(listening.network.counters()).reduce((sum, count) => sum + count, 0);
  await poll(() => counted() === 40);
  expect(counted()).toBe(40);
});

/** Looks again on each turn of the event loop; the test's own deadline ends it. */
async function poll(met: () => boolean): Promise<void> {
  while (!met()) await new Promise((resolve) => setImmediate(resolve));
}

async function linkOf({ network }: TcpNode): Promise<Link> {
  await poll(() => network.peers()[0]?.link !== undefined);
  const link = network.peers()[0]?.link;
  if (link === undefined) throw new Error('no link');
  return link;
}

function resources(): number {
  const kinds = ['TCPSocketWrap', 'TCPServerWrap', 'Timeout'];
  return process.getActiveResourcesInfo().filter((kind) => kinds.includes(kind)).length;
}
