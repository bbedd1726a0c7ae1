// HMAC-SHA-256 (RFC 2104), synchronous. Knows nothing of what is derived by it.
import { sha256 } from '../../cxo/ids.ts';

const blockBytes = 64;
const hashBytes = 32;

/** Room for what is hashed for a message; reused by each call, which is over before the next begins. */
const innerScratch = new Uint8Array(blockBytes + 256);
const outerScratch = new Uint8Array(blockBytes + hashBytes);

/** By two one-shot hashes: 1 µs, where an Hmac object of node:crypto costs more than twice that. */
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
