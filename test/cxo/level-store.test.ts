import { cp, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { Level } from 'level';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { Archive } from '../../src/cxo/archive.ts';
import { metaKey, rowKinds } from '../../src/cxo/level-keys.ts';
import { sealRow, varints } from '../../src/cxo/level-rows.ts';
import { openLevelStore, type LevelStore } from '../../src/cxo/level-store.ts';
import type { DamageListener } from '../../src/cxo/store.ts';
import { systemRandom } from '../../src/env.ts';
import { group, storeContract, time, type StoreUnderTest } from '../contract/store.ts';
import { storeErasuresContract } from '../contract/store-erasures.ts';
import { storeTailsContract } from '../contract/store-tails.ts';
import { nextLine, startChild } from '../support/child.ts';
import {
  commitOf,
  emptyCommit,
  FeedBuilder,
  testGroup,
  testIdentity,
  textObject,
  textRoot,
} from '../support/feeds.ts';
import { damageRow, keysOf, withRows } from '../support/raw-level.ts';
import { removeDirectory, temporaryDirectory } from '../support/temporary.ts';

const unexpectedDamage: DamageListener = (damage) => {
  throw new Error(`unexpected damage: ${JSON.stringify(damage)}`);
};

async function underTest(directory: string): Promise<StoreUnderTest> {
  const store = await open(join(directory, 'store'));
  return {
    store,
    reopen: async () => {
      await store.close();
      return underTest(directory);
    },
    remove: async () => {
      await store.close();
      await removeDirectory(directory);
    },
  };
}

async function open(path: string, onDamage = unexpectedDamage): Promise<LevelStore> {
  return openLevelStore(path, { random: systemRandom, onDamage });
}

storeContract('LevelStore', async () => underTest(await temporaryDirectory()), 15);
storeTailsContract('LevelStore', async () => underTest(await temporaryDirectory()));
storeErasuresContract('LevelStore', async () => underTest(await temporaryDirectory()));

describe('a store on the disk', () => {
  let directory = '';
  let path = '';
  beforeEach(async () => {
    directory = await temporaryDirectory();
    path = join(directory, 'store');
  });
  afterEach(async () => {
    await removeDirectory(directory);
  });

  test('a store of a newer version is refused and left alone', async () => {
    await (await open(path)).close();
    const newer = sealRow(metaKey, varints(2));
    await withRows(path, (level) => level.put(newer.key, newer.value));
    await expect(open(path)).rejects.toMatchObject({ code: 'store-newer' });
    await withRows(path, async (level) => {
      expect(new Uint8Array(await level.get(metaKey))).toEqual(newer.value);
    });
  });

  test('a store of version 1 opens and reads', async () => {
    await cp('test/fixtures/store-v1', path, { recursive: true });
    const store = await open(path);
    const archive = new Archive(store);
    const expected = { feeds: 2, latestArrival: 7, held: 1, labelled: 1 };
    expect({
      feeds: store.feeds().length,
      latestArrival: store.latestArrival(),
      held: store.held().length,
      labelled: store.labelledCount(),
    }).toEqual(expected);
    const entries = await archive.after(0, 100);
    expect(entries.map(({ arrival }) => arrival)).toEqual([1, 2, 3, 4, 5, 6, 7]);
    const timeline = await archive.timeline(testGroup('fixture'), undefined, 100);
    expect(timeline.map(({ time: at }) => at)).toEqual([5, 4, 3, 2, 2, 1, 1].map((n) => time + n));
    for (const { id } of entries) expect(await archive.proof(id)).toBeDefined();
    expect(await store.findLocal('note')).toEqual(Uint8Array.of(1, 2, 3));
    await store.close();
  });

  test('F26 a store whose list of tables is gone is refused, and not made anew over them', async () => {
    const store = await open(path);
    await store.commit(commitOf(feedOf(1).segment([textRoot(time, 'x')])));
    await store.close();
    await rename(join(path, 'CURRENT'), join(directory, 'CURRENT'));
    await expect(open(path)).rejects.toMatchObject({ code: 'store-damaged' });
    await rename(join(directory, 'CURRENT'), join(path, 'CURRENT'));
    const again = await open(path);
    expect(again.latestArrival()).toBe(1);
    await again.close();
  });

  test('F57 kill -9 in the midst of commits loses none that was answered', async () => {
    for (let round = 0; round < 3; round++) {
      const child = startChild('test/support/store-child.ts', 'commit', directory);
      let answered = -1;
      for (let i = 0; i < 5 + 20 * round; i++) {
        const line = await nextLine(child);
        expect(line).toMatch(/^\d+ \d+,\d+,\d+$/);
        answered = Number(line.split(' ')[0]);
      }
      if (round === 0) await expect(open(path)).rejects.toMatchObject({ code: 'data-locked' });
      await child.kill();
      const store = await open(path);
      const arrivals = await new Archive(store).after(0, 100_000);
      expect(arrivals.length).toBe(store.latestArrival());
      for (const { feed, head } of store.feeds()) {
        expect(head.seq).toBeGreaterThanOrEqual(2 * (answered + 1));
        const records = await store.records(feed, 1, Infinity);
        expect(records.reduce((seq, { roots }) => seq + roots, 0)).toBe(head.seq);
      }
      await store.close();
      await removeDirectory(path);
    }
  });

  test('F57 every batch is synced, the very first write among them', async () => {
    const options: unknown[] = [];
    // The last place where it can be seen: behind it LevelDB itself asks the disk.
    const level = Level.prototype as unknown as { batch: (this: object) => WritableBatch };
    const original = level.batch;
    const spy = vi.spyOn(level, 'batch').mockImplementation(function (this: object) {
      const batch = original.call(this);
      const write = batch.write.bind(batch);
      batch.write = (given) => {
        options.push(given);
        return write(given);
      };
      return batch;
    });
    const store = await open(path);
    expect(options).toEqual([{ sync: true }]);
    await store.commit(commitOf(feedOf(1).segment([textRoot(time, 'x')])));
    expect(options).toEqual([{ sync: true }, { sync: true }]);
    spy.mockRestore();
    await store.close();
  });

  test('F24 a damaged record ends the answer before it; what is around it is read', async () => {
    const store = await open(path);
    const [damaged, whole] = [feedOf(1), feedOf(2)];
    for (let i = 0; i < 3; i++) {
      for (const feed of [damaged, whole]) {
        await store.commit(commitOf(feed.segment([textRoot(time + i, 'some text')])));
      }
    }
    await store.close();
    await withRows(path, async (level) => {
      const key = (await keysOf(level, rowKinds.record))[1];
      if (key !== undefined) await damageRow(level, key);
    });
    const reports: unknown[] = [];
    const again = await open(path, (damage) => reports.push(damage));
    expect((await again.records(damaged.feed, 1, Infinity)).map(({ from }) => from)).toEqual([1]);
    expect(reports).toEqual([{ feed: damaged.feed, from: 2, what: 'record' }]);
    expect((await again.records(damaged.feed, 3, Infinity)).map(({ from }) => from)).toEqual([3]);
    const archive = new Archive(again);
    expect((await archive.after(0, 10)).map(({ arrival }) => arrival)).toEqual([1, 2, 4, 5, 6]);
    expect(await archive.timeline(group, undefined, 10)).toHaveLength(5);
    await again.commit(commitOf(damaged.segment([textRoot(time + 9, 'on it goes')])));
    expect(await archive.after(6, 10)).toHaveLength(1);
    await again.close();
  });

  test('a missing record ends the answer before it, and is reported', async () => {
    const store = await open(path);
    const feed = feedOf(1);
    for (let i = 0; i < 3; i++) await store.commit(commitOf(feed.segment([textRoot(time, 'x')])));
    await store.close();
    await withRows(path, async (level) => {
      const key = (await keysOf(level, rowKinds.record))[1];
      if (key !== undefined) await level.del(key);
    });
    const reports: unknown[] = [];
    const again = await open(path, (damage) => reports.push(damage));
    expect(await again.records(feed.feed, 1, Infinity)).toHaveLength(1);
    expect(await again.records(feed.feed, 2, Infinity)).toEqual([]);
    const report = { feed: feed.feed, from: 2, what: 'missing record' };
    expect(reports).toEqual([report, report]);
    await again.close();
  });

  const indexes = ['feed', 'arrival', 'moment', 'label', 'held', 'local'] as const;
  test.each(indexes)('F26 damaged %s rows are reported and left out', async (kind) => {
    const store = await open(path);
    for (let i = 1; i <= 3; i++) {
      const { record, state } = feedOf(i).segment([textRoot(time + i, 'x')], { label: () => 'l' });
      const local = [{ key: `key ${i}`, value: Uint8Array.of(i) }];
      await store.commit({ ...emptyCommit, records: [record], states: [state], local });
      const held = feedOf(i + 3).segment([textRoot(time + i, 'y')], { held: true });
      await store.commit(commitOf(held));
    }
    await store.close();
    await withRows(path, async (level) => {
      const keys = await keysOf(level, rowKinds[kind]);
      expect(keys.length).toBeGreaterThanOrEqual(3);
      if (keys[1] !== undefined) await damageRow(level, keys[1]);
    });
    let reports = 0;
    const again = await open(path, () => reports++);
    const rows = {
      feed: again.feeds().length - 3,
      arrival: (await again.arrivals(0, 2)).length + (await again.arrivals(2, 5)).length - 1,
      moment: (await again.timeline(group, 'moments', undefined, 2)).length,
      label: again.labelledCount(),
      held: again.held().length,
      local: (await again.local('')).length,
    };
    expect(rows[kind]).toBe(2);
    expect(reports).toBeGreaterThan(0);
    await again.close();
  });

  test('no arrival number is given again, though the row of the last one is damaged', async () => {
    const store = await open(path);
    const feed = feedOf(1);
    for (let i = 0; i < 3; i++) await store.commit(commitOf(feed.segment([textRoot(time, 'x')])));
    await store.close();
    await withRows(path, async (level) => {
      const key = (await keysOf(level, rowKinds.arrival)).at(-1);
      if (key !== undefined) await damageRow(level, key);
    });
    let reports = 0;
    const again = await open(path, () => reports++);
    expect(again.latestArrival()).toBe(3);
    expect(reports).toBe(1);
    await again.close();
  });

  test('a feed whose row is lost is not mixed with one that comes later', async () => {
    const store = await open(path);
    await store.commit(commitOf(feedOf(1).segment([textRoot(time, 'x')])));
    await store.close();
    await withRows(path, async (level) => {
      for (const kind of [rowKinds.feed, rowKinds.name]) {
        for (const key of await keysOf(level, kind)) await level.del(key);
      }
    });
    const again = await open(path, () => undefined);
    const feed = feedOf(2);
    await again.commit(commitOf(feed.segment([textRoot(time, 'y')])));
    const entries = await new Archive(again).after(0, 10);
    expect(entries.map((entry) => [entry.arrival, entry.feed])).toEqual([[2, feed.feed]]);
    await again.close();
  });

  test('a release of a damaged record shows nothing, and does not come back', async () => {
    const store = await open(path);
    const feed = feedOf(1);
    await store.commit(commitOf(feed.segment([textRoot(time, 'x')], { held: true })));
    await store.close();
    await withRows(path, async (level) => {
      for (const key of await keysOf(level, rowKinds.record)) await damageRow(level, key);
    });
    const reports: unknown[] = [];
    const again = await open(path, ({ what }) => reports.push(what));
    const releases = [{ feed: feed.feed, from: 1 }];
    expect((await again.commit({ ...emptyCommit, releases })).releases).toEqual([0]);
    expect(reports).toEqual(['held record']);
    expect(again.held()).toEqual([]);
    await again.close();
  });

  test('an author who lists one object under any number of heads makes no endless answer', async () => {
    const store = await open(path);
    const object = textObject('again');
    const segments = Array.from({ length: 100 }, (_, head) =>
      new FeedBuilder(testIdentity(1), group, head).segment([{ time, slots: [{ object }] }]),
    );
    await store.commit(commitOf(...segments));
    const [first] = segments;
    const id = first?.record.messages[0]?.id;
    if (id === undefined) throw new Error('the segment has a message');
    expect((await store.positions(id)).length).toBe(64);
    expect((await new Archive(store).find(id))?.feed.head).toBe(0);
    await store.close();
  });
});

interface WritableBatch {
  write(options: unknown): Promise<void>;
}

function feedOf(number: number): FeedBuilder {
  return new FeedBuilder(testIdentity(number), group);
}
