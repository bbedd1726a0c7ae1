// The checkers can fail: an engine that is broken in one place is caught within a few seeds.
import { afterEach, expect, test, vi } from 'vitest';
import type * as FeedModule from '../../src/cxo/feed.ts';
import type { Acceptance } from '../../src/cxo/feed.ts';
import { skipEntries } from '../../src/cxo/segment.ts';
import { toHex } from '../../src/bytes.ts';
import { Forks } from '../../src/sync/forks.ts';
import { parseFrame } from '../../src/sync/frame-codec.ts';
import { frameTypes } from '../../src/sync/frames.ts';
import { Gossip } from '../../src/sync/gossip.ts';
import { Fetcher } from '../../src/sync/fetch.ts';
import { Journal } from '../../src/sync/journal.ts';
import { syncLimits } from '../../src/sync/limits.ts';
import { Outflow } from '../../src/sync/outflow.ts';
import { Session } from '../../src/sync/session.ts';
import { rebuildRun } from '../../src/cxo/segment.ts';
import { Trees } from '../../src/sync/trees.ts';
import type { Sabotage } from './cluster.ts';
import { SimDisk } from './disk.ts';
import { noFaults } from './links.ts';
import { run } from './run.ts';
import { scheduleOf, type Schedule } from './schedule.ts';
import { findTreeFaults } from './tree-check.ts';
import { Verdicts } from './verdicts.ts';

const broken = vi.hoisted(() => ({ backLinks: false }));

vi.mock('../../src/cxo/feed.ts', async (importOriginal) => {
  const real = await importOriginal<typeof FeedModule>();
  const accept: typeof real.accept = (head, run): Acceptance => {
    const acceptance = real.accept(head, run);
    if (!broken.backLinks || acceptance.verdict !== 'fork') return acceptance;
    const known = head.seq + 1 - run.from;
    if (known >= run.entries.length) return { verdict: 'duplicate' };
    return { verdict: 'accepted', run: skipEntries(run, known) };
  };
  return { ...real, accept };
});

afterEach(() => {
  vi.restoreAllMocks();
  broken.backLinks = false;
});

/** What the checkers say of the first seed that they find anything wrong in. */
async function findCaught(
  sabotage: Sabotage,
  change: Partial<Schedule> = {},
  seeds = 8,
): Promise<string> {
  const plain = { nodes: 4, authors: 4, liars: 0, largePosts: 0, clockErrorMax: 1_000_000 };
  for (let seed = 1; seed <= seeds; seed++) {
    try {
      const found = await run({ ...scheduleOf(seed, 4), ...plain, ...change }, sabotage, 200_000);
      if (found.length > 0) return found.join('\n');
    } catch (error) {
      return String(error);
    }
  }
  return 'nothing';
}

/** Seeds in which the fault that a mutation needs is certain to come. */
const crashing = { crashes: 6, posts: 150 };
const lossy = {
  shape: 'line',
  carrier: 'frames',
  faults: { ...noFaults, loss: 0.3, duplication: 0.1, reordering: 0.1, delay: [0.1, 20] },
} as const;

test('comparisons of heads that are lost', async () => {
  const filter: Sabotage['filter'] = (_, type) => type !== frameTypes.check;
  expect(await findCaught({ filter }, { ...lossy, crashes: 0, partitions: 0 })).toContain(
    'never came to agree',
  );
});

test('an acknowledgement before the commit', async () => {
  const watch: Sabotage['watch'] = (node, effect) => {
    if (effect.type !== 'commit') return;
    for (const { feed, messages } of effect.commit.records) {
      if (feed.author !== node.key) continue;
      for (const { id, seq } of messages) {
        node.acknowledged.push({ id: toHex(id), head: feed.head, seq });
      }
    }
  };
  expect(await findCaught({ watch }, { ...crashing, fullDisks: 3 })).toContain('acknowledged by');
});

test('a chain whose back-links are not compared', async () => {
  broken.backLinks = true;
  expect(await findCaught({}, { restores: 12, crashes: 0, posts: 400 })).toMatch(
    /is broken at|differ|never came|store's contract/,
  );
});

test('roots of others that are not passed on', async () => {
  const filter: Sabotage['filter'] = ({ key }, type, payload) => {
    if (type !== frameTypes.segment) return true;
    const frame = parseFrame(type, payload);
    return typeof frame === 'object' && frame.type === 'segment' && frame.place.author === key;
  };
  expect(await findCaught({ filter }, { shape: 'line' })).toContain('lacks');
});

test('roots from the future that are shown at once', async () => {
  const real = syncLimits.horizonMicros;
  const limits = syncLimits as { horizonMicros: number };
  limits.horizonMicros = Number.MAX_SAFE_INTEGER;
  const found = await findCaught({}, { clockErrorMax: 3_600_000_000 });
  limits.horizonMicros = real;
  expect(found).toContain('before its time');
});

test('a failed commit whose roots stay the tips of their feeds', async () => {
  const fail = Reflect.get(Journal.prototype, 'fail');
  vi.spyOn(Journal.prototype, 'fail').mockImplementation(function (this: Journal) {
    const failed = fail.call(this);
    for (const { feed, run: lost } of failed.runs) feed.tip = lost.head;
    return failed;
  });
  expect(await findCaught({}, { fullDisks: 3, posts: 150 })).toMatch(
    /directly behind|never came|lacks/,
  );
});

test('a proof of a fork that is not kept', async () => {
  vi.spyOn(Forks.prototype, 'take').mockReturnValue(false);
  expect(await findCaught({}, { restores: 3, posts: 150 })).toMatch(/differ|never came/);
});

test('a failed commit after which nothing is asked for again', async () => {
  vi.spyOn(Fetcher.prototype, 'resume').mockReturnValue(undefined);
  expect(await findCaught({}, { fullDisks: 3, posts: 150 })).toMatch(/lacks|never came/);
});

test('credit that is not kept to', async () => {
  vi.spyOn(Session.prototype, 'creditLeft', 'get').mockReturnValue(1);
  const limits = syncLimits as { windowBytes: number };
  const real = syncLimits.windowBytes;
  limits.windowBytes = 2000;
  const found = await findCaught({}, { posts: 150 });
  limits.windowBytes = real;
  expect(found).toMatch(/were sent over a link that let through|never came/);
});

test('sessions that outlive their links', async () => {
  const handle = Reflect.get(Gossip.prototype, 'handle');
  vi.spyOn(Gossip.prototype, 'handle').mockImplementation(function (this: Gossip, event, now) {
    return event.type === 'closed' ? [] : handle.call(this, event, now);
  });
  expect(await findCaught({})).toContain('without a link');
});

test('a store that tells of a commit before it is on the disk', async () => {
  const keep = Reflect.get(SimDisk.prototype, 'keep');
  const late = new Map<SimDisk, Parameters<SimDisk['keep']>[0][]>();
  // Each batch is written when the next one comes; what a crash loses was acknowledged.
  vi.spyOn(SimDisk.prototype, 'keep').mockImplementation(function (this: SimDisk, changes) {
    for (const earlier of late.get(this) ?? []) keep.call(this, earlier);
    late.set(this, [changes]);
  });
  vi.spyOn(SimDisk.prototype, 'recover').mockImplementation(function (this: SimDisk) {
    late.delete(this);
    this.goBack(0);
  });
  expect(await findCaught({}, { ...crashing, store: 'level' })).toMatch(
    /lacks|reader saw|has a fork|never came/,
  );
});

test('segments whose signatures are not checked', async () => {
  vi.spyOn(Verdicts.prototype, 'verify').mockImplementation((feed, from, bytes) =>
    rebuildRun(feed, from, bytes, true),
  );
  expect(await findCaught({}, { liars: 2, posts: 100 })).toMatch(/never wrote|does not verify/);
});

test('a tree whose spare edges are not given up', async () => {
  vi.spyOn(Outflow.prototype, 'prune').mockReturnValue(undefined);
  expect((await findTreeFaults('is closed')).join()).toContain('were redundant');
});

test('a tree whose broken edges are never grafted', async () => {
  const takeOverdue = Reflect.get(Trees.prototype, 'takeOverdue');
  vi.spyOn(Trees.prototype, 'takeOverdue').mockImplementation(function (this: Trees, now) {
    takeOverdue.call(this, now);
    return [];
  });
  expect((await findTreeFaults('dies without a word')).join()).toContain('behind a broken edge');
});

test('word of new roots that is lost beside the tree', async () => {
  const filter: Sabotage['filter'] = (_, type) => type !== frameTypes.have;
  const faults = await findTreeFaults('dies without a word', { filter });
  expect(faults.join()).toContain('behind a broken edge');
});

test('and the engine as it is passes all of these schedules', async () => {
  for (const change of [crashing, lossy, { restores: 3 }, { fullDisks: 3 }]) {
    expect(await findCaught({}, { ...change, posts: 60 }, 2)).toBe('nothing');
  }
});
