// What an object says, by its kind, and how objects of each kind are built. Knows nothing of feeds,
// authors or times.
import type { Value } from '../../cxo/codec.ts';
import { idBytes, type MessageId } from '../../cxo/ids.ts';
import { buildObject, parseObject } from '../../cxo/object.ts';
import { publicKeyBytes, publicKeyOfBytes, type PublicKey } from '../../identity.ts';
import type { ContentFields } from './content-fields.ts';
import { contentLimits } from '../limits.ts';
import { noteOfFields, type NoteContent } from '../notes/note-content.ts';
import { textFields, textOfFields, type TextContent, type TextExtras } from './text-content.ts';

export type Content =
  | TextContent
  | NoteContent
  | ProfileContent
  /** Every key that the author's operator configured: each vouch replaces the one before it. */
  | { readonly type: 'vouch'; readonly keys: readonly PublicKey[] }
  /** Where the author can be dialed, as `host:port`, until `expires` (microseconds): as a vouch. */
  | { readonly type: 'address'; readonly addresses: readonly string[]; readonly expires: number }
  | { readonly type: 'genesis' }
  /** What holds a group together, for those parts that read it themselves. */
  | { readonly type: 'group'; readonly kind: GroupKind }
  /** Sealed for members, and there is no key for it here. */
  | { readonly type: 'locked' }
  /** Of a kind that this version does not know, or without the fields that its kind has. */
  | { readonly type: 'unknown'; readonly kind: string }
  /** The author's or an operator's wish: only the place of it is left. */
  | { readonly type: 'erased' };

export interface ProfileContent {
  readonly type: 'profile';
  readonly name: string;
  /** What the author says of itself in a line. */
  readonly note: string | undefined;
  /** Whether no person stands behind the key. */
  readonly bot: boolean;
}

const groupKinds = ['roster', 'epoch', 'keys', 'offer', 'sealed'] as const;
export type GroupKind = (typeof groupKinds)[number];

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

/** What the fields of an object say; undefined where they are not those of a known kind. */
export function contentOfFields(fields: ContentFields): Content | undefined {
  switch (fields.kind) {
    case 'text':
      return textOfFields(fields);
    case 'profile':
      return profileOfFields(fields);
    case 'vouch':
      return vouchOfFields(fields);
    case 'address':
      return addressOfFields(fields);
    case 'genesis':
      return { type: 'genesis' };
    default:
      return groupOfKind(fields.kind) ?? noteOfFields(fields);
  }
}

function groupOfKind(kind: string): Content | undefined {
  const known = groupKinds.find((one) => one === kind);
  return known === undefined ? undefined : { type: 'group', kind: known };
}

function profileOfFields({ name, note, bot }: ContentFields): Content | undefined {
  if (typeof name !== 'string') return undefined;
  const said = typeof note === 'string' && note !== '' ? note : undefined;
  return { type: 'profile', name, note: said, bot: bot === true };
}

function vouchOfFields(fields: ContentFields): Content | undefined {
  const keys = fields['keys'];
  if (!Array.isArray(keys) || !keys.every(is32Bytes)) return undefined;
  return { type: 'vouch', keys: keys.map(publicKeyOfBytes) };
}

function addressOfFields(fields: ContentFields): Content | undefined {
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
  extras: Omit<TextExtras, 'replyTo'> = {},
): Uint8Array {
  return buildObject(textFields(text, { ...extras, replyTo }), salt);
}

export function profileFields({
  name,
  note,
  bot,
}: {
  readonly name?: string | undefined;
  readonly note?: string | undefined;
  readonly bot?: boolean | undefined;
}): ContentFields {
  const more = { ...(note !== undefined && { note }), ...(bot === true && { bot }) };
  return { kind: 'profile', name: name ?? '', ...more };
}

export function buildProfile(
  name: string,
  salt: Uint8Array,
  more: { readonly note?: string; readonly bot?: boolean } = {},
): Uint8Array {
  return buildObject(profileFields({ name, ...more }), salt);
}

export function vouchFields(keys: readonly PublicKey[]): ContentFields {
  if (keys.length > contentLimits.vouchKeysMax) throw new Error('too many keys for a vouch');
  return { kind: 'vouch', keys: keys.map(publicKeyBytes) };
}

export function buildVouch(keys: readonly PublicKey[], salt: Uint8Array): Uint8Array {
  return buildObject(vouchFields(keys), salt);
}

/** @param addresses `host:port`; none withdraws the earlier ones */
export function addressFields(addresses: readonly string[], expires: number): ContentFields {
  if (!areAddresses(addresses)) throw new Error('too many or too long addresses');
  return { kind: 'address', addresses: [...addresses], expires };
}

export function buildAddress(
  addresses: readonly string[],
  expires: number,
  salt: Uint8Array,
): Uint8Array {
  return buildObject(addressFields(addresses, expires), salt);
}

/** Within the bounds; whether they can be dialed is for who dials them to find out. */
export function areAddresses(addresses: readonly string[]): boolean {
  const { addressesMax, addressCharactersMax } = contentLimits;
  return (
    addresses.length <= addressesMax &&
    addresses.every((each) => each.length <= addressCharactersMax && /^[!-~]+$/.test(each))
  );
}
