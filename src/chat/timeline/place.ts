// Which of an author's messages is the latest: the order of one author's places in one group.
// Knows no kinds and no clocks.
import type { Entry } from '../../cxo/archive.ts';

export interface Place {
  readonly head: number;
  readonly seq: number;
  readonly index: number;
}

export function placeOf(entry: Entry): Place {
  return { head: entry.feed.head, seq: entry.seq, index: entry.index };
}

/** Negative, zero or positive. A greater head is a newer chain of the same author. */
export function comparePlaces(a: Place, b: Place): number {
  return a.head - b.head || a.seq - b.seq || a.index - b.index;
}
