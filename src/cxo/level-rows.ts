// The values of the LevelDB store. Each ends in a checksum over its key and itself, since LevelDB
// does not verify its blocks when it reads; the rows of ids alone have none, as whoever follows one
// hashes the message again. Knows nothing of files.
import { createHash } from 'node:crypto';
import { ByteReader, concat, equal, varintLength, writeVarint } from '../bytes.ts';
import { publicKeyBytes, publicKeyOfBytes } from '../identity.ts';
import type { FeedHead, FeedState, FeedTail } from './feed.ts';
import { groupIdBytes, groupIdOfBytes, idBytes, sha256, type RootId } from './ids.ts';
import type { FeedId } from './root.ts';

export interface Row {
  readonly key: Uint8Array;
  readonly value: Uint8Array;
}

const checksumBytes = 8;

/** A row of the parts, one behind the other, and their checksum. */
export function sealRow(key: Uint8Array, ...parts: readonly Uint8Array[]): Row {
  const whole = concat(key, ...parts, new Uint8Array(checksumBytes));
  const end = whole.length - checksumBytes;
  whole.set(sha256(whole.subarray(0, end)).subarray(0, checksumBytes), end);
  return { key: whole.subarray(0, key.length), value: whole.subarray(key.length) };
}

/** A view of the value without its checksum; undefined where the checksum does not hold. */
export function unsealValue(key: Uint8Array, value: Uint8Array): Uint8Array | undefined {
  const end = value.length - checksumBytes;
  if (end < 0) return undefined;
  const body = value.subarray(0, end);
  const digest = createHash('sha256').update(key).update(body).digest();
  return equal(digest.subarray(0, checksumBytes), value.subarray(end)) ? body : undefined;
}

export function varints(...values: readonly number[]): Uint8Array {
  let length = 0;
  for (const value of values) length += varintLength(value);
  const bytes = new Uint8Array(length);
  let at = 0;
  for (const value of values) at = writeVarint(bytes, at, value);
  return bytes;
}

/** That many variable-length integers and nothing else; undefined where the body is not that. */
export function parseVarints(body: Uint8Array, count: number): number[] | undefined {
  const reader = new ByteReader(body);
  const values: number[] = [];
  for (let i = 0; i < count; i++) {
    const value = reader.varint();
    if (value === undefined) return undefined;
    values.push(value);
  }
  return reader.left === 0 ? values : undefined;
}

export interface MetaBody {
  readonly version: number;
  /** Random: tells one store from another that has the same records. */
  readonly storeId: Uint8Array;
  /** Arrival numbers up to here were given, though the messages may be gone: see repair-store.ts. */
  readonly arrivalFloor: number;
}

export const storeIdBytes = 16;

export function sealMeta(key: Uint8Array, { version, storeId, arrivalFloor }: MetaBody): Row {
  return sealRow(key, varints(version), storeId, varints(arrivalFloor));
}

/** Of a later version only the version is certain. */
export function parseMeta(body: Uint8Array): MetaBody | undefined {
  const reader = new ByteReader(body);
  const version = reader.varint();
  const storeId = reader.take(storeIdBytes);
  const arrivalFloor = reader.varint();
  if (version === undefined) return undefined;
  return { version, storeId: storeId ?? new Uint8Array(), arrivalFloor: arrivalFloor ?? 0 };
}

/** A feed by the store's numbers of it and of its group. */
export interface FeedName {
  readonly group: number;
  readonly feed: FeedId;
}

/** What never changes of a feed; written once, apart from the feed row, so that one can be lost. */
export function encodeName({ group, feed }: FeedName): Uint8Array {
  const numbers = varints(group, feed.head);
  return concat(groupIdBytes(feed.group), publicKeyBytes(feed.author), numbers);
}

export function parseName(body: Uint8Array): FeedName | undefined {
  const reader = new ByteReader(body);
  const name = readName(reader);
  return reader.left === 0 ? name : undefined;
}

/** A tail stands behind the rest, and nothing where there is none. */
export function encodeFeed(group: number, state: FeedState): Uint8Array {
  const { head, forkedAt, feed, tail } = state;
  return concat(
    encodeName({ group, feed }),
    varints(head.seq, head.count, head.time, forkedAt ?? 0),
    head.root ?? new Uint8Array(),
    tail === undefined ? new Uint8Array() : encodeTail(tail),
  );
}

function encodeTail({ from, prev, countBefore, time, head }: FeedTail): Uint8Array {
  const numbers = varints(from, countBefore, time, head.seq, head.count, head.time);
  return concat(numbers, prev, head.root ?? new Uint8Array());
}

export function parseFeed(body: Uint8Array): { group: number; state: FeedState } | undefined {
  const reader = new ByteReader(body);
  const name = readName(reader);
  const seq = reader.varint();
  const count = reader.varint();
  const time = reader.varint();
  const forkedAt = reader.varint();
  if (name === undefined || seq === undefined || count === undefined) return undefined;
  if (time === undefined || forkedAt === undefined) return undefined;
  const root = seq === 0 ? undefined : takeRoot(reader);
  if ((root === undefined) !== (seq === 0)) return undefined;
  const head = { seq, root, count, time };
  const tail = reader.left === 0 ? undefined : readTail(reader, head);
  if (reader.left !== 0 || tail === 'damaged') return undefined;
  const state = { feed: name.feed, head, forkedAt: forkedAt === 0 ? undefined : forkedAt };
  return { group: name.group, state: tail === undefined ? state : { ...state, tail } };
}

function readTail(reader: ByteReader, chain: FeedHead): FeedTail | 'damaged' {
  const [from, countBefore, first] = [reader.varint(), reader.varint(), reader.varint()];
  const [seq, count, time] = [reader.varint(), reader.varint(), reader.varint()];
  const [prev, root] = [takeRoot(reader), takeRoot(reader)];
  if (from === undefined || countBefore === undefined || first === undefined) return 'damaged';
  if (seq === undefined || count === undefined || time === undefined) return 'damaged';
  if (prev === undefined || root === undefined) return 'damaged';
  if (from <= chain.seq + 1 || seq < from || count <= countBefore) return 'damaged';
  return { from, prev, countBefore, time: first, head: { seq, root, count, time } };
}

function takeRoot(reader: ByteReader): RootId | undefined {
  return reader.take(idBytes)?.slice() as RootId | undefined;
}

function readName(reader: ByteReader): FeedName | undefined {
  const groupId = reader.take(idBytes);
  const author = reader.take(idBytes);
  const group = reader.varint();
  const head = reader.varint();
  if (groupId === undefined || author === undefined) return undefined;
  if (group === undefined || head === undefined) return undefined;
  const feed = { group: groupIdOfBytes(groupId), author: publicKeyOfBytes(author), head };
  return { group, feed };
}

export interface RecordBody {
  readonly signed: boolean;
  readonly held: boolean;
  readonly repeats: boolean;
  /** Of the first message; 0 while the record is held. */
  readonly arrival: number;
  readonly bytes: Uint8Array;
}

const flagBits = { signed: 1, held: 2, repeats: 4 } as const;

export function sealRecord(key: Uint8Array, record: RecordBody): Row {
  const flags =
    (record.signed ? flagBits.signed : 0) |
    (record.held ? flagBits.held : 0) |
    (record.repeats ? flagBits.repeats : 0);
  return sealRow(key, varints(flags, record.arrival), record.bytes);
}

export function parseRecord(body: Uint8Array): RecordBody | undefined {
  const reader = new ByteReader(body);
  const flags = reader.varint();
  const arrival = reader.varint();
  if (flags === undefined || arrival === undefined || flags > 7) return undefined;
  return {
    signed: (flags & flagBits.signed) !== 0,
    held: (flags & flagBits.held) !== 0,
    repeats: (flags & flagBits.repeats) !== 0,
    arrival,
    bytes: body.subarray(reader.offset),
  };
}
