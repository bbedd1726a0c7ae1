// The object that a group's id is the hash of, for groups that have a roster and for the two of a
// direct conversation. Knows nothing of what became of the group since; the room's is in room.ts.
import { compare, equal } from '../../bytes.ts';
import type { Value } from '../../cxo/codec.ts';
import { domainHash, groupIdOfBytes, objectIdOf, type GroupId } from '../../cxo/ids.ts';
import { saltBytes } from '../../cxo/limits.ts';
import { buildObject, parseObject, type ObjectFields } from '../../cxo/object.ts';
import { SkychatError } from '../../errors.ts';
import {
  isValidPublicKey,
  publicKeyBytes,
  publicKeyOfBytes,
  type PublicKey,
} from '../../identity.ts';
import { cleanName, parseName } from '../people/names.ts';

export interface RosterGenesis {
  readonly id: GroupId;
  readonly kind: 'roster';
  readonly encrypted: boolean;
  readonly founder: PublicKey;
  /** Empty in an encrypted group, whose name is for its members alone. */
  readonly name: string;
  /** The object. */
  readonly bytes: Uint8Array;
}

export interface DirectGenesis {
  readonly id: GroupId;
  readonly kind: 'direct';
  readonly encrypted: true;
  /** In the order of the keys. */
  readonly members: readonly [PublicKey, PublicKey];
  readonly bytes: Uint8Array;
}

export type Genesis = RosterGenesis | DirectGenesis;

/**
 * @param name of a plain group; an encrypted one is named by a sealed description
 * @throws SkychatError `bad-field` where it is not a name
 */
export function buildGenesis(
  group: { readonly name: string; readonly encrypted: boolean; readonly founder: PublicKey },
  salt: Uint8Array,
): RosterGenesis {
  const { encrypted, founder } = group;
  const name = encrypted ? '' : parseName(group.name);
  const fields = { kind: 'genesis', name, encrypted, founder: publicKeyBytes(founder) };
  const bytes = buildObject(fields, salt);
  return { id: idOf(bytes), kind: 'roster', encrypted, founder, name, bytes };
}

/**
 * The conversation of two keys: the same on both sides, and there is one only.
 * @throws SkychatError `bad-field` for one key twice
 */
export function directGenesis(a: PublicKey, b: PublicKey): DirectGenesis {
  if (a === b) throw new SkychatError('bad-field', 'a direct conversation is of two keys');
  const members = a < b ? ([a, b] as const) : ([b, a] as const);
  const direct = members.map(publicKeyBytes);
  const salt = directSalt(direct);
  const fields = { kind: 'genesis', encrypted: true, founder: null, direct };
  const bytes = buildObject(fields, salt);
  return { id: idOf(bytes), kind: 'direct', encrypted: true, members, bytes };
}

/** Undefined for anything but what the two functions above build, the room's genesis included. */
export function parseGenesis(bytes: Uint8Array): Genesis | undefined {
  const parsed = parseObject(bytes);
  if (!parsed.ok || parsed.fields.kind !== 'genesis') return undefined;
  const copy = bytes.slice();
  return parsed.fields['founder'] === null
    ? parseDirect(parsed.fields, copy)
    : parseRoster(parsed.fields, copy);
}

function parseRoster(fields: ObjectFields, bytes: Uint8Array): RosterGenesis | undefined {
  const { encrypted, name } = fields;
  const founder = validKeyOf(fields['founder']);
  if (!hasFields(fields, 'encrypted', 'founder', 'kind', 'name', 'salt')) return undefined;
  if (founder === undefined || typeof encrypted !== 'boolean' || typeof name !== 'string') {
    return undefined;
  }
  const isNamed = encrypted ? name === '' : isName(name);
  if (!isNamed) return undefined;
  return { id: idOf(bytes), kind: 'roster', encrypted, founder, name, bytes };
}

function parseDirect(fields: ObjectFields, bytes: Uint8Array): DirectGenesis | undefined {
  const { direct, encrypted, salt } = fields;
  if (!hasFields(fields, 'direct', 'encrypted', 'founder', 'kind', 'salt')) return undefined;
  if (encrypted !== true || !Array.isArray(direct) || direct.length !== 2) return undefined;
  const [first, second] = direct;
  const [a, b] = [validKeyOf(first), validKeyOf(second)];
  if (!(first instanceof Uint8Array) || !(second instanceof Uint8Array)) return undefined;
  if (a === undefined || b === undefined || compare(first, second) >= 0) return undefined;
  if (!equal(salt, directSalt([first, second]))) return undefined;
  return { id: idOf(bytes), kind: 'direct', encrypted: true, members: [a, b], bytes };
}

function directSalt(keys: readonly Uint8Array[]): Uint8Array {
  return domainHash('direct', ...keys).slice(0, saltBytes);
}

function validKeyOf(value: Value | undefined): PublicKey | undefined {
  if (!(value instanceof Uint8Array) || value.length !== 32) return undefined;
  const key = publicKeyOfBytes(value);
  return isValidPublicKey(key) ? key : undefined;
}

function isName(name: string): boolean {
  return name !== '' && name.normalize('NFC') === name && cleanName(name) === name;
}

function hasFields(fields: ObjectFields, ...names: readonly string[]): boolean {
  return Object.keys(fields).sort().join() === names.join();
}

function idOf(bytes: Uint8Array): GroupId {
  return groupIdOfBytes(objectIdOf(bytes));
}
