// The canonical form of CBOR, checked on the bytes themselves: the DAG-CBOR subset of
// docs/PROTOCOL.md, without floats, tags or undefined. Allocates nothing that grows with the input,
// and recurses no deeper than its limit. Knows nothing of JavaScript values or of what bytes mean.
import { isUtf8 } from 'node:buffer';

/** Up to here a loop finds text to be ASCII in less time than a call of isUtf8 takes (60 ns). */
const asciiLoopBytesMax = 32;

export interface ScanLimits {
  readonly bytesMax: number;
  /** Maps and arrays within each other; a lone scalar has depth 0. */
  readonly depthMax: number;
  /** Data items in all: containers, keys and values each count one. */
  readonly itemsMax: number;
}

export const codecReasons = [
  'too-large',
  'truncated',
  'trailing-bytes',
  'too-deep',
  'too-many-items',
  /** A longer form than needed, an indefinite length, or keys unsorted or repeated. */
  'not-canonical',
  /** A float, a tag, undefined, another simple value, or a key that is not text. */
  'unsupported-type',
  /** Beyond ±(2^53 − 1). */
  'integer-range',
  /** Not UTF-8, or begins with U+FEFF, which decoders drop. */
  'bad-text',
] as const;

export type CodecReason = (typeof codecReasons)[number];

/** The first reason why the bytes are not one canonical data item, or undefined where they are. */
export function scanCanonical(bytes: Uint8Array, limits: ScanLimits): CodecReason | undefined {
  if (bytes.length > limits.bytesMax) return 'too-large';
  const scanner = new Scanner(bytes, limits.itemsMax);
  const reason = scanner.scanItem(limits.depthMax);
  if (reason !== undefined) return reason;
  return scanner.offset === bytes.length ? undefined : 'trailing-bytes';
}

class Scanner {
  offset = 0;
  readonly #bytes: Uint8Array;
  #itemsLeft: number;
  #major = 0;
  /** The integer of the head last read: a value, a length or a count, by its major type. */
  #argument = 0;

  constructor(bytes: Uint8Array, itemsMax: number) {
    this.#bytes = bytes;
    this.#itemsLeft = itemsMax;
  }

  scanItem(depthLeft: number): CodecReason | undefined {
    const reason = this.#readHead();
    if (reason !== undefined) return reason;
    switch (this.#major) {
      case 0:
        return undefined;
      case 1: // the value is −1 − argument
        return this.#argument === Number.MAX_SAFE_INTEGER ? 'integer-range' : undefined;
      case 2:
        return this.#skip(this.#argument);
      case 3:
        return this.#scanText(this.#argument);
      case 4:
        return depthLeft === 0 ? 'too-deep' : this.#scanArray(this.#argument, depthLeft - 1);
      case 5:
        return depthLeft === 0 ? 'too-deep' : this.#scanMap(this.#argument, depthLeft - 1);
      default: // 6 tags; 7 where the head is not false, true or null
        return this.#major === 7 && this.#argument >= 20 && this.#argument <= 22
          ? undefined
          : 'unsupported-type';
    }
  }

  #scanArray(count: number, depthLeft: number): CodecReason | undefined {
    if (count > this.#itemsLeft) return 'too-many-items';
    for (let i = 0; i < count; i++) {
      const reason = this.scanItem(depthLeft);
      if (reason !== undefined) return reason;
    }
    return undefined;
  }

  #scanMap(count: number, depthLeft: number): CodecReason | undefined {
    if (2 * count > this.#itemsLeft) return 'too-many-items';
    let previousStart = 0;
    let previousLength = -1;
    for (let i = 0; i < count; i++) {
      const headReason = this.#readHead();
      if (headReason !== undefined) return headReason;
      if (this.#major !== 3) return 'unsupported-type';
      const length = this.#argument;
      const start = this.offset;
      const reason = this.#scanText(length);
      if (reason !== undefined) return reason;
      if (!this.#isAfter(start, length, previousStart, previousLength)) return 'not-canonical';
      previousStart = start;
      previousLength = length;
      const valueReason = this.scanItem(depthLeft);
      if (valueReason !== undefined) return valueReason;
    }
    return undefined;
  }

  /** Length first, then bytes (RFC 7049, section 3.9); strict, so that no key comes twice. */
  #isAfter(start: number, length: number, previousStart: number, previousLength: number): boolean {
    if (length !== previousLength) return length > previousLength;
    const bytes = this.#bytes;
    for (let i = 0; i < length; i++) {
      const difference = (bytes[start + i] ?? 0) - (bytes[previousStart + i] ?? 0);
      if (difference !== 0) return difference > 0;
    }
    return false;
  }

  #scanText(length: number): CodecReason | undefined {
    const bytes = this.#bytes;
    const start = this.offset;
    const end = start + length;
    if (end > bytes.length) return 'truncated';
    this.offset = end;
    if (length <= asciiLoopBytesMax) {
      let all = 0;
      for (let i = start; i < end; i++) all |= bytes[i] ?? 0;
      if (all < 0x80) return undefined;
    }
    // U+FEFF; text shorter than its three bytes that begins so is not UTF-8 either
    if (bytes[start] === 0xef && bytes[start + 1] === 0xbb && bytes[start + 2] === 0xbf) {
      return 'bad-text';
    }
    return isUtf8(bytes.subarray(start, end)) ? undefined : 'bad-text';
  }

  #skip(length: number): CodecReason | undefined {
    if (length > this.#bytes.length - this.offset) return 'truncated';
    this.offset += length;
    return undefined;
  }

  /** Reads a major type and its argument, which has to be in the shortest form (RFC 8949, 4.2.1). */
  #readHead(): CodecReason | undefined {
    if (this.#itemsLeft-- === 0) return 'too-many-items';
    if (this.offset >= this.#bytes.length) return 'truncated';
    const initial = this.#bytes[this.offset++] ?? 0;
    this.#major = initial >> 5;
    const information = initial & 31;
    this.#argument = information;
    if (information < 24) return undefined;
    if (this.#major >= 6) return 'unsupported-type';
    if (information > 27) return 'not-canonical';
    return this.#readArgument(1 << (information - 24));
  }

  #readArgument(length: number): CodecReason | undefined {
    if (length > this.#bytes.length - this.offset) return 'truncated';
    let argument = 0;
    for (let i = 0; i < length; i++) argument = argument * 256 + (this.#bytes[this.offset++] ?? 0);
    if (argument < (leastOfLength[length] ?? 0)) return 'not-canonical';
    if (argument > Number.MAX_SAFE_INTEGER) return 'integer-range';
    this.#argument = argument;
    return undefined;
  }
}

/** By the number of bytes behind the head: the least argument that needs as many. */
const leastOfLength = [0, 24, 256, 0, 65_536, 0, 0, 0, 2 ** 32];

/** The offset behind a head of bytes that `scanCanonical` has passed. */
function headEnd(bytes: Uint8Array, offset: number): number {
  const information = (bytes[offset] ?? 0) & 31;
  return offset + 1 + (information < 24 ? 0 : 1 << (information - 24));
}

/** The argument of a head of bytes that `scanCanonical` has passed. */
function headArgument(bytes: Uint8Array, offset: number): number {
  const information = (bytes[offset] ?? 0) & 31;
  if (information < 24) return information;
  let argument = 0;
  const end = headEnd(bytes, offset);
  for (let at = offset + 1; at < end; at++) argument = argument * 256 + (bytes[at] ?? 0);
  return argument;
}

/** The offset behind an item of bytes that `scanCanonical` has passed. */
function itemEnd(bytes: Uint8Array, offset: number): number {
  const major = (bytes[offset] ?? 0) >> 5;
  let at = headEnd(bytes, offset);
  if (major < 2 || major === 7) return at;
  const argument = headArgument(bytes, offset);
  if (major < 4) return at + argument;
  for (let left = major === 5 ? 2 * argument : argument; left > 0; left--) at = itemEnd(bytes, at);
  return at;
}

/**
 * The offset of the value of a key in the outermost map of bytes that `scanCanonical` has passed;
 * undefined where it has no such key. No key is read behind where it would stand.
 */
export function findMapValue(bytes: Uint8Array, key: Uint8Array): number | undefined {
  let at = headEnd(bytes, 0);
  for (let left = headArgument(bytes, 0); left > 0; left--) {
    const length = headArgument(bytes, at);
    if (length > key.length) return undefined;
    const start = headEnd(bytes, at);
    const value = start + length;
    if (length === key.length && matches(bytes, start, key)) return value;
    at = itemEnd(bytes, value);
  }
  return undefined;
}

function matches(bytes: Uint8Array, start: number, expected: Uint8Array): boolean {
  for (let i = 0; i < expected.length; i++) if (bytes[start + i] !== expected[i]) return false;
  return true;
}
