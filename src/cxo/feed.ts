// A feed's head, and the rule by which a verified run of roots moves it. Pure: no clock, no store.
import { equal } from '../bytes.ts';
import type { RootId } from './ids.ts';
import type { FeedId, RootReason } from './root.ts';
import { skipEntries, type Run } from './segment.ts';

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

/** A feed and where it stands, as a store keeps it. */
export interface FeedState {
  readonly feed: FeedId;
  readonly head: FeedHead;
  /** The earliest seq at which the author is proved to have signed two roots. */
  readonly forkedAt: number | undefined;
}

export type Acceptance =
  /** The part of the run that is new, directly behind the head. */
  | { readonly verdict: 'accepted'; readonly run: Run }
  | { readonly verdict: 'duplicate' }
  /** Roots between the head and the run are missing. */
  | { readonly verdict: 'gap' }
  /** The run is of another branch than the head: they part at or before the head. */
  | { readonly verdict: 'fork' }
  | { readonly verdict: 'refused'; readonly reason: RootReason };

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

function sameRoot(a: RootId | undefined, b: RootId | undefined): boolean {
  return a === undefined || b === undefined ? a === b : equal(a, b);
}
