// The rows of a store as one stream of bytes, with a check at its end: for each row the lengths of its
// key and value, and both; then a zero, the number of rows and SHA-256 of all bytes before.
import { createHash } from 'node:crypto';
import { ByteReader, concat, equal, varintLength, writeVarint } from '../bytes.ts';
import { SkychatError } from '../errors.ts';
import { idBytes } from './ids.ts';
import type { Row } from './level-rows.ts';
import { rowBytesMax, rowStreamBytes } from './limits.ts';

export async function* encodeRows(rows: AsyncIterable<Row>): AsyncGenerator<Uint8Array> {
  const hash = createHash('sha256');
  let parts: Uint8Array[] = [];
  let bytes = 0;
  let count = 0;
  for await (const { key, value } of rows) {
    count++;
    const row = concat(varints(key.length, value.length), key, value);
    hash.update(row);
    parts.push(row);
    bytes += row.length;
    if (bytes < rowStreamBytes) continue;
    yield concat(...parts);
    [parts, bytes] = [[], 0];
  }
  yield concat(...parts, varints(0, count), hash.digest());
}

/**
 * Gives out the rows as they come. They count once all were given out: the check is at the end.
 * @throws SkychatError `store-failed` where the stream is cut off or damaged
 */
export async function* decodeRows(pieces: AsyncIterable<Uint8Array>): AsyncGenerator<Row> {
  const hash = createHash('sha256');
  let rest: Uint8Array = new Uint8Array();
  let count = 0;
  let isOver = false;
  for await (const piece of pieces) {
    if (isOver) throw damaged();
    const reader = new ByteReader(concat(rest, piece));
    for (let begin = 0; ; begin = reader.offset) {
      const row = readRow(reader);
      if (row === 'cut') {
        rest = reader.bytes.subarray(begin);
        break;
      }
      if (row === 'end') {
        isOver = isEnd(reader, count, hash.digest());
        if (!isOver) throw damaged();
        break;
      }
      hash.update(reader.bytes.subarray(begin, reader.offset));
      count++;
      yield row;
    }
  }
  if (!isOver) throw damaged();
}

/** `cut`: the rest of it has not come yet. */
function readRow(reader: ByteReader): Row | 'end' | 'cut' {
  const keyLength = reader.varint();
  const length = reader.varint();
  if (keyLength === undefined || length === undefined) return cutOrDamaged(reader);
  // The end has the number of rows here, and is read whole.
  if (keyLength === 0) return reader.left < idBytes ? 'cut' : 'end';
  if (keyLength + length > rowBytesMax) throw damaged();
  const key = reader.take(keyLength);
  const value = key && reader.take(length);
  return key === undefined || value === undefined ? 'cut' : { key, value };
}

/** Two numbers have at most this many bytes. */
const headerBytesMax = 16;

function cutOrDamaged(reader: ByteReader): 'cut' {
  if (reader.left > headerBytesMax) throw damaged();
  return 'cut';
}

function isEnd(reader: ByteReader, count: number, digest: Uint8Array): boolean {
  const end = reader.take(idBytes);
  const isSame = end !== undefined && equal(end, digest) && reader.left === 0;
  const own = varints(0, count);
  const at = reader.offset - idBytes - own.length;
  return isSame && at >= 0 && equal(reader.bytes.subarray(at, at + own.length), own);
}

function varints(...values: readonly number[]): Uint8Array {
  let length = 0;
  for (const value of values) length += varintLength(value);
  const bytes = new Uint8Array(length);
  let at = 0;
  for (const value of values) at = writeVarint(bytes, at, value);
  return bytes;
}

function damaged(): SkychatError {
  return new SkychatError(
    'store-failed',
    'the copy of the store was cut off or damaged on its way',
    {
      hint: 'try again',
    },
  );
}
