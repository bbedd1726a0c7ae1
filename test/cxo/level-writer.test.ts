import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { LevelDatabase, type Batch } from '../../src/cxo/level-database.ts';
import { rowKinds } from '../../src/cxo/level-keys.ts';
import { checkSchema, loadState } from '../../src/cxo/level-load.ts';
import { storeLimits } from '../../src/cxo/limits.ts';
import { LevelStore, openLevelStore } from '../../src/cxo/level-store.ts';
import { verifyStore } from '../../src/cxo/verify-store.ts';
import { systemRandom } from '../../src/env.ts';
import { SkychatError } from '../../src/errors.ts';
import {
  commitOf,
  emptyCommit,
  FeedBuilder,
  testGroup,
  testIdentity,
  textObject,
  textRoot,
  type TestRoot,
} from '../support/feeds.ts';
import { withRows } from '../support/raw-level.ts';
import { removeDirectory, temporaryDirectory } from '../support/temporary.ts';

const unexpected = (damage: unknown): never => {
  throw new Error(`unexpected damage: ${JSON.stringify(damage)}`);
};

describe('a batch that failed and is on the disk nevertheless', () => {
  let path = '';
  let database: LevelDatabase;
  let store: LevelStore;
  beforeEach(async () => {
    path = await temporaryDirectory();
    database = await LevelDatabase.open(path, unexpected);
    const meta = await checkSchema(database, systemRandom);
    store = new LevelStore(database, await loadState(database, meta, unexpected), unexpected);
  });
  afterEach(async () => {
    await store.close();
    await removeDirectory(path);
  });

  /** The next write reaches the disk, and is said to have failed, as after a failed sync. */
  function failNextWrite(): void {
    const write = database.write.bind(database);
    database.write = async (fill: (batch: Batch) => void) => {
      database.write = write;
      await write(fill);
      throw new SkychatError('store-failed', 'the sync failed');
    };
  }

  async function rows(): Promise<unknown> {
    await store.close();
    return withRows(path, (level) => level.iterator().all());
  }

  test('F56 is taken back before anything else is written', async () => {
    const group = testGroup('undo');
    const [known, unknown] = [
      new FeedBuilder(testIdentity(1), group),
      new FeedBuilder(testIdentity(2), group),
    ];
    const first = known.segment([textRoot(1, 'a')]);
    const held = known.segment([textRoot(2, 'b')], { held: true });
    const local = [
      { key: 'kept', value: Uint8Array.of(1) },
      { key: 'gone', value: Uint8Array.of(2) },
    ];
    await store.commit({ ...commitOf(first, held), local });
    const failing = commitOf(
      known.segment([textRoot(3, 'c')], { label: () => 'l' }),
      unknown.segment([textRoot(3, 'd')]),
      unknown.segment([textRoot(4, 'e')], { held: true }),
    );
    failNextWrite();
    const change = {
      ...failing,
      releases: [{ feed: known.feed, from: held.record.from }],
      local: [
        { key: 'kept', value: Uint8Array.of(9) },
        { key: 'gone', value: undefined },
        { key: 'new', value: Uint8Array.of(9) },
      ],
    };
    await expect(store.commit(change)).rejects.toMatchObject({ code: 'store-failed' });
    expect(store.feeds()).toHaveLength(1);
    expect(store.latestArrival()).toBe(1);
    expect(store.held()).toHaveLength(1);
    expect(store.labelledCount()).toBe(0);
    await store.commit(emptyCommit);
    expect(await store.positions(failing.records[0]?.messages[0]?.id as never)).toEqual([]);
    const after = await rows();

    // The same store, without the commit that failed.
    const other = await temporaryDirectory();
    const plain = await LevelDatabase.open(other, unexpected);
    const meta = await checkSchema(plain, systemRandom);
    const without = new LevelStore(plain, await loadState(plain, meta, unexpected), unexpected);
    await without.commit({ ...commitOf(first, held), local });
    await without.close();
    const expected = await withRows(other, (level) => level.iterator().all());
    await removeDirectory(other);
    const withoutMeta = (all: unknown) =>
      (all as [Uint8Array, Uint8Array][]).filter(([key]) => key[0] !== rowKinds.meta);
    expect(withoutMeta(after)).toEqual(withoutMeta(expected));
  });

  test('commits that waited behind it are written, with the numbers that it did not use', async () => {
    const feed = new FeedBuilder(testIdentity(1), testGroup('undo'));
    const other = new FeedBuilder(testIdentity(2), testGroup('undo'));
    failNextWrite();
    const failing = store.commit(commitOf(feed.segment([textRoot(1, 'lost', 'lost')])));
    const refused = expect(failing).rejects.toMatchObject({ code: 'store-failed' });
    // The first batch is being written: this one waits for the next.
    await Promise.resolve();
    await Promise.resolve();
    const waiting = store.commit(commitOf(other.segment([textRoot(1, 'kept')])));
    await refused;
    expect((await waiting).records).toEqual([1]);
    expect(store.feeds().map((state) => state.feed)).toEqual([other.feed]);
    await store.close();
    const verdict = await verifyStore(path, () => undefined);
    expect(verdict.problems).toEqual([]);
    expect(verdict.messages).toBe(1);
  });
});

test('commits that wait for the disk have a bound, and one too many is refused', async () => {
  const path = await temporaryDirectory();
  const database = await LevelDatabase.open(path, unexpected);
  const meta = await checkSchema(database, systemRandom);
  const state = await loadState(database, meta, unexpected);
  const store = new LevelStore(database, state, unexpected);
  const change = { ...emptyCommit, local: [{ key: 'a', value: Uint8Array.of(1) }] };
  const waiting = Array.from({ length: storeLimits.commitsWaitingMax }, () => store.commit(change));
  await expect(store.commit(change)).rejects.toMatchObject({ code: 'too-many-requests' });
  await Promise.all(waiting);
  await store.commit(change);
  await store.close();
  await removeDirectory(path);
});

test('what waits longer than one batch may be is written in several, in order', async () => {
  const path = await temporaryDirectory();
  const database = await LevelDatabase.open(path, unexpected);
  const meta = await checkSchema(database, systemRandom);
  const state = await loadState(database, meta, unexpected);
  const store = new LevelStore(database, state, unexpected);
  let writes = 0;
  const write = database.write.bind(database);
  database.write = async (fill: (batch: Batch) => void) => {
    writes++;
    await write(fill);
  };
  const feed = new FeedBuilder(testIdentity(1), testGroup('large'));
  const text = 'x'.repeat(200_000);
  const count = Math.ceil((2.5 * storeLimits.batchBytesMax) / text.length);
  const segments = Array.from({ length: count }, (_, i) => feed.segment([textRoot(i, text)]));
  const answers = await Promise.all(segments.map((segment) => store.commit(commitOf(segment))));
  expect(answers.map(({ records }) => records[0])).toEqual(segments.map((_, i) => i + 1));
  expect(writes).toBe(3);
  await store.close();
  await removeDirectory(path);
});

test('an object that stands in its feed already is found in a store that was opened again', async () => {
  const path = await temporaryDirectory();
  const feed = new FeedBuilder(testIdentity(1), testGroup('again'));
  const slots = Array.from({ length: storeLimits.lookUpsAtOnceMax + 1 }, (_, i) => ({
    object: textObject(`${i}`),
  }));
  const first = await openLevelStore(path, { random: systemRandom, onDamage: unexpected });
  await first.commit(commitOf(feed.segment([{ time: 1, slots }])));
  await first.close();
  const store = await openLevelStore(path, { random: systemRandom, onDamage: unexpected });
  const repeats = async (...roots: TestRoot[]): Promise<true | undefined> =>
    (await store.commit(commitOf(feed.segment(roots)))).repeats;
  // A few are looked up at once, more on the thread pool.
  expect(await repeats({ time: 2, slots: slots.slice(0, 1) })).toBe(true);
  expect(await repeats({ time: 3, slots })).toBe(true);
  expect(await repeats(textRoot(4, 'new'))).toBeUndefined();
  expect(await repeats(textRoot(5, ...slots.map((_, i) => `new ${i}`)))).toBeUndefined();
  await store.close();
  await removeDirectory(path);
});
