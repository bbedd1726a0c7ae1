// A small synced file beside the store with the last segments that this node signed: what it has
// acknowledged is here as well, whatever becomes of the store. Knows nothing of the store.
//
// Two slots are written in turns, so that a torn write leaves the one before it. A slot: SHA-256 of
// the rest (32 bytes), length of the body (4), number of the write (6), all big-endian, then the
// body: group and author (32 each), head, seq of the first root and number of local rows
// (variable-length integers), for each row its key and value, each behind its length (a value's
// length plus one; 0 deletes), and the segment's bytes.
import {
  closeSync,
  fdatasync,
  fsyncSync,
  openSync,
  readSync,
  renameSync,
  write as writeFile,
} from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { ByteReader, concat, equal, parseUtf8, utf8 } from '../bytes.ts';
import { publicKeyBytes, publicKeyOfBytes } from '../identity.ts';
import { groupIdBytes, groupIdOfBytes, idBytes, sha256 } from './ids.ts';
import { storeErrorOf } from './level-errors.ts';
import { numberAt, putNumber } from './level-keys.ts';
import { varints } from './level-rows.ts';
import { ownHeadLocalBytesMax, segmentLimits } from './limits.ts';
import { eraseObjects, type Erasure } from './erasure.ts';
import { feedKey, type FeedId } from './root.ts';
import type { LocalChange } from './store.ts';

/** A signed segment of an own feed, as the store keeps it. */
export interface OwnSegment {
  readonly feed: FeedId;
  /** Seq of the first root. */
  readonly from: number;
  readonly bytes: Uint8Array;
  /** What is to be written together with it, so that none of the two is ever there alone. */
  readonly local: readonly LocalChange[];
}

export interface OwnHead {
  /** The newest segment that was written whole; undefined where there is none. */
  read(): OwnSegment | undefined;
  /** On disk when it resolves. Rejects with SkychatError `disk-full` or `store-failed`. */
  write(segment: OwnSegment): Promise<void>;
  /**
   * Makes the file anew, with the newest segment alone and without the objects of these messages: what
   * older segments have left in it is gone. On disk when it resolves; rejects as `write` does, and the
   * file is as it was then.
   */
  renew(erasures: readonly Erasure[]): Promise<void>;
  close(): Promise<void>;
}

interface Slot {
  readonly write: number;
  readonly segment: OwnSegment;
}

const writeAt = promisify(writeFile);
const sync = promisify(fdatasync);

const headerBytes = 32 + 4 + 6;
/** The segment, its rows, and what names its feed. What was never filled takes no room on the disk. */
const bodyBytesMax = segmentLimits.bytesMax + ownHeadLocalBytesMax + 2 * idBytes + 24;
const slotBytes = headerBytes + bodyBytesMax;

/**
 * Opens the file in the directory, made where there is none.
 * @throws SkychatError `disk-full` or `store-failed`
 */
export function openOwnHead(directory: string): OwnHead {
  try {
    return new OwnHeadFile(directory, openFile(directory));
  } catch (error) {
    throw storeErrorOf(error);
  }
}

class OwnHeadFile implements OwnHead {
  readonly #directory: string;
  #file: number;
  /** Of the newest whole slot: the other one is written next. */
  #newest: { readonly slot: number; readonly write: number };
  #latest: Promise<void> = Promise.resolve();

  constructor(directory: string, file: number) {
    this.#directory = directory;
    this.#file = file;
    const [first, second] = [readSlot(file, 0), readSlot(file, 1)];
    const slot = (second?.write ?? 0) > (first?.write ?? 0) ? 1 : 0;
    this.#newest = { slot, write: Math.max(first?.write ?? 0, second?.write ?? 0) };
  }

  read(): OwnSegment | undefined {
    return readSlot(this.#file, this.#newest.slot)?.segment;
  }

  write(segment: OwnSegment): Promise<void> {
    return this.#inTurn(() => this.#write(segment));
  }

  renew(erasures: readonly Erasure[]): Promise<void> {
    return this.#inTurn(() => this.#renew(erasures));
  }

  #inTurn(step: () => Promise<void>): Promise<void> {
    const done = this.#latest.then(step);
    this.#latest = done.catch(() => undefined);
    return done;
  }

  async close(): Promise<void> {
    await this.#latest;
    closeSync(this.#file);
  }

  async #write(segment: OwnSegment): Promise<void> {
    const slot = 1 - this.#newest.slot;
    const write = this.#newest.write + 1;
    try {
      await writeSlot(this.#file, slot, encodeSlot(write, segment));
      // Only now: after a failure the same slot is written again, and the other one kept.
      this.#newest = { slot, write };
    } catch (error) {
      throw storeErrorOf(error);
    }
  }

  async #renew(erasures: readonly Erasure[]): Promise<void> {
    const segment = this.read();
    const write = this.#newest.write + 1;
    const [path, fresh] = [filePath(this.#directory), filePath(this.#directory, '.new')];
    try {
      const file = openSync(fresh, 'w+', 0o600);
      try {
        const slot = segment && encodeSlot(write, eraseOfSegment(segment, erasures));
        await writeSlot(file, 0, slot ?? new Uint8Array());
        renameSync(fresh, path);
      } catch (error) {
        closeSync(file);
        throw error;
      }
      closeSync(this.#file);
      this.#file = file;
      this.#newest = { slot: 0, write };
      syncName(this.#directory);
    } catch (error) {
      throw storeErrorOf(error);
    }
  }
}

function eraseOfSegment(segment: OwnSegment, erasures: readonly Erasure[]): OwnSegment {
  const ofFeed = erasures.filter(({ feed }) => feedKey(feed) === feedKey(segment.feed));
  const erased = eraseObjects({ ...segment, signed: true }, ofFeed);
  return erased === undefined ? segment : { ...segment, bytes: erased.bytes };
}

async function writeSlot(file: number, slot: number, bytes: Uint8Array): Promise<void> {
  for (let done = 0; done < bytes.length;) {
    const left = bytes.length - done;
    done += (await writeAt(file, bytes, done, left, slot * slotBytes + done)).bytesWritten;
  }
  await sync(file);
}

function encodeSlot(write: number, { feed, from, bytes, local }: OwnSegment): Uint8Array {
  const rows = concat(...local.map(encodeRow));
  if (bytes.length > segmentLimits.bytesMax || rows.length > ownHeadLocalBytesMax) {
    throw new Error('the segment is too long for a slot');
  }
  const names = concat(groupIdBytes(feed.group), publicKeyBytes(feed.author));
  const body = concat(names, varints(feed.head, from, local.length), rows, bytes);
  const slot = concat(new Uint8Array(headerBytes), body);
  putNumber(slot, 32, 4, body.length);
  putNumber(slot, 36, 6, write);
  slot.set(sha256(slot.subarray(32)));
  return slot;
}

function encodeRow({ key, value }: LocalChange): Uint8Array {
  const name = utf8(key);
  if (value === undefined) return concat(varints(name.length), name, varints(0));
  return concat(varints(name.length), name, varints(value.length + 1), value);
}

function readRow(reader: ByteReader): LocalChange | undefined {
  const name = reader.take(reader.varint() ?? -1);
  const length = reader.varint();
  const key = name && parseUtf8(name);
  if (key === undefined || length === undefined) return undefined;
  const value = length === 0 ? undefined : reader.take(length - 1);
  return length > 0 && value === undefined ? undefined : { key, value };
}

/** Undefined where the slot was never written, or not to its end. */
function readSlot(file: number, slot: number): Slot | undefined {
  const header = readAt(file, slot * slotBytes, headerBytes);
  const length = header && numberAt(header, 32, 4);
  if (header === undefined || length === undefined || length > bodyBytesMax) return undefined;
  const body = readAt(file, slot * slotBytes + headerBytes, length);
  if (body === undefined) return undefined;
  if (!equal(sha256(concat(header.subarray(32), body)), header.subarray(0, 32))) return undefined;
  const reader = new ByteReader(body);
  const group = reader.take(idBytes);
  const author = reader.take(idBytes);
  const head = reader.varint();
  const from = reader.varint();
  const rows = reader.varint();
  if (group === undefined || author === undefined) return undefined;
  if (head === undefined || from === undefined || rows === undefined) return undefined;
  const local: LocalChange[] = [];
  while (local.length < rows) {
    const row = readRow(reader);
    if (row === undefined) return undefined;
    local.push(row);
  }
  const feed = { group: groupIdOfBytes(group), author: publicKeyOfBytes(author), head };
  const segment = { feed, from, local, bytes: body.subarray(reader.offset) };
  return { write: numberAt(header, 36, 6), segment };
}

/** Undefined where the file ends before. */
function readAt(file: number, position: number, length: number): Uint8Array | undefined {
  const bytes = new Uint8Array(length);
  let done = 0;
  while (done < length) {
    const count = readSync(file, bytes, done, length - done, position + done);
    if (count === 0) return undefined;
    done += count;
  }
  return bytes;
}

/** A new file is made known to its directory at once: its name would be lost in a power cut. */
function openFile(directory: string): number {
  const path = filePath(directory);
  try {
    return openSync(path, 'r+');
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ENOENT')) throw error;
  }
  const file = openSync(path, 'wx+', 0o600);
  syncName(directory);
  return file;
}

function filePath(directory: string, ending = ''): string {
  return join(directory, `own-head${ending}`);
}

function syncName(directory: string): void {
  const folder = openSync(directory, 'r');
  fsyncSync(folder);
  closeSync(folder);
}
