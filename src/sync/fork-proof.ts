// The proof that an author signed two branches of one feed: a signed run of each, from the first
// root in which they differ on, behind the same root. Objects are left out: their ids are enough.
import { equal, varintLength, writeVarint, type ByteReader } from '../bytes.ts';
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

/** What two signed runs of a feed say of the place where their branches part. */
export type Comparison =
  | { readonly parts: 'within'; readonly proof: ForkProof }
  /** Before the first root that both have. */
  | { readonly parts: 'before' }
  /** At this seq at the earliest. */
  | { readonly parts: 'behind'; readonly seq: number };

/** Compares two runs that have a root in common places; undefined where they have none. */
export function compareBranches(ours: Run, theirs: Run): Comparison | undefined {
  const from = Math.max(ours.from, theirs.from);
  const last = Math.min(ours.head.seq, theirs.head.seq);
  if (from > last) return undefined;
  const a = skipEntries(ours, from - ours.from);
  const b = skipEntries(theirs, from - theirs.from);
  if (!sameBytes(a.prev, b.prev)) return { parts: 'before' };
  for (let seq = from; seq <= last; seq++) {
    if (sameBytes(a.entries[seq - from]?.root, b.entries[seq - from]?.root)) continue;
    const [first, second] = [a, b].map((run) => withoutObjects(skipEntries(run, seq - from)));
    if (first === undefined || second === undefined) return undefined;
    return { parts: 'within', proof: { seq, first, second } };
  }
  return { parts: 'behind', seq: last + 1 };
}

/** The bytes of a proof, in a frame and on disk. */
export function encodeForkProof({ seq, first, second }: ForkProof): Uint8Array {
  const length = varintLength(seq) + varintLength(first.length) + first.length + second.length;
  const bytes = new Uint8Array(length);
  let at = writeVarint(bytes, 0, seq);
  at = writeVarint(bytes, at, first.length);
  bytes.set(first, at);
  bytes.set(second, at + first.length);
  return bytes;
}

/** Undefined where the bytes from the reader's place to the end are not a proof. Copies. */
export function parseForkProof(reader: ByteReader): ForkProof | undefined {
  const seq = reader.varint();
  const length = reader.varint();
  if (seq === undefined || length === undefined) return undefined;
  const first = reader.take(length)?.slice();
  const second = reader.take(reader.left)?.slice();
  return first === undefined || second === undefined ? undefined : { seq, first, second };
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
