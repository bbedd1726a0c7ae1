import { createHash, createPrivateKey, createPublicKey, diffieHellman, sign } from 'node:crypto';
import { ed25519, x25519 } from '@noble/curves/ed25519.js';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseHex, toHex, utf8 } from '../src/bytes.ts';
import {
  identityOfSeed,
  isValidPublicKey,
  linkKeyOf,
  parsePublicKey,
  publicKeyBytes,
  publicKeyOfBytes,
  type PublicKey,
} from '../src/identity.ts';

const { Point } = ed25519;

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

const seeds = fc.uint8Array({ minLength: 32, maxLength: 32 });
const few = { numRuns: 20 };

describe('the identity of a seed', () => {
  // RFC 8032, section 7.1: tests 1, 2, 3 and SHA(abc)
  test.each([
    [
      '9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60',
      'd75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a',
    ],
    [
      '4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb',
      '3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c',
    ],
    [
      'c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7',
      'fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025',
    ],
    [
      '833fe62409237b9d62ec77587520911e9a759cec1d19755b7da901b96dca3d42',
      'ec172b93ad5e563bf4932c70e1245034c35467ef2efd4d64ebf819683467e2bf',
    ],
  ])('%s has the public key of RFC 8032', (seed, publicKey) => {
    expect(identityOfSeed(bytesOf(seed)).publicKey).toBe(publicKey);
  });

  test('signs as RFC 8032 says (section 7.1, test 2)', () => {
    const identity = identityOfSeed(
      bytesOf('4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb'),
    );
    expect(toHex(sign(null, Uint8Array.of(0x72), identity.signingKey))).toBe(
      '92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da' +
        '085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00',
    );
  });

  test('has the key that noble derives, valid and of plain bytes', () => {
    fc.assert(
      fc.property(seeds, (seed) => {
        const identity = identityOfSeed(seed);
        expect(identity.publicKey).toBe(toHex(ed25519.getPublicKey(seed)));
        expect(isValidPublicKey(identity.publicKey)).toBe(true);
        for (const key of [identity.linkKeys.publicKey, identity.linkKeys.secretKey]) {
          expect(Object.getPrototypeOf(key)).toBe(Uint8Array.prototype);
          expect(key).toHaveLength(32);
        }
      }),
      few,
    );
  });

  test('does not change with the seed that was given', () => {
    const seed = new Uint8Array(32).fill(7);
    const identity = identityOfSeed(seed);
    const before = toHex(identity.linkKeys.secretKey);
    seed.fill(0);
    expect(toHex(identity.linkKeys.secretKey)).toBe(before);
  });

  test.each([0, 31, 33, 64])('needs 32 bytes: %i are a bug of the caller', (length) => {
    expect(() => identityOfSeed(new Uint8Array(length))).toThrow('32 bytes');
  });
});

describe("the link's key pair", () => {
  test('is the clamped first half of SHA-512(seed) and its public key on Curve25519', () => {
    fc.assert(
      fc.property(seeds, (seed) => {
        const { linkKeys } = identityOfSeed(seed);
        const clamped = Uint8Array.from(createHash('sha512').update(seed).digest().subarray(0, 32));
        clamped[0] = (clamped[0] ?? 0) & 248;
        clamped[31] = ((clamped[31] ?? 0) & 127) | 64;
        expect(linkKeys.secretKey).toEqual(clamped);
        expect(linkKeys.publicKey).toEqual(x25519.getPublicKey(clamped));
      }),
      few,
    );
  });

  test('follows for the others from the public key alone', () => {
    fc.assert(
      fc.property(seeds, (seed) => {
        const identity = identityOfSeed(seed);
        expect(linkKeyOf(identity.publicKey)).toEqual(identity.linkKeys.publicKey);
      }),
      few,
    );
  });

  test('agrees on one secret with that of another identity', () => {
    const [a, b] = [1, 2].map((byte) => identityOfSeed(new Uint8Array(32).fill(byte)).linkKeys);
    if (a === undefined || b === undefined) throw new Error('two identities');
    const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64url');
    const agree = (own: typeof a, other: typeof a): string => {
      const jwk = { kty: 'OKP', crv: 'X25519', x: base64(own.publicKey), d: base64(own.secretKey) };
      const theirs = { kty: 'OKP', crv: 'X25519', x: base64(other.publicKey) };
      return diffieHellman({
        privateKey: createPrivateKey({ key: jwk, format: 'jwk' }),
        publicKey: createPublicKey({ key: theirs, format: 'jwk' }),
      }).toString('hex');
    };
    expect(agree(a, b)).toBe(agree(b, a));
    expect(agree(a, b)).not.toBe(agree(a, a));
  });

  test('is one for A and −A, so that it never tells who somebody is', () => {
    const { publicKey } = identityOfSeed(new Uint8Array(32).fill(3));
    const negative = keyOf(Point.fromHex(publicKey).negate().toHex());
    expect(negative).not.toBe(publicKey);
    expect(linkKeyOf(negative)).toEqual(linkKeyOf(publicKey));
  });

  test('does not exist for a key that is not valid', () => {
    expect(linkKeyOf(keyOf('00'.repeat(32)))).toBeUndefined();
  });
});

describe('a public key is valid only as the canonical encoding of a point of prime order', () => {
  const torsion = Point.fromHex('c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa');
  const own = Point.fromHex(identityOfSeed(new Uint8Array(32).fill(5)).publicKey);

  test('the base point is', () => {
    expect(isValidPublicKey(keyOf(Point.BASE.toHex()))).toBe(true);
  });

  test('no point of small order is, and no sum of one and a good point', () => {
    let small = Point.ZERO;
    for (let i = 0; i < 8; i++, small = small.add(torsion)) {
      expect(isValidPublicKey(keyOf(small.toHex()))).toBe(false);
      expect(isValidPublicKey(keyOf(own.add(small).toHex()))).toBe(i === 0);
    }
    expect(small.is0()).toBe(true);
  });

  test('no y from p up is, with either sign', () => {
    for (let low = 0xed; low <= 0xff; low++) {
      for (const high of ['7f', 'ff']) {
        const hex = `${low.toString(16)}${'ff'.repeat(30)}${high}`;
        expect(isValidPublicKey(keyOf(hex))).toBe(false);
      }
    }
  });

  test('x = 0 with the sign of a negative is not', () => {
    expect(isValidPublicKey(keyOf(`01${'00'.repeat(30)}80`))).toBe(false);
    expect(isValidPublicKey(keyOf(`ec${'ff'.repeat(31)}`))).toBe(false);
  });

  test('a y without a point on the curve is not', () => {
    expect(isValidPublicKey(keyOf(`02${'00'.repeat(31)}`))).toBe(false);
  });

  test('any 32 bytes have a verdict, the same when asked again', () => {
    fc.assert(
      fc.property(seeds, (bytes) => {
        const key = publicKeyOfBytes(bytes);
        const verdict = isValidPublicKey(key);
        expect(isValidPublicKey(keyOf(key.toUpperCase()))).toBe(verdict);
      }),
      few,
    );
  });
});

describe('the text of a public key', () => {
  test('comes back from its bytes, of either case', () => {
    fc.assert(
      fc.property(seeds, (bytes) => {
        const key = publicKeyOfBytes(bytes);
        expect(publicKeyBytes(key)).toEqual(bytes);
        expect(parsePublicKey(key)).toBe(key);
        expect(parsePublicKey(key.toUpperCase())).toBe(key);
      }),
    );
  });

  test.each([
    '',
    'a'.repeat(63),
    'a'.repeat(65),
    'g'.repeat(64),
    `${'a'.repeat(64)}\n`,
    'ａ'.repeat(64),
  ])('%j is none', (input) => {
    expect(parsePublicKey(input)).toBeUndefined();
  });

  test('of another number of bytes is a bug of the caller', () => {
    expect(() => publicKeyOfBytes(utf8('short'))).toThrow('32 bytes');
  });
});
