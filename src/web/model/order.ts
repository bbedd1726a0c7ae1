// The order of a timeline, which is the same on every node: by time, then author, then place in the
// author's feed. Knows nothing of arrivals.
import type { MessageView } from '../../chat/view.ts';

export type Place = Pick<MessageView, 'time' | 'author' | 'seq' | 'index'>;

/** Times are ISO 8601 in UTC with milliseconds, so they sort as text. */
export function comparePlaces(a: Place, b: Place): number {
  if (a.time !== b.time) return a.time < b.time ? -1 : 1;
  if (a.author !== b.author) return a.author < b.author ? -1 : 1;
  return a.seq - b.seq || a.index - b.index;
}

/** Where in the sorted list the place is, or would be put. */
export function findPlace(sorted: readonly Place[], place: Place): number {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    const one = sorted[middle];
    if (one !== undefined && comparePlaces(one, place) < 0) low = middle + 1;
    else high = middle;
  }
  return low;
}
