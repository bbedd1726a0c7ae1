// The keys of the LevelDB store: one byte for the kind of row, then numbers in big-endian order, so
// that the order of the bytes is the order of the rows. Knows nothing of the values.
import { concat, parseUtf8, utf8 } from '../bytes.ts';
import type { MessageId } from './ids.ts';
import type { TimelineKind } from './store.ts';

export const rowKinds = {
  meta: 1,
  feed: 2,
  name: 3,
  record: 4,
  arrival: 5,
  moment: 6,
  span: 7,
  id: 8,
  label: 9,
  held: 10,
  local: 11,
} as const;

/** Keys from `gte` to before `lt`. */
export interface KeyRange {
  readonly gte: Uint8Array;
  readonly lt: Uint8Array;
}

/** The place of a record: the store's own number of the feed, and the seq of the first root. */
export interface RecordPlace {
  readonly feed: number;
  readonly from: number;
}

export interface MessagePlace {
  readonly feed: number;
  readonly seq: number;
  readonly index: number;
}

const feedWidth = 4;
const seqWidth = 6;
const timeWidth = 8;

/** How much of a message's id is in its row: 96 bits, so that only malice makes two alike. */
export const idPrefixBytes = 12;
export const idKeyBytes = 1 + idPrefixBytes + feedWidth;
export const idValueBytes = seqWidth + 1;

/** Big-endian, from `offset` on; the value fits the width. */
export function putNumber(bytes: Uint8Array, offset: number, width: number, value: number): void {
  let rest = value;
  for (let i = offset + width - 1; i >= offset; i--) {
    bytes[i] = rest % 256;
    rest = Math.floor(rest / 256);
  }
}

export function numberAt(bytes: Uint8Array, offset: number, width: number): number {
  let value = 0;
  for (let i = offset; i < offset + width; i++) value = value * 256 + (bytes[i] ?? 0);
  return value;
}

/** A key of numbers, each behind its width. */
function key(kind: number, ...parts: readonly (readonly [width: number, value: number])[]) {
  let length = 1;
  for (const [width] of parts) length += width;
  const bytes = new Uint8Array(length);
  bytes[0] = kind;
  let at = 1;
  for (const [width, value] of parts) {
    putNumber(bytes, at, width, value);
    at += width;
  }
  return bytes;
}

export const metaKey = key(rowKinds.meta);

export function feedRowKey(feed: number): Uint8Array {
  return key(rowKinds.feed, [feedWidth, feed]);
}

export function nameKey(feed: number): Uint8Array {
  return key(rowKinds.name, [feedWidth, feed]);
}

/** The feed number of a feed row's or name row's key. */
export function parseFeedNumber(bytes: Uint8Array): number | undefined {
  return bytes.length === 1 + feedWidth ? numberAt(bytes, 1, feedWidth) : undefined;
}

export function recordKey(place: RecordPlace): Uint8Array {
  return key(rowKinds.record, [feedWidth, place.feed], [seqWidth, place.from]);
}

export function heldKey(place: RecordPlace): Uint8Array {
  return key(rowKinds.held, [feedWidth, place.feed], [seqWidth, place.from]);
}

/** The place in a record row's or held row's key. */
export function parseRecordPlace(bytes: Uint8Array): RecordPlace | undefined {
  if (bytes.length !== 1 + feedWidth + seqWidth) return undefined;
  return {
    feed: numberAt(bytes, 1, feedWidth),
    from: numberAt(bytes, 1 + feedWidth, seqWidth),
  };
}

export function arrivalKey(arrival: number): Uint8Array {
  return key(rowKinds.arrival, [seqWidth, arrival]);
}

export function parseArrival(bytes: Uint8Array): number | undefined {
  return bytes.length === 1 + seqWidth ? numberAt(bytes, 1, seqWidth) : undefined;
}

const timelineKinds = { moments: rowKinds.moment, spans: rowKinds.span } as const;

export interface TimelinePlace extends RecordPlace {
  readonly group: number;
  readonly time: number;
}

export function timelineKey(kind: TimelineKind, place: TimelinePlace): Uint8Array {
  return key(
    timelineKinds[kind],
    [feedWidth, place.group],
    [timeWidth, place.time],
    [feedWidth, place.feed],
    [seqWidth, place.from],
  );
}

export function parseTimelinePlace(bytes: Uint8Array): TimelinePlace | undefined {
  if (bytes.length !== 1 + feedWidth + timeWidth + feedWidth + seqWidth) return undefined;
  return {
    group: numberAt(bytes, 1, feedWidth),
    time: numberAt(bytes, 1 + feedWidth, timeWidth),
    feed: numberAt(bytes, 1 + feedWidth + timeWidth, feedWidth),
    from: numberAt(bytes, 1 + feedWidth + timeWidth + feedWidth, seqWidth),
  };
}

/** Rows of a group's timeline before a time, or before a row. */
export function timelineRange(
  kind: TimelineKind,
  group: number,
  before: TimelinePlace | number | undefined,
): KeyRange {
  const gte = key(timelineKinds[kind], [feedWidth, group]);
  if (before === undefined) return { gte, lt: afterPrefix(gte) };
  if (typeof before !== 'number') return { gte, lt: timelineKey(kind, before) };
  return { gte, lt: key(timelineKinds[kind], [feedWidth, group], [timeWidth, before]) };
}

/** Rows of a group's timeline from a time on, or behind a row. */
export function timelineRangeFrom(
  kind: TimelineKind,
  group: number,
  from: TimelinePlace | number,
): KeyRange {
  const all = key(timelineKinds[kind], [feedWidth, group]);
  if (typeof from === 'number') {
    return {
      gte: key(timelineKinds[kind], [feedWidth, group], [timeWidth, from]),
      lt: afterPrefix(all),
    };
  }
  return { gte: timelineKey(kind, { ...from, from: from.from + 1 }), lt: afterPrefix(all) };
}

export function putIdKey(bytes: Uint8Array, offset: number, id: MessageId, feed: number): void {
  bytes[offset] = rowKinds.id;
  for (let i = 0; i < idPrefixBytes; i++) bytes[offset + 1 + i] = id[i] ?? 0;
  putNumber(bytes, offset + 1 + idPrefixBytes, feedWidth, feed);
}

export function putIdValue(bytes: Uint8Array, offset: number, seq: number, index: number): void {
  putNumber(bytes, offset, seqWidth, seq);
  bytes[offset + seqWidth] = index;
}

/** The rows of all feeds for one id. */
export function idRange(id: MessageId): KeyRange {
  const gte = new Uint8Array(1 + idPrefixBytes);
  gte[0] = rowKinds.id;
  gte.set(id.subarray(0, idPrefixBytes), 1);
  return { gte, lt: afterPrefix(gte) };
}

export function parseIdRow(bytes: Uint8Array, value: Uint8Array): MessagePlace | undefined {
  if (bytes.length !== idKeyBytes || value.length !== idValueBytes) return undefined;
  return {
    feed: numberAt(bytes, 1 + idPrefixBytes, feedWidth),
    seq: numberAt(value, 0, seqWidth),
    index: value[seqWidth] ?? 0,
  };
}

export function labelKey(label: string, place: MessagePlace): Uint8Array {
  const numbers = key(0, [feedWidth, place.feed], [seqWidth, place.seq], [1, place.index]);
  return concat(Uint8Array.of(rowKinds.label), utf8(label), numbers);
}

/** A zero byte ends the label, which has none. */
export function labelRange(label: string): KeyRange {
  const gte = concat(Uint8Array.of(rowKinds.label), utf8(label), Uint8Array.of(0));
  return { gte, lt: afterPrefix(gte) };
}

export function parseLabelKey(bytes: Uint8Array): (MessagePlace & { label: string }) | undefined {
  const at = bytes.length - feedWidth - seqWidth - 1;
  const label = at < 2 ? undefined : parseUtf8(bytes.subarray(1, at - 1));
  if (label === undefined || bytes[at - 1] !== 0) return undefined;
  return {
    label,
    feed: numberAt(bytes, at, feedWidth),
    seq: numberAt(bytes, at + feedWidth, seqWidth),
    index: bytes[at + feedWidth + seqWidth] ?? 0,
  };
}

export function localKey(name: string): Uint8Array {
  return concat(Uint8Array.of(rowKinds.local), utf8(name));
}

export function parseLocalKey(bytes: Uint8Array): string | undefined {
  return parseUtf8(bytes.subarray(1));
}

/** All keys that begin with the prefix. */
export function prefixRange(prefix: Uint8Array): KeyRange {
  return { gte: prefix, lt: afterPrefix(prefix) };
}

export function kindRange(kind: number): KeyRange {
  return prefixRange(Uint8Array.of(kind));
}

/** Every record of a feed, from the seq on. */
export function recordRange(feed: number, from = 0): KeyRange {
  return {
    gte: recordKey({ feed, from }),
    lt: afterPrefix(key(rowKinds.record, [feedWidth, feed])),
  };
}

/** The first key behind all that begin with the prefix, which is not all 255. */
function afterPrefix(prefix: Uint8Array): Uint8Array {
  const next = prefix.slice();
  for (let i = next.length - 1; i >= 0; i--) {
    const byte = next[i] ?? 0;
    if (byte < 255) {
      next[i] = byte + 1;
      return next.slice(0, i + 1);
    }
  }
  throw new Error('no key is behind this prefix');
}
