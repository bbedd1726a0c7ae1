// The frames by which a joiner asks a member to let it into a group, the member's answer, and the word
// on who is in a group and who is not. Knows nothing of when they are sent. The group is named by a
// salted tag, so that nobody learns of it who does not know it.
import type { Proof } from '../cxo/archive.ts';
import { decode, encode, type Value } from '../cxo/codec.ts';
import { domainHash, groupIdBytes, idBytes, type GroupId } from '../cxo/ids.ts';
import { signatureBytes } from '../cxo/sign.ts';
import { publicKeyBytes, publicKeyOfBytes, type PublicKey } from '../identity.ts';
import { wordLimits } from './door-limits.ts';

/** `20` to `2f` are the door's; what is not known of them the gossip ignores. */
export const doorFrames = { knock: 0x20, answer: 0x21, standing: 0x22 } as const;

export const knockTagBytes = 16;

/** How a link names a group in these frames: another tag on each link, and another than gossip's. */
export function knockTag(handshakeHash: Uint8Array, group: GroupId): Uint8Array {
  return domainHash('knock', handshakeHash, groupIdBytes(group)).slice(0, knockTagBytes);
}

export interface Knock {
  readonly tag: Uint8Array;
  /** The invite's public key. */
  readonly invite: PublicKey;
  /** By the invite's key, over the group and the key that this link has proved. */
  readonly signature: Uint8Array;
}

export function encodeKnock({ tag, invite, signature }: Knock): Uint8Array {
  return encode([tag, publicKeyBytes(invite), signature]);
}

export function parseKnock(payload: Uint8Array): Knock | undefined {
  const fields = fieldsOf(payload, 3);
  if (fields === undefined) return undefined;
  const [tag, invite, signature] = fields;
  if (!isBytes(tag, knockTagBytes) || !isBytes(invite, idBytes)) return undefined;
  if (!isBytes(signature, signatureBytes)) return undefined;
  return { tag, invite: publicKeyOfBytes(invite), signature };
}

/** What comes of a knock. */
export const knockCodes = [
  'admitted',
  'already-member',
  'invite-altered',
  'invite-expired',
  'invite-used',
  'invite-revoked',
  /** The member knows of no such invite, or not yet. */
  'unknown-invite',
  /** The node is not in the group, or does not know yet that it is. */
  'unknown-group',
  /** The key was removed from the group: only an admin can add it again. */
  'removed',
  /** Not now: the disk is full, or too many come at once. */
  'not-ready',
] as const;
export type KnockCode = (typeof knockCodes)[number];

export interface KnockAnswer {
  readonly tag: Uint8Array;
  /** Undefined for one that this version does not know: a refusal by this node alone. */
  readonly code: KnockCode | undefined;
}

export function encodeAnswer(tag: Uint8Array, code: KnockCode): Uint8Array {
  return encode([tag, code]);
}

const codeForm = /^[a-z][a-z-]{0,31}$/;

export function parseAnswer(payload: Uint8Array): KnockAnswer | undefined {
  const fields = fieldsOf(payload, 2);
  if (fields === undefined) return undefined;
  const [tag, word] = fields;
  if (!isBytes(tag, knockTagBytes) || typeof word !== 'string' || !codeForm.test(word)) {
    return undefined;
  }
  return { tag, code: knockCodes.find((code) => code === word) };
}

/** Of one operation: its author is named in the root. */
export type WordProof = Omit<Proof, 'author'>;

/** What proves that a key was removed, or let in: the operation, and how its author came to have a say. */
export interface StandingWord {
  readonly tag: Uint8Array;
  readonly proofs: readonly WordProof[];
}

/** Undefined where it is larger than a frame of this kind may be. */
export function encodeStanding({ tag, proofs }: StandingWord): Uint8Array | undefined {
  const { proofsMax, chainMax } = wordLimits;
  const isTooLong = proofs.some(({ chain }) => chain.length > chainMax);
  if (proofs.length === 0 || proofs.length > proofsMax || isTooLong) return undefined;
  const list = proofs.map(({ object, root, chain, signature }) => [
    ...[object, root, signature],
    [...chain],
  ]);
  let size = 0;
  for (const { object, root, chain } of proofs) {
    for (const bytes of [object, root, ...chain]) size += bytes.length;
  }
  return size > wordLimits.bytesMax ? undefined : encode([tag, list]);
}

export function parseStanding(payload: Uint8Array): StandingWord | undefined {
  const [tag, list] = fieldsOf(payload, 2) ?? [];
  if (!isBytes(tag, knockTagBytes) || !Array.isArray(list)) return undefined;
  if (list.length === 0 || list.length > wordLimits.proofsMax) return undefined;
  const proofs: WordProof[] = [];
  for (const item of list) {
    if (!Array.isArray(item) || item.length !== 4) return undefined;
    const [object, root, signature, chain] = item;
    if (!(object instanceof Uint8Array) || !(root instanceof Uint8Array)) return undefined;
    if (!isBytes(signature, signatureBytes) || !Array.isArray(chain)) return undefined;
    if (chain.length > wordLimits.chainMax || !chain.every(isAnyBytes)) return undefined;
    proofs.push({ object, root, signature, chain });
  }
  return { tag, proofs };
}

function isAnyBytes(value: Value): value is Uint8Array {
  return value instanceof Uint8Array;
}

function fieldsOf(payload: Uint8Array, count: number): Value[] | undefined {
  const decoded = decode(payload);
  if (!decoded.ok || !Array.isArray(decoded.value)) return undefined;
  return decoded.value.length === count ? decoded.value : undefined;
}

function isBytes(value: Value | undefined, length: number): value is Uint8Array {
  return value instanceof Uint8Array && value.length === length;
}
