// The proof that an author signed two branches of one feed: a signed run of each, from the first
// root in which they differ on, behind the same root. Objects are left out: their ids are enough.
import { equal } from '../bytes.ts';
import type { FeedId } from '../cxo/root.ts';
import {
  encodeEntry,
  encodeSegment,
  skipEntries,
  verifySegment,
  type Run,
} from '../cxo/segment.ts';

export interface ForkProof {
  /** The earliest seq at which the branches differ. */
  readonly seq: number;
  readonly first: Uint8Array;
  readonly second: Uint8Array;
}

/** Whether the proof shows two branches of the feed that part at exactly `proof.seq`. */
export function verifyForkProof(feed: FeedId, proof: ForkProof): boolean {
  const first = verifySegment(feed, proof.seq, proof.first);
  const second = verifySegment(feed, proof.seq, proof.second);
  if (!first.ok || !second.ok) return false;
  const roots = [first.run, second.run].map(({ entries }) => entries[0]?.root);
  return (
    sameBytes(first.run.prev, second.run.prev) &&
    first.run.countBefore === second.run.countBefore &&
    !sameBytes(roots[0], roots[1])
  );
}

/** The proof out of two signed runs of a feed; undefined where they do not part within both. */
export function buildForkProof(ours: Run, theirs: Run): ForkProof | undefined {
  const from = Math.max(ours.from, theirs.from);
  const last = Math.min(ours.head.seq, theirs.head.seq);
  const [a, b] = [startAt(ours, from), startAt(theirs, from)];
  if (a === undefined || b === undefined || !sameBytes(a.prev, b.prev)) return undefined;
  for (let seq = from; seq <= last; seq++) {
    if (sameBytes(a.entries[seq - from]?.root, b.entries[seq - from]?.root)) continue;
    const branches = [a, b].map((run) => withoutObjects(skipEntries(run, seq - from)));
    const [first, second] = branches;
    return first === undefined || second === undefined ? undefined : { seq, first, second };
  }
  return undefined;
}

function startAt(run: Run, seq: number): Run | undefined {
  if (seq > run.head.seq) return undefined;
  return seq === run.from ? run : skipEntries(run, seq - run.from);
}

function withoutObjects(run: Run): Uint8Array {
  const entries = run.entries.map(({ time, objects }) =>
    encodeEntry(
      time,
      objects.map(({ id }) => ({ id })),
    ),
  );
  const { prev, countBefore, signature } = run;
  return encodeSegment({ prev, countBefore, roots: entries.length }, entries, signature);
}

function sameBytes(a: Uint8Array | undefined, b: Uint8Array | undefined): boolean {
  return a === undefined || b === undefined ? a === b : equal(a, b);
}
