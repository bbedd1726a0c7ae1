import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { concat, utf8 } from '../../../src/bytes.ts';
import {
  buildObject,
  parseObject,
  verifyObject,
  type ObjectFields,
} from '../../../src/cxo/object.ts';
import { encode } from '../../../src/cxo/codec.ts';
import { objectBytesMax } from '../../../src/cxo/limits.ts';
import { epochIdBytes, epochIdOf } from '../../../src/chat/sealing/epoch-id.ts';
import {
  openSealed,
  parseSealed,
  sealObject,
  type SealedPlace,
} from '../../../src/chat/sealing/message-seal.ts';
import { decrypt, encrypt } from '../../../src/aead.ts';
import { hmac } from '../../../src/chat/sealing/hmac.ts';

const thirtyTwo = fc.uint8Array({ minLength: 32, maxLength: 32 });
const places = fc.record({
  group: thirtyTwo,
  author: thirtyTwo,
  head: fc.maxSafeNat(),
  seq: fc.integer({ min: 1, max: 2 ** 48 - 1 }),
  index: fc.integer({ min: 0, max: 255 }),
});
const key = new Uint8Array(32).fill(7);
const salt = new Uint8Array(16).fill(9);
const place: SealedPlace = {
  group: new Uint8Array(32).fill(1),
  author: new Uint8Array(32).fill(2),
  head: 3,
  seq: 4,
  index: 5,
};
const epoch = epochIdOf(place.group, key);
const hello: ObjectFields = { kind: 'text', text: 'hello', salt };

function open(object: Uint8Array, at: SealedPlace, epochKey = key): ObjectFields | undefined {
  const sealed = parseSealed(object);
  return sealed && openSealed(epochKey, sealed, at);
}

describe('a sealed object', () => {
  test('opens at its place to what was sealed, and its bytes are canonical', () => {
    fc.assert(
      fc.property(places, fc.string({ unit: 'grapheme', maxLength: 300 }), (at, text) => {
        fc.pre(!text.startsWith('\uFEFF'));
        const fields = { ...hello, text };
        const object = sealObject(key, epoch, fields, at);
        expect({ ...open(object, at) }).toEqual(fields);
        const parsed = parseObject(object);
        if (!parsed.ok) throw new Error(parsed.reason);
        const { salt: outerSalt, ...rest } = parsed.fields;
        expect(buildObject(rest, outerSalt)).toEqual(object);
      }),
    );
  });

  test.each([1, 200, 300, 70_000, 260_000])(
    'of %i bytes has the form that buildObject gives',
    (length) => {
      const object = sealObject(key, epoch, { ...hello, text: 'x'.repeat(length) }, place);
      expect(verifyObject(object)).toEqual({ ok: true, kind: 'sealed' });
      expect(open(object, place)?.['text']).toHaveLength(length);
    },
  );

  test('has the derivation and the data that PROTOCOL.md names', () => {
    const at = concat(
      new Uint8Array(32).fill(2),
      Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 3, 0, 0, 0, 0, 0, 0, 0, 4, 0, 5),
    );
    const messageKey = hmac(
      key,
      concat(utf8('skychat/1 message-key\0'), salt, at, Uint8Array.of(1)),
    );
    const data = concat(utf8('skychat/1 sealed\0'), place.group, at);
    const plaintext = encode({ kind: 'text', text: 'hello' });
    const body = encrypt(messageKey, new Uint8Array(12), data, plaintext);
    const expected = buildObject({ kind: 'sealed', epoch: epochIdBytes(epoch), body }, salt);
    expect(sealObject(key, epoch, hello, place)).toEqual(expected);
    expect(decrypt(messageKey, new Uint8Array(12), data, body)).toEqual(plaintext);
  });

  test('F41 opens in no other group, feed, root or index', () => {
    const object = sealObject(key, epoch, hello, place);
    fc.assert(
      fc.property(
        places,
        fc.constantFrom('group', 'author', 'head', 'seq', 'index'),
        (at, part) => {
          const elsewhere = { ...place, [part]: at[part] };
          fc.pre(JSON.stringify(elsewhere) !== JSON.stringify(place));
          expect(open(object, elsewhere)).toBeUndefined();
        },
      ),
    );
    expect(open(object, place)).toBeDefined();
  });

  test('does not open under another key', () => {
    const object = sealObject(key, epoch, hello, place);
    expect(open(object, place, new Uint8Array(32).fill(8))).toBeUndefined();
  });

  test('with one flipped bit never opens, but for the name of its epoch, whose key is looked for', () => {
    const object = sealObject(key, epoch, hello, place);
    for (let bit = 0; bit < object.length * 8; bit++) {
      const altered = object.slice();
      altered[bit >> 3] = (altered[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      if (bit >> 3 >= object.length - 16) expect(parseSealed(altered)?.epoch).not.toBe(epoch);
      else expect(open(altered, place)).toBeUndefined();
    }
  });

  test('cut short or with bytes behind it is none', () => {
    const object = sealObject(key, epoch, hello, place);
    for (let length = 0; length < object.length; length++) {
      expect(parseSealed(object.subarray(0, length))).toBeUndefined();
    }
    expect(parseSealed(concat(object, Uint8Array.of(0)))).toBeUndefined();
  });

  test('never shows the text, and the same text twice under other salts shares nothing', () => {
    const text = 'the secret text that nobody outside reads';
    const first = sealObject(key, epoch, { ...hello, text }, place);
    const second = sealObject(key, epoch, { ...hello, text, salt: key.slice(0, 16) }, place);
    expect(new TextDecoder('latin1').decode(first)).not.toContain('secret');
    expect(parseSealed(first)?.body).not.toEqual(parseSealed(second)?.body);
  });

  test('that holds something other than fields with a kind is invalid', () => {
    const object = sealObject(key, epoch, { kind: 'text', salt }, place);
    const body = parseSealed(object)?.body ?? new Uint8Array();
    const inner = (fields: object): Uint8Array =>
      sealObject(key, epoch, { ...fields, salt } as unknown as ObjectFields, place);
    expect(body.length).toBeGreaterThan(16);
    expect(open(inner({ text: 'no kind' }), place)).toBeUndefined();
    expect(open(inner({ kind: 3 }), place)).toBeUndefined();
    expect(open(inner({ kind: 'text' }), place)).toBeDefined();
  });

  test('is refused where it is larger than an object can be', () => {
    const text = 'x'.repeat(objectBytesMax - 100);
    expect(() => sealObject(key, epoch, { ...hello, text }, place)).toThrow('too large');
  });
});
