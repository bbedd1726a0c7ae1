// Peers that are tried at several endpoints, links that end as surplus, and what a watcher hears.
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { PublicKey } from '../../src/identity.ts';
import { retryMsMax } from '../../src/net/limits.ts';
import type { PeerState } from '../../src/net/peer.ts';
import type { Endpoint } from '../../src/net/transport.ts';
import { Rig, type RigNode } from '../support/net-rig.ts';

let rig: Rig;
beforeEach(() => {
  rig = new Rig();
});
afterEach(async () => {
  await rig.close();
  expect(rig.time.pending).toBe(0);
  expect(rig.hub.connections).toEqual([]);
});

const nowhere: Endpoint = { host: 'nowhere', port: 1 };
const tenMinutes = 600_000;

function stateOf(node: RigNode, of: RigNode): PeerState | undefined {
  return node.network.peers().find(({ pk }) => pk === of.pk);
}

test('a tried peer is dialed at one endpoint after the other until one answers', async () => {
  const a = await rig.node(0);
  const b = await rig.node(1);
  a.network.tryPeer(b.pk, [nowhere, { host: 'nowhere', port: 2 }, b.endpoint, nowhere]);
  await rig.settle();
  expect(a.only.link.peer).toBe(b.pk);
  expect(a.watched).toEqual([`linked ${b.pk}`]);
  expect(b.watched).toEqual([`linked ${a.pk}`]);
  expect(stateOf(a, b)).toMatchObject({ state: 'connected', address: 'node1:7' });
  expect(a.network.isConfigured(b.pk)).toBe(false);
});

test('a try that comes to nothing is told with every endpoint, and is not repeated', async () => {
  const a = await rig.node(0);
  const b = rig.silentNode(1);
  const c = await rig.node(2);
  a.network.tryPeer(b.pk, [nowhere, c.endpoint]);
  await rig.settle();
  expect(a.watched).toEqual([`tried ${b.pk} nowhere:1 unreachable, node2:7 wrong-key`]);
  expect(stateOf(a, b)).toMatchObject({ state: 'refused', address: 'node2:7' });
  expect(stateOf(a, b)?.reason).toContain('another key');
  const dials = a.network.counters();
  await rig.advance(tenMinutes);
  expect(a.network.counters()).toEqual(dials);
});

test('a black hole among the endpoints of a peer delays only that peer', async () => {
  const a = await rig.node(0);
  const b = await rig.node(1);
  const c = await rig.node(2);
  rig.hub.swallow(nowhere);
  a.network.tryPeer(b.pk, [nowhere, b.endpoint]);
  a.network.tryPeer(c.pk, [c.endpoint]);
  await rig.settle();
  expect(stateOf(a, c)?.state).toBe('connected');
  expect(stateOf(a, b)?.state).toBe('dialing');
  await rig.advance(20_000);
  expect(stateOf(a, b)?.state).toBe('connected');
});

test('a tried peer that refuses is told with its reason, and is not dialed at other endpoints', async () => {
  const a = await rig.node(0);
  const b = await rig.node(1);
  b.allowed.clear();
  a.network.tryPeer(b.pk, [b.endpoint, nowhere]);
  await rig.settle();
  expect(a.watched).toEqual([`tried ${b.pk} not-allowed`]);
  expect(stateOf(a, b)).toMatchObject({ state: 'refused' });
  await rig.advance(tenMinutes);
  expect(b.network.counters()['not-allowed']).toBe(1);
});

test('a link of a tried peer that is lost is told, and not redialed', async () => {
  const a = await rig.node(0);
  const b = await rig.node(1);
  a.network.tryPeer(b.pk, [b.endpoint]);
  await rig.settle();
  rig.hub.connections[0]?.cut();
  await rig.advance(tenMinutes);
  expect(a.watched).toEqual([`linked ${b.pk}`, `unlinked ${b.pk} lost`]);
  expect(b.watched).toEqual([`linked ${a.pk}`, `unlinked ${a.pk} lost`]);
  expect(stateOf(a, b)).toMatchObject({ state: 'waiting' });
});

test('who is not allowed, is banned, is linked or is this node itself is not dialed', async () => {
  const [a, b] = await rig.pair();
  const c = await rig.node(2);
  const d = await rig.node(3);
  a.watched.length = 0;
  a.allowed.delete(c.pk);
  a.network.banPeer(d.pk, 'bad-signature');
  const invalid = ('01' + '00'.repeat(31)) as PublicKey;
  a.allowed.add(invalid);
  for (const pk of [c.pk, d.pk, b.pk, a.pk, invalid]) a.network.tryPeer(pk, [c.endpoint]);
  a.network.tryPeer(b.pk, []);
  expect(a.watched).toEqual([]);
  await rig.settle();
  expect(a.watched).toEqual([
    `tried ${c.pk} not-allowed`,
    `tried ${d.pk} banned`,
    `tried ${b.pk} already-connected`,
    `tried ${a.pk} own-key`,
    `tried ${invalid} not-allowed`,
    `tried ${b.pk} already-connected`,
  ]);
  expect(rig.hub.connections).toHaveLength(1);
});

test('two nodes that try each other at once end with one link, and each is told of it', async () => {
  const a = await rig.node(0);
  const b = await rig.node(1);
  a.network.tryPeer(b.pk, [b.endpoint]);
  b.network.tryPeer(a.pk, [a.endpoint]);
  await rig.advance(20_000);
  expect(a.only.link.handshakeHash).toEqual(b.only.link.handshakeHash);
  for (const [node, other] of [
    [a, b],
    [b, a],
  ] as const) {
    expect(node.watched.at(-1)).toBe(`linked ${other.pk}`);
    expect(stateOf(node, other)?.state).toBe('connected');
  }
});

test.each(['dialer', 'listener'] as const)(
  'a link that the %s parts with as surplus is redialed by neither side, though it is configured',
  async (side) => {
    const [a, b] = await rig.pair();
    const [one, other] = side === 'dialer' ? [a, b] : [b, a];
    one.network.part(other.pk);
    await rig.advance(tenMinutes);
    expect([a.open, b.open]).toEqual([[], []]);
    expect(a.links[0]?.closed).toBe('surplus');
    expect(b.links[0]?.closed).toBe('surplus');
    expect(a.watched).toEqual([`linked ${b.pk}`, `unlinked ${b.pk} surplus`]);
    expect(b.watched).toEqual([`linked ${a.pk}`, `unlinked ${a.pk} surplus`]);
    expect(stateOf(a, b)).toMatchObject({ state: 'waiting' });
    expect(stateOf(a, b)?.reason).toMatch(/links enough/);
    expect(a.network.resting().map(({ pk }) => pk)).toEqual([b.pk]);
    expect(b.network.resting()).toEqual([]);
  },
);

test('a configured peer that rests is dialed when it is tried, and redialed from then on', async () => {
  const [a, b] = await rig.pair();
  b.network.part(a.pk);
  await rig.settle();
  rig.hub.swallow(b.endpoint);
  a.network.tryPeer(b.pk, [b.endpoint]);
  await rig.advance(20_000);
  expect(a.watched.at(-1)).toBe(`tried ${b.pk} node1:7 unreachable`);
  expect(a.network.resting()).toEqual([]);
  const { unreachable } = a.network.counters();
  await rig.advance(2 * retryMsMax);
  expect(a.network.counters().unreachable).toBeGreaterThan(unreachable);
});

test('a peer that rests is linked at once when it dials by itself', async () => {
  const [a, b] = await rig.pair();
  a.network.part(b.pk);
  await rig.settle();
  b.network.tryPeer(a.pk, [a.endpoint]);
  await rig.settle();
  expect(stateOf(a, b)?.state).toBe('connected');
  expect(a.network.resting()).toEqual([]);
});

test('whether a link can be spared is asked over it, and nothing else happens to it', async () => {
  const [a, b] = await rig.pair();
  a.network.askToSpare(b.pk);
  await rig.settle();
  expect(b.watched).toEqual([`linked ${a.pk}`, `spare ${a.pk}`]);
  expect(a.only.link.handshakeHash).toEqual(b.only.link.handshakeHash);
  expect(b.only.frames).toEqual([]);
});

test('a key that is no longer allowed loses the link that was tried, and the try that goes on', async () => {
  const a = await rig.node(0);
  const b = await rig.node(1);
  const c = rig.silentNode(2);
  rig.hub.swallow(c.endpoint);
  a.network.tryPeer(b.pk, [b.endpoint]);
  a.network.tryPeer(c.pk, [c.endpoint]);
  await rig.settle();
  a.allowed.clear();
  a.network.recheck();
  await rig.settle();
  expect(a.open).toEqual([]);
  expect(a.watched.slice(1).sort()).toEqual(
    [`tried ${c.pk} not-allowed`, `unlinked ${b.pk} not-allowed`].sort(),
  );
  expect(a.network.peers()).toEqual([]);
  await rig.advance(tenMinutes);
  expect(b.links).toHaveLength(1);
});

test('closing in the middle of tries leaves nothing', async () => {
  const a = rig.silentNode(0);
  const b = rig.silentNode(1);
  rig.hub.swallow(nowhere);
  a.network.tryPeer(b.pk, [nowhere, b.endpoint]);
  await rig.settle();
  await a.network.close();
  expect(rig.time.pending).toBe(0);
  a.network.tryPeer(b.pk, [nowhere]);
  await rig.settle();
  expect(a.watched.at(-1)).toBe(`tried ${b.pk} closing`);
});
