// The link by which somebody joins a group, and the proof that a joiner has it. Whoever holds the
// link may join: it carries the invite's secret. Knows nothing of rosters, links or what is dialed.
//
// The admin's signature shows that nothing in the link was altered, and who invites. Whether that key
// is an admin, and whether the invite is still open, only the group's roster tells.
import { concat } from '../../bytes.ts';
import { decode, encode, type Value } from '../../cxo/codec.ts';
import { groupIdBytes, groupIdOfBytes, idBytes, objectIdOf, type GroupId } from '../../cxo/ids.ts';
import { verifyObject } from '../../cxo/object.ts';
import { sign, signatureBytes, verifySignature } from '../../cxo/sign.ts';
import {
  identityOfSeed,
  isValidPublicKey,
  publicKeyBytes,
  publicKeyOfBytes,
  type Identity,
  type PublicKey,
} from '../../identity.ts';
import { toBase32, parseBase32 } from './base32.ts';
import { areAddresses } from '../content/message.ts';
import { cleanName } from '../people/names.ts';
import { inviteLimits } from '../limits.ts';

export interface InviteNode {
  readonly pk: PublicKey;
  /** `host:port` each. */
  readonly addresses: readonly string[];
}

export interface InviteTerms {
  /** The object whose id is the group's. */
  readonly genesis: Uint8Array;
  /** Nodes of members that may be dialed, in the order in which to try them. */
  readonly nodes: readonly InviteNode[];
  /** Microseconds; null: it holds until it is revoked. */
  readonly expires: number | null;
  /** Null: any number. */
  readonly uses: number | null;
  /** Whether who joins can read what was said before. */
  readonly history: boolean;
  /** The secret of the invite's own key pair, 32 bytes. */
  readonly seed: Uint8Array;
  /** What the group is called, where its genesis does not say: of an encrypted one. */
  readonly name?: string | undefined;
}

export interface Invite extends InviteTerms {
  readonly group: GroupId;
  readonly inviter: PublicKey;
}

const scheme = 'skychat://';
const version = 1;

/** The link. In upper case it is the same link, and a smaller QR code. */
export function buildInvite(inviter: Identity, terms: InviteTerms): string {
  const { genesis, nodes, expires, uses, history, seed, name } = terms;
  const body = encode([
    genesis,
    publicKeyBytes(inviter.publicKey),
    // The inviter's key is there already.
    nodes.map(({ pk, addresses }) => [
      pk === inviter.publicKey ? new Uint8Array() : publicKeyBytes(pk),
      ...addresses,
    ]),
    expires,
    uses,
    history,
    seed,
    name ?? null,
  ]);
  const signed = concat(Uint8Array.of(version), body);
  const link = scheme + toBase32(concat(signed, sign(inviter, 'invite', signed)));
  if (parseInvite(link) === 'invite-altered') throw new Error('terms that no invite can have');
  return link;
}

/**
 * Takes the link as it comes out of a chat or a scanner: in either case, with white space and line
 * breaks around it and within, with or without the slashes.
 */
export function parseInvite(text: string): Invite | 'invite-altered' {
  if (text.length > inviteLimits.linkCharactersMax) return 'invite-altered';
  const [, base32] = /^skychat:(?:\/\/)?(.*)$/i.exec(text.replaceAll(whiteSpace, '')) ?? [];
  const bytes = base32 === undefined ? undefined : parseBase32(base32);
  if (bytes?.[0] !== version || bytes.length <= signatureBytes) return 'invite-altered';
  const signed = bytes.subarray(0, -signatureBytes);
  const decoded = decode(signed.subarray(1));
  const invite = decoded.ok ? inviteOfValue(decoded.value) : undefined;
  if (invite === undefined) return 'invite-altered';
  const signature = bytes.subarray(-signatureBytes);
  return verifySignature(invite.inviter, 'invite', signed, signature) ? invite : 'invite-altered';
}

/** Those that no font shows as well. */
const whiteSpace = /[\s\u00AD\u200B-\u200F\u2060]/gu;

function inviteOfValue(value: Value): Invite | undefined {
  if (!Array.isArray(value) || value.length !== 8) return undefined;
  const [genesis, inviter, list, expires, uses, history, seed, name] = value;
  if (!(genesis instanceof Uint8Array) || !isGenesis(genesis)) return undefined;
  if (!is32Bytes(inviter) || !is32Bytes(seed) || typeof history !== 'boolean') return undefined;
  if (!isCountOrNull(expires) || !isCountOrNull(uses) || uses === 0) return undefined;
  const pk = publicKeyOfBytes(inviter);
  const nodes = nodesOfValue(list, pk);
  if (nodes === undefined) return undefined;
  const group = groupIdOfBytes(objectIdOf(genesis));
  if (name !== null && (typeof name !== 'string' || cleanName(name) !== name)) return undefined;
  const terms = { genesis, nodes, expires, uses, history, seed, name: name ?? undefined };
  return { ...terms, group, inviter: pk };
}

function isGenesis(bytes: Uint8Array): boolean {
  if (bytes.length > inviteLimits.genesisBytesMax) return false;
  const verdict = verifyObject(bytes);
  return verdict.ok && verdict.kind === 'genesis';
}

function nodesOfValue(list: Value | undefined, inviter: PublicKey): InviteNode[] | undefined {
  if (!Array.isArray(list) || list.length > inviteLimits.nodesMax) return undefined;
  const nodes: InviteNode[] = [];
  for (const item of list) {
    if (!Array.isArray(item)) return undefined;
    const [key, ...addresses] = item;
    if (!addresses.every((each) => typeof each === 'string') || !areAddresses(addresses)) {
      return undefined;
    }
    if (!(key instanceof Uint8Array) || (key.length > 0 && !is32Bytes(key))) return undefined;
    const pk = key.length === 0 ? inviter : publicKeyOfBytes(key);
    if (!isValidPublicKey(pk)) return undefined;
    nodes.push({ pk, addresses });
  }
  return nodes;
}

function is32Bytes(value: Value | undefined): value is Uint8Array {
  return value instanceof Uint8Array && value.length === idBytes;
}

function isCountOrNull(value: Value | undefined): value is number | null {
  return value === null || (typeof value === 'number' && value >= 0);
}

/** The key by which the roster knows an invite. */
export function inviteKeyOf(seed: Uint8Array): PublicKey {
  return identityOfSeed(seed).publicKey;
}

/** What only who holds the link can sign, and for one key alone: seen by others it lets in nobody else. */
export function buildJoinProof(seed: Uint8Array, group: GroupId, joiner: PublicKey): Uint8Array {
  return sign(identityOfSeed(seed), 'join', joinBytes(group, joiner));
}

export function verifyJoinProof(
  invite: PublicKey,
  group: GroupId,
  joiner: PublicKey,
  signature: Uint8Array,
): boolean {
  return verifySignature(invite, 'join', joinBytes(group, joiner), signature);
}

function joinBytes(group: GroupId, joiner: PublicKey): Uint8Array {
  return concat(groupIdBytes(group), publicKeyBytes(joiner));
}
