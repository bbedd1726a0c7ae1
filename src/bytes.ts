// The only byte helpers: comparison, concatenation, hex, UTF-8 and variable-length integers.
// Knows nothing of what the bytes mean.

export function equal(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && compare(a, b) === 0;
}

/** Lexicographic order of the bytes: negative, zero or positive. */
export function compare(a: Uint8Array, b: Uint8Array): number {
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) {
    const difference = (a[i] ?? 0) - (b[i] ?? 0);
    if (difference !== 0) return difference;
  }
  return a.length - b.length;
}

export function concat(...parts: readonly Uint8Array[]): Uint8Array {
  let length = 0;
  for (const part of parts) length += part.length;
  const whole = new Uint8Array(length);
  let offset = 0;
  for (const part of parts) {
    whole.set(part, offset);
    offset += part.length;
  }
  return whole;
}

const hexOfByte = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'));

const digits = Array.from('0123456789abcdef', (digit) => digit.charCodeAt(0));
/** The digits of one id or key. Reused by each call, which is over before the next begins. */
const idDigits = new Array<number>(64).fill(0);

/** Lower-case hexadecimal. */
export function toHex(bytes: Uint8Array): string {
  if (bytes.length === 32) return idToHex(bytes);
  let hex = '';
  for (const byte of bytes) hex += hexOfByte[byte] ?? '';
  return hex;
}

/** Ids are looked up in maps by this: as a string put together from pieces it takes six times longer. */
function idToHex(bytes: Uint8Array): string {
  for (let i = 0; i < 32; i++) {
    const byte = bytes[i] ?? 0;
    idDigits[2 * i] = digits[byte >> 4] ?? 0;
    idDigits[2 * i + 1] = digits[byte & 15] ?? 0;
  }
  return String.fromCharCode(...idDigits);
}

/** The value of each hexadecimal digit by its character code; 16 where it is none. */
const valueOfDigit = new Uint8Array(128).fill(16);
for (let value = 0; value < 16; value++) {
  const digit = value.toString(16);
  valueOfDigit[digit.charCodeAt(0)] = value;
  valueOfDigit[digit.toUpperCase().charCodeAt(0)] = value;
}

/** Parses hexadecimal of either case; undefined where it is not a whole number of byte pairs. */
export function parseHex(hex: string): Uint8Array | undefined {
  if (hex.length % 2 !== 0) return undefined;
  const bytes = new Uint8Array(hex.length / 2);
  for (let i = 0; i < bytes.length; i++) {
    const high = valueOfDigit[hex.charCodeAt(2 * i)] ?? 16;
    const low = valueOfDigit[hex.charCodeAt(2 * i + 1)] ?? 16;
    if ((high | low) >= 16) return undefined;
    bytes[i] = high * 16 + low;
  }
  return bytes;
}

const encoder = new TextEncoder();
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

export function utf8(text: string): Uint8Array {
  return encoder.encode(text);
}

/** Decodes UTF-8; undefined where the bytes are not valid UTF-8. A leading U+FEFF is kept. */
export function parseUtf8(bytes: Uint8Array): string | undefined {
  try {
    return decoder.decode(bytes);
  } catch {
    return undefined;
  }
}

/** Number of bytes `writeVarint` uses for a safe integer: 1 to 8. */
export function varintLength(value: number): number {
  let length = 1;
  for (let rest = value; rest >= 128; rest = Math.floor(rest / 128)) length++;
  return length;
}

/**
 * Writes an unsigned LEB128 integer (7 bits a byte, least significant first) and returns the offset
 * behind it. The value is a safe integer from 0, and the target has room for it.
 */
export function writeVarint(target: Uint8Array, offset: number, value: number): number {
  if (!Number.isSafeInteger(value) || value < 0) throw new RangeError(`not a varint: ${value}`);
  let rest = value;
  let at = offset;
  while (rest >= 128) {
    target[at++] = (rest % 128) | 128;
    rest = Math.floor(rest / 128);
  }
  target[at++] = rest;
  if (at > target.length) throw new RangeError('no room for a varint');
  return at;
}

/** Reads from bytes in order; each read returns undefined past the end or at a malformed value. */
export class ByteReader {
  readonly bytes: Uint8Array;
  offset: number;

  constructor(bytes: Uint8Array, offset = 0) {
    this.bytes = bytes;
    this.offset = offset;
  }

  get left(): number {
    return this.bytes.length - this.offset;
  }

  /** A view into the bytes, not a copy. */
  take(length: number): Uint8Array | undefined {
    if (length < 0 || length > this.left) return undefined;
    this.offset += length;
    return this.bytes.subarray(this.offset - length, this.offset);
  }

  byte(): number | undefined {
    return this.offset < this.bytes.length ? this.bytes[this.offset++] : undefined;
  }

  /** An unsigned LEB128 safe integer in its shortest form. */
  varint(): number | undefined {
    let value = 0;
    let scale = 1;
    for (let i = 0; i < 8; i++) {
      const byte = this.byte();
      if (byte === undefined) return undefined;
      value += (byte & 127) * scale;
      if (byte < 128) return byte === 0 && i > 0 ? undefined : toSafe(value);
      scale *= 128;
    }
    return undefined;
  }
}

function toSafe(value: number): number | undefined {
  return Number.isSafeInteger(value) ? value : undefined;
}
