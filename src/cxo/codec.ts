// Values to canonical CBOR and back: decode accepts exactly what encode writes. cborg does the work
// behind the scan of src/cxo/scan.ts, since it alone takes other forms and overflows the stack.
// Knows nothing of the fields that objects have.
import { decode as decodeCbor, encode as encodeCbor } from 'cborg';
import { SkychatError } from '../errors.ts';
import { objectLimits } from './limits.ts';
import { scanCanonical, type CodecReason, type ScanLimits } from './scan.ts';

export { scanCanonical, type CodecReason, type ScanLimits };

/** What an object can hold. Numbers are safe integers; maps have no prototype once decoded. */
export type Value =
  null | boolean | number | string | Uint8Array | Value[] | { [key: string]: Value };

export type Decoded =
  | { readonly ok: true; readonly value: Value }
  | { readonly ok: false; readonly reason: CodecReason };

/**
 * Canonical CBOR of the value.
 * @throws SkychatError `bad-text` or `bad-field` for what `decode` could not give back
 */
export function encode(value: Value): Uint8Array {
  new EncodableCheck().check(value, objectLimits.depthMax);
  const bytes = new Uint8Array(encodeCbor(value));
  const reason = scanCanonical(bytes, objectLimits);
  if (reason !== undefined) throw new SkychatError('bad-field', `cannot be encoded: ${reason}`);
  return bytes;
}

export function decode(bytes: Uint8Array): Decoded {
  const reason = scanCanonical(bytes, objectLimits);
  return reason === undefined ? { ok: true, value: decodeScanned(bytes) } : { ok: false, reason };
}

/** Only for bytes that `scanCanonical` has passed. Copies what it keeps of them. */
export function decodeScanned(bytes: Uint8Array): Value {
  return valueOf(decodeCbor(bytes, { useMaps: true }));
}

function valueOf(decoded: unknown): Value {
  if (Array.isArray(decoded)) return decoded.map(valueOf);
  if (!(decoded instanceof Map)) return decoded as Value;
  const map = Object.create(null) as { [key: string]: Value };
  for (const [key, value] of decoded as Map<string, unknown>) map[key] = valueOf(value);
  return map;
}

const unpairedSurrogate = /\p{Surrogate}/u;

function checkText(text: string): void {
  if (text.startsWith('\uFEFF')) throw new SkychatError('bad-text', 'text begins with U+FEFF');
  if (unpairedSurrogate.test(text)) {
    throw new SkychatError('bad-text', 'text has an unpaired surrogate');
  }
}

/**
 * Refuses what the encoder would write as something else, and what would overflow its stack or take
 * more work than any object is worth (containers that share a child multiply when written out).
 */
class EncodableCheck {
  #itemsLeft = objectLimits.itemsMax;

  check(value: unknown, depthLeft: number): void {
    if (this.#itemsLeft-- === 0) throw new SkychatError('bad-field', 'too many values');
    if (value === null || typeof value === 'boolean' || value instanceof Uint8Array) return;
    if (typeof value === 'string') {
      checkText(value);
    } else if (typeof value === 'number') {
      if (Number.isSafeInteger(value) && !Object.is(value, -0)) return;
      throw new SkychatError('bad-field', 'a number is not a safe integer, or is −0');
    } else {
      if (!isContainer(value)) throw new SkychatError('bad-field', 'a value has no encoding');
      if (depthLeft === 0) throw new SkychatError('bad-field', 'values are nested too deep');
      this.#checkContents(value, depthLeft - 1);
    }
  }

  #checkContents(container: object, depthLeft: number): void {
    if (Array.isArray(container)) {
      for (const item of container as unknown[]) this.check(item, depthLeft);
      return;
    }
    for (const [key, item] of Object.entries(container)) {
      this.check(key, depthLeft);
      this.check(item, depthLeft);
    }
  }
}

/** An array or a plain object: not an instance of a class, whose state would be lost. */
function isContainer(value: unknown): value is object {
  if (typeof value !== 'object' || value === null) return false;
  if (Array.isArray(value)) return true;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === null || prototype === Object.prototype;
}
