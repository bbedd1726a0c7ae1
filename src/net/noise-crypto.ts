// The primitives of Noise by node:crypto: X25519, ChaCha20-Poly1305, SHA-256, HMAC. Knows nothing of
// handshakes.
import { createHash, createHmac } from 'node:crypto';
import { decrypt, encrypt, keyBytes } from '../aead.ts';
import type { Random } from '../env.ts';
import type { KeyPair } from '../identity.ts';
import { importSecretKey, x25519, type SecretKey } from '../x25519.ts';
import type { NoiseCrypto } from './noise.ts';

export function nodeNoiseCrypto(random: Random): NoiseCrypto {
  return {
    generateKeyPair: () => keyPairOfSecret(random.bytes(keyBytes)),
    dh: (own, publicKey) => x25519(importOnce(own.secretKey), publicKey),
    encrypt,
    decrypt,
    hash: (bytes) => plain(createHash('sha256').update(bytes).digest()),
    hmac: (key, bytes) => plain(createHmac('sha256', key).update(bytes).digest()),
  };
}

/** The X25519 pair of 32 secret bytes. */
export function keyPairOfSecret(secretKey: Uint8Array): KeyPair {
  return { publicKey: importOnce(secretKey).publicKey, secretKey };
}

// A pair is used for up to three agreements. Weak, so that an ephemeral key goes with its handshake.
const imported = new WeakMap<Uint8Array, SecretKey>();

function importOnce(secretKey: Uint8Array): SecretKey {
  const known = imported.get(secretKey);
  if (known !== undefined) return known;
  const key = importSecretKey(secretKey);
  imported.set(secretKey, key);
  return key;
}

/** The same memory as a plain Uint8Array: Buffer has other semantics for `slice`. */
function plain(buffer: Buffer): Uint8Array {
  return new Uint8Array(buffer.buffer, buffer.byteOffset, buffer.length);
}
