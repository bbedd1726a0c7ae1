// Signatures of an identity over bytes with a purpose, and the one rule by which they are valid.
// Knows nothing of what the bytes say.
import { createPublicKey, sign as signBytes, verify, type KeyObject } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import { concat, parseHex } from '../bytes.ts';
import { isValidPublicKey, publicKeyBytes, type Identity, type PublicKey } from '../identity.ts';
import { domainPrefix } from './ids.ts';
import { verifyingKeysMax } from './limits.ts';

/** What a signature is for: bytes signed for one purpose are never valid for another. */
export const purposes = ['root', 'receipt', 'invite', 'join'] as const;
export type Purpose = (typeof purposes)[number];

export const signatureBytes = 64;

/** Signs `"skychat/1 <purpose>\0" || bytes` with Ed25519: 64 bytes, R then S. */
export function sign(identity: Identity, purpose: Purpose, bytes: Uint8Array): Uint8Array {
  return new Uint8Array(signBytes(null, withPrefix(purpose, bytes), identity.signingKey));
}

export function verifySignature(
  key: PublicKey,
  purpose: Purpose,
  bytes: Uint8Array,
  signature: Uint8Array,
): boolean {
  return verifyRaw(key, withPrefix(purpose, bytes), signature);
}

/**
 * The rule itself, over bytes that have their prefix already; exported for the published vectors.
 * Frozen, since replicas that disagree about a signature split: 64 bytes; S < L; the key canonical
 * and of prime order; R not the identity; then the cofactorless equation (RFC 8032, section 5.1.7),
 * for which OpenSSL computes R and compares its encoding, so that no other encoding of R passes.
 */
export function verifyRaw(key: PublicKey, message: Uint8Array, signature: Uint8Array): boolean {
  if (signature.length !== signatureBytes) return false;
  if (!isBelowOrder(signature) || isIdentityPoint(signature)) return false;
  if (!isValidPublicKey(key)) return false;
  return verify(null, message, verifyingKeyOf(key), signature);
}

const prefixes: Readonly<Record<Purpose, Uint8Array>> = {
  root: domainPrefix('root'),
  receipt: domainPrefix('receipt'),
  invite: domainPrefix('invite'),
  join: domainPrefix('join'),
};

function withPrefix(purpose: Purpose, bytes: Uint8Array): Uint8Array {
  return concat(prefixes[purpose], bytes);
}

/** L = 2^252 + 27742317777372353535851937790883648493, little-endian (RFC 8032, section 5.1). */
const order = parseHex(`edd3f55c1a631258d69cf7a2def9de14${'00'.repeat(15)}10`) ?? new Uint8Array();

/** Whether S, the second half of the signature, is below L. */
function isBelowOrder(signature: Uint8Array): boolean {
  for (let i = 31; i >= 0; i--) {
    const difference = (signature[32 + i] ?? 0) - (order[i] ?? 0);
    if (difference !== 0) return difference < 0;
  }
  return false;
}

/** Whether R is the encoding of y = 1. Its other encodings fail the equation's comparison anyway. */
function isIdentityPoint(signature: Uint8Array): boolean {
  if (signature[0] !== 1) return false;
  for (let i = 1; i < 32; i++) if (signature[i] !== 0) return false;
  return true;
}

const verifyingKeys = new LRUCache<PublicKey, KeyObject>({ max: verifyingKeysMax });

/** A key as node:crypto takes it. By JWK, which is nine times as fast as DER. */
function verifyingKeyOf(key: PublicKey): KeyObject {
  const known = verifyingKeys.get(key);
  if (known !== undefined) return known;
  const x = btoa(String.fromCharCode(...publicKeyBytes(key)))
    .replaceAll('+', '-')
    .replaceAll('/', '_')
    .replaceAll('=', '');
  const imported = createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x }, format: 'jwk' });
  verifyingKeys.set(key, imported);
  return imported;
}
