import { cp, truncate } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { Archive } from '../../src/cxo/archive.ts';
import { messagesOf, type FeedState } from '../../src/cxo/feed.ts';
import { LevelDatabase, type Batch } from '../../src/cxo/level-database.ts';
import { feedRowKey, rowKinds } from '../../src/cxo/level-keys.ts';
import { checkSchema, loadState } from '../../src/cxo/level-load.ts';
import { encodeFeed, parseFeed, sealRow, unsealValue } from '../../src/cxo/level-rows.ts';
import { LevelStore, openLevelStore } from '../../src/cxo/level-store.ts';
import { repairStore, type RepairReport } from '../../src/cxo/repair-store.ts';
import type { Commit } from '../../src/cxo/store.ts';
import { verifyStore } from '../../src/cxo/verify-store.ts';
import { systemRandom } from '../../src/env.ts';
import { SkychatError } from '../../src/errors.ts';
import { nextLine, startChild } from '../support/child.ts';
import { emptyCommit, testGroup, textObject, textRoot, type TestRoot } from '../support/feeds.ts';
import { damageRow, dataFiles, keysOf, withRows } from '../support/raw-level.ts';
import { TailedFeed, together } from '../support/store-tails.ts';
import { removeDirectory, temporaryDirectory } from '../support/temporary.ts';

const group = testGroup('tails');
const time = 1_700_000_000_000_000;
const labelOf = (kind: string): string | undefined => (kind === 'text' ? 'texts' : undefined);
const label = () => 'texts';
const unexpected = (damage: unknown): never => {
  throw new Error(`unexpected damage: ${JSON.stringify(damage)}`);
};

const roots = (at: number, ...texts: readonly string[]): TestRoot[] =>
  texts.map((text, i) => textRoot(time + at + i, text));

/** A chain of two roots, two records left out, and a tail of three records of which one is held. */
async function fillStore(store: LevelStore, feed: TailedFeed, again: Uint8Array): Promise<void> {
  await store.commit(feed.next(roots(1, 'a', 'b'), { label }));
  feed.leaveOut([...roots(3, 'c'), { time: time + 4, slots: [{ object: again }] }], { label });
  feed.leaveOut(roots(5, 'e', 'x'.repeat(40_000)), { label, signed: false });
  await store.commit(feed.tail([{ time: time + 7, slots: [{ object: again }] }], { label }));
  await store.commit(feed.tail(roots(8, 'f', 'g'), { label }));
  await store.commit(feed.tail(roots(10, 'h'), { label, held: true }));
}

const changes: [string, (feed: TailedFeed) => Commit, 'repeats'?][] = [
  ['that joins a tail', (feed) => together(feed.fill(), feed.fill()), 'repeats'],
  ['that withdraws a tail', (feed) => feed.withdraw()],
  [
    'that puts another tail in the place of one',
    (feed) => {
      const commits = [feed.withdraw(), feed.next(roots(3, 'x', 'y'), { label })];
      feed.leaveOut(roots(5, 'left out', 'left out'));
      return together(...commits, feed.tail(roots(7, 'z', 'z'), { label }));
    },
  ],
  [
    'that moves a message and releases the record that it leaves',
    (feed) => ({ ...feed.fill(), releases: [{ feed: feed.feed, from: 10 }] }),
    'repeats',
  ],
];

describe('tails on the disk', () => {
  let directory = '';
  let path = '';
  let feed: TailedFeed;
  const again = textObject('again');
  beforeEach(async () => {
    directory = await temporaryDirectory();
    path = join(directory, 'store');
    feed = new TailedFeed(1, group);
  });
  afterEach(async () => {
    await removeDirectory(directory);
  });

  const open = (at = path): Promise<LevelStore> =>
    openLevelStore(at, { random: systemRandom, onDamage: unexpected });
  const repair = (): Promise<RepairReport> => repairStore(path, { random: systemRandom, labelOf });

  /** With its database at hand. */
  async function openWritable(): Promise<{ database: LevelDatabase; store: LevelStore }> {
    const database = await LevelDatabase.open(path, unexpected);
    const meta = await checkSchema(database, systemRandom);
    const state = await loadState(database, meta, unexpected);
    return { database, store: new LevelStore(database, state, unexpected) };
  }

  async function withStore<T>(work: (store: LevelStore) => Promise<T>): Promise<T> {
    const store = await open();
    try {
      return await work(store);
    } finally {
      await store.close();
    }
  }

  test.each(changes)(
    'F57 of a commit %s all is there or nothing, wherever its log is cut',
    async (_, build, repeats) => {
      await withStore((store) => fillStore(store, feed, again));
      const before = feed.state;
      // Opened again, so that the log has this commit alone.
      await withStore((store) => store.commit(build(feed)));
      const log = (await dataFiles(path)).find(({ path: file }) => file.endsWith('.log'));
      if (log === undefined) throw new Error('the commit is in a log');
      const states: (FeedState | undefined)[] = [];
      for (let cut = 0; cut <= 12; cut++) {
        const copy = join(directory, `copy ${cut}`);
        await cp(path, copy, { recursive: true });
        // The last byte is the one that is missed most easily.
        const length = cut === 12 ? log.size : Math.floor(((log.size - 1) * cut) / 11);
        await truncate(join(copy, log.path.slice(path.length)), length);
        const store = await open(copy);
        const state = store.find(before.feed);
        const held = store.held().length;
        states.push(state);
        const entries = await new Archive(store).after(0, 100);
        await store.close();
        expect((await verifyStore(copy, labelOf)).problems).toEqual([]);
        // Root 4 has the object of root 7 again, which is shown once then.
        const isTwice = length === log.size && repeats === 'repeats';
        const messages = messagesOf(state ?? before) - (isTwice ? 1 : 0);
        expect(entries.length + held).toBe(messages);
      }
      expect(states.slice(0, 12)).toEqual(Array.from({ length: 12 }, () => before));
      expect(states[12]).toEqual(feed.state);
    },
    60_000,
  );

  test.each(changes)(
    'F56 a commit %s is taken back whole where its sync failed',
    async (_, build) => {
      const { database, store } = await openWritable();
      await fillStore(store, feed, again);
      const before = feed.state;
      const rows = await allRows(database);
      const write = database.write.bind(database);
      database.write = async (fill: (batch: Batch) => void) => {
        database.write = write;
        await write(fill);
        throw new SkychatError('store-failed', 'the sync failed');
      };
      const change = build(feed);
      await expect(store.commit(change)).rejects.toMatchObject({ code: 'store-failed' });
      expect(store.find(before.feed)).toEqual(before);
      await store.commit(emptyCommit);
      expect(await allRows(database)).toEqual(rows);
      await store.commit(change);
      await store.close();
      expect((await verifyStore(path, labelOf)).problems).toEqual([]);
    },
  );

  test('F56 a commit that failed and is tried again at once has all its rows', async () => {
    const { database, store } = await openWritable();
    const write = database.write.bind(database);
    database.write = async (fill: (batch: Batch) => void) => {
      database.write = write;
      await write(fill);
      throw new SkychatError('store-failed', 'the sync failed');
    };
    const change = feed.next(roots(1, 'a'));
    await expect(store.commit(change)).rejects.toMatchObject({ code: 'store-failed' });
    expect(await store.commit(change)).toEqual({ records: [1], releases: [] });
    await store.close();
    expect((await verifyStore(path, () => undefined)).problems).toEqual([]);
  });

  async function allRows(database: LevelDatabase): Promise<unknown[]> {
    const rows: unknown[] = [];
    for await (const row of database.scan({ gte: Uint8Array.of(0), lt: Uint8Array.of(255) })) {
      rows.push([...row.key], [...row.value]);
    }
    return rows;
  }

  test('F57 kill -9 while tails come and go leaves a store without a problem', async () => {
    for (let round = 0; round < 2; round++) {
      const child = startChild('test/support/store-child.ts', 'tails', directory);
      for (let i = 0; i < 2 + 4 * round; i++) expect(await nextLine(child)).toBe(String(i));
      await child.kill();
      expect((await verifyStore(path, () => undefined)).problems).toEqual([]);
      await withStore(async (store) => {
        const entries = await new Archive(store).after(0, 100_000);
        const counts = store.feeds().map(messagesOf);
        const held = store.held().length;
        expect(entries.length).toBeGreaterThan(0);
        // A held record has two messages.
        expect(entries.length + 2 * held).toBe(counts.reduce((sum, count) => sum + count, 0));
      });
      await removeDirectory(path);
    }
  }, 60_000);

  test('a withdrawal under way is no damage to those who read', async () => {
    const { database, store } = await openWritable();
    await fillStore(store, feed, again);
    const write = database.write.bind(database);
    let reads = 0;
    database.write = async (fill: (batch: Batch) => void) => {
      await write(fill);
      // The rows are gone, and the store does not know it yet.
      expect(store.find(feed.feed)?.tail).toBeDefined();
      expect(await store.records(feed.feed, 8, Infinity)).toEqual([]);
      expect((await new Archive(store).after(0, 100)).map(({ seq }) => seq)).toEqual([1, 2]);
      reads++;
    };
    await store.commit(feed.withdraw());
    expect(reads).toBe(1);
    await store.close();
  });

  test('a store of version 1 opens, its feed rows are the bytes of today, and it takes tails', async () => {
    await cp('test/fixtures/store-v1', path, { recursive: true });
    await withRows(path, async (level) => {
      const keys = await keysOf(level, rowKinds.feed);
      expect(keys).toHaveLength(2);
      for (const key of keys) {
        const body = unsealValue(key, new Uint8Array(await level.get(key)));
        const parsed = body && parseFeed(body);
        if (body === undefined || parsed === undefined) throw new Error('the row is a feed');
        expect(parsed.state.tail).toBeUndefined();
        expect(encodeFeed(parsed.group, parsed.state)).toEqual(new Uint8Array(body));
      }
    });
    await withStore(async (store) => {
      const arrival = store.latestArrival();
      await fillStore(store, feed, again);
      expect((await new Archive(store).after(arrival, 100)).map(({ seq }) => seq)).toEqual([
        1, 2, 7, 8, 9,
      ]);
    });
    await withStore(async (store) => {
      expect(store.feeds()).toHaveLength(3);
      expect(store.find(feed.feed)).toEqual(feed.state);
      await store.commit(together(feed.fill(), feed.fill()));
      expect(store.find(feed.feed)?.head.seq).toBe(10);
    });
  });

  test('a feed row whose tail cannot be is damaged', async () => {
    await withStore((store) => fillStore(store, feed, again));
    const { tail, ...state } = feed.state;
    if (tail === undefined) throw new Error('the feed has a tail');
    const { head } = tail;
    const wrong = [
      { from: state.head.seq + 1 },
      { head: { ...head, seq: tail.from - 1 } },
      { countBefore: head.count },
    ];
    expect(parseFeed(encodeFeed(1, feed.state))?.state).toEqual(feed.state);
    for (const change of wrong) {
      expect(parseFeed(encodeFeed(1, { ...state, tail: { ...tail, ...change } }))).toBeUndefined();
    }
    const row = encodeFeed(1, feed.state);
    for (let length = row.length - 1; length > encodeFeed(1, state).length; length--) {
      expect(parseFeed(row.subarray(0, length))).toBeUndefined();
    }
  });

  describe('verify and repair', () => {
    const verify = async (): Promise<string[]> =>
      (await verifyStore(path, labelOf)).problems.map(({ what }) => what);

    /** Damages the records of the feed at these places in it: 0 the chain, 1 to 3 the tail. */
    async function damageRecords(...places: readonly number[]): Promise<void> {
      await withRows(path, async (level) => {
        const keys = await keysOf(level, rowKinds.record);
        for (const place of places) {
          const key = keys[place];
          if (key !== undefined) await damageRow(level, key);
        }
      });
    }

    /** Puts a state in the row of a feed that its records do not come to. */
    async function tell(number: number, state: FeedState): Promise<void> {
      const { key, value } = sealRow(feedRowKey(number), encodeFeed(1, state));
      await withRows(path, (level) => level.put(key, value));
    }

    beforeEach(() => withStore((store) => fillStore(store, feed, again)));

    test('a sound tail is counted and has no problems, and repair keeps it', async () => {
      const verdict = await verifyStore(path, labelOf);
      expect(verdict).toMatchObject({ records: 4, roots: 6, messages: 6, signatures: 4 });
      expect(verdict.problems).toEqual([]);
      expect(await repair()).toMatchObject({ records: 4, messages: 6, cut: [] });
      expect(await verify()).toEqual([]);
      await withStore(async (store) => {
        expect(store.find(feed.feed)).toEqual(feed.state);
        expect(store.held()).toHaveLength(1);
        await store.commit(together(feed.fill(), feed.fill()));
      });
      expect(await verify()).toEqual([]);
    });

    test('a damaged record of the tail is found, and the part behind it is what is left', async () => {
      await damageRecords(1);
      expect((await verify())[0]).toContain('the record is damaged');
      const report = await repair();
      expect(report.cut).toMatchObject([{ feed: feed.feed, from: 7, records: 1 }]);
      expect(await verify()).toEqual([]);
      await withStore((store) => {
        const { head, tail } = store.find(feed.feed) ?? {};
        expect([head?.seq, tail?.from, tail?.head.seq]).toEqual([2, 8, 10]);
        return Promise.resolve();
      });
    });

    test('of a tail that is damaged in the middle the last part is left', async () => {
      await damageRecords(2);
      const report = await repair();
      expect(report.cut).toMatchObject([{ feed: feed.feed, from: 7, records: 2 }]);
      expect(await verify()).toEqual([]);
      await withStore((store) => {
        expect(store.find(feed.feed)?.tail).toMatchObject({ from: 10, head: { seq: 10 } });
        return Promise.resolve();
      });
    });

    test('of a tail whose end is damaged the part before it is left', async () => {
      await damageRecords(3);
      const report = await repair();
      expect(report.cut).toMatchObject([{ feed: feed.feed, from: 10, records: 1 }]);
      expect(await verify()).toEqual([]);
      await withStore((store) => {
        const { head, tail } = store.find(feed.feed) ?? {};
        expect([head?.seq, tail?.from, tail?.head.seq]).toEqual([2, 7, 9]);
        return Promise.resolve();
      });
    });

    test('a tail outlives its chain', async () => {
      await damageRecords(0);
      const report = await repair();
      expect(report.cut).toMatchObject([{ feed: feed.feed, from: 1, records: 1 }]);
      expect(await verify()).toEqual([]);
      await withStore(async (store) => {
        expect(store.find(feed.feed)).toMatchObject({ head: { seq: 0 }, tail: { from: 7 } });
        expect(await new Archive(store).after(0, 10)).toHaveLength(3);
      });
    });

    test('a tail that is damaged throughout is cut', async () => {
      await damageRecords(1, 2, 3);
      const report = await repair();
      expect(report.cut).toMatchObject([{ feed: feed.feed, from: 7, records: 3 }]);
      expect(await verify()).toEqual([]);
      await withStore((store) => {
        expect(store.find(feed.feed)?.tail).toBeUndefined();
        expect(store.latestArrival()).toBe(5);
        return Promise.resolve();
      });
    });

    test('a gap that no feed row tells of is a loss, and what is behind it no tail', async () => {
      await tell(1, { ...feed.state, tail: undefined });
      expect((await verify())[0]).toContain('the record is missing');
      expect((await repair()).cut).toMatchObject([{ feed: feed.feed, from: 3, records: 3 }]);
      expect(await verify()).toEqual([]);
    });

    const lies: [string, (state: FeedState) => FeedState, string][] = [
      [
        'begins elsewhere',
        ({ tail, ...state }) => ({ ...state, tail: tail && { ...tail, countBefore: 5 } }),
        'the feed row tells of another tail',
      ],
      [
        'ends elsewhere',
        ({ tail, ...state }) => ({
          ...state,
          tail: tail && { ...tail, head: { ...tail.head, seq: 11 } },
        }),
        'the feed row tells of another tail',
      ],
      [
        'begins where nothing is',
        ({ tail, ...state }) => ({ ...state, tail: tail && { ...tail, from: 5 } }),
        'the record is missing; nothing of the feed behind it is checked',
      ],
    ];
    test.each(lies)('verify finds a feed row whose tail %s', async (_, change, what) => {
      await tell(1, change(feed.state));
      expect(await verify()).toEqual([what]);
      await repair();
      expect(await verify()).toEqual([]);
    });

    test('verify finds a tail that overlaps the chain', async () => {
      const longer = new TailedFeed(2, group);
      await withStore(async (store) => {
        await store.commit(longer.next(roots(1, 'a', 'b', 'c')));
        longer.leaveOut(roots(4, 'd'));
        await store.commit(longer.tail(roots(5, 'e')));
      });
      const { head, tail } = longer.state;
      await tell(2, {
        ...longer.state,
        head: { ...head, seq: 1 },
        tail: tail && { ...tail, from: 3 },
      });
      expect(await verify()).toContain('the tail overlaps the chain');
    });
  });
});
