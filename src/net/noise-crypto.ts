// The primitives of Noise by node:crypto: X25519, ChaCha20-Poly1305, SHA-256, HMAC.
// The only file of the net layer that touches keys as KeyObjects; knows nothing of handshakes.
import {
  createCipheriv,
  createDecipheriv,
  createHash,
  createHmac,
  createPrivateKey,
  createPublicKey,
  diffieHellman,
  type KeyObject,
} from 'node:crypto';
import type { Random } from '../env.ts';
import type { KeyPair } from '../identity.ts';
import { keyBytes, tagBytes, type NoiseCrypto } from './noise.ts';

const cipherName = 'chacha20-poly1305';
const cipherOptions = { authTagLength: tagBytes };

export function nodeNoiseCrypto(random: Random): NoiseCrypto {
  return {
    generateKeyPair: () => keyPairOfSecret(random.bytes(keyBytes)),
    dh,
    encrypt,
    decrypt,
    hash: (bytes) => plain(createHash('sha256').update(bytes).digest()),
    hmac: (key, bytes) => plain(createHmac('sha256', key).update(bytes).digest()),
  };
}

/** The X25519 pair of 32 secret bytes. */
export function keyPairOfSecret(secretKey: Uint8Array): KeyPair {
  const { x } = createPublicKey(privateKeyOf(secretKey)).export({ format: 'jwk' });
  return { publicKey: plain(Buffer.from(x ?? '', 'base64url')), secretKey };
}

// Importing a private key costs 31 µs, about as much as the Diffie-Hellman itself; a pair is used
// for up to three of them. Weak, so that an ephemeral key goes with its handshake.
const privateKeys = new WeakMap<Uint8Array, KeyObject>();

function privateKeyOf(secretKey: Uint8Array): KeyObject {
  const known = privateKeys.get(secretKey);
  if (known !== undefined) return known;
  // Node reads `d` alone, but demands that `x` is a string.
  const jwk = { kty: 'OKP', crv: 'X25519', d: base64url(secretKey), x: '' };
  const key = createPrivateKey({ key: jwk, format: 'jwk' });
  privateKeys.set(secretKey, key);
  return key;
}

function dh(own: KeyPair, publicKey: Uint8Array): Uint8Array | undefined {
  const privateKey = privateKeyOf(own.secretKey);
  const jwk = { kty: 'OKP', crv: 'X25519', x: base64url(publicKey) };
  const remote = createPublicKey({ key: jwk, format: 'jwk' });
  try {
    const shared = plain(diffieHellman({ privateKey, publicKey: remote }));
    return shared.every((byte) => byte === 0) ? undefined : shared;
  } catch {
    // OpenSSL refuses an all-zero result itself.
    return undefined;
  }
}

function encrypt(
  key: Uint8Array,
  nonce: Uint8Array,
  data: Uint8Array,
  plaintext: Uint8Array,
): Uint8Array {
  const cipher = createCipheriv(cipherName, key, nonce, cipherOptions);
  if (data.length > 0) cipher.setAAD(data, { plaintextLength: plaintext.length });
  const bytes = new Uint8Array(plaintext.length + tagBytes);
  bytes.set(cipher.update(plaintext));
  cipher.final();
  bytes.set(cipher.getAuthTag(), plaintext.length);
  return bytes;
}

function decrypt(
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

function base64url(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('base64url');
}

/** The same memory as a plain Uint8Array: Buffer has other semantics for `slice`. */
function plain(buffer: Buffer): Uint8Array {
  return new Uint8Array(buffer.buffer, buffer.byteOffset, buffer.length);
}
