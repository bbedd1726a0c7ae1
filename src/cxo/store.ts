// What a store keeps: feeds as records of roots and objects, the two orders over them, and the local
// rows of this node. An interface: LevelDB and memory implement it under one contract suite.
import type { Erasure } from './erasure.ts';
import type { FeedState } from './feed.ts';
import type { GroupId, MessageId } from './ids.ts';
import type { FeedId } from './root.ts';

/** Where a message stands: in a feed, which root, which object of it. */
export interface Position {
  readonly feed: FeedId;
  readonly seq: number;
  readonly index: number;
}

/** A message of a new record: its index rows. */
export interface RecordMessage {
  readonly id: MessageId;
  readonly seq: number;
  readonly index: number;
  /** Set for messages that `labelled` has to find again, such as vouches and profiles. */
  readonly label: string | undefined;
}

/** A run of one feed's roots that is stored as one value. */
export interface NewRecord {
  readonly feed: FeedId;
  /** Seq of the first root. */
  readonly from: number;
  /** The segment's bytes (src/cxo/segment.ts). */
  readonly bytes: Uint8Array;
  /** Whether the segment ends in a signature; else the records behind it, up to a signed one, vouch. */
  readonly signed: boolean;
  /** In the order of the feed. */
  readonly messages: readonly RecordMessage[];
  /** Of the last root, microseconds. */
  readonly time: number;
  /** Held records are in neither order until they are released. */
  readonly held: boolean;
}

/** One atomic change, on disk when it resolves. */
export interface Commit {
  /**
   * Each directly behind the chain of its feed, or behind its tail; or, where it has none, beyond
   * the root that follows the chain: it begins the tail then. What the last record that a commit adds
   * to a tail ends in is a signature. With a record that ends directly before the tail, and which the
   * tail continues, the chain takes the tail in: the feed has none from there on.
   */
  readonly records: readonly NewRecord[];
  /**
   * Where the feeds stand afterwards: every feed that has records here, that was found forked, or
   * whose tail is withdrawn.
   */
  readonly states: readonly FeedState[];
  /** Held records whose time has come: they enter both orders now. */
  readonly releases: readonly RecordKey[];
  readonly local: readonly LocalChange[];
  /**
   * Feeds whose tails go, before anything else of the commit, with their messages and held records.
   * Their arrival numbers are not given again.
   */
  readonly withdrawn?: readonly FeedId[];
  /**
   * Messages whose objects go: their ids stay in the slots, and the messages keep their places in both
   * orders. At most `storeLimits.erasuresMax`, with local rows and nothing else beside them. What is
   * not there, or has gone, is passed over.
   */
  readonly erasures?: readonly Erasure[];
}

export interface RecordKey {
  readonly feed: FeedId;
  readonly from: number;
}

/** A row that is this node's own business. `undefined` deletes. */
export interface LocalChange {
  readonly key: string;
  readonly value: Uint8Array | undefined;
}

export interface LocalRow {
  readonly key: string;
  readonly value: Uint8Array;
}

/** A stored record as it is read back; its bytes were checked against their checksum. */
export interface StoredRecord {
  readonly feed: FeedId;
  readonly from: number;
  readonly roots: number;
  readonly bytes: Uint8Array;
  readonly signed: boolean;
  /** Arrival number of the first message; 0 while the record is held. */
  readonly arrival: number;
  /** Whether a message of it may stand earlier in the feed already, which is its place then. */
  readonly repeats: boolean;
}

/** A row of the arrival order: `messages` messages from arrival number `arrival` on. */
export interface ArrivalRow {
  readonly arrival: number;
  readonly messages: number;
  readonly feed: FeedId;
  readonly from: number;
}

/**
 * The two kinds of timeline rows: for roots of one moment, and for roots of a span of time, which is
 * at most `storeLimits.spanMax`. Whoever reads from a time downwards has to begin that much above it
 * with the spans, and need not with the moments.
 */
export type TimelineKind = 'moments' | 'spans';

/** A row of the timeline: roots of a record from `first` to `time`, in the place of the last. */
export interface TimelineRow {
  readonly time: number;
  readonly first: number;
  readonly feed: FeedId;
  readonly from: number;
}

export interface HeldRecord extends RecordKey {
  readonly time: number;
}

export interface Store {
  /** Every feed, as of the last commit. In memory: no I/O. */
  feeds(): readonly FeedState[];
  find(feed: FeedId): FeedState | undefined;
  /** The highest arrival number given so far; 0 in an empty store. */
  latestArrival(): number;
  held(): readonly HeldRecord[];
  /**
   * Writes all or nothing, synced; gives each visible record the next arrival numbers, in order.
   * Rejects with SkychatError `disk-full` or `store-failed`, nothing being changed.
   * @returns the arrival number of the first message of each record (0 where held), then of each release
   */
  commit(change: Commit): Promise<CommitArrivals>;
  /**
   * Consecutive records of the feed's chain or tail, from the one that holds `seq` on, until they
   * have `bytesMax` bytes together: at least one where there is one. A damaged record ends the list
   * before it, and is reported through the store's options.
   */
  records(feed: FeedId, seq: number, bytesMax: number): Promise<readonly StoredRecord[]>;
  /** Rows that hold arrival numbers above `after`, in order. Withdrawn numbers have none. */
  arrivals(after: number, limit: number): Promise<readonly ArrivalRow[]>;
  /** Rows of the group's timeline, newest first: all, or those before a time, or before a row. */
  timeline(
    group: GroupId,
    kind: TimelineKind,
    before: TimelineRow | number | undefined,
    limit: number,
  ): Promise<readonly TimelineRow[]>;
  /** The same rows oldest first: those from a time on, or those behind a row. */
  timelineFrom(
    group: GroupId,
    kind: TimelineKind,
    from: TimelineRow | number,
    limit: number,
  ): Promise<readonly TimelineRow[]>;
  /**
   * Where the message may stand, one place a feed: its first; the caller compares the whole id. (Of
   * two messages of one feed whose ids begin alike, which takes 2^48 attempts, the first is found.)
   */
  positions(id: MessageId): Promise<readonly Position[]>;
  /** Every visible or held message that was stored with this label, by feed and position. */
  labelled(label: string): Promise<readonly Position[]>;
  /** Number of messages with a label that tells that they are none of a person. In memory. */
  labelledCount(): number;
  /**
   * A number that changes whenever records that were there are withdrawn, objects of them are erased,
   * or a message of one is found to stand earlier in its feed: what was read before is old then. In
   * memory.
   */
  rewrites(): number;
  local(prefix: string): Promise<readonly LocalRow[]>;
  findLocal(key: string): Promise<Uint8Array | undefined>;
  /** Approximate size on disk. */
  bytes(): Promise<number>;
  /**
   * Gives back the room of what was erased: no byte of that is in the store's files afterwards.
   * @param everything also of what was erased before this store was opened
   */
  reclaim(everything?: boolean): Promise<void>;
  close(): Promise<void>;
}

export interface CommitArrivals {
  readonly records: readonly number[];
  readonly releases: readonly number[];
  /**
   * Set where an object stands in its feed already: not every message of the commit is a new one,
   * and only `Archive` tells which are.
   */
  readonly repeats?: true;
  /** How many of the erasures, from the first on, were dealt with: at least one, where there are any. */
  readonly erased?: number;
}

/** Told when a read met a record or row whose checksum does not hold. */
export type DamageListener = (damage: {
  readonly feed: FeedId | undefined;
  readonly from: number | undefined;
  readonly what: string;
}) => void;
