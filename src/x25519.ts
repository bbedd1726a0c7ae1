// X25519 (RFC 7748) by node:crypto, synchronous. Knows nothing of what is agreed on a secret.
import { createPrivateKey, createPublicKey, diffieHellman, type KeyObject } from 'node:crypto';

/** An X25519 secret, imported once: the import costs as much as the Diffie-Hellman itself. */
export interface SecretKey {
  readonly handle: KeyObject;
  readonly publicKey: Uint8Array;
}

/** @param secret 32 bytes */
export function importSecretKey(secret: Uint8Array): SecretKey {
  // Node reads `d` alone, but demands that `x` is a string.
  const jwk = { kty: 'OKP', crv: 'X25519', d: base64url(secret), x: '' };
  const handle = createPrivateKey({ key: jwk, format: 'jwk' });
  const { x } = createPublicKey(handle).export({ format: 'jwk' });
  return { handle, publicKey: plain(Buffer.from(x ?? '', 'base64url')) };
}

/** The shared secret; undefined where it is all zero (RFC 7748, section 6.1). */
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

/** RFC 4648, section 5, without padding: the form of keys in a JWK. */
function base64url(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('base64url');
}

/** The same memory as a plain Uint8Array: Buffer has other semantics for `slice`. */
function plain(buffer: Buffer): Uint8Array {
  return new Uint8Array(buffer.buffer, buffer.byteOffset, buffer.length);
}
