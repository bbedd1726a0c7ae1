// What a commit means for a store that stands in a certain state: numbers for new feeds, arrival
// numbers, the places in the timeline. Pure but for the draft; the stores write what is planned.
import type { FeedState, FeedTail } from './feed.ts';
import type { GroupId } from './ids.ts';
import { storeLimits } from './limits.ts';
import { assertContract as assert, checkMoves } from './commit-moves.ts';
import { feedKey, type FeedId, type FeedKey } from './root.ts';
import type { SegmentShape } from './segment-shape.ts';
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

/** A tail that goes, with all records from its first root on. */
export interface PlannedWithdrawal {
  readonly known: KnownFeed;
  readonly tail: FeedTail;
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
  readonly withdrawn: PlannedWithdrawal[] = [];
  readonly #groups = new Map<GroupId, number>();
  /** Held records of the base that are not held any more. */
  readonly #freed = new Map<HeldKey, RecordKey>();
  #nextNumber: number;
  #latestArrival: number;

  constructor(base: StoreState) {
    this.base = base;
    this.#nextNumber = base.nextNumber;
    this.#latestArrival = base.latestArrival;
  }

  get latestArrival(): number {
    return this.#latestArrival;
  }

  find(feed: FeedId): KnownFeed | undefined {
    return this.feeds.get(feedKey(feed)) ?? this.base.find(feed);
  }

  isHeld(record: RecordKey): boolean {
    return this.base.findHeld(record) !== undefined && !this.#freed.has(heldKeyOf(record));
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
    this.#freed.set(heldKeyOf(release), release);
    this.released.push({ release, known });
    if (shape === undefined) return 0;
    const arrival = this.#take(shape.messages);
    this.releases.push({ release, known, shape, arrival });
    return arrival;
  }

  /** Held records of the tail are neither held nor released any more. */
  putWithdrawal(feed: FeedId): void {
    const known = this.find(feed);
    const tail = known?.state.tail;
    if (known === undefined || tail === undefined) throw new Error('a feed has the tail that goes');
    for (const record of this.base.held()) {
      if (isOfTail(record, feed, tail)) this.#freed.set(heldKeyOf(record), record);
    }
    this.withdrawn.push({ known, tail });
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
    for (const record of this.#freed.values()) base.deleteHeld(record);
    for (const { record } of this.records) if (record.held) base.putHeld(heldRecordOf(record));
    base.latestArrival = this.#latestArrival;
    base.labelled += labelled;
  }
}

export function isOfTail(record: RecordKey, feed: FeedId, tail: FeedTail): boolean {
  return record.from >= tail.from && feedKey(record.feed) === feedKey(feed);
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
  const shapes = checkMoves((feed) => draft.find(feed)?.state, change);
  const withdrawn = new Map(
    change.withdrawn?.map((feed) => [feedKey(feed), draft.find(feed)?.state.tail]),
  );
  for (const release of change.releases) {
    const tail = withdrawn.get(feedKey(release.feed));
    assert(tail === undefined || release.from < tail.from, 'nothing that goes is released');
    assert(draft.isHeld(release), 'only a held record is released');
    assert(releases.has(release), 'a released record was looked up');
  }
  assert(
    new Set(change.releases.map(heldKeyOf)).size === change.releases.length,
    'a record is released once',
  );
  const { erasures } = change;
  if (erasures !== undefined) {
    const moves = change.records.length + change.states.length + change.releases.length;
    const isAlone = moves + (change.withdrawn?.length ?? 0) === 0;
    assert(isAlone, 'what erases changes nothing else but local rows');
    assert(erasures.length <= storeLimits.erasuresMax, 'not too much is erased at a time');
  }
  for (const { key } of change.local) {
    assert(key.length <= storeLimits.localKeyBytesMax, 'a local key is short');
  }
  for (const feed of change.withdrawn ?? []) draft.putWithdrawal(feed);
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

function knownFeed(draft: Draft, feed: FeedId): KnownFeed {
  const known = draft.find(feed);
  assert(known !== undefined, 'the feed of a record has a state');
  return known;
}
