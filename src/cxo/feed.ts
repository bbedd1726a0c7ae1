// A feed's head and tail, and the rules by which a verified run of roots moves them. Pure: no clock,
// no store.
import { equal } from '../bytes.ts';
import type { RootId } from './ids.ts';
import type { FeedId, RootReason } from './root.ts';
import { skipEntries, sliceRun, type Run } from './segment.ts';

/** Where a feed's chain ends. Seq 0 and no root where nothing of it is known. */
export interface FeedHead {
  readonly seq: number;
  readonly root: RootId | undefined;
  /** Objects in the feed so far. */
  readonly count: number;
  /** Of the last root, microseconds. */
  readonly time: number;
}

export const emptyHead: FeedHead = { seq: 0, root: undefined, count: 0, time: 0 };

/**
 * Consecutive roots further up than the chain, which their own signature vouches for: the newest
 * part of a feed that is still being filled up from behind. At least one root is missing in between.
 */
export interface FeedTail {
  /** Seq of its first root. */
  readonly from: number;
  /** The root before it, as its first root names it. */
  readonly prev: RootId;
  /** Objects in the feed before it, as its first root has it. */
  readonly countBefore: number;
  /** Of its first root, microseconds: the chain may not end later. */
  readonly time: number;
  /** Where it ends. */
  readonly head: FeedHead;
}

/** A feed and where it stands, as a store keeps it. */
export interface FeedState {
  readonly feed: FeedId;
  /** Where the chain from the first root on ends. */
  readonly head: FeedHead;
  /** The earliest seq at which the author is proved to have signed two roots. */
  readonly forkedAt: number | undefined;
  readonly tail?: FeedTail | undefined;
}

/** The messages that are there of a feed: those of its chain and of its tail. */
export function messagesOf({ head, tail }: FeedState): number {
  return head.count + (tail === undefined ? 0 : tail.head.count - tail.countBefore);
}

/** Where a stretch of roots without a gap ends, for a seq of the chain or of the tail. */
export function stretchOf(
  { head, tail }: FeedState,
  seq: number,
): { readonly from: number; readonly last: number } | undefined {
  if (seq >= 1 && seq <= head.seq) return { from: 1, last: head.seq };
  if (tail === undefined || seq < tail.from || seq > tail.head.seq) return undefined;
  return { from: tail.from, last: tail.head.seq };
}

/** Why a run does not move a head. */
export type Rejection =
  | { readonly verdict: 'duplicate' }
  /** Roots between the head and the run are missing. */
  | { readonly verdict: 'gap' }
  /** The run is of another branch than the head: they part at or before the head. */
  | { readonly verdict: 'fork' }
  | { readonly verdict: 'refused'; readonly reason: RootReason };

export type Acceptance =
  /** The part of the run that is new, directly behind the head. */
  { readonly verdict: 'accepted'; readonly run: Run } | Rejection;

/** What a run, verified for itself, means for a feed that stands at `head`. */
export function accept(head: FeedHead, run: Run): Acceptance {
  if (run.from > head.seq + 1) return { verdict: 'gap' };
  if (run.head.seq < head.seq) return { verdict: 'duplicate' };
  if (run.head.seq === head.seq) {
    return { verdict: sameRoot(run.head.root, head.root) ? 'duplicate' : 'fork' };
  }
  const known = head.seq + 1 - run.from;
  const previous = known === 0 ? run.prev : run.entries[known - 1]?.root;
  if (!sameRoot(previous, head.root)) return { verdict: 'fork' };
  const rest = known === 0 ? run : skipEntries(run, known);
  if (rest.countBefore !== head.count) return { verdict: 'refused', reason: 'root-count' };
  const first = rest.entries[0];
  if (first === undefined || first.time < head.time) {
    return { verdict: 'refused', reason: 'root-time' };
  }
  return { verdict: 'accepted', run: rest };
}

export type TailAcceptance =
  /** The part of the run that is new, and the feed's tail with it. */
  { readonly verdict: 'accepted'; readonly run: Run; readonly tail: FeedTail } | Rejection;

/**
 * What a run, verified for itself, means for a feed's tail: it extends it, or begins it where there
 * is none. A run that begins one is beyond the root behind the chain; any other is for `accept`.
 */
export function acceptTail({ head, tail }: FeedState, run: Run): TailAcceptance {
  if (tail !== undefined) {
    if (run.head.seq < tail.from) return { verdict: 'gap' };
    const acceptance = accept(tail.head, run);
    if (acceptance.verdict !== 'accepted') return acceptance;
    return { ...acceptance, tail: { ...tail, head: acceptance.run.head } };
  }
  if (run.from <= head.seq + 1) throw new Error('a run behind the chain begins no tail');
  return { verdict: 'accepted', run, tail: tailOf(run) };
}

/** A run as the tail that it begins. */
export function tailOf({ from, prev, countBefore, entries, head }: Run): FeedTail {
  const [first] = entries;
  if (prev === undefined || first === undefined) throw new Error('a tail has roots before it');
  return { from, prev, countBefore, time: first.time, head };
}

export type BackfillAcceptance =
  | Acceptance
  /**
   * With this part of the run the chain reaches the tail, which continues it: the feed's head is the
   * tail's. It is unsigned where the run goes on into the tail, whose signature vouches for it. What
   * the run says beyond is not looked at: it is for `accept`, behind the tail's head.
   */
  | { readonly verdict: 'joined'; readonly run: Run }
  /**
   * The chain reaches the tail, which does not continue it: the tail is to be withdrawn. The run is
   * all that is new behind the chain. With `root-prev` the author has signed two branches; else the
   * tail alone is wrong, and no node that has the chain ever takes it.
   */
  | { readonly verdict: 'parted'; readonly run: Run; readonly reason: RootReason };

/** What a run, verified for itself, means for a chain that ends at `head`, below a tail. */
export function acceptBackfill(head: FeedHead, tail: FeedTail, run: Run): BackfillAcceptance {
  const acceptance = accept(head, run);
  if (acceptance.verdict !== 'accepted') return acceptance;
  const rest = acceptance.run;
  const missing = tail.from - rest.from;
  const last = rest.entries[missing - 1];
  if (last === undefined) return acceptance;
  if (!equal(last.root, tail.prev)) return { verdict: 'parted', run: rest, reason: 'root-prev' };
  const filling = missing === rest.entries.length ? rest : sliceRun(rest, 0, missing);
  if (filling.head.count !== tail.countBefore) {
    return { verdict: 'parted', run: rest, reason: 'root-count' };
  }
  if (tail.time < last.time) return { verdict: 'parted', run: rest, reason: 'root-time' };
  return { verdict: 'joined', run: filling };
}

export function sameHead(a: FeedHead, b: FeedHead): boolean {
  return a.seq === b.seq && a.count === b.count && a.time === b.time && sameRoot(a.root, b.root);
}

export function sameRoot(a: RootId | undefined, b: RootId | undefined): boolean {
  return a === undefined || b === undefined ? a === b : equal(a, b);
}
