import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { toHex, utf8 } from '../../../src/bytes.ts';
import { PlainContents } from '../../support/plain-contents.ts';
import {
  Eraser,
  reclaimRow,
  type Deleted,
  type EraserOptions,
} from '../../../src/chat/forgetting/eraser.ts';
import { retentionLimits } from '../../../src/chat/limits.ts';
import {
  keepAll,
  Retention,
  type RetentionPolicy,
} from '../../../src/chat/forgetting/retention.ts';
import { Archive } from '../../../src/cxo/archive.ts';
import type { Erasure } from '../../../src/cxo/erasure.ts';
import { openLevelStore } from '../../../src/cxo/level-store.ts';
import { sha256 } from '../../../src/cxo/ids.ts';
import { MemoryStore } from '../../../src/cxo/memory-store.ts';
import { buildObject } from '../../../src/cxo/object.ts';
import type { Store } from '../../../src/cxo/store.ts';
import { silentLogger, systemRandom, type Timers } from '../../../src/env.ts';
import {
  commitOf,
  emptyCommit,
  FeedBuilder,
  testGroup,
  testIdentity,
  textObject,
} from '../../support/feeds.ts';
import { removeDirectory, temporaryDirectory } from '../../support/temporary.ts';

const group = testGroup('eraser');
const start = 1_800_000_000_000_000;
const day = 86_400_000_000;
const oneDay: RetentionPolicy = { ageS: 86_400, bytes: undefined };

/** Those of steps fire at once; the others when the test says so. */
class TestTimers implements Timers {
  waiting: { readonly ms: number; readonly callback: () => void }[] = [];

  after(ms: number, callback: () => void): () => void {
    if (ms === 0) {
      setImmediate(callback);
      return () => undefined;
    }
    const timer = { ms, callback };
    this.waiting.push(timer);
    return () => {
      this.waiting = this.waiting.filter((one) => one !== timer);
    };
  }

  fire(ms: number): void {
    const due = this.waiting.filter((timer) => timer.ms === ms);
    this.waiting = this.waiting.filter((timer) => timer.ms !== ms);
    for (const { callback } of due) callback();
  }
}

interface Bench {
  readonly eraser: Eraser;
  readonly timers: TestTimers;
  readonly calls: string[];
  readonly state: { policy: RetentionPolicy; now: number; fails: boolean };
  readonly deleted: Deleted[];
}

function bench(store: Store, policy = oneDay): Bench {
  const timers = new TestTimers();
  const calls: string[] = [];
  const state = { policy, now: start, fails: false };
  const deleted: Deleted[] = [];
  const contents = new PlainContents();
  const retention = new Retention({
    ...{ contents, ofNode: keepAll, ofGroup: () => state.policy },
    clock: { now: () => state.now },
    isDeleted: () => false,
  });
  const options: EraserOptions = {
    ...{ store, contents, retention, timers, logger: silentLogger },
    erase: async (erasures, local) => {
      if (state.fails) throw new Error('no room');
      let left: readonly Erasure[] = erasures;
      while (left.length > 0) {
        const { erased = 0 } = await store.commit({ ...emptyCommit, erasures: left, local });
        left = left.slice(erased);
      }
    },
    writeLocal: async (local) => {
      await store.commit({ ...emptyCommit, local });
    },
    reclaim: async (everything) => {
      calls.push(everything ? 'reclaim everything' : 'reclaim');
      await store.reclaim(everything);
    },
    explained: () => calls.push('explained'),
    onErased: (erased) => calls.push(`erased ${erased.length}`),
    allDeleted: () => deleted,
  };
  return { eraser: new Eraser(options), timers, calls, state, deleted };
}

/** Not to be compressed away: what is found nowhere is not there. */
function secretOf(i: number, author = 1): string {
  return Buffer.from(sha256(utf8(`secret ${i} of ${author}`))).toString('base64');
}

/** Texts and other objects, an hour apart, the last one an hour ago. */
async function fill(store: Store, count: number, author = 1): Promise<Deleted[]> {
  const feed = new FeedBuilder(testIdentity(author), group);
  const ids: Deleted[] = [];
  for (let i = 0; i < count; i++) {
    const vouch = buildObject({ kind: 'vouch', keys: [] }, systemRandom.bytes(16));
    const built = feed.segment([
      {
        time: start - ((count - i) * day) / 24,
        slots: [{ object: textObject(secretOf(i, author)) }, { object: vouch }],
      },
    ]);
    await store.commit(commitOf(built));
    const [text] = built.record.messages;
    if (text !== undefined) {
      ids.push({ group, author: feed.feed.author, ids: [toHex(text.id)] });
    }
  }
  return ids;
}

async function left(store: Store): Promise<number> {
  const entries = await new Archive(store).after(0, 10_000);
  return entries.filter(({ object }) => object !== undefined).length;
}

let directory = '';
beforeEach(async () => {
  directory = await temporaryDirectory();
});
afterEach(async () => {
  await removeDirectory(directory);
});

test('a sweep erases bodies that are too old, of every feed, and leaves the rest', async () => {
  const store = new MemoryStore();
  await fill(store, 40, 1);
  await fill(store, 30, 2);
  const { eraser, state, calls, timers } = bench(store);
  await eraser.start();
  // Of 40 texts 16 are older than a day, of 30 six; the vouches stay.
  expect(await left(store)).toBe(140 - 16 - 6);
  expect(calls).toEqual(['erased 16', 'erased 6', 'explained', 'reclaim']);
  state.now += day / 2;
  timers.fire(retentionLimits.sweepPauseMs);
  await eraser.idle();
  expect(await left(store)).toBe(140 - 28 - 18);
  state.policy = keepAll;
  timers.fire(retentionLimits.sweepPauseMs);
  await eraser.idle();
  expect(await left(store)).toBe(140 - 28 - 18);
  await eraser.close();
  expect(timers.waiting).toEqual([]);
});

test('a bound on bytes erases the oldest of the whole group until the rest fits', async () => {
  const store = new MemoryStore();
  await fill(store, 20, 1);
  await fill(store, 20, 2);
  const [entry] = await new Archive(store).after(0, 1);
  const length = entry?.object?.length ?? 0;
  const { eraser } = bench(store, { ageS: undefined, bytes: 10 * (length + 1) });
  await eraser.start();
  expect(await left(store)).toBe(40 + 10);
  const texts = await new Archive(store).timeline(group, undefined, 20);
  expect(texts.every(({ object }) => object !== undefined)).toBe(true);
  await eraser.close();
});

test('what authors delete is erased at once, and its bytes go from the files soon after', async () => {
  const store = new MemoryStore();
  const ids = await fill(store, 5);
  const { eraser, calls, timers } = bench(store, keepAll);
  await eraser.start();
  eraser.erase(ids.slice(0, 2));
  await eraser.idle();
  expect(await left(store)).toBe(8);
  expect(calls.slice(1)).toEqual(['explained', 'erased 2']);
  timers.fire(retentionLimits.reclaimPauseMs);
  await eraser.idle();
  expect(calls.at(-1)).toBe('reclaim');
  expect(await store.findLocal(reclaimRow)).toBeUndefined();
  await eraser.close();
});

test("another author's word deletes nothing, nor does a word about what is no body", async () => {
  const store = new MemoryStore();
  const [first] = await fill(store, 1);
  const [, vouch] = await new Archive(store).after(0, 2);
  if (first === undefined || vouch === undefined) throw new Error('there are messages');
  const { eraser } = bench(store, keepAll);
  await eraser.start();
  eraser.erase([
    { ...first, author: testIdentity(9).publicKey },
    { ...first, group: testGroup('other') },
    { ...first, ids: [toHex(vouch.id), 'zz', 'ff'.repeat(32)] },
  ]);
  await eraser.idle();
  expect(await left(store)).toBe(2);
  await eraser.close();
});

test('deletions that were not carried out before a stop are carried out at the start', async () => {
  const store = new MemoryStore();
  const ids = await fill(store, 4);
  const { eraser, deleted } = bench(store, keepAll);
  deleted.push(...ids.slice(1));
  await eraser.start();
  expect(await left(store)).toBe(5);
  await eraser.close();
});

test('a queue of deletions has a bound, and what does not fit is found by the next sweep', async () => {
  const store = new MemoryStore();
  const ids = await fill(store, 2);
  const [first, second] = ids;
  if (first === undefined || second === undefined) throw new Error('there are messages');
  const { eraser, deleted } = bench(store, keepAll);
  await eraser.start();
  const many = new Array<Deleted>(retentionLimits.deletionsWaitingMax).fill({ ...first, ids: [] });
  eraser.erase([...many, second]);
  await eraser.idle();
  expect(await left(store)).toBe(4);
  deleted.push(second);
  eraser.sweep();
  await eraser.idle();
  expect(await left(store)).toBe(3);
  await eraser.close();
});

test('F56 a sweep that the disk refuses is tried again, and begins where it stood', async () => {
  const store = new MemoryStore();
  await fill(store, 40);
  const { eraser, state, timers, calls } = bench(store);
  state.fails = true;
  await eraser.start();
  expect([await left(store), calls]).toEqual([80, []]);
  state.fails = false;
  timers.fire(retentionLimits.reclaimPauseMs);
  await eraser.idle();
  expect(await left(store)).toBe(64);
  await eraser.close();
});

test('F52 after a sweep no file of the store has any of the texts, also when it was broken off', async () => {
  const path = join(directory, 'store');
  const open = () => openLevelStore(path, { random: systemRandom, onDamage: () => undefined });
  const hold = async (words: string): Promise<boolean> => {
    const files = (await readdir(path)).map((name) => readFile(join(path, name), 'latin1'));
    // Compression may replace a few characters of any text by those of another.
    const parts = [0, 12, 24].map((at) => words.slice(at, at + 12));
    return (await Promise.all(files)).some((text) => parts.some((part) => text.includes(part)));
  };
  let store = await open();
  await fill(store, 40);
  const first = bench(store);
  await first.eraser.start();
  expect(await Promise.all([0, 7, 15, 16, 39].map((i) => hold(secretOf(i))))).toEqual([
    ...[false, false, false, true, true],
  ]);
  // Killed between an erasure and its reclaiming.
  const local = [{ key: reclaimRow, value: Uint8Array.of(1) }];
  const all = (await new Archive(store).after(0, 100)).filter(({ object }) => object !== undefined);
  await store.commit({ ...emptyCommit, erasures: all, local });
  expect(await hold(secretOf(20))).toBe(true);
  await first.eraser.close();
  await store.close();
  store = await open();
  const again = bench(store);
  await again.eraser.start();
  expect(again.calls).toContain('reclaim everything');
  for (let i = 0; i < 40; i++) expect(await hold(secretOf(i))).toBe(false);
  await again.eraser.close();
  await store.close();
});
