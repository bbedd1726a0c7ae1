// What a commit means for a store that stands in a certain state: numbers for new feeds, arrival
// numbers, the places in the timeline. Pure but for the draft; the stores write what is planned.
import { emptyHead, type FeedState } from './feed.ts';
import type { GroupId } from './ids.ts';
import { storeLimits } from './limits.ts';
import { feedKey, type FeedId, type FeedKey } from './root.ts';
import { findSegmentShape, type SegmentShape } from './segment-shape.ts';
import { heldKeyOf, type HeldKey, type KnownFeed, type StoreState } from './store-state.ts';
import type { Commit, CommitArrivals, HeldRecord, NewRecord, RecordKey } from './store.ts';

export interface PlannedRecord {
  readonly record: NewRecord;
  readonly known: KnownFeed;
  readonly shape: SegmentShape;
  /** Of the first message; 0 where it is held. */
  readonly arrival: number;
}

export interface PlannedRelease {
  readonly release: RecordKey;
  readonly known: KnownFeed;
  readonly shape: SegmentShape;
  readonly arrival: number;
}

/** What a store gives for a held record that is to be released; undefined where it is damaged. */
export type ReleaseShapes = ReadonlyMap<RecordKey, SegmentShape | undefined>;

/** The state as commits leave it that are planned and not yet written. */
export class Draft {
  readonly base: StoreState;
  readonly feeds = new Map<FeedKey, KnownFeed>();
  readonly newFeeds: KnownFeed[] = [];
  readonly records: PlannedRecord[] = [];
  readonly releases: PlannedRelease[] = [];
  /** Held records that are not held any more, damaged ones among them. */
  readonly released: { readonly release: RecordKey; readonly known: KnownFeed }[] = [];
  readonly #groups = new Map<GroupId, number>();
  readonly #releasedKeys = new Set<HeldKey>();
  #nextNumber: number;
  #latestArrival: number;

  constructor(base: StoreState) {
    this.base = base;
    this.#nextNumber = base.nextNumber;
    this.#latestArrival = base.latestArrival;
  }

  find(feed: FeedId): KnownFeed | undefined {
    return this.feeds.get(feedKey(feed)) ?? this.base.find(feed);
  }

  isHeld(record: RecordKey): boolean {
    return this.base.findHeld(record) !== undefined && !this.#releasedKeys.has(heldKeyOf(record));
  }

  putState(state: FeedState): KnownFeed {
    const before = this.find(state.feed);
    const number = before?.number ?? this.#nextNumber++;
    const { group } = state.feed;
    const groupNumber =
      before?.group ?? this.#groups.get(group) ?? this.base.findGroup(group) ?? number;
    this.#groups.set(group, groupNumber);
    const known = { number, group: groupNumber, state };
    this.feeds.set(feedKey(state.feed), known);
    if (before === undefined) this.newFeeds.push(known);
    return known;
  }

  putRecord(record: NewRecord, known: KnownFeed, shape: SegmentShape): number {
    const arrival = record.held ? 0 : this.#take(shape.messages);
    this.records.push({ record, known, shape, arrival });
    return arrival;
  }

  putRelease(release: RecordKey, known: KnownFeed, shape: SegmentShape | undefined): number {
    this.#releasedKeys.add(heldKeyOf(release));
    this.released.push({ release, known });
    if (shape === undefined) return 0;
    const arrival = this.#take(shape.messages);
    this.releases.push({ release, known, shape, arrival });
    return arrival;
  }

  #take(messages: number): number {
    const arrival = this.#latestArrival + 1;
    this.#latestArrival += messages;
    return arrival;
  }

  /** Once everything is on disk: the state becomes what was planned. */
  adopt(labelled: number): void {
    const { base } = this;
    for (const known of this.feeds.values()) base.putFeed(known);
    for (const { record } of this.records) if (record.held) base.putHeld(heldRecordOf(record));
    for (const { release } of this.released) base.deleteHeld(release);
    base.latestArrival = this.#latestArrival;
    base.labelled += labelled;
  }
}

export function heldRecordOf({ feed, from, time }: NewRecord): HeldRecord {
  return { feed, from, time };
}

/**
 * Plans one commit behind those that the draft has. Throws, the draft being as it was, where the
 * commit contradicts itself or the store: that is a bug of the caller's.
 * @param releases the shape of each held record that the commit releases
 */
export function planCommit(draft: Draft, change: Commit, releases: ReleaseShapes): CommitArrivals {
  const shapes = checkRecords(draft, change);
  for (const release of change.releases) {
    assert(draft.isHeld(release), 'only a held record is released');
    assert(releases.has(release), 'a released record was looked up');
  }
  assert(
    new Set(change.releases.map(heldKeyOf)).size === change.releases.length,
    'a record is released once',
  );
  for (const { key } of change.local) {
    assert(key.length <= storeLimits.localKeyBytesMax, 'a local key is short');
  }
  for (const state of change.states) draft.putState(state);
  return {
    records: change.records.map((record, i) => {
      const shape = shapes[i];
      assert(shape !== undefined, 'each record has a shape');
      return draft.putRecord(record, knownFeed(draft, record.feed), shape);
    }),
    releases: change.releases.map((release) =>
      draft.putRelease(release, knownFeed(draft, release.feed), releases.get(release)),
    ),
  };
}

/** Whether each record is whole and directly behind the one before it, up to its feed's new state. */
function checkRecords(draft: Draft, change: Commit): SegmentShape[] {
  const seqs = new Map<FeedKey, number>();
  const shapes = change.records.map((record) => {
    const key = feedKey(record.feed);
    const head = draft.find(record.feed)?.state.head ?? emptyHead;
    const seq = seqs.get(key) ?? head.seq;
    assert(record.from === seq + 1, 'a record is directly behind the one before it');
    const shape = findSegmentShape(record.bytes, record.signed);
    assert(shape !== undefined, 'the bytes of a record are a segment');
    assert(shape.messages === record.messages.length, 'each object of a record is a message');
    assert(
      shape.spans.at(-1)?.last === record.time,
      'the time of a record is that of its last root',
    );
    for (const { label } of record.messages) {
      assert(label === undefined || isLabel(label), 'a label is a short name');
    }
    seqs.set(key, seq + shape.roots);
    return shape;
  });
  const states = new Map(change.states.map((state) => [feedKey(state.feed), state]));
  for (const [key, seq] of seqs) {
    assert(states.get(key)?.head.seq === seq, 'the state of a feed is that behind its records');
  }
  assert(states.size === change.states.length, 'a feed has one state');
  for (const [key, { feed, head }] of states) {
    const seq = seqs.get(key) ?? draft.find(feed)?.state.head.seq ?? 0;
    assert(head.seq === seq, 'only records move a feed');
  }
  return shapes;
}

function isLabel(label: string): boolean {
  return label.length <= storeLimits.labelCharactersMax && /^[!-~]+$/.test(label);
}

function knownFeed(draft: Draft, feed: FeedId): KnownFeed {
  const known = draft.find(feed);
  assert(known !== undefined, 'the feed of a record has a state');
  return known;
}

function assert(condition: boolean, promise: string): asserts condition {
  if (!condition) throw new Error(`a commit breaks the store's contract: ${promise}`);
}
