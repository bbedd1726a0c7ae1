// Where a run of a feed belongs, and what it does to the feed: it goes on its chain, or on its tail,
// the newest part that history is still being filled in below. Pure.
import {
  accept,
  acceptBackfill,
  acceptTail,
  emptyHead,
  type FeedHead,
  type FeedTail,
  type Rejection,
} from '../cxo/feed.ts';
import type { Run } from '../cxo/segment.ts';
import type { Feed } from './replica.ts';

/**
 * `chain`: behind what is here, or in it; `tail`: behind the tail, or in it, or its beginning;
 * `early`: a part whose front is still on its way; `gap`: nobody has asked for it.
 */
export type Place = 'chain' | 'tail' | 'early' | 'gap';

export type Admission =
  | {
      readonly verdict: 'accepted';
      /** What of it is new. */
      readonly run: Run;
      /** Where the feed stands behind it. */
      readonly after: { readonly head: FeedHead; readonly tail: FeedTail | undefined };
      /** Whether the tail turned out to be of another branch than the chain: it goes. */
      readonly withdraws: boolean;
    }
  | Rejection;

/**
 * @param asked for what the peer that sends it was asked that begins here: the newest part, or one
 *   of several parts
 */
export function placeOf(
  feed: Feed | undefined,
  from: number,
  asked: 'tail' | 'part' | undefined,
): Place {
  if (from <= (feed?.tip.seq ?? 0) + 1) return 'chain';
  const tail = feed?.tail;
  if (tail !== undefined && from >= tail.from) {
    return from <= tail.head.seq + 1 ? 'tail' : 'gap';
  }
  if (asked === 'part') return 'early';
  return asked === 'tail' && tail === undefined ? 'tail' : 'gap';
}

/** The last root that is here of the stretch that a place belongs to. */
export function endOf(feed: Feed | undefined, place: Place): number {
  if (place === 'tail') return feed?.tail?.head.seq ?? 0;
  return place === 'chain' ? (feed?.tip.seq ?? 0) : 0;
}

export function admit(feed: Feed | undefined, run: Run, place: 'chain' | 'tail'): Admission {
  const head = feed?.tip ?? emptyHead;
  const tail = feed?.tail;
  if (place === 'tail') {
    const state = { feed: run.feed, head, tail, forkedAt: feed?.forkedAt };
    const acceptance = acceptTail(state, run);
    if (acceptance.verdict !== 'accepted') return acceptance;
    const after = { head, tail: acceptance.tail };
    return { verdict: 'accepted', run: acceptance.run, after, withdraws: false };
  }
  const acceptance = tail === undefined ? accept(head, run) : acceptBackfill(head, tail, run);
  switch (acceptance.verdict) {
    case 'accepted':
      return { ...acceptance, after: { head: acceptance.run.head, tail }, withdraws: false };
    case 'joined': {
      const after = { head: tail?.head ?? emptyHead, tail: undefined };
      return { verdict: 'accepted', run: acceptance.run, after, withdraws: false };
    }
    case 'parted': {
      const after = { head: acceptance.run.head, tail: undefined };
      return { verdict: 'accepted', run: acceptance.run, after, withdraws: true };
    }
    case 'duplicate':
    case 'gap':
    case 'fork':
    case 'refused':
      return acceptance;
  }
}
