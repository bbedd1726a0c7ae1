// Identifiers: what each of them is the SHA-256 of, and their hexadecimal form.
// Knows nothing of what the hashed bytes say.
import { hash } from 'node:crypto';
import { parseHex, toHex, utf8 } from '../bytes.ts';

declare const objectIdBrand: unique symbol;
declare const rootIdBrand: unique symbol;
declare const messageIdBrand: unique symbol;
declare const groupIdBrand: unique symbol;

/** SHA-256 of an object's bytes. */
export type ObjectId = Uint8Array & { readonly [objectIdBrand]: true };
/** SHA-256 of a root's bytes without the signature. */
export type RootId = Uint8Array & { readonly [rootIdBrand]: true };
/** SHA-256 over group, author and object id: one object in two feeds is two messages. */
export type MessageId = Uint8Array & { readonly [messageIdBrand]: true };
/** The object id of a group's genesis, as 64 lower-case hex characters. */
export type GroupId = string & { readonly [groupIdBrand]: true };

export const idBytes = 32;

/** By way of a string: 0.3 µs, where a Buffer and the memory outside of the heap behind it cost 1. */
export function sha256(bytes: Uint8Array): Uint8Array {
  const digest = hash('sha256', bytes, 'binary');
  const copy = new Uint8Array(idBytes);
  for (let i = 0; i < idBytes; i++) copy[i] = digest.charCodeAt(i);
  return copy;
}

/** The bytes that keep one purpose's hashes and signatures apart from another's. */
export function domainPrefix(purpose: string): Uint8Array {
  return utf8(`skychat/1 ${purpose}\0`);
}

/** SHA-256 of the purpose's prefix and the parts; the parts' lengths have to be fixed. */
export function domainHash(purpose: string, ...parts: readonly Uint8Array[]): Uint8Array {
  const prefix = domainPrefix(purpose);
  let length = prefix.length;
  for (const part of parts) length += part.length;
  const whole = new Uint8Array(length);
  whole.set(prefix);
  let offset = prefix.length;
  for (const part of parts) {
    whole.set(part, offset);
    offset += part.length;
  }
  return sha256(whole);
}

export function objectIdOf(bytes: Uint8Array): ObjectId {
  return sha256(bytes) as ObjectId;
}

export function rootIdOf(bytes: Uint8Array): RootId {
  return sha256(bytes) as RootId;
}

const messagePrefix = domainPrefix('message');
/** Reused by each call, which is over before the next begins. */
const messageScratch = new Uint8Array(messagePrefix.length + 3 * idBytes);
messageScratch.set(messagePrefix);

export function messageIdOf(
  groupBytes: Uint8Array,
  authorBytes: Uint8Array,
  objectId: ObjectId,
): MessageId {
  assertIdLength(groupBytes);
  assertIdLength(authorBytes);
  assertIdLength(objectId);
  messageScratch.set(groupBytes, messagePrefix.length);
  messageScratch.set(authorBytes, messagePrefix.length + idBytes);
  messageScratch.set(objectId, messagePrefix.length + 2 * idBytes);
  return sha256(messageScratch) as MessageId;
}

/** Accepts either case; undefined where it is not 64 hex characters. */
export function parseObjectId(text: string): ObjectId | undefined {
  return parseId(text) as ObjectId | undefined;
}

/** Accepts either case; undefined where it is not 64 hex characters. */
export function parseRootId(text: string): RootId | undefined {
  return parseId(text) as RootId | undefined;
}

/** Accepts either case; undefined where it is not 64 hex characters. */
export function parseMessageId(text: string): MessageId | undefined {
  return parseId(text) as MessageId | undefined;
}

/** Accepts either case; undefined where it is not 64 hex characters. */
export function parseGroupId(text: string): GroupId | undefined {
  return /^[0-9a-fA-F]{64}$/.test(text) ? (text.toLowerCase() as GroupId) : undefined;
}

export function groupIdOfBytes(bytes: Uint8Array): GroupId {
  assertIdLength(bytes);
  return toHex(bytes) as GroupId;
}

export function groupIdBytes(group: GroupId): Uint8Array {
  const bytes = parseHex(group);
  if (bytes === undefined) throw new Error('a GroupId is always hex');
  return bytes;
}

function parseId(text: string): Uint8Array | undefined {
  return text.length === 2 * idBytes ? parseHex(text) : undefined;
}

function assertIdLength(bytes: Uint8Array): void {
  if (bytes.length !== idBytes) throw new Error('an id or a public key has 32 bytes');
}
