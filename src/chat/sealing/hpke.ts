// HPKE (RFC 9180), base mode, one message a context: DHKEM(X25519, HKDF-SHA256), HKDF-SHA256,
// ChaCha20-Poly1305. Our own because the libraries of it are asynchronous (WebCrypto), which the
// deterministic engine cannot be, and took 0.5 to 3 ms a message where 0.1 is what X25519 takes.
// Knows nothing of groups.
import { decrypt, encrypt, keyBytes, nonceBytes, tagBytes } from '../../aead.ts';
import { concat, utf8 } from '../../bytes.ts';
import type { Random } from '../../env.ts';
import type { KeyPair } from '../../identity.ts';
import { importSecretKey, x25519, type SecretKey } from '../../x25519.ts';
import { hmac } from './hmac.ts';

export const encapsulatedBytes = keyBytes;
export const sealedExtraBytes = tagBytes;

export interface Encapsulated {
  /** The ephemeral public key. */
  readonly enc: Uint8Array;
  readonly ciphertext: Uint8Array;
}

/** What both sides know beside the message: `info` of the context, `aad` of its one message. */
export interface HpkeBinding {
  readonly info: Uint8Array;
  readonly aad: Uint8Array;
}

/** Undefined where the public key has small order, so that anybody could open. */
export function hpkeSeal(
  publicKey: Uint8Array,
  { info, aad }: HpkeBinding,
  plaintext: Uint8Array,
  random: Random,
): Encapsulated | undefined {
  const ephemeral = importSecretKey(random.bytes(keyBytes));
  const dh = x25519(ephemeral, publicKey);
  if (dh === undefined) return undefined;
  const enc = ephemeral.publicKey;
  const { key, nonce } = keySchedule(sharedSecretOf(dh, enc, publicKey), info);
  return { enc, ciphertext: encrypt(key, nonce, aad, plaintext) };
}

/** Undefined where it was not sealed for this key, under this binding, or was altered. */
export function hpkeOpen(
  own: KeyPair,
  { info, aad }: HpkeBinding,
  { enc, ciphertext }: Encapsulated,
): Uint8Array | undefined {
  const dh = x25519(secretKeyOf(own), enc);
  if (dh === undefined) return undefined;
  const { key, nonce } = keySchedule(sharedSecretOf(dh, enc, own.publicKey), info);
  return decrypt(key, nonce, aad, ciphertext);
}

// Weak, so that a key goes with its identity.
const secretKeys = new WeakMap<KeyPair, SecretKey>();

function secretKeyOf(pair: KeyPair): SecretKey {
  const known = secretKeys.get(pair);
  if (known !== undefined) return known;
  const imported = importSecretKey(pair.secretKey);
  secretKeys.set(pair, imported);
  return imported;
}

const empty = new Uint8Array();
/** Section 7.1 to 7.3: DHKEM(X25519, HKDF-SHA256), HKDF-SHA256, ChaCha20Poly1305. */
const kemSuite = concat(utf8('KEM'), Uint8Array.of(0x00, 0x20));
const suite = concat(utf8('HPKE'), Uint8Array.of(0x00, 0x20, 0x00, 0x01, 0x00, 0x03));
const version = utf8('HPKE-v1');
const baseMode = Uint8Array.of(0);

const labels = {
  eaePrk: concat(version, kemSuite, utf8('eae_prk')),
  sharedSecret: expandLabel(kemSuite, 'shared_secret', keyBytes),
  infoHash: concat(version, suite, utf8('info_hash')),
  secret: concat(version, suite, utf8('secret')),
  key: expandLabel(suite, 'key', keyBytes),
  nonce: expandLabel(suite, 'base_nonce', nonceBytes),
};
/** There is no pre-shared key in base mode. */
const pskIdHash = hmac(empty, concat(version, suite, utf8('psk_id_hash')));

/** What precedes the context in LabeledExpand (section 4). */
function expandLabel(suiteId: Uint8Array, label: string, length: number): Uint8Array {
  return concat(Uint8Array.of(0, length), version, suiteId, utf8(label));
}

/** HKDF-Expand of up to 32 bytes is one HMAC (RFC 5869, section 2.3). */
function expand(prk: Uint8Array, label: Uint8Array, context: Uint8Array): Uint8Array {
  return hmac(prk, concat(label, context, Uint8Array.of(1)));
}

/** ExtractAndExpand (section 4.1). */
function sharedSecretOf(dh: Uint8Array, enc: Uint8Array, publicKey: Uint8Array): Uint8Array {
  const prk = hmac(empty, concat(labels.eaePrk, dh));
  return expand(prk, labels.sharedSecret, concat(enc, publicKey));
}

/** KeySchedule (section 5.1); the nonce of the first message is the base nonce. */
function keySchedule(
  sharedSecret: Uint8Array,
  info: Uint8Array,
): { readonly key: Uint8Array; readonly nonce: Uint8Array } {
  const context = concat(baseMode, pskIdHash, hmac(empty, concat(labels.infoHash, info)));
  const secret = hmac(sharedSecret, labels.secret);
  return {
    key: expand(secret, labels.key, context),
    nonce: expand(secret, labels.nonce, context).subarray(0, nonceBytes),
  };
}
