// Objects of kind `epoch` and `keys`: a new epoch key for every member, and earlier keys for one
// member. How they are built, what they say, and what one recipient finds in them. Knows nothing of
// who is a member and of which epoch is in use.
import { keyBytes, tagBytes } from '../../aead.ts';
import { compare, concat } from '../../bytes.ts';
import { domainPrefix, idBytes } from '../../cxo/ids.ts';
import { buildObject, type ObjectFields } from '../../cxo/object.ts';
import type { Value } from '../../cxo/codec.ts';
import type { Random } from '../../env.ts';
import {
  linkKeyOf,
  publicKeyBytes,
  publicKeyOfBytes,
  type Identity,
  type PublicKey,
} from '../../identity.ts';
import { saltBytes } from '../../cxo/limits.ts';
import { sealingLimits } from '../limits.ts';
import {
  epochIdBytes,
  epochIdLength,
  epochIdOf,
  epochIdOfBytes,
  type EpochId,
} from './epoch-id.ts';
import { encapsulatedBytes, hpkeOpen, hpkeSeal, type HpkeBinding } from './hpke.ts';

/** How much of a recipient's key is shown: enough to find one's own entry and to tell members apart. */
export const prefixBytes = 8;
const ciphertextBytes = keyBytes + tagBytes;
const recipientBytes = prefixBytes + encapsulatedBytes + ciphertextBytes;

export interface EpochPart {
  readonly id: EpochId;
  readonly generation: number;
  /** Objects in the group when the epoch was made. */
  readonly base: number;
  readonly part: number;
  readonly parts: number;
  /** The recipients' first 8 bytes each, in order. */
  readonly prefixes: Uint8Array;
  readonly sealed: Uint8Array;
}

export interface NewEpoch {
  readonly group: Uint8Array;
  readonly issuer: PublicKey;
  readonly epochKey: Uint8Array;
  readonly generation: number;
  readonly base: number;
  /** In the order of the keys; those that are no points of the curve are left out by the caller. */
  readonly recipients: readonly PublicKey[];
}

/** The objects of a new epoch, in the order in which they go into the issuer's feed. */
export function buildEpoch(epoch: NewEpoch, random: Random): Uint8Array[] {
  const { recipientsOfPartMax, partsMax } = sealingLimits;
  const parts = Math.max(1, Math.ceil(epoch.recipients.length / recipientsOfPartMax));
  if (parts > partsMax) throw new Error('more recipients than an epoch can have');
  const id = epochIdOf(epoch.group, epoch.epochKey);
  const binding = epochBinding(epoch.group, epoch.issuer, id);
  return Array.from({ length: parts }, (_, part) => {
    const from = part * recipientsOfPartMax;
    const recipients = epoch.recipients.slice(from, from + recipientsOfPartMax);
    const sealed = concat(
      ...recipients.map((key) => sealFor(key, binding, epoch.epochKey, random)),
    );
    const { generation, base } = epoch;
    const fields = {
      kind: 'epoch',
      generation,
      part,
      parts,
      commitment: epochIdBytes(id),
      sealed,
      base,
    };
    return buildObject(fields, random.bytes(saltBytes));
  });
}

function sealFor(
  recipient: PublicKey,
  binding: HpkeBinding,
  epochKey: Uint8Array,
  random: Random,
): Uint8Array {
  const { enc, ciphertext } = sealTo(recipient, binding, epochKey, random);
  return concat(publicKeyBytes(recipient).subarray(0, prefixBytes), enc, ciphertext);
}

function sealTo(
  recipient: PublicKey,
  binding: HpkeBinding,
  plaintext: Uint8Array,
  random: Random,
): { enc: Uint8Array; ciphertext: Uint8Array } {
  const linkKey = linkKeyOf(recipient);
  const sealed = linkKey && hpkeSeal(linkKey, binding, plaintext, random);
  if (sealed === undefined) throw new Error('recipients have keys of the prime-order subgroup');
  return sealed;
}

/** Undefined where the fields are not those of an `epoch`. */
export function parseEpochPart(fields: ObjectFields): EpochPart | undefined {
  const { kind, commitment, generation, base, part, parts, sealed } = fields;
  const { generationMax, partsMax, recipientsOfPartMax } = sealingLimits;
  if (kind !== 'epoch' || !isBytes(commitment, epochIdLength)) return undefined;
  if (!isCount(generation, generationMax) || !isCount(base, Number.MAX_SAFE_INTEGER))
    return undefined;
  if (!isCount(parts, partsMax) || !isCount(part, parts - 1)) return undefined;
  if (!(sealed instanceof Uint8Array) || sealed.length % recipientBytes !== 0) return undefined;
  const count = sealed.length / recipientBytes;
  if (count < 1 || count > recipientsOfPartMax) return undefined;
  const prefixes = new Uint8Array(count * prefixBytes);
  for (let i = 0; i < count; i++) {
    const prefix = sealed.subarray(i * recipientBytes, i * recipientBytes + prefixBytes);
    prefixes.set(prefix, i * prefixBytes);
  }
  return { id: epochIdOfBytes(commitment), generation, base, part, parts, prefixes, sealed };
}

/** The epoch key, where the part has it for this identity and it is the one that it commits to. */
export function openEpochPart(
  part: EpochPart,
  group: Uint8Array,
  issuer: PublicKey,
  own: Identity,
): Uint8Array | undefined {
  const binding = epochBinding(group, issuer, part.id);
  const prefix = publicKeyBytes(own.publicKey).subarray(0, prefixBytes);
  let attempts = 0;
  for (let i = 0; i * prefixBytes < part.prefixes.length; i++) {
    if (compare(part.prefixes.subarray(i * prefixBytes, (i + 1) * prefixBytes), prefix) !== 0)
      continue;
    if (attempts++ === sealingLimits.attemptsMax) return undefined;
    const recipient = part.sealed.subarray(i * recipientBytes, (i + 1) * recipientBytes);
    const enc = recipient.subarray(prefixBytes, prefixBytes + encapsulatedBytes);
    const ciphertext = recipient.subarray(prefixBytes + encapsulatedBytes);
    const epochKey = hpkeOpen(own.linkKeys, binding, { enc, ciphertext });
    if (epochKey !== undefined && epochIdOf(group, epochKey) === part.id) return epochKey;
  }
  return undefined;
}

export interface KeyGrant {
  readonly to: PublicKey;
  /** Of the epochs whose keys are in it, in the same order. */
  readonly epochs: readonly EpochId[];
  readonly enc: Uint8Array;
  readonly sealed: Uint8Array;
}

/** @param keys of different epochs, at most `keysOfGrantMax`; the recipient's key is a valid one */
export function buildKeyGrant(
  grant: {
    readonly group: Uint8Array;
    readonly issuer: PublicKey;
    readonly to: PublicKey;
    readonly keys: ReadonlyMap<EpochId, Uint8Array>;
  },
  random: Random,
): Uint8Array {
  const { group, issuer, to, keys } = grant;
  if (keys.size > sealingLimits.keysOfGrantMax) throw new Error('too many keys for a grant');
  const epochs = concat(...[...keys.keys()].map(epochIdBytes));
  const binding = grantBinding(group, issuer, epochs);
  const { enc, ciphertext } = sealTo(to, binding, concat(...keys.values()), random);
  const fields = { kind: 'keys', to: publicKeyBytes(to), epochs, enc, sealed: ciphertext };
  return buildObject(fields, random.bytes(saltBytes));
}

/** Undefined where the fields are not those of a `keys` object. */
export function parseKeyGrant(fields: ObjectFields): KeyGrant | undefined {
  const { kind, to, epochs, enc, sealed } = fields;
  if (kind !== 'keys' || !isBytes(to, idBytes) || !isBytes(enc, encapsulatedBytes))
    return undefined;
  if (!(epochs instanceof Uint8Array) || !(sealed instanceof Uint8Array)) return undefined;
  const count = epochs.length / epochIdLength;
  if (!isCount(count, sealingLimits.keysOfGrantMax) || count === 0) return undefined;
  if (sealed.length !== count * keyBytes + tagBytes) return undefined;
  const ids = Array.from({ length: count }, (_, i) =>
    epochIdOfBytes(epochs.subarray(i * epochIdLength, (i + 1) * epochIdLength)),
  );
  return { to: publicKeyOfBytes(to), epochs: ids, enc, sealed };
}

/** The keys that are those of the epochs they are named for; undefined where it does not open. */
export function openKeyGrant(
  { epochs, enc, sealed }: KeyGrant,
  group: Uint8Array,
  issuer: PublicKey,
  own: Identity,
): Map<EpochId, Uint8Array> | undefined {
  const binding = grantBinding(group, issuer, concat(...epochs.map(epochIdBytes)));
  const keys = hpkeOpen(own.linkKeys, binding, { enc, ciphertext: sealed });
  if (keys === undefined) return undefined;
  const opened = new Map<EpochId, Uint8Array>();
  for (const [i, id] of epochs.entries()) {
    const key = keys.slice(i * keyBytes, (i + 1) * keyBytes);
    if (epochIdOf(group, key) === id) opened.set(id, key);
  }
  return opened;
}

const epochPrefix = domainPrefix('epoch');
const grantPrefix = domainPrefix('keys');

function epochBinding(group: Uint8Array, issuer: PublicKey, id: EpochId): HpkeBinding {
  return { info: concat(epochPrefix, group, publicKeyBytes(issuer)), aad: epochIdBytes(id) };
}

function grantBinding(group: Uint8Array, issuer: PublicKey, epochs: Uint8Array): HpkeBinding {
  return { info: concat(grantPrefix, group, publicKeyBytes(issuer)), aad: epochs };
}

function isBytes(value: Value | undefined, length: number): value is Uint8Array {
  return value instanceof Uint8Array && value.length === length;
}

function isCount(value: Value | undefined, max: number): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 && value <= max;
}
