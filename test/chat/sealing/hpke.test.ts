import { createHmac } from 'node:crypto';
import { Chacha20Poly1305 } from '@hpke/chacha20poly1305';
import { CipherSuite, HkdfSha256 } from '@hpke/core';
import { DhkemX25519HkdfSha256 } from '@hpke/dhkem-x25519';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseHex, toHex, utf8 } from '../../../src/bytes.ts';
import { systemRandom } from '../../../src/env.ts';
import { identityOfSeed, type KeyPair } from '../../../src/identity.ts';
import { hpkeOpen, hpkeSeal } from '../../../src/chat/sealing/hpke.ts';
import { hmac } from '../../../src/chat/sealing/hmac.ts';
import { importSecretKey } from '../../../src/x25519.ts';

const bytes = (hex: string): Uint8Array => parseHex(hex) ?? new Uint8Array();
/** What is used of the library: its own types name those of browsers. */
interface Oracle {
  readonly kem: {
    deserializePublicKey(key: ArrayBuffer): Promise<object>;
    deserializePrivateKey(key: ArrayBuffer): Promise<object>;
  };
  createSenderContext(to: { recipientPublicKey: object; info: ArrayBuffer }): Promise<{
    readonly enc: ArrayBuffer;
    seal(plaintext: ArrayBuffer, aad: ArrayBuffer): Promise<ArrayBuffer>;
  }>;
  createRecipientContext(from: {
    recipientKey: { publicKey: object; privateKey: object };
    enc: ArrayBuffer;
    info: ArrayBuffer;
  }): Promise<{ open(ciphertext: ArrayBuffer, aad: ArrayBuffer): Promise<ArrayBuffer> }>;
}

const suite = new CipherSuite({
  kem: new DhkemX25519HkdfSha256(),
  kdf: new HkdfSha256(),
  aead: new Chacha20Poly1305(),
}) as unknown as Oracle;
const exact = (view: Uint8Array): ArrayBuffer => new Uint8Array(view).buffer;

/** RFC 9180, appendix A.2.1, the first encryption. */
const vector = {
  info: bytes('4f6465206f6e2061204772656369616e2055726e'),
  skEm: bytes('f4ec9b33b792c372c1d2c2063507b684ef925b8c75a42dbcbf57d63ccd381600'),
  pkEm: '1afa08d3dec047a643885163f1180476fa7ddb54c6a8029ea33f95796bf2ac4a',
  skRm: bytes('8057991eef8f1f1af18f4a9491d16a1ce333f695d4db8e38da75975c4478e0fb'),
  pkRm: bytes('4310ee97d88cc1f088a5576c77ab0cf5c3ac797f3d95139c6c84b5429c59662a'),
  pt: bytes('4265617574792069732074727574682c20747275746820626561757479'),
  aad: bytes('436f756e742d30'),
  ct: '1c5250d8034ec2b784ba2cfd69dbdb8af406cfe3ff938e131f0def8c8b60b4db21993c62ce81883d2dd1b51a28',
};
const recipient: KeyPair = { publicKey: vector.pkRm, secretKey: vector.skRm };
const pairs = fc
  .uint8Array({ minLength: 32, maxLength: 32 })
  .map((seed) => identityOfSeed(seed).linkKeys);

describe('HPKE', () => {
  test('gives the bytes of RFC 9180, appendix A.2.1, and opens them', () => {
    const random = { ...systemRandom, bytes: () => vector.skEm };
    const sealed = hpkeSeal(vector.pkRm, vector, vector.pt, random);
    expect(toHex(sealed?.enc ?? utf8(''))).toBe(vector.pkEm);
    expect(toHex(sealed?.ciphertext ?? utf8(''))).toBe(vector.ct);
    const opened = hpkeOpen(recipient, vector, {
      enc: bytes(vector.pkEm),
      ciphertext: bytes(vector.ct),
    });
    expect(opened).toEqual(vector.pt);
  });

  test('opens what another implementation sealed, and is opened by it', async () => {
    const message = fc.uint8Array({ maxLength: 100 });
    await fc.assert(
      fc.asyncProperty(pairs, message, message, message, async (pair, info, aad, pt) => {
        const binding = { info, aad };
        const publicKey = await suite.kem.deserializePublicKey(exact(pair.publicKey));
        const privateKey = await suite.kem.deserializePrivateKey(exact(pair.secretKey));
        const sender = await suite.createSenderContext({
          recipientPublicKey: publicKey,
          info: exact(info),
        });
        const ciphertext = new Uint8Array(await sender.seal(exact(pt), exact(aad)));
        const theirs = { enc: new Uint8Array(sender.enc), ciphertext };
        expect(hpkeOpen(pair, binding, theirs)).toEqual(pt);
        const ours = hpkeSeal(pair.publicKey, binding, pt, systemRandom);
        if (ours === undefined) throw new Error('not sealed');
        const opener = await suite.createRecipientContext({
          recipientKey: { publicKey, privateKey },
          enc: exact(ours.enc),
          info: exact(info),
        });
        expect(new Uint8Array(await opener.open(exact(ours.ciphertext), exact(aad)))).toEqual(pt);
      }),
      { numRuns: 20 },
    );
  });

  test('one flipped bit of key, text, info or data never opens', () => {
    const parts = fc.constantFrom('enc', 'ciphertext', 'info', 'aad');
    fc.assert(
      fc.property(pairs, parts, fc.nat(), (pair, part, at) => {
        const binding = { info: utf8('info'), aad: utf8('data') };
        const sealed = hpkeSeal(pair.publicKey, binding, utf8('hello'), systemRandom);
        if (sealed === undefined) throw new Error('not sealed');
        const all = { ...binding, ...sealed };
        const altered = all[part].slice();
        // The highest bit of an X25519 key is ignored (RFC 7748, section 5); it is hashed all the same.
        altered[(at >> 3) % altered.length] =
          (altered[(at >> 3) % altered.length] ?? 0) ^ (1 << (at & 7));
        const changed = { ...all, [part]: altered };
        expect(hpkeOpen(pair, changed, changed)).toBeUndefined();
        expect(hpkeOpen(pair, all, all)).toEqual(utf8('hello'));
      }),
      { numRuns: 60 },
    );
  });

  test('does not open for another key', () => {
    const [a, b] = [1, 2].map((byte) => identityOfSeed(new Uint8Array(32).fill(byte)).linkKeys);
    const binding = { info: utf8(''), aad: utf8('') };
    const sealed = a && hpkeSeal(a.publicKey, binding, utf8('hello'), systemRandom);
    expect(sealed && b && hpkeOpen(b, binding, sealed)).toBeUndefined();
  });

  // Curve25519's points of small order (RFC 7748, section 6.1): any secret with them gives zero.
  test.each([
    '00'.repeat(32),
    `01${'00'.repeat(31)}`,
    'e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800',
    '5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157',
    `ec${'ff'.repeat(30)}7f`,
  ])('neither seals for nor opens from the point of small order %s', (hex) => {
    const binding = { info: utf8(''), aad: utf8('') };
    expect(hpkeSeal(bytes(hex), binding, utf8('hello'), systemRandom)).toBeUndefined();
    const forged = { enc: bytes(hex), ciphertext: new Uint8Array(32) };
    expect(hpkeOpen(recipient, binding, forged)).toBeUndefined();
  });
});

test('the HMAC of two hashes is that of node:crypto', () => {
  const key = fc.uint8Array({ maxLength: 64 });
  fc.assert(
    fc.property(key, fc.uint8Array({ maxLength: 300 }), (secret, message) => {
      const expected = createHmac('sha256', secret).update(message).digest('hex');
      expect(toHex(hmac(secret, message))).toBe(expected);
    }),
  );
});

test('an imported secret has the public key of its identity', () => {
  fc.assert(
    fc.property(pairs, (pair) => {
      expect(importSecretKey(pair.secretKey).publicKey).toEqual(pair.publicKey);
    }),
    { numRuns: 20 },
  );
});
