import { isDeepStrictEqual } from 'node:util';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { concat, equal, parseHex, utf8 } from '../../src/bytes.ts';
import {
  decode,
  encode,
  scanCanonical,
  type CodecReason,
  type Value,
} from '../../src/cxo/codec.ts';
import { depthMax, itemsMax, objectBytesMax, objectLimits } from '../../src/cxo/limits.ts';
import { codecReasons } from '../../src/cxo/scan.ts';
import { SkychatError } from '../../src/errors.ts';
import {
  flipBit,
  isImageOfEncode,
  looseCbor,
  mapOf,
  mutated,
  text,
  value,
} from '../support/values.ts';
import { readVectorFiles, readVectors, vectorsAbsent } from '../support/vectors.ts';

function hex(digits: string): Uint8Array {
  const bytes = parseHex(digits.replaceAll(' ', ''));
  if (bytes === undefined) throw new Error('not hex');
  return bytes;
}

function codeOf(run: () => unknown): string | undefined {
  try {
    run();
    return undefined;
  } catch (error) {
    if (!(error instanceof SkychatError)) throw error;
    return error.code;
  }
}

function decodedValue(bytes: Uint8Array): Value {
  const decoded = decode(bytes);
  if (!decoded.ok) throw new Error(decoded.reason);
  return decoded.value;
}

function nested(depth: number): Value {
  let inner: Value = 0;
  for (let i = 0; i < depth; i++) inner = i % 2 === 0 ? [inner] : mapOf([['a', inner]]);
  return inner;
}

describe('round trip', () => {
  test('every value comes back from its encoding', () => {
    fc.assert(
      fc.property(value, (original) => {
        expect(isDeepStrictEqual(decodedValue(encode(original)), original)).toBe(true);
      }),
      { numRuns: 1000 },
    );
  });

  test('the order in which keys were set does not change the encoding', () => {
    fc.assert(
      fc.property(fc.uniqueArray(text, { maxLength: 8 }), fc.nat(), (keys, turn) => {
        const entries = keys.map((key, index) => [key, index] as const);
        const at = turn % Math.max(1, entries.length);
        const turned = [...entries.slice(at), ...entries.slice(0, at)].reverse();
        expect(encode(mapOf(turned))).toEqual(encode(mapOf(entries)));
      }),
    );
  });

  test('text of every plane, length and inner byte order mark comes back', () => {
    for (const sample of [
      '',
      'a\uFEFF',
      '\0',
      'é',
      '水',
      '𐅑',
      'x'.repeat(65_536),
      'ü'.repeat(400),
    ]) {
      expect(decodedValue(encode(sample))).toBe(sample);
    }
  });

  test('decoded bytes are a copy and no Buffer, whatever they were read from', () => {
    const frame = Buffer.from(encode([Uint8Array.of(1, 2, 3)]));
    const decoded = decodedValue(frame);
    frame.fill(0);
    expect(isDeepStrictEqual(decoded, [Uint8Array.of(1, 2, 3)])).toBe(true);
  });

  test('a key named __proto__ is data like any other', () => {
    const decoded = decodedValue(encode(mapOf([['__proto__', mapOf([['admin', true]])]])));
    expect(Object.getPrototypeOf(decoded)).toBeNull();
    expect(Object.keys(decoded as object)).toEqual(['__proto__']);
    expect('admin' in (decoded as object)).toBe(false);
    expect('constructor' in (decoded as object)).toBe(false);
  });
});

describe('decode accepts exactly the image of encode', () => {
  test('of all byte strings of up to 2 bytes', () => {
    let accepted = 0;
    for (let i = 0; i < 1 + 256 + 65_536; i++) {
      const bytes =
        i === 0
          ? Uint8Array.of()
          : i < 257
            ? Uint8Array.of(i - 1)
            : Uint8Array.of((i - 257) >> 8, (i - 257) & 255);
      const isImage = isImageOfEncode(bytes);
      if (decode(bytes).ok !== isImage) expect.fail(`${bytes.join(' ')} is image: ${isImage}`);
      if (isImage) accepted++;
    }
    // 24 + 24 integers, false, true, null, and the four empty containers; 232 × 2 longer integers,
    // 256 bytes, 128 characters, arrays of one of the 55 items of one byte
    expect(accepted).toBe(24 + 24 + 3 + 4 + 464 + 256 + 128 + 55);
  });

  test('of CBOR of any form', () => {
    let accepted = 0;
    fc.assert(
      fc.property(looseCbor, (bytes) => {
        const { ok } = decode(bytes);
        expect(ok).toBe(isImageOfEncode(bytes));
        if (ok) accepted++;
      }),
      { numRuns: 3000 },
    );
    expect(accepted).toBeGreaterThan(100);
  });

  test('of random bytes, and of valid encodings with one edit', () => {
    const input = fc.oneof(
      fc.uint8Array({ maxLength: 64 }),
      mutated(value.map(encode)),
      mutated(looseCbor),
    );
    fc.assert(
      fc.property(input, (bytes) => {
        const decoded = decode(bytes);
        expect(decoded.ok).toBe(isImageOfEncode(bytes));
        if (decoded.ok) expect(equal(encode(decoded.value), bytes)).toBe(true);
      }),
      { numRuns: 5000 },
    );
  });

  test('a flipped bit is refused or makes another value', () => {
    fc.assert(
      fc.property(value, fc.nat(), (original, place) => {
        const bytes = encode(original);
        const decoded = decode(flipBit(bytes, place % (8 * bytes.length)));
        if (decoded.ok) expect(isDeepStrictEqual(decoded.value, original)).toBe(false);
      }),
      { numRuns: 2000 },
    );
  });
});

describe('what is not canonical is refused by its reason', () => {
  const rows: Record<CodecReason, [string, Uint8Array][]> = {
    'too-large': [['one byte more than an object may have', encodedOfLength(objectBytesMax + 1)]],
    truncated: [
      ['nothing', hex('')],
      ['a head without its argument', hex('18')],
      ['an 8-byte argument cut short', hex('1b 00 20 00')],
      ['text cut short', hex('63 61 62')],
      ['bytes cut short', hex('43 61 62')],
      ['bytes of 2^53 − 1', hex('5b 00 1f ff ff ff ff ff ff')],
      ['an array short of an item', hex('82 01')],
      ['a map without its value', hex('a1 61 61')],
    ],
    'trailing-bytes': [
      ['two items', hex('00 00')],
      ['a map and a byte', hex('a0 ff')],
    ],
    'too-deep': [
      ['F60 arrays 10,000 deep', new Uint8Array(10_000).fill(0x81)],
      ['F60 maps 10,000 deep', concat(...Array<Uint8Array>(10_000).fill(hex('a1 61 61')))],
      ['one level too deep', concat(new Uint8Array(depthMax + 1).fill(0x81), hex('00'))],
      ['an empty array one level too deep', concat(new Uint8Array(depthMax).fill(0x81), hex('80'))],
    ],
    'too-many-items': [
      ['F60 an array of 2^53 − 1', hex('9b 00 1f ff ff ff ff ff ff')],
      ['F60 a map of 2^53 − 1', hex('bb 00 1f ff ff ff ff ff ff')],
      ['F60 as many empty maps as fit', emptyMaps(objectBytesMax - 5)],
      ['an array of one more than may be', concat(hex('99 10 00'), new Uint8Array(itemsMax))],
      ['one more, by way of a nested one', concat(hex('99 0f ff 81 00'), new Uint8Array(4094))],
      ['many small arrays', concat(hex('98 46'), ...Array<Uint8Array>(70).fill(arrayOf64()))],
    ],
    'not-canonical': [
      ['23 in two bytes', hex('18 17')],
      ['255 in three', hex('19 00 ff')],
      ['65,535 in five', hex('1a 00 00 ff ff')],
      ['2^32 − 1 in nine', hex('1b 00 00 00 00 ff ff ff ff')],
      ['−24 in two bytes', hex('38 17')],
      ['a text length in two bytes', hex('78 01 61')],
      ['a byte length in two bytes', hex('58 00')],
      ['an array count in two bytes', hex('98 00')],
      ['a map count in two bytes', hex('b8 00')],
      ['keys unsorted', hex('a2 61 62 00 61 61 00')],
      ['a longer key first', hex('a2 62 61 61 00 61 62 00')],
      ['a key twice', hex('a2 61 61 00 61 61 00')],
      ['an empty key twice', hex('a2 60 00 60 00')],
      ['bytes of indefinite length', hex('5f 41 61 ff')],
      ['text of indefinite length', hex('7f 61 61 ff')],
      ['an array of indefinite length', hex('9f ff')],
      ['a map of indefinite length', hex('bf ff')],
      ['a reserved head', hex('1c')],
    ],
    'unsupported-type': [
      ['a half float', hex('f9 00 00')],
      ['a float', hex('fa 47 c3 50 00')],
      ['a double', hex('fb 3f f1 99 99 99 99 99 9a')],
      ['a tag', hex('c1 00')],
      ['a longer tag', hex('d8 2a 00')],
      ['undefined', hex('f7')],
      ['a simple value', hex('e0')],
      ['a simple value in two bytes', hex('f8 ff')],
      ['a break', hex('ff')],
      ['an integer as a key', hex('a1 01 02')],
      ['bytes as a key', hex('a1 41 61 02')],
    ],
    'integer-range': [
      ['2^53', hex('1b 00 20 00 00 00 00 00 00')],
      ['2^64 − 1', hex('1b ff ff ff ff ff ff ff ff')],
      ['−2^53', hex('3b 00 1f ff ff ff ff ff ff')],
      ['−2^64', hex('3b ff ff ff ff ff ff ff ff')],
      ['a length of 2^53', hex('5b 00 20 00 00 00 00 00 00')],
    ],
    'bad-text': [
      ['a lone continuation byte', hex('61 80')],
      ['an overlong slash', hex('62 c0 af')],
      ['a surrogate', hex('63 ed a0 80')],
      ['beyond U+10FFFF', hex('64 f4 90 80 80')],
      ['a character cut short', hex('62 e6 b0')],
      ['U+FEFF cut short, its end in the next item', hex('82 62 ef bb bf')],
      ['a malformed key', hex('a1 61 ff 00')],
      [
        'malformed at the end of a long text',
        concat(hex('78 c8'), utf8('a'.repeat(199)), hex('ff')),
      ],
      ['a leading U+FEFF', hex('64 ef bb bf 61')],
      ['only U+FEFF', hex('63 ef bb bf')],
      ['a key with a leading U+FEFF', hex('a1 63 ef bb bf 00')],
    ],
  };

  const table = codecReasons.flatMap((reason) =>
    rows[reason].map(([what, bytes]) => ({ reason, what, bytes })),
  );

  test.each(table)('$reason: $what', ({ reason, bytes }) => {
    expect(decode(bytes)).toEqual({ ok: false, reason });
  });

  test('F60 a mebibyte of empty maps is refused before it is decoded, by any size limit', () => {
    const bytes = emptyMaps(1024 * 1024);
    expect(decode(bytes)).toEqual({ ok: false, reason: 'too-large' });
    const wide = { ...objectLimits, bytesMax: 2 ** 21 };
    expect(scanCanonical(bytes, wide)).toBe('too-many-items');
  });

  test('what is at each bound is still accepted', () => {
    expect(decode(encodedOfLength(objectBytesMax)).ok).toBe(true);
    expect(decode(concat(new Uint8Array(depthMax).fill(0x81), hex('00'))).ok).toBe(true);
    expect(decode(concat(hex('99 0f ff'), new Uint8Array(itemsMax - 1))).ok).toBe(true);
    expect(decodedValue(hex('1b 00 1f ff ff ff ff ff ff'))).toBe(Number.MAX_SAFE_INTEGER);
    expect(decodedValue(hex('3b 00 1f ff ff ff ff ff fe'))).toBe(Number.MIN_SAFE_INTEGER);
  });

  function encodedOfLength(length: number): Uint8Array {
    const bytes = new Uint8Array(length);
    bytes.set([0x5a, 0, 0, 0, 0]);
    new DataView(bytes.buffer).setUint32(1, length - 5);
    return bytes;
  }

  function emptyMaps(count: number): Uint8Array {
    const bytes = new Uint8Array(5 + count).fill(0xa0);
    bytes[0] = 0x9a;
    new DataView(bytes.buffer).setUint32(1, count);
    return bytes;
  }

  function arrayOf64(): Uint8Array {
    return concat(hex('98 40'), new Uint8Array(64));
  }
});

describe('encode refuses what decode could not give back', () => {
  const bad: [string, unknown, 'bad-field' | 'bad-text'][] = [
    ['a fraction', 1.5, 'bad-field'],
    ['−0', -0, 'bad-field'],
    ['2^53', 2 ** 53, 'bad-field'],
    ['NaN', NaN, 'bad-field'],
    ['infinity', Infinity, 'bad-field'],
    ['a bigint', 1n, 'bad-field'],
    ['undefined', undefined, 'bad-field'],
    ['undefined in a map', { a: undefined }, 'bad-field'],
    ['a hole in an array', new Array(1), 'bad-field'],
    ['a function', () => 0, 'bad-field'],
    ['a symbol', Symbol('a'), 'bad-field'],
    ['a Date', new Date(0), 'bad-field'],
    ['a Map', new Map(), 'bad-field'],
    ['an ArrayBuffer', new ArrayBuffer(1), 'bad-field'],
    ['another typed array', new Uint16Array(1), 'bad-field'],
    ['a high surrogate alone', 'a\uD800', 'bad-text'],
    ['a low surrogate alone', '\uDC00a', 'bad-text'],
    ['surrogates in the wrong order', '\uDC00\uD800', 'bad-text'],
    ['a leading U+FEFF', '\uFEFFa', 'bad-text'],
    ['a key with a lone surrogate', { '\uD800': 1 }, 'bad-text'],
    ['a key with a leading U+FEFF', { '\uFEFF': 1 }, 'bad-text'],
    ['too deep', nested(depthMax + 1), 'bad-field'],
    ['too many items', new Array(itemsMax).fill(0), 'bad-field'],
    ['too large', new Uint8Array(objectBytesMax), 'bad-field'],
  ];

  test.each(bad)('%s', (_, input, code) => {
    expect(codeOf(() => encode(input as Value))).toBe(code);
    expect(codeOf(() => encode([input as Value]))).toBe(code);
  });

  test('a value that contains itself', () => {
    const cycle: Value[] = [];
    cycle.push(cycle);
    expect(codeOf(() => encode(cycle))).toBe('bad-field');
  });

  test('a small value that multiplies when it is written out', () => {
    let shared: Value = [];
    for (let i = 0; i < depthMax - 1; i++) shared = new Array<Value>(1000).fill(shared);
    expect(codeOf(() => encode(shared))).toBe('bad-field');
  });

  test('but not what is at the bounds', () => {
    expect(decode(encode(nested(depthMax))).ok).toBe(true);
    expect(decode(encode(new Array<Value>(itemsMax - 1).fill(0))).ok).toBe(true);
    expect(encode(new Uint8Array(objectBytesMax - 5)).length).toBe(objectBytesMax);
  });
});

describe.skipIf(vectorsAbsent)('published vectors', () => {
  test('RFC 8949 appendix A: ours round-trip, all others are refused', () => {
    const cases = readVectors('cbor/rfc8949/appendix_a.json') as {
      hex: string;
      decoded?: unknown;
    }[];
    expect(cases).toHaveLength(82);
    const accepted = cases.filter((vector) => decode(hex(vector.hex)).ok);
    for (const vector of cases) {
      const bytes = hex(vector.hex);
      const decoded = decode(bytes);
      expect([vector.hex, decoded.ok]).toEqual([vector.hex, isImageOfEncode(bytes)]);
      if (!decoded.ok) continue;
      expect(encode(decoded.value)).toEqual(bytes);
      if (vector.decoded !== undefined) {
        expect(JSON.parse(JSON.stringify(decoded.value))).toEqual(vector.decoded);
      }
    }
    expect(accepted).toHaveLength(34);
  });

  test('DAG-CBOR fixtures: ours round-trip; floats, links and integers from 2^53 are refused', () => {
    const files = readVectorFiles('cbor/codec-fixtures/fixtures', '.dag-cbor');
    expect(files).toHaveLength(128);
    const tally = new Map<string, number>();
    for (const { path, bytes } of files) {
      const decoded = decode(bytes);
      if (decoded.ok) expect(encode(decoded.value)).toEqual(bytes);
      expect([path, decoded.ok]).toEqual([path, isImageOfEncode(bytes)]);
      const verdict = decoded.ok ? 'accepted' : decoded.reason;
      tally.set(verdict, (tally.get(verdict) ?? 0) + 1);
    }
    expect(Object.fromEntries(tally)).toEqual({
      accepted: 60,
      'unsupported-type': 61,
      'integer-range': 7,
    });
  });

  test('DAG-CBOR fixtures that no decoder may take are refused', () => {
    const files = readVectorFiles('cbor/codec-fixtures/negative-fixtures', '.json');
    const cases = files.flatMap(
      ({ bytes }) => JSON.parse(new TextDecoder().decode(bytes)) as { name: string; hex: string }[],
    );
    expect(cases).not.toHaveLength(0);
    for (const { name, hex: digits } of cases) {
      expect([name, decode(hex(digits)).ok]).toEqual([name, false]);
    }
  });
});
