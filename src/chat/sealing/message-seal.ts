// Objects of kind `sealed`: fields under an epoch key, for one place of one author in one group.
// Knows nothing of who has the key, and nothing of what the fields mean.
import { decrypt, encryptInto, nonceBytes, tagBytes } from '../../aead.ts';
import { concat } from '../../bytes.ts';
import { decode, encode, type Value } from '../../cxo/codec.ts';
import { domainPrefix, idBytes } from '../../cxo/ids.ts';
import { objectBytesMax, saltBytes } from '../../cxo/limits.ts';
import type { ObjectFields } from '../../cxo/object.ts';
import { SkychatError } from '../../errors.ts';
import { epochIdBytes, epochIdLength, epochIdOfBytes, type EpochId } from './epoch-id.ts';
import { hmac } from './hmac.ts';

/** Where a sealed object stands: it opens nowhere else. */
export interface SealedPlace {
  readonly group: Uint8Array;
  readonly author: Uint8Array;
  readonly head: number;
  readonly seq: number;
  readonly index: number;
}

export interface SealedObject {
  readonly epoch: EpochId;
  readonly salt: Uint8Array;
  readonly body: Uint8Array;
}

/** Each key seals one plain text: the salt is fresh even where the place is not. */
const nonce = new Uint8Array(nonceBytes);
const keyPrefix = domainPrefix('message-key');
const dataPrefix = domainPrefix('sealed');
/** Author, head, seq and index. */
const placeBytes = idBytes + 8 + 8 + 2;

/**
 * The bytes of a `sealed` object. They are written out here because their form is fixed and this is
 * done for each message; canonical CBOR has one way to write them (a test holds it to `buildObject`).
 */
export function sealObject(
  epochKey: Uint8Array,
  epoch: EpochId,
  fields: ObjectFields,
  place: SealedPlace,
): Uint8Array {
  const { salt, ...inner } = fields;
  if (salt.length !== saltBytes) throw new Error(`a salt has ${saltBytes} bytes`);
  const plaintext = encode(inner);
  const head = headOf(plaintext.length + tagBytes);
  const bodyEnd = head.length + plaintext.length + tagBytes;
  const length = bodyEnd + middle.length + saltBytes + beforeEpoch.length + epochIdLength;
  if (length > objectBytesMax) throw new SkychatError('bad-field', 'too large to be sealed');
  const object = new Uint8Array(length);
  object.set(head);
  const sealing = { key: messageKey(epochKey, salt, place), nonce, data: dataOf(place) };
  encryptInto(object, head.length, sealing, plaintext);
  object.set(middle, bodyEnd);
  object.set(salt, bodyEnd + middle.length);
  object.set(beforeEpoch, bodyEnd + middle.length + saltBytes);
  object.set(epochIdBytes(epoch), length - epochIdLength);
  return object;
}

/** Whether the bytes are a `sealed` object with its fields and no others, as far as they can be read. */
export function isSealed(object: Uint8Array): boolean {
  return findBody(object) !== undefined;
}

/** Undefined where the fields are not those of a `sealed` object, and no others. */
export function parseSealed(object: Uint8Array): SealedObject | undefined {
  const body = findBody(object);
  if (body === undefined) return undefined;
  const saltAt = body.end + middle.length;
  const salt = object.slice(saltAt, saltAt + saltBytes);
  const epoch = epochAt(object, object.length - epochIdLength);
  return { epoch, salt, body: object.subarray(body.start, body.end) };
}

/** The epoch last read, and its bytes: most objects in a row are of one. It changes no answer. */
let lastEpoch: { readonly id: EpochId; readonly bytes: Uint8Array } | undefined;

function epochAt(object: Uint8Array, offset: number): EpochId {
  if (lastEpoch !== undefined && standsAt(object, offset, lastEpoch.bytes)) return lastEpoch.id;
  const bytes = object.slice(offset, offset + epochIdLength);
  lastEpoch = { id: epochIdOfBytes(bytes), bytes };
  return lastEpoch.id;
}

/** The fields with the salt; undefined where it was sealed elsewhere or altered, or holds no object. */
export function openSealed(
  epochKey: Uint8Array,
  { salt, body }: SealedObject,
  place: SealedPlace,
): ObjectFields | undefined {
  const plaintext = decrypt(messageKey(epochKey, salt, place), nonce, dataOf(place), body);
  if (plaintext === undefined) return undefined;
  const decoded = decode(plaintext);
  if (!decoded.ok || !isMap(decoded.value)) return undefined;
  const { kind } = decoded.value;
  if (typeof kind !== 'string' || Object.hasOwn(decoded.value, 'salt')) return undefined;
  // Set on the map itself, which has no prototype.
  decoded.value['salt'] = salt;
  return decoded.value as ObjectFields;
}

const infoPlaceAt = keyPrefix.length + saltBytes;
const dataPlaceAt = dataPrefix.length + idBytes;
/** What is derived from and authenticated; reused by each call, which is over before the next begins. */
const infoScratch = concat(keyPrefix, new Uint8Array(saltBytes + placeBytes), Uint8Array.of(1));
const dataScratch = concat(dataPrefix, new Uint8Array(idBytes + placeBytes));

/** HKDF-Expand (RFC 5869, section 2.3) of the epoch key, which is uniform, to one block. */
function messageKey(epochKey: Uint8Array, salt: Uint8Array, place: SealedPlace): Uint8Array {
  infoScratch.set(salt, keyPrefix.length);
  writePlace(infoScratch, infoPlaceAt, place);
  return hmac(epochKey, infoScratch);
}

/** To be used before the next call. */
function dataOf(place: SealedPlace): Uint8Array {
  dataScratch.set(place.group, dataPrefix.length);
  writePlace(dataScratch, dataPlaceAt, place);
  return dataScratch;
}

function writePlace(target: Uint8Array, offset: number, place: SealedPlace): void {
  target.set(place.author, offset);
  writeInteger(target, offset + idBytes, 8, place.head);
  writeInteger(target, offset + idBytes + 8, 8, place.seq);
  writeInteger(target, offset + idBytes + 16, 2, place.index);
}

/** Big-endian. */
function writeInteger(target: Uint8Array, offset: number, length: number, value: number): void {
  let rest = value;
  for (let at = offset + length - 1; at >= offset; at--) {
    target[at] = rest % 256;
    rest = Math.floor(rest / 256);
  }
}

// The canonical form: a map of four, `body`, `kind`, `salt`, `epoch` in this order.
const beforeBody = concat(Uint8Array.of(0xa4), encode('body'));
const middle = concat(encode('kind'), encode('sealed'), encode('salt'), Uint8Array.of(0x50));
const beforeEpoch = concat(encode('epoch'), Uint8Array.of(0x50));

/** Everything before the body, its length included. */
function headOf(bodyLength: number): Uint8Array {
  return concat(beforeBody, lengthHead(bodyLength));
}

/** The head of a byte string (RFC 8949, section 3), in its shortest form. */
function lengthHead(length: number): Uint8Array {
  const [low, high] = [length & 255, length >> 8];
  switch (lengthHeadBytes(length)) {
    case 1:
      return Uint8Array.of(0x40 + length);
    case 2:
      return Uint8Array.of(0x58, length);
    case 3:
      return Uint8Array.of(0x59, high, low);
    default:
      return Uint8Array.of(0x5a, 0, high >> 8, high & 255, low);
  }
}

function lengthHeadBytes(length: number): number {
  if (length < 24) return 1;
  if (length < 256) return 2;
  return length < 65_536 ? 3 : 5;
}

/** Where the body stands in the canonical form; undefined where the bytes are not in it. */
function findBody(
  object: Uint8Array,
): { readonly start: number; readonly end: number } | undefined {
  const at = beforeBody.length;
  if (object.length < at + 5 || !standsAt(object, 0, beforeBody)) return undefined;
  const first = object[at] ?? 0;
  const extra = first === 0x58 ? 1 : first === 0x59 ? 2 : first === 0x5a ? 4 : 0;
  if (extra === 0 && (first < 0x40 || first > 0x57)) return undefined;
  let length = extra === 0 ? first - 0x40 : 0;
  for (let i = 1; i <= extra; i++) length = length * 256 + (object[at + i] ?? 0);
  const isShortest = lengthHeadBytes(length) === 1 + extra;
  if (!isShortest || length < tagBytes) return undefined;
  const start = at + 1 + extra;
  const end = start + length;
  const beforeEpochAt = end + middle.length + saltBytes;
  const isWhole =
    object.length === beforeEpochAt + beforeEpoch.length + epochIdLength &&
    standsAt(object, end, middle) &&
    standsAt(object, beforeEpochAt, beforeEpoch);
  return isWhole ? { start, end } : undefined;
}

function standsAt(bytes: Uint8Array, offset: number, part: Uint8Array): boolean {
  for (let i = 0; i < part.length; i++) if (bytes[offset + i] !== part[i]) return false;
  return true;
}

function isMap(value: Value): value is { [key: string]: Value } {
  return (
    typeof value === 'object' &&
    value !== null &&
    !Array.isArray(value) &&
    !(value instanceof Uint8Array)
  );
}
