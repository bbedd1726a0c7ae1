// What every store promises, run on each implementation.
import fc from 'fast-check';
import { afterEach, describe, expect, test } from 'vitest';
import type { MessageId } from '../../src/cxo/ids.ts';
import { storeLimits } from '../../src/cxo/limits.ts';
import { feedKey, type FeedId } from '../../src/cxo/root.ts';
import type {
  Commit,
  Store,
  StoredRecord,
  TimelineKind,
  TimelineRow,
} from '../../src/cxo/store.ts';
import {
  commitOf,
  emptyCommit,
  FeedBuilder,
  testGroup,
  testIdentity,
  textRoot,
} from '../support/feeds.ts';
import { commitPlan, StoreModel, type ModelRecord } from '../support/store-scenarios.ts';

export interface StoreUnderTest {
  readonly store: Store;
  /** The same store after a clean stop and start; the one before it is closed. */
  reopen(): Promise<StoreUnderTest>;
  /** Closes the store and removes what it left. */
  remove(): Promise<void>;
}

export const group = testGroup('contract');
export const time = 1_700_000_000_000_000;

/** @param runs of the property that compares the store with a model */
export function storeContract(
  name: string,
  make: () => Promise<StoreUnderTest>,
  runs: number,
): void {
  describe(`${name} as a store`, () => {
    let subject: StoreUnderTest | undefined;
    afterEach(async () => {
      await subject?.remove();
      subject = undefined;
    });
    const open = async (): Promise<Store> => {
      subject = await make();
      return subject.store;
    };

    test('a new store is empty', async () => {
      const store = await open();
      expect(store.feeds()).toEqual([]);
      expect(store.latestArrival()).toBe(0);
      expect(await store.arrivals(0, 10)).toEqual([]);
      expect(await store.timeline(group, 'moments', undefined, 10)).toEqual([]);
      expect(await store.timelineFrom(group, 'moments', 0, 10)).toEqual([]);
    });

    test('what a caller does to its bytes after a commit does not reach the store', async () => {
      const store = await open();
      const feed = new FeedBuilder(testIdentity(1), group);
      const segment = feed.segment([textRoot(time, 'kept')]);
      const original = segment.bytes.slice();
      await store.commit(commitOf(segment));
      segment.bytes.fill(0);
      const [record] = await store.records(feed.feed, 1, 1);
      expect(record?.bytes).toEqual(original);
    });

    test('commits that are handed over together keep their order', async () => {
      const store = await open();
      const feed = new FeedBuilder(testIdentity(1), group);
      const segments = Array.from({ length: 20 }, (_, i) =>
        feed.segment([textRoot(time + i, 'x')]),
      );
      const answers = await Promise.all(segments.map((segment) => store.commit(commitOf(segment))));
      expect(answers.map(({ records }) => records[0])).toEqual(segments.map((_, i) => i + 1));
      expect(store.find(feed.feed)?.head.seq).toBe(20);
    });

    const broken: [string, (feed: FeedBuilder) => Commit][] = [
      [
        'a record that leaves a gap',
        (feed) => {
          feed.segment([textRoot(time, 'not stored')]);
          return commitOf(feed.segment([textRoot(time, 'x')]));
        },
      ],
      [
        'bytes that are no segment',
        (feed) => {
          const commit = commitOf(feed.segment([textRoot(time, 'x')]));
          return { ...commit, records: commit.records.map((r) => ({ ...r, signed: false })) };
        },
      ],
      [
        'a state that is not that of its records',
        (feed) => ({ ...commitOf(feed.segment([textRoot(time, 'x')])), states: [] }),
      ],
      [
        'a local key that is not short',
        () => ({
          ...emptyCommit,
          local: [{ key: 'k'.repeat(storeLimits.localKeyBytesMax + 1), value: undefined }],
        }),
      ],
      [
        'a label that is no name',
        (feed) => commitOf(feed.segment([textRoot(time, 'x')], { label: () => 'two words' })),
      ],
      [
        'the release of a record that is not held',
        (feed) => ({ ...emptyCommit, releases: [{ feed: feed.feed, from: 1 }] }),
      ],
    ];
    test.each(broken)('%s is rejected as a bug, and changes nothing', async (_, build) => {
      const store = await open();
      await expect(store.commit(build(new FeedBuilder(testIdentity(1), group)))).rejects.toThrow(
        "a commit breaks the store's contract",
      );
      expect(store.feeds()).toEqual([]);
      const after = commitOf(
        new FeedBuilder(testIdentity(1), group).segment([textRoot(time, 'y')]),
      );
      expect(await store.commit(after)).toEqual({ records: [1], releases: [] });
    });

    test('a closed store says so', async () => {
      const store = await open();
      await store.close();
      await expect(store.commit(emptyCommit)).rejects.toMatchObject({ code: 'closing' });
      await expect(store.arrivals(0, 1)).rejects.toMatchObject({ code: 'closing' });
    });

    test('any sequence of commits gives the answers of a plain model, also after a restart', async () => {
      await fc.assert(
        fc.asyncProperty(fc.array(commitPlan, { maxLength: 12 }), fc.nat(), async (plans, cut) => {
          subject = await make();
          try {
            const model = new StoreModel();
            for (const [i, plan] of plans.entries()) {
              const { commit, arrivals } = model.next(plan);
              expect(await subject.store.commit(commit)).toEqual(arrivals);
              const erasing = model.erase(plan);
              if (erasing !== undefined) {
                expect(await subject.store.commit(erasing.commit)).toEqual(erasing.arrivals);
              }
              if (i === cut % plans.length) subject = await subject.reopen();
            }
            await expectModel(subject.store, model);
            subject = await subject.reopen();
            await expectModel(subject.store, model);
          } finally {
            await subject.remove();
            subject = undefined;
          }
        }),
        { numRuns: runs },
      );
    }, 60_000);
  });
}

/** Compares every answer of the store with the model's. */
export async function expectModel(store: Store, model: StoreModel): Promise<void> {
  expect(sorted(store.feeds(), ({ feed }) => feedKey(feed))).toEqual(
    sorted([...model.states.values()], ({ feed }) => feedKey(feed)),
  );
  expect(store.latestArrival()).toBe(model.latestArrival);
  const held = store.held().map(({ feed, from }) => ({ feed, from }));
  expect(sorted(held, rowName)).toEqual(sorted(model.held(), rowName));
  await expectArrivals(store, model);
  for (const name of ['even', 'odd']) {
    await expectTimeline(store, model, name, 'moments');
    await expectTimeline(store, model, name, 'spans');
  }
  await expectRecords(store, model);
  for (const { id } of model.messages()) await expectPositions(store, model, id);
  let labelled = 0;
  for (const label of ['vouch', 'vouches', 'profile', 'none']) {
    const positions = await store.labelled(label);
    expect(sorted(positions, positionName)).toEqual(sorted(model.labelled(label), positionName));
    labelled += positions.length;
  }
  expect(store.labelledCount()).toBe(labelled);
  for (const prefix of ['', 'a', 'a/', 'ä']) {
    const rows = [...model.local].filter(([key]) => key.startsWith(prefix)).sort();
    expect(await store.local(prefix)).toEqual(rows.map(([key, value]) => ({ key, value })));
  }
  expect(await store.findLocal('a')).toEqual(model.local.get('a'));
}

async function expectArrivals(store: Store, model: StoreModel): Promise<void> {
  const rows = model.arrivals();
  for (let after = 0; after <= model.latestArrival; after++) {
    const above = rows.filter(({ arrival, messages }) => arrival + messages - 1 > after);
    const limit = 1 + (after % 4);
    expect(await store.arrivals(after, limit)).toEqual(above.slice(0, limit));
  }
}

async function expectTimeline(
  store: Store,
  model: StoreModel,
  name: string,
  kind: TimelineKind,
): Promise<void> {
  const rows = model.timeline(testGroup(name), kind);
  const read: TimelineRow[] = [];
  while (read.length <= rows.length) {
    const page = await store.timeline(testGroup(name), kind, read.at(-1), 2);
    read.push(...page);
    if (page.length === 0) break;
  }
  expect(read.map((row) => row.time)).toEqual(rows.map((row) => row.time));
  expect(sorted(read, rowName)).toEqual(sorted(rows, rowName));
  for (const { time: bound } of rows) {
    const below = await store.timeline(testGroup(name), kind, bound, 1000);
    expect(below).toEqual(read.filter((row) => row.time < bound));
    const above = await store.timelineFrom(testGroup(name), kind, bound, 1000);
    expect(above).toEqual(read.filter((row) => row.time >= bound).reverse());
  }
  const onward: TimelineRow[] = [];
  while (onward.length <= rows.length) {
    const page = await store.timelineFrom(testGroup(name), kind, onward.at(-1) ?? 0, 2);
    onward.push(...page);
    if (page.length === 0) break;
  }
  expect(onward).toEqual(read.reverse());
}

async function expectRecords(store: Store, model: StoreModel): Promise<void> {
  for (const { feed } of model.builders) {
    const own = model.records
      .filter(({ record }) => feedKey(record.feed) === feedKey(feed))
      .sort((a, b) => a.record.from - b.record.from);
    const { head, tail } = model.states.get(feedKey(feed)) ?? { head: { seq: 0 } };
    const chain = own.filter(({ record }) => record.from <= head.seq);
    const all = [
      ...(await expectStretch(store, feed, 1, chain)),
      ...(await expectStretch(store, feed, tail?.from ?? head.seq + 1, own.slice(chain.length))),
    ];
    const nothing = [0, head.seq + 1, (tail?.from ?? 0) - 1, (tail ?? { head }).head.seq + 1];
    for (const seq of nothing) expect(await store.records(feed, seq, 1)).toEqual([]);
    const messages = model.messages().filter((message) => feedKey(message.feed) === feedKey(feed));
    for (const { isFirst, seq } of messages) {
      if (isFirst) continue;
      expect(all.find(({ from, roots }) => seq < from + roots)?.repeats).toBe(true);
    }
  }
}

/** Compares the records of a chain or a tail, from any seq in it on. */
async function expectStretch(
  store: Store,
  feed: FeedId,
  begin: number,
  own: readonly ModelRecord[],
): Promise<readonly StoredRecord[]> {
  const all = await store.records(feed, begin, Infinity);
  expect(all.map(({ from, bytes, arrival, signed }) => ({ from, bytes, arrival, signed }))).toEqual(
    own.map(({ record: { from, bytes, signed }, arrival }) => ({ from, bytes, arrival, signed })),
  );
  for (const { from, roots, bytes } of all) {
    for (const seq of [from, from + roots - 1]) {
      expect((await store.records(feed, seq, 1)).map((one) => one.from)).toEqual([from]);
      const two = all.filter((one) => one.from >= from).slice(0, 2);
      expect(await store.records(feed, seq, bytes.length + 1)).toEqual(two);
    }
  }
  return all;
}

async function expectPositions(store: Store, model: StoreModel, id: MessageId): Promise<void> {
  const places = model
    .messages()
    .filter((message) => message.isFirst && rowOfId(message.id) === rowOfId(id))
    .map(({ feed, seq, index }) => ({ feed, seq, index }));
  expect(sorted(await store.positions(id), positionName)).toEqual(sorted(places, positionName));
}

function rowOfId(id: MessageId): string {
  return id.join();
}

function rowName(row: { feed: TimelineRow['feed']; from: number; time?: number }): string {
  return `${feedKey(row.feed)} ${row.from} ${row.time ?? 0}`;
}

function positionName(position: { feed: TimelineRow['feed']; seq: number; index: number }): string {
  return `${feedKey(position.feed)} ${position.seq} ${position.index}`;
}

function sorted<T>(items: readonly T[], name: (item: T) => string): T[] {
  return [...items].sort((a, b) => (name(a) < name(b) ? -1 : 1));
}
