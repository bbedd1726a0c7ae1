// The primitives of sealing by node:crypto, synchronous: X25519, ChaCha20-Poly1305, HMAC-SHA-256.
// The only file of this layer that touches keys as KeyObjects; knows nothing of groups.
import {
  createCipheriv,
  createDecipheriv,
  createPrivateKey,
  createPublicKey,
  diffieHellman,
  type KeyObject,
} from 'node:crypto';
import { sha256 } from '../../cxo/ids.ts';

export const keyBytes = 32;
export const nonceBytes = 12;
export const tagBytes = 16;
const blockBytes = 64;

/** An X25519 secret, imported once: the import costs as much as the Diffie-Hellman itself. */
export interface SecretKey {
  readonly handle: KeyObject;
  readonly publicKey: Uint8Array;
}

export function importSecretKey(secret: Uint8Array): SecretKey {
  // Node reads `d` alone, but demands that `x` is a string.
  const jwk = { kty: 'OKP', crv: 'X25519', d: base64url(secret), x: '' };
  const handle = createPrivateKey({ key: jwk, format: 'jwk' });
  const { x } = createPublicKey(handle).export({ format: 'jwk' });
  return { handle, publicKey: parseBase64url(x ?? '') };
}

/** The X25519 shared secret; undefined where it is all zero (RFC 9180, section 7.1.4). */
export function x25519(own: SecretKey, publicKey: Uint8Array): Uint8Array | undefined {
  const jwk = { kty: 'OKP', crv: 'X25519', x: base64url(publicKey) };
  const remote = createPublicKey({ key: jwk, format: 'jwk' });
  try {
    const shared = plain(diffieHellman({ privateKey: own.handle, publicKey: remote }));
    return shared.every((byte) => byte === 0) ? undefined : shared;
  } catch {
    // OpenSSL refuses an all-zero result itself.
    return undefined;
  }
}

/** Room for what is hashed for a message; reused by each call, which is over before the next begins. */
const innerScratch = new Uint8Array(blockBytes + 256);
const outerScratch = new Uint8Array(blockBytes + keyBytes);

/** HMAC-SHA-256 by two one-shot hashes: 1 µs, where an Hmac object costs more than twice that. */
export function hmac(key: Uint8Array, message: Uint8Array): Uint8Array {
  if (key.length > blockBytes) throw new Error('keys are at most one block long');
  const length = blockBytes + message.length;
  const inner = length > innerScratch.length ? new Uint8Array(length) : innerScratch;
  inner.fill(0x36, 0, blockBytes);
  outerScratch.fill(0x5c, 0, blockBytes);
  for (let i = 0; i < key.length; i++) {
    const byte = key[i] ?? 0;
    inner[i] = byte ^ 0x36;
    outerScratch[i] = byte ^ 0x5c;
  }
  inner.set(message, blockBytes);
  outerScratch.set(sha256(inner.subarray(0, length)), blockBytes);
  return sha256(outerScratch);
}

const cipherName = 'chacha20-poly1305';
const cipherOptions = { authTagLength: tagBytes };

/** Writes ciphertext and tag to the target, from the offset on. */
export function encryptInto(
  target: Uint8Array,
  offset: number,
  sealing: { readonly key: Uint8Array; readonly nonce: Uint8Array; readonly data: Uint8Array },
  plaintext: Uint8Array,
): void {
  const { key, nonce, data } = sealing;
  const cipher = createCipheriv(cipherName, key, nonce, cipherOptions);
  if (data.length > 0) cipher.setAAD(data, { plaintextLength: plaintext.length });
  target.set(cipher.update(plaintext), offset);
  cipher.final();
  target.set(cipher.getAuthTag(), offset + plaintext.length);
}

export function encrypt(
  key: Uint8Array,
  nonce: Uint8Array,
  data: Uint8Array,
  plaintext: Uint8Array,
): Uint8Array {
  const ciphertext = new Uint8Array(plaintext.length + tagBytes);
  encryptInto(ciphertext, 0, { key, nonce, data }, plaintext);
  return ciphertext;
}

/** Undefined where anything of it was altered. */
export function decrypt(
  key: Uint8Array,
  nonce: Uint8Array,
  data: Uint8Array,
  ciphertext: Uint8Array,
): Uint8Array | undefined {
  const length = ciphertext.length - tagBytes;
  if (length < 0) return undefined;
  const decipher = createDecipheriv(cipherName, key, nonce, cipherOptions);
  if (data.length > 0) decipher.setAAD(data, { plaintextLength: length });
  decipher.setAuthTag(ciphertext.subarray(length));
  // Not authenticated before `final` has passed.
  const plaintext = decipher.update(ciphertext.subarray(0, length));
  try {
    decipher.final();
  } catch {
    return undefined;
  }
  return plain(plaintext);
}

/** RFC 4648, section 5, without padding: the form of keys in a JWK. */
function base64url(bytes: Uint8Array): string {
  return btoa(String.fromCharCode(...bytes))
    .replaceAll('+', '-')
    .replaceAll('/', '_')
    .replaceAll('=', '');
}

function parseBase64url(text: string): Uint8Array {
  const binary = atob(text.replaceAll('-', '+').replaceAll('_', '/'));
  return Uint8Array.from(binary, (character) => character.charCodeAt(0));
}

/** The same memory as a plain Uint8Array: what node:crypto returns has other semantics for `slice`. */
function plain(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length);
}
