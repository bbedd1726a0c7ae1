import fc from 'fast-check';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { connectedRetryMsMax, probeMs } from '../../src/net/limits.ts';
import { patterned, Rig, RigNode } from '../support/net-rig.ts';

let rig: Rig;
beforeEach(() => {
  rig = new Rig();
});
afterEach(async () => {
  await rig.close();
  expect(rig.time.pending).toBe(0);
});

/** Another process with the key of a node, as after a restart that nobody noticed. */
function twinOf(node: RigNode): RigNode {
  const twin = new RigNode(`${node.name}-twin`, node.identity, rig.hub.host('twin'), rig.time);
  for (const pk of node.allowed) twin.allowed.add(pk);
  rig.nodes.push(twin);
  return twin;
}

test('F08 F28 two nodes that dial each other at once keep one link, dialed by the lower key', async () => {
  const a = await rig.node(0);
  const b = await rig.node(1);
  rig.dial(b, a);
  rig.dial(a, b);
  await rig.advance(5_000);
  expect(a.only.link.handshakeHash).toEqual(b.only.link.handshakeHash);
  expect(a.only.link.initiator).toBe(true);
  expect(rig.hub.connections).toHaveLength(1);
  // Neither end was given up in favour of another after it had come up.
  expect(a.links).toHaveLength(1);
});

test.each([0, 1, 2, 3, 4, 5, 6, 7])(
  'F08 F28 whatever the %i turns by which the higher key dials earlier, one link remains',
  async (turns) => {
    for (const [first, second] of [
      [0, 1],
      [1, 0],
    ] as const) {
      const crossing = new Rig();
      const nodes = [await crossing.node(0), await crossing.node(1)] as const;
      crossing.dial(nodes[first], nodes[second]);
      for (let i = 0; i < turns; i++) await new Promise((resolve) => setImmediate(resolve));
      crossing.dial(nodes[second], nodes[first]);
      await crossing.advance(20_000);
      const [a, b] = nodes;
      expect(a.only.link.handshakeHash).toEqual(b.only.link.handshakeHash);
      const { only } = a;
      await crossing.advance(120_000);
      expect(a.only).toBe(only);
      expect(a.network.counters().unreachable).toBe(0);
      await crossing.close();
    }
  },
);

test('F08 a link in use is not given up when its peer redials, and frames go on', async () => {
  const [a, b] = await rig.pair();
  const twin = twinOf(a);
  const old = b.only;
  for (let i = 0; i < 20; i++) a.only.link.send(16, patterned(1_000));
  rig.dial(twin, b);
  for (let i = 0; i < 20; i++) {
    await rig.advance(100);
    a.only.link.send(16, patterned(1_000));
  }
  await rig.advance(10_000);
  expect(b.only).toBe(old);
  expect(old.frames).toHaveLength(40);
  expect(b.network.counters()['already-connected']).toBeGreaterThan(0);
  // The refused side is told why, and tries again soon.
  const [state] = twin.network.peers();
  expect(state?.state).not.toBe('connected');
  expect(state?.reason).toContain('older link');
  // As soon as the old link has ended it has its turn.
  await Promise.all([a.network.close(), rig.advance(connectedRetryMsMax)]);
  expect(b.only.link.handshakeHash).toEqual(twin.only.link.handshakeHash);
});

test('F07 a redial replaces an old link that gives no sign of life', async () => {
  const [a, b] = await rig.pair();
  const old = b.only;
  // The old process is frozen, its connection is not closed.
  rig.hub.connections[0]?.stall('dialer');
  const twin = twinOf(a);
  rig.dial(twin, b);
  await rig.advance(probeMs - 1);
  expect(old.closed).toBeUndefined();
  await rig.advance(1);
  expect(old.closed).toBe('replaced');
  expect(b.only.link.handshakeHash).toEqual(twin.only.link.handshakeHash);
  expect(b.network.counters().replaced).toBe(1);
});

test('F07 the other direction: a peer that was dialed and restarts is let in after the probe', async () => {
  const [, b] = await rig.pair();
  const [a] = rig.nodes as [RigNode];
  const old = a.only;
  rig.hub.connections[0]?.stall('listener');
  const twin = twinOf(b);
  rig.dial(twin, a);
  await rig.advance(probeMs);
  expect(old.closed).toBe('replaced');
  expect(a.only.link.handshakeHash).toEqual(twin.only.link.handshakeHash);
});

test('F08 a peer that redials without end while it is probed holds one place', async () => {
  const [a, b] = await rig.pair();
  rig.hub.connections[0]?.stall('dialer');
  const twins = Array.from({ length: 5 }, () => twinOf(a));
  for (const twin of twins) {
    rig.dial(twin, b);
    await rig.settle();
  }
  // The stalled one and the latest.
  expect(rig.hub.connections.length).toBeLessThanOrEqual(2);
  await rig.advance(probeMs);
  expect(b.open).toHaveLength(1);
});

test('onLink never gives two links of one peer at a time', async () => {
  const a = await rig.node(0);
  const b = await rig.node(1);
  for (const node of [a, b]) {
    node.onLink = () => {
      // The link itself is not in the list of open ones twice.
      expect(node.open.length).toBeLessThanOrEqual(1);
    };
  }
  for (let round = 0; round < 20; round++) {
    rig.dial(a, b);
    rig.dial(b, a);
    await rig.advance(50 * round);
    for (const connection of rig.hub.connections) connection.cut();
    await rig.advance(300);
  }
  await rig.advance(60_000);
  expect(a.only.link.handshakeHash).toEqual(b.only.link.handshakeHash);
});

test('F08 F28 whatever is cut and stalled, two nodes that dial each other end with one link', async () => {
  const step = fc.oneof(
    fc.record({ act: fc.constantFrom('cut', 'stall dialer', 'stall listener', 'resume') }),
    fc.record({ act: fc.constant('wait'), ms: fc.constantFrom(0, 1, 250, 2_000, 20_000, 60_000) }),
  );
  const delays = fc.nat(6);
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 12 }), delays, async (steps, turns) => {
      const own = new Rig();
      const [a, b] = [await own.node(0), await own.node(1)];
      for (const node of [a, b]) {
        node.onLink = () => {
          expect(node.open.length).toBe(1);
        };
      }
      own.dial(a, b);
      for (let i = 0; i < turns; i++) await new Promise((resolve) => setImmediate(resolve));
      own.dial(b, a);
      for (const { act, ...rest } of steps) {
        if ('ms' in rest) await own.advance(rest.ms);
        for (const connection of own.hub.connections) {
          if (act === 'cut') connection.cut();
          if (act === 'stall dialer') connection.stall('dialer');
          if (act === 'stall listener') connection.stall('listener');
          if (act === 'resume') connection.resume();
        }
        await own.settle();
      }
      for (const connection of own.hub.connections) connection.resume();
      await own.advance(120_000);
      expect(a.only.link.handshakeHash).toEqual(b.only.link.handshakeHash);
      expect(own.hub.connections).toHaveLength(1);
      const { only } = a;
      await own.advance(300_000);
      expect(a.only).toBe(only);
      await own.close();
      expect(own.time.pending).toBe(0);
    }),
    { numRuns: 60 },
  );
}, 20_000);

test('F59 a node does not dial its own key, so that one list of peers serves every node', async () => {
  const a = await rig.node(0);
  const twin = twinOf(a);
  twin.network.addPeer({ pk: a.pk, ...a.endpoint });
  await rig.settle();
  expect(twin.network.peers()).toEqual([]);
  expect(rig.hub.connections).toEqual([]);
});
