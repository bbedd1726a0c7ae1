import { createPublicKey, verify } from 'node:crypto';
import { ed25519 } from '@noble/curves/ed25519.js';
import { sha512 } from '@noble/hashes/sha2.js';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { concat, parseHex, toHex, utf8 } from '../../src/bytes.ts';
import { purposes, sign, verifyRaw, verifySignature } from '../../src/cxo/sign.ts';
import { identityOfSeed, parsePublicKey, type PublicKey } from '../../src/identity.ts';
import { flipBit } from '../support/values.ts';
import { readVectors, vectorsAbsent } from '../support/vectors.ts';

const { Point } = ed25519;
const order = Point.Fn.ORDER;
const seed = Uint8Array.from({ length: 32 }, (_, index) => index);
const identity = identityOfSeed(seed);
const message = utf8('a root');

function bytesOf(hex: string): Uint8Array {
  const bytes = parseHex(hex);
  if (bytes === undefined) throw new Error('not hex');
  return bytes;
}

function keyOf(hex: string): PublicKey {
  const key = parsePublicKey(hex);
  if (key === undefined) throw new Error('not a key');
  return key;
}

/** The equation alone, as OpenSSL checks it: shows that a forgery here is stopped by our rule. */
function opensslTakes(keyHex: string, signed: Uint8Array, signature: Uint8Array): boolean {
  const x = Buffer.from(keyHex, 'hex').toString('base64url');
  const key = createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x }, format: 'jwk' });
  return verify(null, signed, key, signature);
}

function littleEndian(scalar: bigint): Uint8Array {
  const bytes = new Uint8Array(32);
  for (let i = 0, rest = scalar; i < 32; i++, rest >>= 8n) bytes[i] = Number(rest & 255n);
  return bytes;
}

function scalarOf(bytes: Uint8Array): bigint {
  return bytes.reduceRight((scalar, byte) => (scalar << 8n) + BigInt(byte), 0n);
}

/** H(R || A || M) modulo L. */
function challenge(r: Uint8Array, key: Uint8Array, signed: Uint8Array): bigint {
  return scalarOf(sha512(concat(r, key, signed))) % order;
}

/** A signature whose author chose the encoding of R to be this, with the nonce 0. */
function signedWithR(r: Uint8Array): Uint8Array {
  const { scalar, pointBytes } = ed25519.utils.getExtendedPublicKey(seed);
  return concat(r, littleEndian((challenge(r, pointBytes, message) * scalar) % order));
}

describe('a signature', () => {
  test('is valid for its key, purpose and bytes, whatever they are', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 200 }),
        fc.constantFrom(...purposes),
        (bytes, purpose) => {
          const signature = sign(identity, purpose, bytes);
          expect(signature).toHaveLength(64);
          expect(Object.getPrototypeOf(signature)).toBe(Uint8Array.prototype);
          expect(verifySignature(identity.publicKey, purpose, bytes, signature)).toBe(true);
        },
      ),
    );
  });

  test('is that of RFC 8032 over the purpose and the bytes', () => {
    const expected = ed25519.sign(concat(utf8('skychat/1 root\0'), message), seed);
    expect(toHex(sign(identity, 'root', message))).toBe(toHex(expected));
  });

  test('F40 is not valid for the bytes without the purpose, nor the other way round', () => {
    const signature = sign(identity, 'root', message);
    expect(verifyRaw(identity.publicKey, message, signature)).toBe(false);
    const bare = ed25519.sign(message, seed);
    expect(verifyRaw(identity.publicKey, message, bare)).toBe(true);
    expect(verifySignature(identity.publicKey, 'root', message, bare)).toBe(false);
  });

  test('is not valid with any one of its bits flipped', () => {
    const signature = sign(identity, 'root', message);
    for (let bit = 0; bit < 512; bit++) {
      const forged = flipBit(signature, bit);
      expect(verifySignature(identity.publicKey, 'root', message, forged)).toBe(false);
    }
  });

  test('is not valid for bytes or a key with any one bit flipped', () => {
    const signature = sign(identity, 'root', message);
    for (let bit = 0; bit < 8 * message.length; bit++) {
      const other = flipBit(message, bit);
      expect(verifySignature(identity.publicKey, 'root', other, signature)).toBe(false);
    }
    for (let bit = 0; bit < 256; bit++) {
      const other = keyOf(toHex(flipBit(bytesOf(identity.publicKey), bit)));
      expect(verifySignature(other, 'root', message, signature)).toBe(false);
    }
  });

  test.each([0, 1, 32, 63, 65, 128])('of %i bytes is not valid', (length) => {
    const signature = new Uint8Array(length);
    signature.set(sign(identity, 'root', message).subarray(0, length));
    expect(verifySignature(identity.publicKey, 'root', message, signature)).toBe(false);
  });
});

describe('the frozen rule', () => {
  test('refuses S + L, which is a second signature over the same bytes', () => {
    const signature = ed25519.sign(message, seed);
    const s = scalarOf(signature.subarray(32));
    for (let multiple = 1n; s + multiple * order < 1n << 256n; multiple++) {
      const forged = concat(signature.subarray(0, 32), littleEndian(s + multiple * order));
      expect(verifyRaw(identity.publicKey, message, forged)).toBe(false);
    }
  });

  test('refuses R = identity, which the equation alone would take', () => {
    const forged = signedWithR(Point.ZERO.toBytes());
    expect(opensslTakes(identity.publicKey, message, forged)).toBe(true);
    expect(verifyRaw(identity.publicKey, message, forged)).toBe(false);
  });

  test('refuses the other three encodings of the identity as R', () => {
    const ones = 'ff'.repeat(30);
    for (const hex of [`01${'00'.repeat(30)}80`, `ee${ones}7f`, `ee${ones}ff`]) {
      expect(verifyRaw(identity.publicKey, message, signedWithR(bytesOf(hex)))).toBe(false);
    }
  });

  test('refuses every key of small order, for which anybody can sign', () => {
    const torsion = Point.fromHex(
      'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa',
    );
    let point = Point.ZERO;
    let taken = 0;
    for (let i = 0; i < 8; i++, point = point.add(torsion)) {
      const key = point.toHex();
      for (let nonce = 1n; nonce <= 16n; nonce++) {
        const signature = concat(Point.BASE.multiply(nonce).toBytes(), littleEndian(nonce));
        if (opensslTakes(key, message, signature)) taken++;
        expect(verifyRaw(keyOf(key), message, signature)).toBe(false);
      }
    }
    expect(taken).toBeGreaterThan(0);
  });

  test('refuses a key with a part of small order, though its owner signed', () => {
    const torsion = Point.fromHex(
      'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa',
    );
    const { scalar, point } = ed25519.utils.getExtendedPublicKey(seed);
    const mixed = point.add(torsion);
    const forge = (text: string, nonce: bigint): Uint8Array => {
      const r = Point.BASE.multiply(nonce).toBytes();
      const s = (nonce + challenge(r, mixed.toBytes(), utf8(text)) * scalar) % order;
      return concat(r, littleEndian(s));
    };
    const nonces = Array.from({ length: 64 }, (_, index) => BigInt(index + 1));
    const taken = nonces.filter((nonce) =>
      opensslTakes(mixed.toHex(), utf8('m'), forge('m', nonce)),
    );
    expect(taken).not.toHaveLength(0);
    for (const nonce of taken) {
      expect(verifyRaw(keyOf(mixed.toHex()), utf8('m'), forge('m', nonce))).toBe(false);
    }
  });
});

describe.skipIf(vectorsAbsent)('published vectors', () => {
  test('all 151 of Wycheproof as Wycheproof says', () => {
    const { testGroups } = readVectors('wycheproof/ed25519_test.json') as {
      testGroups: {
        publicKey: { pk: string };
        tests: { tcId: number; msg: string; sig: string; result: string }[];
      }[];
    };
    const tally = { valid: 0, invalid: 0 };
    for (const { publicKey, tests } of testGroups) {
      for (const { tcId, msg, sig, result } of tests) {
        const verdict = verifyRaw(keyOf(publicKey.pk), bytesOf(msg), bytesOf(sig));
        expect([tcId, verdict ? 'valid' : 'invalid']).toEqual([tcId, result]);
        tally[verdict ? 'valid' : 'invalid']++;
      }
    }
    expect(tally).toEqual({ valid: 88, invalid: 63 });
  });

  test('none of the 12 of ed25519-speccheck, on which verifiers disagree', () => {
    const cases = readVectors('ed25519-speccheck/cases.json') as {
      message: string;
      pub_key: string;
      signature: string;
    }[];
    expect(cases).toHaveLength(12);
    for (const [index, { message: signed, pub_key: key, signature }] of cases.entries()) {
      expect([index, verifyRaw(keyOf(key), bytesOf(signed), bytesOf(signature))]).toEqual([
        index,
        false,
      ]);
    }
  });
});
