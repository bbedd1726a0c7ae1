// The outer form of an arrival number: fixed width, so that it grows as text and as a number.
// Knows nothing of what arrived.
import { SkychatError } from '../../errors.ts';

/** Digits of the largest safe integer. */
const width = 16;

export function formatCursor(arrival: number): string {
  return String(arrival).padStart(width, '0');
}

/**
 * The arrival number of a cursor: as `formatCursor` wrote it or without the zeros, `0` for the very
 * beginning, `now` for the latest.
 * @param latest arrival number that `now` stands for
 * @param highest arrival number that there is; above `latest` while a commit is being announced
 * @throws SkychatError `bad-cursor`
 */
export function parseCursor(text: string, latest: number, highest = latest): number {
  if (text === 'now') return latest;
  if (!/^[0-9]{1,16}$/.test(text)) {
    throw new SkychatError('bad-cursor', 'a cursor is a number, or the word now', {
      hint: 'Use a message\'s "cursor", the "next" of an earlier answer, 0 or now.',
    });
  }
  const arrival = Number(text);
  if (arrival > highest) {
    throw new SkychatError('bad-cursor', 'the cursor is beyond the latest message of this node', {
      hint: 'It is of another node, or the store was replaced since. Start from 0 or now.',
    });
  }
  return arrival;
}

/** The order of two cursors, with their zeros or without. */
export function compareCursors(a: string, b: string): number {
  const [one, other] = [a.replace(/^0+/, ''), b.replace(/^0+/, '')];
  if (one.length !== other.length) return one.length - other.length;
  return one < other ? -1 : Number(one > other);
}
