import fc from 'fast-check';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { equal } from '../../src/bytes.ts';
import { payloadBytesMax } from '../../src/net/framing.ts';
import * as limits from '../../src/net/limits.ts';
import { rekeyMessages } from '../../src/net/secure.ts';
import type { MemoryConnection } from '../../src/net/memory.ts';
import { patterned, Rig, type RigNode } from '../support/net-rig.ts';

let rig: Rig;
beforeEach(() => {
  rig = new Rig();
});
afterEach(async () => {
  await rig.close();
  expect(rig.time.pending, 'timers left').toBe(0);
  expect(rig.hub.connections, 'streams left').toEqual([]);
});

function connectionOf(index = 0): MemoryConnection {
  const connection = rig.hub.connections[index];
  if (connection === undefined) throw new Error('no such connection');
  return connection;
}

function sizesSeen(node: RigNode): number[] {
  return node.only.frames.map(({ payload }) => payload.length);
}

test('both ends of a link know each other and share a handshake hash', async () => {
  const [a, b] = await rig.pair();
  expect(a.only.link.peer).toBe(b.pk);
  expect(b.only.link.peer).toBe(a.pk);
  expect(a.only.link.initiator).toBe(true);
  expect(b.only.link.initiator).toBe(false);
  expect(a.only.link.handshakeHash).toHaveLength(32);
  expect(a.only.link.handshakeHash).toEqual(b.only.link.handshakeHash);
});

test('two links never share a handshake hash', async () => {
  const [a, b] = await rig.pair();
  const first = a.only.link.handshakeHash;
  connectionOf().cut();
  await rig.advance(1_000);
  expect(equal(a.only.link.handshakeHash, first)).toBe(false);
  expect(a.only.link.handshakeHash).toEqual(b.only.link.handshakeHash);
});

test('F01 F02 frames of any size arrive whole and in order, in both directions at once', async () => {
  const [a, b] = await rig.pair();
  const sizes = fc.array(fc.oneof(fc.nat(100), fc.nat(200_000)), { maxLength: 10 });
  await fc.assert(
    fc.asyncProperty(sizes, sizes, async (fromA, fromB) => {
      a.only.frames.length = 0;
      b.only.frames.length = 0;
      for (const size of fromA) a.only.link.send(16, patterned(size));
      for (const size of fromB) b.only.link.send(200, patterned(size));
      await rig.settle();
      expect(sizesSeen(b)).toEqual(fromA);
      expect(sizesSeen(a)).toEqual(fromB);
      for (const { payload } of [...a.only.frames, ...b.only.frames]) {
        expect(equal(payload, patterned(payload.length))).toBe(true);
      }
    }),
    { numRuns: 20 },
  );
});

test('the largest frame passes and a longer one is a bug of the caller', async () => {
  const [a, b] = await rig.pair();
  a.only.link.send(16, patterned(payloadBytesMax));
  await rig.settle();
  expect(sizesSeen(b)).toEqual([payloadBytesMax]);
  expect(() => a.only.link.send(16, new Uint8Array(payloadBytesMax + 1))).toThrow('limit');
  expect(() => a.only.link.send(1, new Uint8Array())).toThrow('type');
});

test('frames may follow the handshake at once, from the very first call of onLink', async () => {
  const a = await rig.node(0);
  const b = await rig.node(1);
  for (const node of [a, b]) node.onLink = (link) => link.send(16, Uint8Array.of(1, 2, 3));
  rig.dial(a, b);
  await rig.settle();
  expect(sizesSeen(a)).toEqual([3]);
  expect(sizesSeen(b)).toEqual([3]);
});

test('a link that is not accepted yet asks for no bulk data, then drains', async () => {
  const a = await rig.node(0);
  const b = await rig.node(1);
  const answers: boolean[] = [];
  a.onLink = (link) => answers.push(link.send(16, Uint8Array.of(1)));
  rig.dial(a, b);
  await rig.settle();
  expect(answers).toEqual([false]);
  expect(a.only.drains).toBe(1);
  expect(a.only.link.send(16, Uint8Array.of(2))).toBe(true);
});

test('a dialer that sends too much before it is accepted loses its link', async () => {
  const a = await rig.node(0);
  const b = await rig.node(1);
  a.onLink = (link) => {
    for (let sent = 0; sent <= limits.heldBytesMax; sent += 65_536)
      link.send(16, patterned(65_536));
  };
  rig.dial(a, b);
  await rig.settle();
  expect(a.links[0]?.closed).toBe('not-accepted');
  expect(a.network.counters()['not-accepted']).toBe(1);
});

test('keys are renewed in the middle of a stream without a lost frame', async () => {
  const [a, b] = await rig.pair();
  let received = 0;
  b.onFrame = () => received++;
  const total = rekeyMessages + 50;
  for (let i = 0; i < total; i++) {
    a.only.link.send(16, Uint8Array.of(i & 255));
    // One message for each frame.
    await Promise.resolve();
    if (i % 4096 === 0) await rig.settle();
    if (b.open.length > 0) b.only.frames.length = 0;
  }
  await rig.settle();
  expect(received).toBe(total);
  b.only.link.send(16, Uint8Array.of(1));
  await rig.settle();
  expect(a.only.frames).toHaveLength(1);
}, 30_000);

test('a close reason reaches the other side, and nothing follows it', async () => {
  const [a, b] = await rig.pair();
  const { link } = a.only;
  link.send(16, Uint8Array.of(1));
  link.close('too-boring');
  expect(link.send(16, Uint8Array.of(2))).toBe(false);
  link.close('again');
  await rig.settle();
  expect(a.links[0]?.closed).toBe('too-boring');
  expect(b.links[0]?.closed).toBe('too-boring');
  expect(b.links[0]?.frames).toHaveLength(1);
});

test('a close reason that could not be printed is a bug of the caller', async () => {
  const [a] = await rig.pair();
  const { link } = a.only;
  for (const reason of ['', 'a b', 'A', '\u001b[2J', 'x'.repeat(65)]) {
    expect(() => {
      link.close(reason);
    }).toThrow('reason');
  }
});

test('onClose never comes from inside a call of the owner', async () => {
  const [a] = await rig.pair();
  const seen = a.only;
  seen.link.close('enough');
  expect(seen.closed).toBeUndefined();
  await Promise.resolve();
  expect(seen.closed).toBe('enough');
});

test('F13 a link on which nothing is ever said stays up, its round trip measured', async () => {
  const [a, b] = await rig.pair();
  expect(a.only.link.stats().rttMs).toBeDefined();
  const before = b.only.link.stats().lastInbound;
  await rig.advance(3_600_000);
  expect(a.links).toHaveLength(1);
  expect(b.links).toHaveLength(1);
  expect(b.only.link.stats().lastInbound).toBeGreaterThan(before + 3_500_000_000);
});

test('F03 a send into a connection that died unseen is followed by the end of the link', async () => {
  const [a] = await rig.pair();
  const seen = a.only;
  const connection = connectionOf();
  // As when a cable is pulled: no side is told.
  connection.stall('dialer');
  connection.stall('listener');
  expect(seen.link.send(16, Uint8Array.of(1))).toBe(true);
  await rig.advance(limits.stalledTicks * limits.linkTickMs);
  expect(seen.closed).toBe('not-reading');
  expect(a.network.peers()[0]?.state).not.toBe('connected');
});

test('F03 a send into a connection that was reset is followed by the end of the link', async () => {
  const [a, b] = await rig.pair();
  const seen = a.only;
  connectionOf().cut();
  seen.link.send(16, Uint8Array.of(1));
  await rig.settle();
  expect(seen.closed).toBe('lost');
  expect(b.links[0]?.closed).toBe('lost');
});

test('F05 a peer that accepts but never reads is asked to wait, then loses its link', async () => {
  const [a] = await rig.pair();
  const seen = a.only;
  connectionOf().stall('listener');
  let sent = 0;
  while (seen.link.send(16, patterned(65_536))) sent++;
  expect(sent * 65_536).toBeLessThanOrEqual(limits.queueSoftBytes);
  await rig.advance((limits.stalledTicks - 1) * limits.linkTickMs);
  expect(seen.closed).toBeUndefined();
  await rig.advance(limits.linkTickMs);
  expect(seen.closed).toBe('not-reading');
  expect(a.network.counters()['not-reading']).toBe(1);
});

test('F05 a sender that does not wait fills no more than the hard bound', async () => {
  const [a] = await rig.pair();
  const seen = a.only;
  connectionOf().stall('listener');
  for (let i = 0; i < 200; i++) seen.link.send(16, patterned(65_536));
  await rig.settle();
  expect(seen.closed).toBe('not-reading');
  expect(seen.link.stats().bytesOut).toBeLessThanOrEqual(limits.queueHardBytes);
});

test('a peer that reads again drains the queue and keeps its link', async () => {
  const [a, b] = await rig.pair();
  connectionOf().stall('listener');
  while (a.only.link.send(16, patterned(65_536)));
  await rig.advance(20_000);
  expect(a.only.drains).toBe(0);
  connectionOf().resume();
  await rig.advance(60_000);
  expect(a.only.drains).toBe(1);
  expect(b.only.frames.length).toBeGreaterThan(15);
  expect(a.only.link.send(16, Uint8Array.of(1))).toBe(true);
});

test('F06 a frozen reader does not silence the others', async () => {
  const hub = await rig.node(0);
  const frozen = await rig.node(1);
  const lively = await rig.node(2);
  rig.dial(hub, frozen);
  rig.dial(hub, lively);
  await rig.settle();
  rig.hub.connections.find(({ endpoint }) => endpoint.host === frozen.name)?.stall('listener');
  const [toFrozen, toLively] = [frozen, lively].map((node) =>
    hub.links.find(({ link }) => link.peer === node.pk),
  );
  for (let i = 0; i < 120; i++) {
    toFrozen?.link.send(16, patterned(65_536));
    toLively?.link.send(16, patterned(1_000));
    await rig.settle();
  }
  expect(toFrozen?.closed).toBe('not-reading');
  expect(toLively?.closed).toBeUndefined();
  expect(lively.only.frames).toHaveLength(120);
});

test('F07 a peer that is silent for 45 s is dead, though its connection is open', async () => {
  const [a, b] = await rig.pair();
  const seen = b.only;
  connectionOf().stall('listener');
  await rig.advance(limits.silentTicks * limits.linkTickMs - 1);
  expect(seen.closed).toBeUndefined();
  await rig.advance(1);
  expect(seen.closed).toBe('silent');
  expect(b.network.counters().silent).toBe(1);
  expect(a.links[0]?.closed).toBeDefined();
});

test('F22 a process that was stopped for minutes does not take its links for dead', async () => {
  const [a, b] = await rig.pair();
  for (let i = 0; i < 10; i++) {
    rig.time.jump(600_000);
    await rig.advance(1_000);
  }
  expect(a.links).toHaveLength(1);
  expect(a.only.closed).toBeUndefined();
  expect(b.only.closed).toBeUndefined();
});

test('F09 a thousand connects and closes leave no timer, stream, link or peer behind', async () => {
  const a = rig.silentNode(0);
  const b = await rig.node(1);
  const timers = rig.time.pending;
  for (let i = 0; i < 1_000; i++) {
    rig.dial(a, b);
    await rig.settle();
    a.allowed.delete(b.pk);
    a.network.removePeer(b.pk);
    await rig.settle();
    a.allowed.add(b.pk);
  }
  expect(a.links).toHaveLength(1_000);
  expect(a.open).toEqual([]);
  expect(b.open).toEqual([]);
  expect(rig.time.pending).toBe(timers);
  expect(rig.hub.connections).toEqual([]);
  expect(a.network.peers()).toEqual([]);
}, 30_000);
