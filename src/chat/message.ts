// What an object says, by its kind, and how objects of each kind are built. Knows nothing of feeds,
// authors or times.
import { utf8 } from '../bytes.ts';
import type { Value } from '../cxo/codec.ts';
import { idBytes, type MessageId } from '../cxo/ids.ts';
import { buildObject, parseObject, type ObjectFields } from '../cxo/object.ts';
import { SkychatError } from '../errors.ts';
import { publicKeyBytes, publicKeyOfBytes, type PublicKey } from '../identity.ts';
import { contentLimits } from './limits.ts';

export type Content =
  | { readonly type: 'text'; readonly text: string; readonly replyTo: MessageId | undefined }
  | { readonly type: 'profile'; readonly name: string }
  /** Every key that the author's operator configured: each vouch replaces the one before it. */
  | { readonly type: 'vouch'; readonly keys: readonly PublicKey[] }
  /** Where the author can be dialed, as `host:port`, until `expires` (microseconds): as a vouch. */
  | { readonly type: 'address'; readonly addresses: readonly string[]; readonly expires: number }
  | { readonly type: 'genesis' }
  /** Of a kind that this version does not know, or without the fields that its kind has. */
  | { readonly type: 'unknown'; readonly kind: string }
  /** The author's or an operator's wish: only the place of it is left. */
  | { readonly type: 'erased' };

/** The label under which the store finds messages of a kind again; text is found by its order. */
export function labelOf(kind: string): string | undefined {
  return kind === 'text' ? undefined : kind;
}

/** Whether lists of messages show it: what a person said, and what a newer version may have. */
export function isShown(content: Content): boolean {
  return content.type === 'text' || content.type === 'unknown' || content.type === 'erased';
}

/** Never fails: what is not understood is `unknown`, so that mixed versions do not split. */
export function parseContent(object: Uint8Array | undefined): Content {
  if (object === undefined) return { type: 'erased' };
  const parsed = parseObject(object);
  if (!parsed.ok) return { type: 'unknown', kind: 'unreadable' };
  const { kind } = parsed.fields;
  return contentOfFields(parsed.fields) ?? { type: 'unknown', kind };
}

function contentOfFields(fields: ObjectFields): Content | undefined {
  switch (fields.kind) {
    case 'text':
      return textOfFields(fields);
    case 'profile': {
      const name = fields['name'];
      return typeof name === 'string' ? { type: 'profile', name } : undefined;
    }
    case 'vouch':
      return vouchOfFields(fields);
    case 'address':
      return addressOfFields(fields);
    case 'genesis':
      return { type: 'genesis' };
    default:
      return undefined;
  }
}

function textOfFields(fields: ObjectFields): Content | undefined {
  const text = fields['text'];
  const replyTo = fields['reply_to'];
  if (typeof text !== 'string') return undefined;
  if (replyTo === undefined) return { type: 'text', text, replyTo: undefined };
  if (!is32Bytes(replyTo)) return undefined;
  return { type: 'text', text, replyTo: replyTo as MessageId };
}

function vouchOfFields(fields: ObjectFields): Content | undefined {
  const keys = fields['keys'];
  if (!Array.isArray(keys) || !keys.every(is32Bytes)) return undefined;
  return { type: 'vouch', keys: keys.map(publicKeyOfBytes) };
}

function addressOfFields(fields: ObjectFields): Content | undefined {
  const { addresses, expires } = fields;
  if (!Array.isArray(addresses) || !addresses.every((each) => typeof each === 'string')) {
    return undefined;
  }
  return typeof expires === 'number' ? { type: 'address', addresses, expires } : undefined;
}

function is32Bytes(value: Value | undefined): value is Uint8Array {
  return value instanceof Uint8Array && value.length === idBytes;
}

/**
 * @throws SkychatError `empty-text`, `text-too-large`, or `bad-text` for what could not be read back
 */
export function buildText(
  text: string,
  replyTo: MessageId | undefined,
  salt: Uint8Array,
): Uint8Array {
  if (text === '') throw new SkychatError('empty-text', 'the text is empty');
  const { textBytesMax } = contentLimits;
  // UTF-8 has no fewer bytes than UTF-16 has units: what is far too long is not encoded at all.
  if (text.length > textBytesMax || utf8(text).length > textBytesMax) {
    throw new SkychatError('text-too-large', `the text has more than ${textBytesMax} bytes`, {
      hint: `A text has at most ${textBytesMax} bytes of UTF-8: send it in parts.`,
    });
  }
  const fields = { kind: 'text', text };
  return buildObject(replyTo === undefined ? fields : { ...fields, reply_to: replyTo }, salt);
}

export function buildProfile(name: string, salt: Uint8Array): Uint8Array {
  return buildObject({ kind: 'profile', name }, salt);
}

export function buildVouch(keys: readonly PublicKey[], salt: Uint8Array): Uint8Array {
  if (keys.length > contentLimits.vouchKeysMax) throw new Error('too many keys for a vouch');
  return buildObject({ kind: 'vouch', keys: keys.map(publicKeyBytes) }, salt);
}

/** @param addresses `host:port`; none withdraws the earlier ones */
export function buildAddress(
  addresses: readonly string[],
  expires: number,
  salt: Uint8Array,
): Uint8Array {
  if (!areAddresses(addresses)) throw new Error('too many or too long addresses');
  return buildObject({ kind: 'address', addresses: [...addresses], expires }, salt);
}

/** Within the bounds; whether they can be dialed is for who dials them to find out. */
export function areAddresses(addresses: readonly string[]): boolean {
  const { addressesMax, addressCharactersMax } = contentLimits;
  return (
    addresses.length <= addressesMax &&
    addresses.every((each) => each.length <= addressCharactersMax && /^[!-~]+$/.test(each))
  );
}
