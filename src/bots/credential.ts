// Secrets that are handed to programs: `KIND_ID_SECRET`, of which the hash is kept. A password wants a
// slow hash, because people choose it out of few; these are 256 random bits, so nobody who has the hash
// can try them all, and a fast hash costs no call its time. Knows nothing of what they are good for.
import { timingSafeEqual } from 'node:crypto';
import { parseHex, toHex, utf8 } from '../bytes.ts';
import { domainHash } from '../cxo/ids.ts';
import type { Random } from '../env.ts';
import { botLimits } from './limits.ts';

/** What a credential opens; a leaked one is told by its first letters. */
export type CredentialKind = 'skt' | 'skh';

export interface Credential {
  readonly id: string;
  /** To be told once. */
  readonly text: string;
  readonly hash: string;
}

export function buildCredential(kind: CredentialKind, random: Pick<Random, 'bytes'>): Credential {
  const id = toHex(random.bytes(botLimits.idBytes));
  const secret = Buffer.from(random.bytes(botLimits.secretBytes)).toString('base64url');
  const text = `${kind}_${id}_${secret}`;
  return { id, text, hash: hashOf(text) };
}

/** The id by which the kept hash is found; undefined for what is none of the kind. */
export function findCredentialId(kind: CredentialKind, text: string): string | undefined {
  const match = /^(sk[th])_([0-9a-f]{16})_[A-Za-z0-9_-]{43}$/.exec(text);
  return match?.[1] === kind ? match[2] : undefined;
}

/** Takes as long for a wrong text as for the right one. */
export function isCredential(text: string, hash: string): boolean {
  const kept = parseHex(hash);
  const given = parseHex(hashOf(text));
  if (kept === undefined || given === undefined || kept.length !== given.length) return false;
  return timingSafeEqual(given, kept);
}

function hashOf(text: string): string {
  return toHex(domainHash('credential', utf8(text)));
}
