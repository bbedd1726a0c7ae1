// A key pair, which is an identity: the Ed25519 pair that signs and the X25519 pair of the link,
// both from one 32-byte seed (RFC 8032, section 5.1.5). Knows nothing of feeds or sockets.
import { createPrivateKey, createPublicKey, hkdfSync, type KeyObject } from 'node:crypto';
import { ed25519 } from '@noble/curves/ed25519.js';
import { parseHex, toHex } from './bytes.ts';
import { isOfPrimeOrder } from './subgroup.ts';

declare const publicKeyBrand: unique symbol;
/** A 32-byte Ed25519 public key as 64 lower-case hex characters: name, address and credential. */
export type PublicKey = string & { readonly [publicKeyBrand]: true };

export interface KeyPair {
  readonly publicKey: Uint8Array;
  readonly secretKey: Uint8Array;
}

export interface Identity {
  readonly publicKey: PublicKey;
  /** node:crypto's handle on the Ed25519 secret, for signing. */
  readonly signingKey: KeyObject;
  /** The X25519 pair of the link's Noise handshake: public and clamped secret key, 32 bytes each. */
  readonly linkKeys: KeyPair;
}

/** Accepts either case; undefined where it is not 64 hex characters. Says nothing of the curve. */
export function parsePublicKey(text: string): PublicKey | undefined {
  return /^[0-9a-fA-F]{64}$/.test(text) ? (text.toLowerCase() as PublicKey) : undefined;
}

export function publicKeyOfBytes(bytes: Uint8Array): PublicKey {
  if (bytes.length !== 32) throw new Error('a public key has 32 bytes');
  return toHex(bytes) as PublicKey;
}

export function publicKeyBytes(key: PublicKey): Uint8Array {
  const bytes = parseHex(key);
  if (bytes === undefined) throw new Error('a PublicKey is always hex');
  return bytes;
}

const pkcs8Prefix = parseHex('302e020100300506032b657004220420') ?? new Uint8Array();

/** The identity of a 32-byte seed. */
export function identityOfSeed(seed: Uint8Array): Identity {
  if (seed.length !== 32) throw new Error('a seed has 32 bytes');
  const der = Buffer.concat([pkcs8Prefix, seed]);
  const signingKey = createPrivateKey({ key: der, format: 'der', type: 'pkcs8' });
  const jwk = createPublicKey(signingKey).export({ format: 'jwk' });
  const publicBytes = new Uint8Array(Buffer.from(jwk.x ?? '', 'base64url'));
  return {
    publicKey: publicKeyOfBytes(publicBytes),
    signingKey,
    linkKeys: {
      publicKey: ed25519.utils.toMontgomery(publicBytes),
      secretKey: ed25519.utils.toMontgomerySecret(seed),
    },
  };
}

/**
 * The X25519 public key that an identity proves in the link's handshake (the birational map of its
 * Ed25519 point); undefined where the key is not a canonical point of the prime-order subgroup.
 * A and −A share one X25519 key: never go back from it to an identity.
 */
export function linkKeyOf(key: PublicKey): Uint8Array | undefined {
  return isValidPublicKey(key) ? montgomeryOf(publicKeyBytes(key)) : undefined;
}

/** RFC 7748, section 4.1: u = (1 + y) / (1 − y). Only for valid keys: y of the identity is 1. */
function montgomeryOf(publicKey: Uint8Array): Uint8Array {
  const { Fp } = ed25519.Point;
  const bytes = publicKey.slice();
  bytes[31] = (bytes[31] ?? 0) & 0x7f;
  const y = Fp.fromBytes(bytes);
  return Fp.toBytes(Fp.mul(Fp.add(Fp.ONE, y), Fp.inv(Fp.sub(Fp.ONE, y))));
}

/**
 * 32 secret bytes for one purpose, by HKDF-SHA256 from the identity's seed: what they protect is
 * readable with the key file alone, and none of them tells of the seed or of another purpose's.
 */
export function deriveSecret(identity: Identity, purpose: string): Uint8Array {
  const { d } = identity.signingKey.export({ format: 'jwk' });
  const seed = Buffer.from(d ?? '', 'base64url');
  if (seed.length !== 32) throw new Error('the signing key of an identity has its seed');
  return new Uint8Array(hkdfSync('sha256', seed, '', `skychat/1 ${purpose}\0`, 32));
}

/** More authors than a mesh has at a time, 130 bytes each: a key that is forgotten costs 0.2 ms. */
const validityMax = 65_536;
const validity = new Map<PublicKey, boolean>();

/**
 * Whether the key is a canonical encoding of a point in the prime-order subgroup, other than the
 * identity. A pure function, remembered because it costs about 0.2 ms.
 */
export function isValidPublicKey(key: PublicKey): boolean {
  const known = validity.get(key);
  if (known !== undefined) return known;
  const valid = isPrimeOrderPoint(publicKeyBytes(key));
  if (validity.size >= validityMax) validity.delete(validity.keys().next().value ?? key);
  validity.set(key, valid);
  return valid;
}

function isPrimeOrderPoint(bytes: Uint8Array): boolean {
  const point = findPoint(bytes);
  return point !== undefined && isOfPrimeOrder(point);
}

/** The point with this canonical encoding (RFC 8032, section 5.1.3), wherever on the curve. */
function findPoint(bytes: Uint8Array): InstanceType<typeof ed25519.Point> | undefined {
  try {
    return ed25519.Point.fromBytes(bytes, false);
  } catch {
    return undefined;
  }
}
