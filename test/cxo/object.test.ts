import { isDeepStrictEqual } from 'node:util';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { concat, parseHex } from '../../src/bytes.ts';
import { decode, encode, type Value } from '../../src/cxo/codec.ts';
import { objectIdOf } from '../../src/cxo/ids.ts';
import { itemsMax, objectBytesMax } from '../../src/cxo/limits.ts';
import { buildObject, parseObject, verifyObject } from '../../src/cxo/object.ts';
import { SkychatError } from '../../src/errors.ts';
import { mapOf, mutated, text, value } from '../support/values.ts';

const salt = Uint8Array.from({ length: 16 }, (_, index) => index);
const anySalt = fc.uint8Array({ minLength: 16, maxLength: 16 });
const kind = fc.stringMatching(/^[a-z0-9-]{1,32}$/);
/** Other fields: on either side of `kind` and `salt` in the canonical order, and nested. */
const others = fc
  .array(fc.tuple(fc.oneof(text, fc.constantFrom('to', 'body', 'text', 'mine', 'zzzz')), value), {
    maxLength: 5,
  })
  .map((entries) => mapOf(entries.filter(([key]) => key !== 'kind' && key !== 'salt')));

function codeOf(run: () => unknown): string | undefined {
  try {
    run();
    return undefined;
  } catch (error) {
    if (!(error instanceof SkychatError)) throw error;
    return error.code;
  }
}

describe('an object that was built', () => {
  test('is valid, of its kind, and gives its fields back', () => {
    fc.assert(
      fc.property(kind, anySalt, others, (name, random, rest) => {
        const bytes = buildObject({ ...rest, kind: name }, random);
        expect(verifyObject(bytes)).toEqual({ ok: true, kind: name });
        const parsed = parseObject(bytes);
        if (!parsed.ok) throw new Error(parsed.reason);
        expect(
          isDeepStrictEqual(
            parsed.fields,
            mapOf([...Object.entries(rest), ['kind', name], ['salt', random]]),
          ),
        ).toBe(true);
      }),
      { numRuns: 500 },
    );
  });

  test('has another id under another salt, though its text is equal', () => {
    const other = Uint8Array.from(salt).fill(9);
    const fields = { kind: 'text', text: 'yes' };
    expect(objectIdOf(buildObject(fields, salt))).toEqual(objectIdOf(buildObject(fields, salt)));
    expect(objectIdOf(buildObject(fields, salt))).not.toEqual(
      objectIdOf(buildObject(fields, other)),
    );
  });

  test('has these bytes for ever', () => {
    expect(buildObject({ text: 'hi', kind: 'text' }, salt)).toEqual(
      parseHex(
        'a3646b696e6464746578746473616c7450000102030405060708090a0b0c0d0e0f6474657874626869',
      ),
    );
  });

  test('shares no memory with its salt or with what was parsed from it', () => {
    const random = Uint8Array.from(salt);
    const bytes = buildObject({ kind: 'text', text: 'hi' }, random);
    const parsed = parseObject(bytes);
    random.fill(0);
    expect(parsed).toEqual(parseObject(Uint8Array.from(bytes)));
    bytes.fill(0);
    expect(parsed.ok && parsed.fields.salt).toEqual(salt);
  });
});

describe('what is no object is refused by its reason', () => {
  const rows: [string, Value | Uint8Array, string][] = [
    ['text', 'text', 'not-a-map'],
    ['an array', ['kind', 'salt'], 'not-a-map'],
    ['an empty map', {}, 'bad-kind'],
    ['no kind', { salt, text: '' }, 'bad-kind'],
    ['no kind before longer keys', { salt: 1, longer: 1 }, 'bad-kind'],
    ['an empty kind', { kind: '', salt }, 'bad-kind'],
    ['a kind of 33 characters', { kind: 'a'.repeat(33), salt }, 'bad-kind'],
    ['a kind of 300 characters', { kind: 'a'.repeat(300), salt }, 'bad-kind'],
    [
      'a kind whose length reads as its first letters',
      { kind: 'a'.repeat(0x6161), salt },
      'bad-kind',
    ],
    [
      'a list as kind before what reads as one',
      { kind: [], kzzz: '-'.repeat(45), salt },
      'bad-kind',
    ],
    ['a kind with a capital', { kind: 'Text', salt }, 'bad-kind'],
    ['a kind with a space', { kind: 'te xt', salt }, 'bad-kind'],
    ['a kind with an underscore', { kind: 'te_xt', salt }, 'bad-kind'],
    ['a kind with a brace', { kind: 'te{xt', salt }, 'bad-kind'],
    ['a kind with a colon', { kind: 'te:xt', salt }, 'bad-kind'],
    ['a kind with a line feed', { kind: 'text\n', salt }, 'bad-kind'],
    ['a kind beyond ASCII', { kind: 'téxt', salt }, 'bad-kind'],
    ['a kind in bytes', { kind: Uint8Array.of(0x61), salt }, 'bad-kind'],
    ['a number as kind', { kind: 5, salt }, 'bad-kind'],
    ['null as kind', { kind: null, salt }, 'bad-kind'],
    ['a list as kind', { kind: ['text'], salt }, 'bad-kind'],
    ['a map as kind', { kind: { kind: 'text', salt }, salt }, 'bad-kind'],
    ['kind and salt one level below', { a: { kind: 'text', salt } }, 'bad-kind'],
    ['no salt', { kind: 'text' }, 'bad-salt'],
    ['a salt one level below', { kind: 'text', text: { salt } }, 'bad-salt'],
    ['a salt of 15 bytes', { kind: 'text', salt: new Uint8Array(15) }, 'bad-salt'],
    ['a salt of 17 bytes', { kind: 'text', salt: new Uint8Array(17) }, 'bad-salt'],
    ['a salt of 16 characters', { kind: 'text', salt: 'a'.repeat(16) }, 'bad-salt'],
    ['a salt of 16 numbers', { kind: 'text', salt: Array<number>(16).fill(1) }, 'bad-salt'],
  ];

  test.each(rows)('%s', (_, input, reason) => {
    const bytes = encode(input);
    expect(verifyObject(bytes)).toEqual({ ok: false, reason });
    expect(parseObject(bytes)).toEqual({ ok: false, reason });
  });

  test('bytes that are not canonical, with the reason of the codec', () => {
    const bytes = buildObject({ kind: 'text', text: 'hi' }, salt);
    const cases: [Uint8Array, string][] = [
      [Uint8Array.of(), 'truncated'],
      [bytes.subarray(0, -1), 'truncated'],
      [concat(bytes, Uint8Array.of(0)), 'trailing-bytes'],
      [concat(bytes, new Uint8Array(objectBytesMax)), 'too-large'],
      [concat(Uint8Array.of(0xb8, 3), bytes.subarray(1)), 'not-canonical'],
      [new Uint8Array(10_000).fill(0x81), 'too-deep'],
    ];
    for (const [input, reason] of cases) {
      expect(verifyObject(input)).toEqual({ ok: false, reason });
      expect(parseObject(input)).toEqual({ ok: false, reason });
    }
  });

  test('a verdict never depends on the objects that were verified before', () => {
    const kinds = ['text', 'reply', 'text', 'texts', 'tex', 'reply', 'a', 'a'.repeat(32), 'text'];
    for (const name of kinds) {
      expect(verifyObject(buildObject({ kind: name }, salt))).toEqual({ ok: true, kind: name });
      expect(verifyObject(encode({ kind: `${name}!`, salt })).ok).toBe(false);
    }
  });

  test('whatever the bytes, the verdict is that on the decoded fields, and nothing throws', () => {
    const object = fc
      .tuple(fc.oneof(kind, text), anySalt, others)
      .map(([name, random, rest]) => encode({ ...rest, kind: name, salt: random }));
    const input = fc.oneof(fc.uint8Array({ maxLength: 80 }), object, mutated(object));
    fc.assert(
      fc.property(input, (bytes) => {
        expect(verifyObject(bytes).ok).toBe(isObject(bytes));
        expect(parseObject(bytes).ok).toBe(isObject(bytes));
      }),
      { numRuns: 3000 },
    );
  });

  function isObject(bytes: Uint8Array): boolean {
    const decoded = decode(bytes);
    if (!decoded.ok || typeof decoded.value !== 'object' || decoded.value === null) return false;
    const fields = decoded.value as { kind?: unknown; salt?: unknown };
    return (
      typeof fields.kind === 'string' &&
      /^[a-z0-9-]{1,32}$/.test(fields.kind) &&
      fields.salt instanceof Uint8Array &&
      fields.salt.length === 16
    );
  }
});

describe('what would not be an object is not built', () => {
  const bad: [string, () => unknown, string][] = [
    ['a bad kind', () => buildObject({ kind: 'No' }, salt), 'bad-field'],
    ['a short salt', () => buildObject({ kind: 'text' }, salt.subarray(1)), 'bad-field'],
    ['bad text', () => buildObject({ kind: 'text', text: '\uD800' }, salt), 'bad-text'],
    ['a fraction', () => buildObject({ kind: 'text', n: 0.5 }, salt), 'bad-field'],
    [
      'too many items',
      () => buildObject({ kind: 'text', list: Array<number>(itemsMax).fill(0) }, salt),
      'bad-field',
    ],
    [
      'too many bytes',
      () => buildObject({ kind: 'text', text: 'a'.repeat(objectBytesMax) }, salt),
      'bad-field',
    ],
  ];

  test.each(bad)('%s', (_, build, code) => {
    expect(codeOf(build)).toBe(code);
  });

  test('a salt among the fields is a bug of the caller', () => {
    expect(() => buildObject({ kind: 'text', salt }, salt)).toThrow('parameter of its own');
  });
});
