// ChaCha20-Poly1305 (RFC 8439) by node:crypto, synchronous. Knows nothing of what is sealed.
import { createCipheriv, createDecipheriv } from 'node:crypto';

export const keyBytes = 32;
export const nonceBytes = 12;
export const tagBytes = 16;

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
  // A Buffer has other semantics for `slice`.
  return new Uint8Array(plaintext.buffer, plaintext.byteOffset, plaintext.length);
}
