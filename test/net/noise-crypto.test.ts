import { x25519 } from '@noble/curves/ed25519.js';
import { describe, expect, test } from 'vitest';
import { concat, equal, parseHex, toHex, utf8 } from '../../src/bytes.ts';
import { systemRandom } from '../../src/env.ts';
import { keyPairOfSecret, nodeNoiseCrypto } from '../../src/net/noise-crypto.ts';
import { identities } from '../support/net-rig.ts';
import { readVectors, vectorsAbsent } from '../support/vectors.ts';

interface XdhCase {
  tcId: number;
  flags: string[];
  public: string;
  private: string;
  shared: string;
}
interface AeadCase {
  tcId: number;
  key: string;
  iv: string;
  aad: string;
  msg: string;
  ct: string;
  tag: string;
  result: string;
}

const crypto = nodeNoiseCrypto(systemRandom);

function casesOf<T>(file: string): T[] {
  if (vectorsAbsent) return [];
  const parsed = readVectors(`wycheproof/${file}`) as { testGroups: { tests: T[] }[] };
  return parsed.testGroups.flatMap((group) => group.tests);
}

function bytes(hex: string): Uint8Array {
  return parseHex(hex) ?? new Uint8Array();
}

const xdh = casesOf<XdhCase>('x25519_test.json');
const aead = casesOf<AeadCase>('chacha20_poly1305_test.json');

describe.skipIf(vectorsAbsent)('Wycheproof X25519', () => {
  test('every shared secret is right, and every low-order point refused', () => {
    let refused = 0;
    for (const { tcId, flags, public: publicKey, private: secret, shared } of xdh) {
      const result = crypto.dh(keyPairOfSecret(bytes(secret)), bytes(publicKey));
      const zero = flags.includes('ZeroSharedSecret');
      if (zero) refused++;
      expect(result && toHex(result), `case ${tcId}`).toBe(zero ? undefined : shared);
    }
    expect(xdh).toHaveLength(518);
    expect(refused).toBeGreaterThan(20);
  });
});

describe.skipIf(vectorsAbsent)('Wycheproof ChaCha20-Poly1305', () => {
  test('valid cases seal and open, invalid ones give nothing', () => {
    let invalid = 0;
    for (const { tcId, key, iv, aad, msg, ct, tag, result } of aead) {
      // Noise knows nonces of 96 bits only.
      if (iv.length !== 24) continue;
      const sealed = concat(bytes(ct), bytes(tag));
      const opened = crypto.decrypt(bytes(key), bytes(iv), bytes(aad), sealed);
      if (result === 'valid') {
        expect(opened && toHex(opened), `case ${tcId}`).toBe(msg);
        const own = crypto.encrypt(bytes(key), bytes(iv), bytes(aad), bytes(msg));
        expect(equal(own, sealed), `case ${tcId}`).toBe(true);
      } else {
        invalid++;
        expect(opened, `case ${tcId}`).toBeUndefined();
      }
    }
    expect(invalid).toBeGreaterThan(20);
  });
});

test('a ciphertext shorter than its tag gives nothing', () => {
  const key = new Uint8Array(32);
  const nonce = new Uint8Array(12);
  expect(crypto.decrypt(key, nonce, new Uint8Array(), new Uint8Array(15))).toBeUndefined();
});

test('key pairs agree with another implementation', () => {
  const pair = crypto.generateKeyPair();
  expect(pair.publicKey).toEqual(x25519.getPublicKey(pair.secretKey));
  const other = crypto.generateKeyPair();
  const shared = crypto.dh(pair, other.publicKey);
  expect(shared).toEqual(x25519.getSharedSecret(pair.secretKey, other.publicKey));
});

test('the link keys of an identity are a pair', () => {
  for (const { linkKeys } of identities) {
    expect(keyPairOfSecret(linkKeys.secretKey).publicKey).toEqual(linkKeys.publicKey);
  }
});

test('hash and HMAC are SHA-256, RFC 4231 case 2', () => {
  expect(toHex(crypto.hash(utf8('abc')))).toBe(
    'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad',
  );
  const mac = crypto.hmac(utf8('Jefe'), utf8('what do ya want for nothing?'));
  expect(toHex(mac)).toBe('5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843');
});

test('nothing that leaves is a Buffer', () => {
  const pair = crypto.generateKeyPair();
  const sealed = crypto.encrypt(
    new Uint8Array(32),
    new Uint8Array(12),
    new Uint8Array(),
    utf8('a'),
  );
  const opened = crypto.decrypt(new Uint8Array(32), new Uint8Array(12), new Uint8Array(), sealed);
  const all = [pair.publicKey, pair.secretKey, sealed, opened, crypto.hash(sealed)];
  for (const value of all) expect(Buffer.isBuffer(value)).toBe(false);
});
