// The envelope of an object: a canonical map with a kind and a salt, whatever else it holds.
// Knows no kind: what the other fields of each mean is for src/chat.
import { utf8 } from '../bytes.ts';
import { SkychatError } from '../errors.ts';
import { decodeScanned, encode, type CodecReason, type Value } from './codec.ts';
import { kindCharactersMax, objectLimits, saltBytes } from './limits.ts';
import { findMapValue, scanCanonical } from './scan.ts';

export type ObjectReason = CodecReason | 'not-a-map' | 'bad-kind' | 'bad-salt';

export interface ObjectFields {
  readonly kind: string;
  readonly salt: Uint8Array;
  readonly [key: string]: Value;
}

export type ObjectVerdict =
  | { readonly ok: true; readonly kind: string }
  | { readonly ok: false; readonly reason: ObjectReason };

export type ParsedObject =
  | { readonly ok: true; readonly fields: ObjectFields }
  | { readonly ok: false; readonly reason: ObjectReason };

/**
 * Canonical bytes of an object.
 * @param salt 16 random bytes: equal texts become two messages, and a deleted one's hash tells nothing
 * @throws SkychatError `bad-text` or `bad-field` for what could not be read back
 */
export function buildObject(
  fields: { readonly kind: string; readonly [key: string]: Value },
  salt: Uint8Array,
): Uint8Array {
  if (Object.hasOwn(fields, 'salt')) throw new Error('the salt is a parameter of its own');
  const bytes = encode({ ...fields, salt });
  const verdict = verifyObject(bytes);
  if (!verdict.ok) throw new SkychatError('bad-field', `not an object: ${verdict.reason}`);
  return bytes;
}

/** Whether the bytes are an object that may be stored and forwarded, of a known kind or not. */
export function verifyObject(bytes: Uint8Array): ObjectVerdict {
  const reason = scanCanonical(bytes, objectLimits);
  if (reason !== undefined) return { ok: false, reason };
  return verifyEnvelope(bytes);
}

/** The fields of an object, without a prototype. Copies what it keeps of the bytes. */
export function parseObject(bytes: Uint8Array): ParsedObject {
  const verdict = verifyObject(bytes);
  if (!verdict.ok) return verdict;
  return { ok: true, fields: decodeScanned(bytes) as ObjectFields };
}

const kindKey = utf8('kind');
const saltKey = utf8('salt');
/** The first bytes of a map, and of text and bytes shorter than 24, less the count or length. */
const mapMajor = 5;
const bytesHead = 0x40;
const textHead = 0x60;
const oneByteLengthHead = 0x78;

function verifyEnvelope(bytes: Uint8Array): ObjectVerdict {
  if ((bytes[0] ?? 0) >> 5 !== mapMajor) return { ok: false, reason: 'not-a-map' };
  const kindAt = findMapValue(bytes, kindKey);
  const verdict = kindAt === undefined ? undefined : verdictOfKind(bytes, kindAt);
  if (verdict === undefined) return { ok: false, reason: 'bad-kind' };
  const saltAt = findMapValue(bytes, saltKey);
  if (saltAt === undefined || bytes[saltAt] !== bytesHead + saltBytes) {
    return { ok: false, reason: 'bad-salt' };
  }
  return verdict;
}

/**
 * The verdict last given, so that a run of objects of one kind (most are text) allocates nothing.
 * It changes no answer, only its cost.
 */
let lastVerdict: ObjectVerdict & { readonly ok: true } = Object.freeze({ ok: true, kind: 'text' });

/** The verdict on the kind that stands at the offset of scanned bytes; undefined where it is none. */
function verdictOfKind(bytes: Uint8Array, offset: number): ObjectVerdict | undefined {
  const head = bytes[offset] ?? 0;
  const isLong = head === oneByteLengthHead;
  const length = isLong ? (bytes[offset + 1] ?? 0) : head - textHead;
  const start = offset + (isLong ? 2 : 1);
  if (length < 1 || length > kindCharactersMax || (!isLong && length > 23)) return undefined;
  if (isText(bytes, start, length, lastVerdict.kind)) return lastVerdict;
  let kind = '';
  for (let i = start; i < start + length; i++) {
    const character = bytes[i] ?? 0;
    if (!isKindCharacter(character)) return undefined;
    kind += String.fromCharCode(character);
  }
  lastVerdict = Object.freeze({ ok: true, kind });
  return lastVerdict;
}

function isText(bytes: Uint8Array, start: number, length: number, ascii: string): boolean {
  if (length !== ascii.length) return false;
  for (let i = 0; i < length; i++) if (bytes[start + i] !== ascii.charCodeAt(i)) return false;
  return true;
}

/** a–z, 0–9 and the hyphen. */
function isKindCharacter(character: number): boolean {
  if (character >= 0x61) return character <= 0x7a;
  return character === 0x2d || (character >= 0x30 && character <= 0x39);
}
