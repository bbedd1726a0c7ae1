// A roster operation where it stands in its author's feed, and which operations were made in the
// knowledge of which. Knows nothing of who may do what.
import { compare } from '../../bytes.ts';
import type { Entry } from '../../cxo/archive.ts';
import { compareTimeline } from '../../cxo/timeline-page.ts';
import type { PublicKey } from '../../identity.ts';
import type { RosterOperation } from './operation.ts';
import type { Seen } from './seen.ts';

export interface Act {
  readonly entry: Entry;
  readonly author: PublicKey;
  readonly authorBytes: Uint8Array;
  /** Author and head, as `authorHead` has it. */
  readonly feed: string;
  readonly operation: RosterOperation;
  readonly seen: Seen;
}

/** Timeline order: negative, zero or positive. Of a fork, two can stand in one place. */
export function compareActs(a: Act, b: Act): number {
  return compareTimeline(a.entry, b.entry) || compare(a.entry.objectId, b.entry.objectId);
}

/** The order in which one author made them: a greater head is a newer chain. */
export function compareOwn(a: Act, b: Act): number {
  return (
    a.entry.feed.head - b.entry.feed.head ||
    a.entry.seq - b.entry.seq ||
    a.entry.index - b.entry.index
  );
}

/**
 * Whether `later` was made in the knowledge of `earlier`: its author says so, and the times do not
 * contradict. What is signed may claim to have seen what did not exist yet; an honest clock is ahead
 * of all that its node has seen, so that what is done in answer to the claim is the later one.
 */
export function precedes(earlier: Act, later: Act): boolean {
  return compareActs(earlier, later) < 0 && hasSeen(later, earlier);
}

function hasSeen(act: Act, other: Act): boolean {
  if (act.author === other.author) return compareOwn(other, act) < 0;
  const { feed, seq } = other.entry;
  return act.seen.seqOf(other.authorBytes, feed.head) >= seq;
}
