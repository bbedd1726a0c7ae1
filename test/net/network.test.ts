import { afterEach, beforeEach, expect, test } from 'vitest';
import { SkychatError } from '../../src/errors.ts';
import type { PublicKey } from '../../src/identity.ts';
import * as limits from '../../src/net/limits.ts';
import type { PeerState } from '../../src/net/peer.ts';
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

function stateOf(node: RigNode, of: RigNode): PeerState {
  const state = node.network.peers().find(({ pk }) => pk === of.pk);
  if (state === undefined) throw new Error(`${node.name} does not know ${of.name}`);
  return state;
}

test('both sides of a link list each other as connected, with since and address', async () => {
  const [a, b] = await rig.pair();
  const dialer = stateOf(a, b);
  expect(dialer).toMatchObject({ state: 'connected', address: 'node1:7', reason: undefined });
  expect(dialer.link).toBe(a.only.link);
  expect(dialer.since).toBe(rig.time.now());
  const listener = stateOf(b, a);
  expect(listener).toMatchObject({ state: 'connected', reason: undefined });
  expect(listener.address).toMatch(/^node0:\d+$/);
});

test('a peer that only dials in is listed after its link ended, for as long as it is allowed', async () => {
  const [a, b] = await rig.pair();
  a.network.removePeer(b.pk);
  a.only.link.close('enough');
  await rig.settle();
  expect(stateOf(b, a)).toMatchObject({
    state: 'waiting',
    reason: 'the peer ended the link: enough',
  });
  b.allowed.clear();
  b.network.recheck();
  await rig.settle();
  expect(b.network.peers()).toEqual([]);
});

test('F10 a peer that refuses connections is redialed after growing waits, told in words', async () => {
  const a = await rig.node(0);
  const b = rig.silentNode(1);
  rig.dial(a, b);
  await rig.settle();
  const first = stateOf(a, b);
  expect(first.state).toBe('waiting');
  expect(first.reason).toBe('connection refused; next try in 1 s');
  const waits: number[] = [];
  for (let i = 0; i < 12; i++) {
    waits.push(rig.time.next);
    await rig.advance(rig.time.next);
  }
  const half = waits.map((wait) => (wait - limits.retryMsMin) * 2 + limits.retryMsMin);
  expect(half.slice(0, 4)).toEqual([400, 800, 1_600, 3_200]);
  expect(half.at(-1)).toBe(limits.retryMsMax);
  expect(a.network.counters().unreachable).toBe(13);
});

test('F28 a peer whose listener comes up a moment later is connected soon', async () => {
  const a = await rig.node(0);
  const b = rig.silentNode(1);
  rig.dial(a, b);
  await rig.settle();
  await b.listen();
  await rig.advance(2 * limits.retryMsMin);
  expect(stateOf(a, b).state).toBe('connected');
});

test('F11 a connection attempt lasts more than 10 s, then ends and is repeated', async () => {
  const a = await rig.node(0);
  const b = await rig.node(1);
  rig.hub.swallow(b.endpoint);
  rig.dial(a, b);
  await rig.advance(10_000);
  expect(stateOf(a, b).state).toBe('dialing');
  await rig.advance(limits.connectMs - 10_000);
  expect(stateOf(a, b).state).toBe('waiting');
  expect(stateOf(a, b).reason).toContain('no answer within');
  expect(limits.connectMs).toBeGreaterThanOrEqual(10_000);
});

test('F12 black holes do not delay a healthy peer', async () => {
  const a = rig.silentNode(0);
  for (let i = 1; i <= 8; i++) {
    const hole = rig.silentNode(i);
    rig.hub.swallow(hole.endpoint);
    rig.dial(a, hole);
  }
  const healthy = await rig.node(9);
  rig.dial(a, healthy);
  await rig.settle();
  expect(stateOf(a, healthy).state).toBe('connected');
});

test('a link that was stable is redialed at once when it is lost, a short one later and later', async () => {
  const [a, b] = await rig.pair();
  for (const wait of [300, 500, 900]) {
    rig.hub.connections[0]?.cut();
    await rig.settle();
    expect(stateOf(a, b).state).toBe('waiting');
    expect(stateOf(a, b).reason).toContain('connection reset');
    expect(stateOf(a, b).reason).toContain('next try in 1 s');
    await rig.advance(wait - 1);
    expect(stateOf(a, b).state).toBe('waiting');
    await rig.advance(1);
    expect(stateOf(a, b).state).toBe('connected');
  }
  await rig.advance(limits.stableMs);
  rig.hub.connections[0]?.cut();
  await rig.advance(300);
  expect(stateOf(a, b).state).toBe('connected');
});

test('F10 a key that is not allowed is refused with the reason and redialed after seconds', async () => {
  const a = await rig.node(0);
  const b = await rig.node(1);
  b.allowed.clear();
  rig.dial(a, b);
  await rig.settle();
  expect(stateOf(a, b)).toMatchObject({ state: 'refused', link: undefined });
  expect(stateOf(a, b).reason).toContain("the peer does not allow this node's key");
  expect(b.links).toEqual([]);
  expect(b.network.peers()).toEqual([]);
  expect(b.network.counters()['not-allowed']).toBe(1);
  expect(a.network.counters()['refused-by-peer']).toBe(1);
  await rig.advance(limits.refusedRetryMsMin - 1);
  expect(b.network.counters()['not-allowed']).toBe(1);
  await rig.advance(600_000);
  const refusals = b.network.counters()['not-allowed'];
  expect(refusals).toBeGreaterThan(5);
  expect(refusals).toBeLessThan(40);
  // After the first refusal the owner hears only of links that were accepted.
  expect(a.links).toHaveLength(1);
  expect(stateOf(a, b).since).toBeLessThan(rig.time.now() - 590_000_000);
});

test('a key that was refused and is allowed later gets its link, and its owner hears of it', async () => {
  const a = await rig.node(0);
  const b = await rig.node(1);
  b.allowed.clear();
  rig.dial(a, b);
  await rig.settle();
  b.allowed.add(a.pk);
  await rig.advance(limits.refusedRetryMsMax);
  expect(stateOf(a, b).state).toBe('connected');
  expect(a.only.link.handshakeHash).toEqual(b.only.link.handshakeHash);
});

test('a key that is dialed may connect without being allowed otherwise', async () => {
  const a = await rig.node(0);
  const b = await rig.node(1);
  a.allowed.clear();
  rig.hub.swallow(b.endpoint);
  rig.dial(a, b);
  rig.dial(b, a);
  await rig.settle();
  expect(stateOf(a, b).state).toBe('connected');
});

test('recheck closes the links of keys that are no longer allowed, and no others', async () => {
  const [a, b] = await rig.pair();
  const c = await rig.node(2);
  rig.dial(c, b);
  await rig.settle();
  b.allowed.delete(a.pk);
  b.network.recheck();
  await rig.settle();
  expect(b.only.link.peer).toBe(c.pk);
  expect(stateOf(a, b)).toMatchObject({ state: 'refused' });
});

test('a removed peer is no longer dialed, and loses its link unless it is allowed', async () => {
  const [a, b] = await rig.pair();
  a.network.removePeer(b.pk);
  await rig.settle();
  expect(stateOf(a, b).state).toBe('connected');
  rig.hub.connections[0]?.cut();
  await rig.advance(60_000);
  expect(stateOf(a, b)).toMatchObject({ state: 'waiting' });
  rig.dial(a, b);
  await rig.settle();
  a.allowed.clear();
  a.network.removePeer(b.pk);
  await rig.settle();
  expect(a.network.peers()).toEqual([]);
  expect(a.open).toEqual([]);
  expect(b.links.at(-1)?.closed).toBe('removed');
});

test('a peer that is removed while it is dialed is given up at once', async () => {
  const a = rig.silentNode(0);
  const b = rig.silentNode(1);
  rig.hub.swallow(b.endpoint);
  rig.dial(a, b);
  await rig.settle();
  a.allowed.clear();
  a.network.removePeer(b.pk);
  await rig.settle();
  expect(rig.time.pending).toBe(0);
  expect(a.network.peers()).toEqual([]);
});

test('a new address for a known peer takes effect at once', async () => {
  const a = await rig.node(0);
  const b = await rig.node(1);
  a.network.addPeer({ pk: b.pk, host: 'nowhere', port: 1 });
  await rig.settle();
  expect(stateOf(a, b).state).toBe('waiting');
  rig.dial(a, b);
  await rig.settle();
  expect(stateOf(a, b)).toMatchObject({ state: 'connected', address: 'node1:7' });
  rig.dial(a, b);
  await rig.settle();
  expect(a.links).toHaveLength(1);
});

test('F10 adding a peer again at the same address does not hurry its next dial', async () => {
  const a = await rig.node(0);
  const b = rig.silentNode(1);
  rig.dial(a, b);
  await rig.settle();
  const wait = rig.time.next;
  for (let i = 0; i < 10; i++) rig.dial(a, b);
  await rig.settle();
  expect(rig.time.next).toBe(wait);
  expect(a.network.counters().unreachable).toBe(1);
});

test('a banned key loses its link and waits, longer each time', async () => {
  const [a, b] = await rig.pair();
  b.network.banPeer(a.pk, 'bad-signature');
  await rig.settle();
  expect(a.links[0]?.closed).toBe('banned');
  expect(stateOf(a, b)).toMatchObject({ state: 'refused' });
  expect(b.warnings[0]?.fields).toMatchObject({ reason: 'bad-signature', seconds: 30 });
  await rig.advance(limits.banMsMin - 1);
  expect(b.open).toEqual([]);
  await rig.advance(limits.refusedRetryMsMax);
  expect(stateOf(a, b).state).toBe('connected');
  b.network.banPeer(a.pk, 'bad-signature');
  await rig.advance(limits.banMsMin + 1_000);
  expect(b.open).toEqual([]);
});

test('a banned peer is not dialed before its ban is over', async () => {
  const [a, b] = await rig.pair();
  a.network.banPeer(b.pk, 'bad-signature');
  await rig.advance(limits.banMsMin - 1);
  expect(a.open).toEqual([]);
  expect(stateOf(a, b)).toMatchObject({ state: 'refused' });
  expect(stateOf(a, b).reason).toContain('banned');
  await rig.advance(1);
  expect(stateOf(a, b).state).toBe('connected');
});

test('a small-order key is refused as an address', () => {
  const a = rig.silentNode(0);
  const pk = ('01' + '00'.repeat(31)) as PublicKey;
  expect(() => {
    a.network.addPeer({ pk, host: 'h', port: 1 });
  }).toThrow(SkychatError);
});

test('a port that is taken is one clear failure', async () => {
  const a = await rig.node(0);
  await expect(a.network.listen(a.endpoint)).rejects.toMatchObject({ code: 'port-busy' });
});

test('a listener that comes up while the network closes is closed as well', async () => {
  const a = rig.silentNode(0);
  const listening = a.network.listen(a.endpoint);
  const refused = expect(listening).rejects.toMatchObject({ code: 'closing' });
  await a.network.close();
  await refused;
  const b = rig.silentNode(1, 'node0');
  await b.listen();
});

test('closing flushes what was sent, tells the peers, and leaves nothing', async () => {
  const [a, b] = await rig.pair();
  for (let i = 0; i < 100; i++) a.only.link.send(16, Uint8Array.of(i));
  await a.network.close();
  expect(b.links[0]?.frames).toHaveLength(100);
  expect(b.links[0]?.closed).toBe('closing');
  expect(a.links[0]?.closed).toBe('closing');
  expect(rig.hub.connections).toEqual([]);
  a.network.addPeer({ pk: b.pk, ...b.endpoint });
  expect(a.network.peers()).toEqual([]);
});

test('closing waits no longer than a second for a peer that does not read', async () => {
  const [a] = await rig.pair();
  rig.hub.connections[0]?.stall('listener');
  a.only.link.send(16, new Uint8Array(10_000));
  let closed = false;
  void a.network.close().then(() => (closed = true));
  await rig.advance(limits.lingerMs - 1);
  expect(closed).toBe(false);
  await rig.advance(1);
  expect(closed).toBe(true);
});

test('closing in the middle of dials and handshakes leaves nothing', async () => {
  const a = await rig.node(0);
  const b = await rig.node(1);
  rig.dial(a, b);
  rig.dial(b, a);
  for (let i = 0; i < 3; i++) await new Promise((resolve) => setImmediate(resolve));
  await Promise.all([a.network.close(), a.network.close(), b.network.close()]);
  await rig.settle();
  expect(rig.time.pending).toBe(0);
});
