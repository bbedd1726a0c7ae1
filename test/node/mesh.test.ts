// The policy of the mesh on virtual time: whole meshes of it, and single decisions.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { PublicKey } from '../../src/identity.ts';
import { Mesh, surplus, type Candidate } from '../../src/node/mesh.ts';
import { meshLimits } from '../../src/node/mesh-limits.ts';
import { ManualTime } from '../support/net-time.ts';
import { World, type WorldNode } from './mesh-world.ts';

const minute = 60_000;
const hour = 60 * minute;

function worldOf(count: number, seed: number): World {
  const world = new World({ seed });
  for (let i = 0; i < count; i++) {
    world.join();
    world.run(10);
  }
  return world;
}

function expectMeshed(world: World): void {
  const degrees = world.degrees();
  expect(world.isConnected()).toBe(true);
  expect(degrees[0]).toBeGreaterThanOrEqual(Math.min(meshLimits.linksMin, degrees.length - 1));
  expect(degrees.at(-1)).toBeLessThanOrEqual(meshLimits.linksMax);
}

/** Which, where the degrees are not meant to be random. */
function thirdOf(world: World, kind: 'random' | 'best-connected'): WorldNode[] {
  const rank = new Map(world.living.map((node) => [node, world.unit()]));
  const by = (node: WorldNode): number =>
    kind === 'random' ? (rank.get(node) ?? 0) : -node.links.size;
  const ranked = world.living.sort((a, b) => by(a) - by(b));
  return ranked.slice(0, Math.floor(ranked.length / 3));
}

// A bound on what hangs: a thousand nodes take seconds on a machine that has nothing else to do.
describe.each([10, 100, 1000])('%i nodes that know one address', { timeout: 120_000 }, (count) => {
  test('come to 6 to 8 links each, all in one piece, and then to rest', () => {
    const world = worldOf(count, count);
    world.run(3 * minute);
    expectMeshed(world);
    const { dials, parts, lastChange } = world;
    const dialed = dials.length;
    world.run(48 * hour);
    expect(world.dials).toHaveLength(dialed);
    expect({ parts: world.parts, lastChange: world.lastChange }).toEqual({ parts, lastChange });
    expectMeshed(world);
  });

  test.each(['random', 'best-connected'] as const)(
    'go on without a %s third: in one piece and at 6 to 8 links again, and at rest',
    (kind) => {
      const world = worldOf(count, count + 1);
      world.run(3 * minute);
      world.kill(thirdOf(world, kind));
      world.run(10 * minute);
      expectMeshed(world);
      const { parts, lastChange } = world;
      world.run((count > 100 ? 2 : 12) * hour);
      expect({ parts: world.parts, lastChange: world.lastChange }).toEqual({ parts, lastChange });
    },
  );
});

test.each([2, 3, 6, 7])('%i nodes are all linked with each other', (count) => {
  const world = worldOf(count, count);
  world.run(minute);
  expect(world.degrees()).toEqual(Array.from({ length: count }, () => count - 1));
});

test('whatever the size and the chance, a mesh is whole, in its bounds and at rest', () => {
  fc.assert(
    fc.property(fc.integer({ min: 2, max: 60 }), fc.nat(), (count, seed) => {
      const world = worldOf(count, seed);
      world.run(10 * minute);
      expectMeshed(world);
      const { length } = world.dials;
      world.run(4 * hour);
      expect(world.dials).toHaveLength(length);
    }),
    { numRuns: 60 },
  );
});

test('the first node keeps no more links than the others, whoever has its address alone', () => {
  const world = worldOf(300, 5);
  world.run(3 * minute);
  const [first] = world.nodes.values();
  expect(first?.links.size).toBeLessThanOrEqual(meshLimits.linksMax);
});

test('a newcomer finds room among nodes that all are full', () => {
  const world = worldOf(60, 6);
  world.run(3 * minute);
  for (let i = 0; i < 40; i++) {
    const newcomer = world.join();
    world.run(2 * minute);
    expect(newcomer.links.size).toBeGreaterThanOrEqual(meshLimits.linksMin);
    expectMeshed(world);
  }
});

test('F10 dead addresses are dialed ever more seldom', () => {
  const world = worldOf(100, 7);
  world.run(3 * minute);
  world.kill(thirdOf(world, 'random'));
  const counts = [];
  for (const hours of [1, 1, 4, 4, 4]) {
    const before = world.dials.length;
    world.run(hours * hour);
    counts.push((world.dials.length - before) / hours / world.living.length);
  }
  // For each node and hour: some at first, then what an hour at most with full jitter makes.
  expect(counts[0]).toBeGreaterThan(4);
  for (const rate of counts.slice(2)) expect(rate).toBeLessThan(3);
  const ofPair = new Map<string, number[]>();
  for (const { at, from, address } of world.dials) {
    const name = `${from} ${address}`;
    ofPair.set(name, [...(ofPair.get(name) ?? []), at]);
  }
  for (const times of ofPair.values()) {
    const gaps = times.slice(1).map((at, i) => at - (times[i] ?? 0));
    for (const gap of gaps) expect(gap).toBeGreaterThanOrEqual(2_000);
    expect(times.length).toBeLessThan(40);
  }
});

test('an address where another key answers is tried once and then left for an hour at least', () => {
  const world = new World({ seed: 8 });
  for (let i = 0; i < 30; i++) {
    world.others.add(`n${i + 15}:1`);
    world.join();
    world.run(10);
  }
  world.run(50 * minute);
  const tried = world.dials
    .filter(({ address }) => world.others.has(address))
    .map(({ from, address }) => `${from} ${address}`);
  expect(tried.length).toBeGreaterThan(0);
  expect(new Set(tried).size).toBe(tried.length);
});

test('a hub whose peers cannot be dialed keeps them all: none of them can spare it', () => {
  const world = new World({ seed: 9 });
  const hub = world.join();
  for (let i = 0; i < 30; i++) {
    world.join(true);
    world.run(10);
  }
  world.run(12 * hour);
  expect(hub.links.size).toBe(30);
  expect({ parts: world.parts, dials: world.dials.length }).toEqual({ parts: 0, dials: 0 });
});

test('where few can be dialed by many, the many have 6 links and the mesh moves ever less', () => {
  const world = new World({ seed: 10 });
  for (let i = 0; i < 100; i++) {
    world.join(i % 5 !== 0);
    world.run(10);
  }
  world.run(6 * hour);
  expect(world.isConnected()).toBe(true);
  expect(world.degrees()[0]).toBeGreaterThanOrEqual(meshLimits.linksMin);
  const first = world.parts;
  world.run(6 * hour);
  const second = world.parts - first;
  // For each node some in a quarter of a day, most of them by chance that has become rare.
  expect(second).toBeLessThan(first / 8);
  expect(second / world.living.length).toBeLessThan(5);
});

test.each([1, 10, 240])(
  'two halves that lost each other for %i minutes, and had links enough, find each other again',
  (minutes) => {
    const world = worldOf(100, minutes);
    world.run(3 * minute);
    const [first] = world.nodes.values();
    // Without the node that everybody would dial again anyway.
    if (first !== undefined) world.kill([first]);
    world.split(({ pk }) => Number(pk.slice(1)) % 2);
    world.run(minutes * minute);
    expect(world.isConnected()).toBe(false);
    world.heal();
    world.run(Math.max(2, minutes) * minute);
    expect(world.isConnected()).toBe(true);
    world.run(24 * hour);
    expectMeshed(world);
    const { lastChange } = world;
    world.run(24 * hour);
    expect(world.lastChange).toBe(lastChange);
  },
);

describe('one node', () => {
  interface Seen {
    readonly time: ManualTime;
    readonly mesh: Mesh;
    readonly did: string[];
    candidates: Candidate[];
    readonly configured: Set<string>;
    advance(ms: number): Promise<void>;
  }

  function open(unit = 0): Seen {
    const time = new ManualTime();
    const did: string[] = [];
    const configured = new Set<string>();
    const seen: Seen = {
      ...{ time, did, configured, candidates: [] },
      advance: (ms) => time.advance(ms, () => Promise.resolve()),
      mesh: new Mesh({
        clock: time,
        timers: time,
        random: { unit: () => unit },
        candidates: () => seen.candidates,
        isConfigured: (pk) => configured.has(pk),
        dial: (pk, addresses) => did.push(`dial ${pk} ${addresses.join()}`),
        askToPart: (pk) => did.push(`ask ${pk}`),
        part: (pk) => did.push(`part ${pk}`),
      }),
    };
    seen.mesh.start();
    return seen;
  }

  const key = (name: string | number): PublicKey => `k${name}` as PublicKey;
  const candidate = (name: string | number, ...more: string[]): Candidate => {
    return { pk: key(name), addresses: [`k${name}:1`, ...more] };
  };

  async function linkedTo(count: number, unit = 0): Promise<Seen> {
    const seen = open(unit);
    for (let i = 0; i < count; i++) seen.mesh.linked(key(i));
    await seen.advance(meshLimits.startMs);
    return seen;
  }

  test('dials nobody before its configured peers have had their time', async () => {
    const seen = open();
    seen.candidates = [candidate('a')];
    seen.mesh.candidatesChanged();
    await seen.advance(meshLimits.startMs - 1);
    expect(seen.did).toEqual([]);
    await seen.advance(1);
    expect(seen.did).toEqual(['dial ka ka:1']);
  });

  test('dials no more at once than it needs, and never more than four', async () => {
    const seen = open();
    seen.candidates = Array.from({ length: 20 }, (_, i) => candidate(i));
    await seen.advance(meshLimits.startMs);
    expect(seen.did).toHaveLength(meshLimits.dialingMax);
    const near = await linkedTo(5);
    near.candidates = Array.from({ length: 20 }, (_, i) => candidate(i));
    near.mesh.candidatesChanged();
    await near.advance(meshLimits.gatherMs);
    expect(near.did).toHaveLength(1);
  });

  test('asks for as many links as are too many, and never for a configured one', async () => {
    const seen = open();
    for (let i = 0; i < 10; i++) {
      seen.configured.add(key(i));
      seen.mesh.linked(key(i));
    }
    await seen.advance(hour);
    expect(seen.did).toEqual([]);
    seen.mesh.linked(key('a'));
    seen.mesh.linked(key('b'));
    expect(seen.did).toEqual(['ask ka', 'ask kb']);
  });

  test('spares a link when it is asked, down to six and no further', async () => {
    const seen = await linkedTo(8);
    for (let i = 0; i < 8; i++) seen.mesh.asked(key(i));
    expect(seen.did).toEqual(['part k0', 'part k1']);
    expect(seen.mesh.size).toBe(6);
  });

  test('counts links that it has asked for as gone when it is asked itself', async () => {
    const seen = await linkedTo(9);
    expect(seen.did).toEqual(['ask k0']);
    seen.mesh.asked(key(3));
    seen.mesh.asked(key(4));
    seen.mesh.asked(key(5));
    expect(seen.did.slice(1)).toEqual(['part k3', 'part k4']);
    seen.mesh.unlinked(key(0), surplus);
    expect(seen.mesh.size).toBe(6);
  });

  test('ends a link that both ends ask for', async () => {
    const seen = await linkedTo(9);
    seen.mesh.asked(key(0));
    expect(seen.did).toEqual(['ask k0', 'part k0']);
  });

  test('asked at six links, finds a seventh first and then spares the one', async () => {
    const seen = await linkedTo(6);
    seen.candidates = [candidate('a')];
    seen.mesh.asked(key(2));
    expect(seen.did).toEqual(['dial ka ka:1']);
    seen.mesh.linked(key('a'));
    expect(seen.did.slice(1)).toEqual(['part k2']);
    // The next time it lets a while pass.
    seen.candidates = [candidate('b')];
    seen.mesh.asked(key(3));
    expect(seen.did).toHaveLength(2);
  });

  test('an ask that was not answered is repeated later and later', async () => {
    const seen = await linkedTo(9, 0.999);
    const counts: number[] = [];
    for (let i = 0; i < 4; i++) {
      const { length } = seen.did;
      await seen.advance(hour);
      counts.push(seen.did.length - length);
    }
    expect(seen.did.every((each) => each.startsWith('ask '))).toBe(true);
    // Of nine links: each some times while the waits double, then about once an hour.
    expect(counts[0]).toBeGreaterThan(36);
    for (const count of counts.slice(1)) expect(count).toBeLessThan(20);
  });

  test('the addresses of a key are tried in one go; those that failed are left out later', async () => {
    const seen = open();
    seen.candidates = [candidate('a', 'b:1', 'c:1')];
    await seen.advance(meshLimits.startMs);
    expect(seen.did).toEqual(['dial ka ka:1,b:1,c:1']);
    const failed = ['ka:1', 'b:1', 'c:1'].map((address) => {
      return { address, isOthers: address === 'b:1' };
    });
    seen.mesh.dialFailed(key('a'), failed, undefined);
    await seen.advance(29_999);
    expect(seen.did).toHaveLength(1);
    await seen.advance(1);
    expect(seen.did[1]).toBe('dial ka ka:1,c:1');
  });

  test('a new address of a key that could not be reached is tried soon', async () => {
    const seen = open();
    seen.candidates = [candidate('a')];
    await seen.advance(meshLimits.startMs);
    seen.mesh.dialFailed(key('a'), [{ address: 'ka:1', isOthers: false }], undefined);
    await seen.advance(5_000);
    seen.candidates = [candidate('a', 'new:1')];
    seen.mesh.candidatesChanged();
    await seen.advance(meshLimits.gatherMs);
    expect(seen.did[1]).toBe('dial ka new:1');
  });

  test('a key that refuses is dialed again after growing waits', async () => {
    const seen = open(0.999);
    seen.candidates = [candidate('a')];
    await seen.advance(meshLimits.startMs);
    const waits: number[] = [];
    for (let i = 0; i < 8; i++) {
      const since = seen.time.monotonic();
      seen.mesh.dialFailed(key('a'), [], 'not-allowed');
      const { length } = seen.did;
      while (seen.did.length === length) await seen.advance(seen.time.next);
      waits.push(seen.time.monotonic() - since);
    }
    const seconds = waits.map((wait) => Math.round(wait / 1000));
    expect(seconds).toEqual([4, 8, 16, 32, 64, 128, 256, 511]);
  });

  test('a key that parted as surplus is dialed only where there is nobody else', async () => {
    const seen = await linkedTo(6);
    seen.mesh.linked(key('a'));
    seen.mesh.asked(key('a'));
    expect(seen.did).toEqual(['part ka']);
    seen.candidates = [candidate('a'), candidate('b')];
    await seen.advance(10_000);
    seen.mesh.unlinked(key(0), surplus);
    expect(seen.did[1]).toBe('dial kb kb:1');
    seen.mesh.dialFailed(key('b'), [{ address: 'kb:1', isOthers: false }], undefined);
    expect(seen.did[2]).toBe('dial ka ka:1');
  });

  test('does nothing any more once it is closed', async () => {
    const seen = open();
    seen.candidates = [candidate('a')];
    seen.mesh.close();
    seen.mesh.linked(key(1));
    seen.mesh.candidatesChanged();
    await seen.advance(hour);
    expect(seen.did).toEqual([]);
    expect(seen.time.pending).toBe(0);
  });
});
