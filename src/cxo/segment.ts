// A segment: a run of one feed's roots with their objects, ending in a signed root. It is what is
// sent, verified and stored, in the same bytes. What follows from the chain (group, author, seq,
// prev, ids) is not in it: the roots are rebuilt, and the one signature vouches for all of them.
import { ByteReader, equal, varintLength, writeVarint } from '../bytes.ts';
import { publicKeyBytes } from '../identity.ts';
import {
  groupIdBytes,
  idBytes,
  messageIdOf,
  objectIdOf,
  type MessageId,
  type ObjectId,
  type RootId,
} from './ids.ts';
import { objectLimits, rootLimits, segmentLimits } from './limits.ts';
import { verifyObject, type ObjectReason } from './object.ts';
import { RootEncoder, type FeedId, type RootReason } from './root.ts';
import { verifySignature } from './sign.ts';
import type { FeedHead } from './feed.ts';

export interface SegmentHeader {
  /** The root before the first; undefined where the segment begins the feed. */
  readonly prev: RootId | undefined;
  /** Objects in the feed before the segment. */
  readonly countBefore: number;
  /** Number of roots. */
  readonly roots: number;
}

/** A slot of a root: the object's bytes, or only its id where they were erased. */
export type Slot =
  | { readonly object: Uint8Array; readonly id?: undefined }
  | { readonly object?: undefined; readonly id: ObjectId };

export interface SegmentEntry {
  readonly time: number;
  readonly slots: readonly Slot[];
  /** Where the entry begins in the segment's bytes. */
  readonly offset: number;
}

export interface Segment {
  readonly header: SegmentHeader;
  readonly entries: readonly SegmentEntry[];
  /** Where the entries end and the signature begins. */
  readonly entriesEnd: number;
  /** Of the last root; absent where a later segment's signature vouches for this one. */
  readonly signature: Uint8Array | undefined;
}

export type SegmentReason = 'bad-segment' | 'bad-signature' | RootReason | ObjectReason;

export interface RunObject {
  readonly message: MessageId;
  readonly id: ObjectId;
  /** Undefined where the object was erased. */
  readonly bytes: Uint8Array | undefined;
  readonly kind: string | undefined;
}

export interface RunEntry {
  readonly seq: number;
  readonly time: number;
  readonly root: RootId;
  readonly objects: readonly RunObject[];
  readonly offset: number;
}

/** A segment whose roots were rebuilt. */
export interface Run {
  readonly feed: FeedId;
  /** Seq of the first root. */
  readonly from: number;
  readonly prev: RootId | undefined;
  readonly countBefore: number;
  readonly entries: readonly RunEntry[];
  /** Where the feed stands behind the run. */
  readonly head: FeedHead;
  readonly bytes: Uint8Array;
  readonly signature: Uint8Array | undefined;
}

export type VerifiedRun =
  { readonly ok: true; readonly run: Run } | { readonly ok: false; readonly reason: SegmentReason };

const signatureBytes = 64;
const noRoot = new Uint8Array(idBytes);

/** The bytes of one entry: time, number of slots, then each slot behind its length. */
export function encodeEntry(time: number, slots: readonly Slot[]): Uint8Array {
  let length = varintLength(time) + varintLength(slots.length);
  for (const { object } of slots) {
    length += object === undefined ? 1 + idBytes : varintLength(object.length) + object.length;
  }
  const bytes = new Uint8Array(length);
  let at = writeVarint(bytes, 0, time);
  at = writeVarint(bytes, at, slots.length);
  for (const { object, id } of slots) {
    at = writeVarint(bytes, at, object?.length ?? 0);
    const part = object ?? id;
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

/** Puts a segment together from encoded entries. */
export function encodeSegment(
  header: SegmentHeader,
  entries: readonly Uint8Array[],
  signature: Uint8Array | undefined,
): Uint8Array {
  let length = idBytes + varintLength(header.countBefore) + varintLength(header.roots);
  for (const entry of entries) length += entry.length;
  const bytes = new Uint8Array(length + (signature?.length ?? 0));
  bytes.set(header.prev ?? noRoot);
  let at = writeVarint(bytes, idBytes, header.countBefore);
  at = writeVarint(bytes, at, header.roots);
  for (const entry of entries) {
    bytes.set(entry, at);
    at += entry.length;
  }
  if (signature !== undefined) bytes.set(signature, at);
  return bytes;
}

/** Splits the bytes of a segment; undefined where they are not one. Entries are views. */
export function parseSegment(bytes: Uint8Array, signed = true): Segment | undefined {
  if (bytes.length > segmentLimits.bytesMax) return undefined;
  const reader = new ByteReader(bytes);
  const prev = reader.take(idBytes);
  const countBefore = reader.varint();
  const roots = reader.varint();
  if (prev === undefined || countBefore === undefined || roots === undefined) return undefined;
  if (roots < 1 || roots > segmentLimits.rootsMax) return undefined;
  const entries: SegmentEntry[] = [];
  let objects = 0;
  for (let i = 0; i < roots; i++) {
    const entry = parseEntry(reader);
    if (entry === undefined) return undefined;
    objects += entry.slots.length;
    if (objects > segmentLimits.objectsMax) return undefined;
    entries.push(entry);
  }
  const entriesEnd = reader.offset;
  const signature = signed ? reader.take(signatureBytes) : undefined;
  if ((signed && signature === undefined) || reader.left !== 0) return undefined;
  const header = {
    prev: equal(prev, noRoot) ? undefined : (prev as RootId),
    countBefore,
    roots,
  };
  return { header, entries, entriesEnd, signature };
}

/** Number of roots that a segment says it has; undefined where its header is not one. */
export function countRoots(bytes: Uint8Array): number | undefined {
  const reader = new ByteReader(bytes, idBytes);
  return reader.varint() === undefined ? undefined : reader.varint();
}

function parseEntry(reader: ByteReader): SegmentEntry | undefined {
  const offset = reader.offset;
  const time = reader.varint();
  const count = reader.varint();
  if (time === undefined || count === undefined) return undefined;
  if (count < 1 || count > rootLimits.objectsMax) return undefined;
  const slots: Slot[] = [];
  for (let i = 0; i < count; i++) {
    const length = reader.varint();
    if (length === undefined || length > objectLimits.bytesMax) return undefined;
    const bytes = reader.take(length === 0 ? idBytes : length);
    if (bytes === undefined) return undefined;
    slots.push(length === 0 ? { id: bytes as ObjectId } : { object: bytes });
  }
  if (reader.offset - offset > segmentLimits.entryBytesMax) return undefined;
  return { time, slots, offset };
}

/**
 * Rebuilds and verifies a segment for itself: each object, each link of the chain inside, and the
 * signature over the last root. Whether it fits behind what is known of the feed is `accept`'s.
 */
export function verifySegment(feed: FeedId, from: number, bytes: Uint8Array): VerifiedRun {
  const rebuilt = rebuildRun(feed, from, bytes, true);
  if (!rebuilt.ok) return rebuilt;
  const { run } = rebuilt;
  const last = run.entries.at(-1);
  const beforeLast = run.entries.at(-2);
  if (last === undefined || run.signature === undefined)
    return { ok: false, reason: 'bad-segment' };
  const root = new RootEncoder(feed).encode(
    last.seq,
    beforeLast?.root ?? run.prev,
    last.time,
    run.head.count,
    last.objects.map(({ id }) => id),
  );
  return verifySignature(feed.author, 'root', root, run.signature)
    ? rebuilt
    : { ok: false, reason: 'bad-signature' };
}

/** As `verifySegment`, without the signature: for what the own store has verified before. */
export function rebuildRun(
  feed: FeedId,
  from: number,
  bytes: Uint8Array,
  signed: boolean,
): VerifiedRun {
  const segment = parseSegment(bytes, signed);
  if (segment === undefined) return { ok: false, reason: 'bad-segment' };
  const { prev, countBefore } = segment.header;
  if (from < 1 || from + segment.entries.length > rootLimits.seqMax) {
    return { ok: false, reason: 'root-seq' };
  }
  if ((prev === undefined) !== (from === 1)) return { ok: false, reason: 'root-prev' };
  if (from === 1 ? countBefore !== 0 : countBefore < from - 1) {
    return { ok: false, reason: 'root-count' };
  }
  const encoder = new RootEncoder(feed);
  const group = groupIdBytes(feed.group);
  const author = publicKeyBytes(feed.author);
  const entries: RunEntry[] = [];
  let head: FeedHead = { seq: from - 1, root: prev, count: countBefore, time: 0 };
  for (const { time, slots, offset } of segment.entries) {
    if (time < head.time) return { ok: false, reason: 'root-time' };
    const objects: RunObject[] = [];
    for (const slot of slots) {
      const object = rebuildObject(group, author, slot);
      if (typeof object === 'string') return { ok: false, reason: object };
      objects.push(object);
    }
    const seq = head.seq + 1;
    const count = head.count + objects.length;
    const root = encoder.idOf(
      seq,
      head.root,
      time,
      count,
      objects.map(({ id }) => id),
    );
    entries.push({ seq, time, root, objects, offset });
    head = { seq, root, count, time };
  }
  const { signature } = segment;
  return { ok: true, run: { feed, from, prev, countBefore, entries, head, bytes, signature } };
}

function rebuildObject(
  group: Uint8Array,
  author: Uint8Array,
  slot: Slot,
): RunObject | ObjectReason {
  if (slot.object === undefined) {
    const message = messageIdOf(group, author, slot.id);
    return { message, id: slot.id, bytes: undefined, kind: undefined };
  }
  const verdict = verifyObject(slot.object);
  if (!verdict.ok) return verdict.reason;
  const id = objectIdOf(slot.object);
  const message = messageIdOf(group, author, id);
  return { message, id, bytes: slot.object, kind: verdict.kind };
}

/** The encoded entries of a run from the `first` to before the `end` entry, as one view. */
export function entryBytes(run: Run, first = 0, end = run.entries.length): Uint8Array {
  const entriesEnd = run.bytes.length - (run.signature?.length ?? 0);
  const begin = run.entries[first]?.offset ?? entriesEnd;
  return run.bytes.subarray(begin, run.entries[end]?.offset ?? entriesEnd);
}

/** The run without its first entries. */
export function skipEntries(run: Run, skipped: number): Run {
  return sliceRun(run, skipped, run.entries.length);
}

/** A part of a run as a segment of its own, signed only where it has the last root. */
export function sliceRun(run: Run, first: number, end: number): Run {
  const before = run.entries[first - 1];
  const entries = run.entries.slice(first, end);
  const last = entries.at(-1);
  if (last === undefined) throw new Error('a part of a run has at least one root');
  let { countBefore } = run;
  for (const entry of run.entries.slice(0, first)) countBefore += entry.objects.length;
  let count = countBefore;
  for (const entry of entries) count += entry.objects.length;
  const prev = before === undefined ? run.prev : before.root;
  const signature = end === run.entries.length ? run.signature : undefined;
  const header = { prev, countBefore, roots: entries.length };
  const bytes = encodeSegment(header, [entryBytes(run, first, end)], signature);
  const shift = bytes.length - (signature?.length ?? 0) - entryBytes(run, first, end).length;
  const base = entries[0]?.offset ?? 0;
  return {
    feed: run.feed,
    from: run.from + first,
    prev,
    countBefore,
    entries: entries.map((entry) => ({ ...entry, offset: entry.offset - base + shift })),
    head: { seq: last.seq, root: last.root, count, time: last.time },
    bytes,
    signature,
  };
}
