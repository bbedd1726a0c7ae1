import { cp, mkdir, readdir, rename } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { Archive } from '../../src/cxo/archive.ts';
import { metaKey, rowKinds } from '../../src/cxo/level-keys.ts';
import { sealRow, varints } from '../../src/cxo/level-rows.ts';
import { openLevelStore, type LevelStore } from '../../src/cxo/level-store.ts';
import { repairStore, type RepairReport } from '../../src/cxo/repair-store.ts';
import { verifyStore, type StoreVerdict } from '../../src/cxo/verify-store.ts';
import { systemRandom } from '../../src/env.ts';
import { SkychatError } from '../../src/errors.ts';
import { expectModel } from '../contract/store.ts';
import {
  commitOf,
  emptyCommit,
  FeedBuilder,
  testGroup,
  testIdentity,
  textRoot,
} from '../support/feeds.ts';
import { damageRow, dataFiles, flipByte, keysOf, withRows } from '../support/raw-level.ts';
import { commitPlan, StoreModel } from '../support/store-scenarios.ts';
import { removeDirectory, temporaryDirectory } from '../support/temporary.ts';

const group = testGroup('repair');
const time = 1_700_000_000_000_000;
const labelOf = (kind: string): string | undefined => (kind === 'text' ? 'texts' : undefined);

describe('verify and repair', () => {
  let directory = '';
  let path = '';
  beforeEach(async () => {
    directory = await temporaryDirectory();
    path = join(directory, 'store');
  });
  afterEach(async () => {
    await removeDirectory(directory);
  });

  const open = (onDamage = () => undefined): Promise<LevelStore> =>
    openLevelStore(path, { random: systemRandom, onDamage });
  const verify = (): Promise<StoreVerdict> => verifyStore(path, labelOf);
  const repair = (): Promise<RepairReport> => repairStore(path, { random: systemRandom, labelOf });
  const label = () => 'texts';

  /** Two feeds of five records each, two messages in a record; the last record of each is held. */
  async function writeStore(): Promise<FeedBuilder[]> {
    const store = await open();
    const feeds = [1, 2].map((number) => new FeedBuilder(testIdentity(number), group));
    for (let i = 0; i < 5; i++) {
      for (const feed of feeds) {
        const roots = [textRoot(time + i, 'a'), textRoot(time + i + 1, 'b')];
        const segment = feed.segment(roots, { held: i === 4, signed: i !== 1, label });
        const local = [{ key: `local ${i}`, value: Uint8Array.of(i) }];
        await store.commit({ ...commitOf(segment), local });
      }
    }
    await store.close();
    return feeds;
  }

  test('a sound store has no problems, and everything in it is counted', async () => {
    await writeStore();
    expect(await verify()).toEqual({
      ...{ feeds: 2, records: 10, roots: 20, messages: 20, signatures: 8 },
      ...{ problems: [], problemCount: 0 },
    });
  });

  test('any sequence of commits leaves a store without problems, and repair changes no answer', async () => {
    const property = fc.asyncProperty(fc.array(commitPlan, { maxLength: 8 }), async (plans) => {
      await removeDirectory(path);
      const model = new StoreModel();
      let store = await open();
      for (const plan of plans) {
        // One label for all, as a kind has, and each feed ends in a signature.
        const records = plan.records.map((one) => ({ ...one, label: undefined, signed: true }));
        await store.commit(model.next({ ...plan, records }).commit);
      }
      await store.close();
      expect((await verifyStore(path, () => undefined)).problems).toEqual([]);
      const report = await repairStore(path, { random: systemRandom, labelOf: () => undefined });
      expect(report).toMatchObject({ cut: [], namelessRecords: 0, localRows: 0 });
      expect((await verifyStore(path, () => undefined)).problems).toEqual([]);
      // Of a feed whose only roots were withdrawn nothing is left to repair.
      for (const [key, { head, tail, forkedAt }] of model.states) {
        if (head.seq === 0 && tail === undefined && forkedAt === undefined)
          model.states.delete(key);
      }
      store = await open();
      try {
        await expectModel(store, model);
      } finally {
        await store.close();
        await removeDirectory(report.kept);
      }
    });
    await fc.assert(property, { numRuns: 8 });
  }, 60_000);

  const kinds = Object.entries(rowKinds).map(([name, kind]) => ({ name, kind }));

  test.each(kinds)(
    'F26 verify finds a damaged $name row, and repair removes the damage',
    async ({ kind, name }) => {
      await writeStore();
      await withRows(path, async (level) => {
        const keys = await keysOf(level, kind);
        const key = keys[keys.length >> 1];
        if (key !== undefined) await damageRow(level, key);
        else expect(name).toBe('moment');
      });
      if (name !== 'moment') expect((await verify()).problemCount).toBeGreaterThan(0);
      await repair();
      expect((await verify()).problems).toEqual([]);
    },
  );

  test.each(kinds)(
    'F26 verify finds a missing $name row, and repair brings it back',
    async ({ kind, name }) => {
      await writeStore();
      await withRows(path, async (level) => {
        const keys = await keysOf(level, kind);
        const key = keys[keys.length >> 1];
        if (key !== undefined) await level.del(key);
      });
      const isLost = name === 'moment' || name === 'local';
      if (!isLost) expect((await verify()).problemCount).toBeGreaterThan(0);
      await repair();
      expect((await verify()).problems).toEqual([]);
    },
  );

  test('verify finds rows that no record has', async () => {
    await writeStore();
    await withRows(path, async (level) => {
      const [key] = await keysOf(level, rowKinds.id);
      if (key === undefined) throw new Error('the store has ids');
      const stray = Uint8Array.from(key);
      stray[1] = (stray[1] ?? 0) ^ 1;
      await level.put(stray, await level.get(key));
      await level.put(Uint8Array.of(77), Uint8Array.of(1));
    });
    expect((await verify()).problems.map(({ what }) => what)).toEqual([
      '1 rows of the id index too many',
      '1 rows of the unknown 77 index too many',
    ]);
  });

  test('a record that is damaged is cut with all behind it, named and counted', async () => {
    const [whole, damaged] = await writeStore();
    await withRows(path, async (level) => {
      const key = (await keysOf(level, rowKinds.record))[8];
      if (key !== undefined) await damageRow(level, key);
    });
    const before = await verify();
    expect(before.problems[0]).toMatchObject({ feed: damaged?.feed, from: 7 });
    const report = await repair();
    expect(report).toMatchObject({ feeds: 2, records: 8, messages: 16, namelessRecords: 0 });
    expect(report.cut).toEqual([
      { feed: damaged?.feed, from: 7, records: 2, what: 'the record is damaged' },
    ]);
    const store = await open();
    if (damaged === undefined || whole === undefined) throw new Error('there are two feeds');
    expect(store.find(damaged.feed)?.head.seq).toBe(6);
    expect(store.find(whole.feed)?.head.seq).toBe(10);
    expect(store.held()).toHaveLength(1);
    const archive = new Archive(store);
    const arrivals = (await archive.after(0, 100)).map(({ arrival }) => arrival);
    expect(arrivals).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14]);
    // 15 and 16 were given to what is cut: a cursor may stand there.
    expect(store.latestArrival()).toBe(16);
    const releases = store.held().map(({ feed, from }) => ({ feed, from }));
    expect((await store.commit({ ...emptyCommit, releases })).releases).toEqual([17]);
    await store.close();
  });

  test('roots that no signature vouches for are cut', async () => {
    const [feed] = await writeStore();
    await withRows(path, async (level) => {
      // Behind the unsigned second record of the first feed.
      const key = (await keysOf(level, rowKinds.record))[2];
      if (key !== undefined) await damageRow(level, key);
    });
    expect((await repair()).cut).toEqual([
      { feed: feed?.feed, from: 3, records: 4, what: 'the record is damaged' },
    ]);
  });

  test('a feed row that is lost is told again by the name row', async () => {
    const [feed] = await writeStore();
    if (feed === undefined) throw new Error('there is a feed');
    await withRows(path, async (level) => {
      for (const key of await keysOf(level, rowKinds.feed)) await level.del(key);
    });
    expect(await repair()).toMatchObject({ feeds: 2, records: 10, cut: [] });
    const store = await open();
    expect(store.find(feed.feed)?.head).toEqual(feed.head);
    await store.close();
  });

  test('records of a feed whose name is lost are counted', async () => {
    await writeStore();
    await withRows(path, async (level) => {
      for (const kind of [rowKinds.feed, rowKinds.name]) {
        const [key] = await keysOf(level, kind);
        if (key !== undefined) await level.del(key);
      }
    });
    expect(await repair()).toMatchObject({ feeds: 1, records: 5, namelessRecords: 5 });
    expect((await verify()).problems).toEqual([]);
  });

  test('a store of a newer version is not touched', async () => {
    await writeStore();
    const newer = sealRow(metaKey, varints(9));
    await withRows(path, (level) => level.put(newer.key, newer.value));
    await expect(verify()).rejects.toMatchObject({ code: 'store-newer' });
    await expect(repair()).rejects.toMatchObject({ code: 'store-newer' });
    expect(await withRows(path, (level) => keysOf(level, rowKinds.record))).toHaveLength(10);
  });

  test('there is nothing to verify or repair where there is no store', async () => {
    await expect(verify()).rejects.toMatchObject({ code: 'store-failed' });
    await expect(repair()).rejects.toMatchObject({ code: 'store-failed' });
    expect(await readdir(directory)).toEqual([]);
  });

  test('a repair that was broken off between its renames is finished, and no store made anew', async () => {
    await writeStore();
    await rename(path, `${path}.repairing`);
    await expect(open()).rejects.toMatchObject({ code: 'store-damaged' });
    expect(await repair()).toMatchObject({ records: 10, cut: [] });
    const store = await open();
    expect(store.feeds()).toHaveLength(2);
    await store.close();
  });

  test('each repair keeps the store that it found', async () => {
    await writeStore();
    expect((await repair()).kept).toBe(`${path}.damaged`);
    expect((await repair()).kept).toBe(`${path}.damaged-2`);
  });

  test('F26 whatever byte of its files is damaged, nothing crashes, and repair makes it sound', async () => {
    await writeManyTables();
    const files = await dataFiles(path);
    const pristine = join(directory, 'pristine');
    await rename(path, pristine);
    const spot = fc.record({
      file: fc.nat(files.length - 1),
      at: fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
      bits: fc.integer({ min: 1, max: 255 }),
    });
    const property = fc.asyncProperty(
      fc.array(spot, { minLength: 1, maxLength: 3 }),
      async (spots) => {
        await removeDirectory(path);
        await mkdir(path);
        await cp(pristine, path, { recursive: true });
        for (const { file, at, bits } of spots) {
          const found = files[file];
          if (found !== undefined) await flipByte(found.path, Math.floor(at * found.size), bits);
        }
        await settled(verify());
        await settled(readEverything());
        const report = await repair();
        expect((await verify()).problems).toEqual([]);
        expect(await settled(readEverything())).toBe(report.messages);
        await removeDirectory(report.kept);
      },
    );
    await fc.assert(property, { numRuns: 25 });
  }, 60_000);

  /** A store with tables, besides a log. */
  async function writeManyTables(): Promise<void> {
    const feed = new FeedBuilder(testIdentity(1), group);
    for (let part = 0; part < 3; part++) {
      const store = await open();
      for (let i = 0; i < 5; i++) {
        const roots = Array.from({ length: 5 }, (_, n) => textRoot(time + i, `${part} ${n}`));
        await store.commit(commitOf(feed.segment(roots, { label })));
      }
      await store.close();
    }
  }

  /** @returns the number of messages */
  async function readEverything(): Promise<number> {
    const store = await open();
    try {
      const archive = new Archive(store);
      const entries = await archive.after(0, 1000);
      await archive.timeline(group, undefined, 1000);
      await archive.labelled('texts');
      for (const { id } of entries.slice(0, 5)) {
        await archive.find(id);
        await archive.proof(id);
      }
      const feed = new FeedBuilder(testIdentity(2), group);
      const messages = entries.length + store.held().length;
      const more = commitOf(feed.segment([textRoot(time, 'more')], { held: true }));
      if (store.find(feed.feed) === undefined) await store.commit(more);
      return messages;
    } finally {
      await store.close();
    }
  }
});

/** What a promise gives, or the SkychatError that it fails with; anything else is a crash. */
async function settled<T>(promise: Promise<T>): Promise<T | SkychatError> {
  try {
    return await promise;
  } catch (error) {
    if (error instanceof SkychatError) return error;
    throw error;
  }
}
