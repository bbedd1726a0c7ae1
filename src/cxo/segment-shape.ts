// The outline of a segment's bytes: how many roots and messages, and the spans of time they cover.
// Reads lengths and times only; whether the objects are valid was settled before.
import { ByteReader, equal } from '../bytes.ts';
import { idBytes, type RootId } from './ids.ts';
import { rootLimits, segmentLimits, storeLimits } from './limits.ts';

/** Times of consecutive roots, microseconds, first and last. */
export interface Span {
  readonly first: number;
  readonly last: number;
}

export interface SegmentShape {
  readonly roots: number;
  readonly messages: number;
  /** At least one, none longer than `storeLimits.spanMax`, each later than the one before it. */
  readonly spans: readonly Span[];
}

const signatureBytes = 64;

/** The number of roots that a segment's header names; undefined where there is none. */
export function findRootCount(bytes: Uint8Array): number | undefined {
  const reader = new ByteReader(bytes, idBytes);
  const roots = reader.varint() === undefined ? undefined : reader.varint();
  return roots !== undefined && roots >= 1 && roots <= segmentLimits.rootsMax ? roots : undefined;
}

const noRoot = new Uint8Array(idBytes);

/** What the bytes of a segment say of the roots before it. */
export function findSegmentBegin(bytes: Uint8Array): {
  readonly prev: RootId | undefined;
  readonly countBefore: number | undefined;
} {
  const reader = new ByteReader(bytes);
  const prev = reader.take(idBytes);
  const isFirst = prev === undefined || equal(prev, noRoot);
  return { prev: isFirst ? undefined : (prev.slice() as RootId), countBefore: reader.varint() };
}

/** Undefined where the bytes are not a segment. */
export function findSegmentShape(bytes: Uint8Array, signed: boolean): SegmentShape | undefined {
  const reader = new ByteReader(bytes, idBytes);
  const countBefore = reader.varint();
  const roots = reader.varint();
  if (countBefore === undefined || roots === undefined) return undefined;
  if (roots < 1 || roots > segmentLimits.rootsMax) return undefined;
  let messages = 0;
  let first = 0;
  let last = 0;
  const spans: Span[] = [];
  for (let i = 0; i < roots; i++) {
    const time = reader.varint();
    const count = skipSlots(reader);
    if (time === undefined || count === undefined || time < last) return undefined;
    if (i === 0) first = time;
    if (time - first > storeLimits.spanMax) {
      spans.push({ first, last });
      first = time;
    }
    last = time;
    messages += count;
  }
  if (reader.left !== (signed ? signatureBytes : 0)) return undefined;
  spans.push({ first, last });
  return { roots, messages, spans };
}

/** Steps over the slots of one root and gives their number. */
function skipSlots(reader: ByteReader): number | undefined {
  const count = reader.varint();
  if (count === undefined || count < 1 || count > rootLimits.objectsMax) return undefined;
  for (let i = 0; i < count; i++) {
    const length = reader.varint();
    if (length === undefined) return undefined;
    reader.offset += length === 0 ? idBytes : length;
  }
  return reader.left < 0 ? undefined : count;
}
