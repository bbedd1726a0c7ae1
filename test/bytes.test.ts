import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  ByteReader,
  compare,
  concat,
  equal,
  parseHex,
  parseUtf8,
  toHex,
  utf8,
  varintLength,
  writeVarint,
} from '../src/bytes.ts';

const bytes = fc.uint8Array({ maxLength: 80 });
const safe = fc.oneof(
  fc.maxSafeNat(),
  fc.nat(300),
  fc.nat(52).map((power) => 2 ** power),
  fc.nat(53).map((power) => 2 ** power - 1),
);

describe('comparison', () => {
  test('is that of the hex text: a total order, in which equal is 0', () => {
    fc.assert(
      fc.property(bytes, bytes, (a, b) => {
        const [x, y] = [toHex(a), toHex(b)];
        expect(Math.sign(compare(a, b))).toBe(x < y ? -1 : x > y ? 1 : 0);
        expect(equal(a, b)).toBe(x === y);
        expect(equal(a, Uint8Array.from(a))).toBe(true);
      }),
    );
  });

  test('of a prefix puts the shorter one first', () => {
    expect(compare(Uint8Array.of(1), Uint8Array.of(1, 0))).toBeLessThan(0);
    expect(equal(Uint8Array.of(1), Uint8Array.of(1, 0))).toBe(false);
  });
});

test('concatenation is a copy of the parts in their order', () => {
  fc.assert(
    fc.property(fc.array(bytes, { maxLength: 5 }), (parts) => {
      const whole = concat(...parts);
      expect([...whole]).toEqual(parts.flatMap((part) => [...part]));
      for (const part of parts) expect(whole.buffer).not.toBe(part.buffer);
    }),
  );
});

describe('hex', () => {
  test('comes back, of either case and mixed', () => {
    fc.assert(
      fc.property(bytes, (original) => {
        const hex = toHex(original);
        expect(hex).toBe(Buffer.from(original).toString('hex'));
        expect(parseHex(hex)).toEqual(original);
        expect(parseHex(hex.toUpperCase())).toEqual(original);
        expect(parseHex(hex.replace('a', 'A'))).toEqual(original);
      }),
    );
  });

  test('of one wrong character is refused, whatever it is', () => {
    for (let code = 0; code < 0x1_0000; code++) {
      const digit = String.fromCharCode(code);
      const isDigit = /^[0-9a-fA-F]$/.test(digit);
      const parsed = [parseHex(`${digit}0`), parseHex(`0${digit}`)].map(
        (made) => made !== undefined,
      );
      if (parsed[0] !== isDigit || parsed[1] !== isDigit) expect.fail(`U+${code.toString(16)}`);
    }
  });

  test.each(['0', '000', '0x00', ' 00', '00 ', '00\n', '-1', '+1', '𝟎𝟎'])('%j is none', (text) => {
    expect(parseHex(text)).toBeUndefined();
  });
});

describe('UTF-8', () => {
  test('comes back for every well-formed text, a leading U+FEFF included', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        expect(parseUtf8(utf8(text))).toBe(text);
        expect(parseUtf8(utf8(`\uFEFF${text}`))).toBe(`\uFEFF${text}`);
      }),
    );
  });

  test('is refused where decoding and encoding again would change it', () => {
    fc.assert(
      fc.property(bytes, (original) => {
        const text = parseUtf8(original);
        const isValid = equal(
          utf8(new TextDecoder('utf-8', { ignoreBOM: true }).decode(original)),
          original,
        );
        expect(text !== undefined).toBe(isValid);
      }),
      { numRuns: 500 },
    );
  });
});

describe('a varint', () => {
  test('of any safe integer comes back, in as many bytes as announced', () => {
    fc.assert(
      fc.property(safe, fc.nat(5), (value, offset) => {
        const target = new Uint8Array(offset + 8);
        const end = writeVarint(target, offset, value);
        expect(end - offset).toBe(varintLength(value));
        const reader = new ByteReader(target.subarray(0, end), offset);
        expect(reader.varint()).toBe(value);
        expect(reader.left).toBe(0);
      }),
      { numRuns: 1000 },
    );
  });

  test.each([
    [0, '00'],
    [127, '7f'],
    [128, '8001'],
    [300, 'ac02'],
    [2 ** 32, '8080808010'],
    [Number.MAX_SAFE_INTEGER, 'ffffffffffffff0f'],
  ])('of %d is %s', (value, hex) => {
    const target = new Uint8Array(varintLength(value));
    writeVarint(target, 0, value);
    expect(toHex(target)).toBe(hex);
  });

  test('is read only in its shortest form: what is read is what would be written', () => {
    const input = fc.oneof(
      fc.uint8Array({ minLength: 1, maxLength: 10 }),
      fc
        .tuple(fc.array(fc.constantFrom(0x80, 0xff, 0x81), { maxLength: 9 }), fc.nat(127))
        .map(([more, last]) => Uint8Array.of(...more, last)),
    );
    fc.assert(
      fc.property(input, (source) => {
        const reader = new ByteReader(source);
        const value = reader.varint();
        if (value === undefined) return;
        const target = new Uint8Array(varintLength(value));
        writeVarint(target, 0, value);
        expect(toHex(source.subarray(0, reader.offset))).toBe(toHex(target));
      }),
      { numRuns: 2000 },
    );
  });

  test.each([
    ['nothing', ''],
    ['cut short', '80'],
    ['cut short at 7 bytes', 'ffffffffffffff'],
    ['0 in two bytes', '8000'],
    ['1 in two bytes', '8100'],
    ['2^53', '8080808080808010'],
    ['2^56 − 1', 'ffffffffffffff7f'],
    ['nine bytes', 'ffffffffffffff8f01'],
    ['without an end', 'ff'.repeat(100)],
  ])('%s is refused', (_, hex) => {
    expect(new ByteReader(parseHex(hex) ?? new Uint8Array()).varint()).toBeUndefined();
  });

  test.each([-1, 0.5, NaN, Infinity, 2 ** 53])('of %d is a bug of the caller', (value) => {
    expect(() => writeVarint(new Uint8Array(16), 0, value)).toThrow(RangeError);
  });

  test('without room for it is a bug of the caller', () => {
    expect(() => writeVarint(new Uint8Array(1), 0, 128)).toThrow(RangeError);
  });
});

describe('a reader', () => {
  test('gives views in order, and undefined past the end', () => {
    const source = Uint8Array.of(1, 2, 3, 4);
    const reader = new ByteReader(source, 1);
    expect(reader.byte()).toBe(2);
    const taken = reader.take(2);
    expect(taken).toEqual(Uint8Array.of(3, 4));
    expect(taken?.buffer).toBe(source.buffer);
    expect(reader.take(0)).toEqual(Uint8Array.of());
    expect(reader.take(1)).toBeUndefined();
    expect(reader.byte()).toBeUndefined();
    expect(reader.varint()).toBeUndefined();
  });

  test('never goes backwards or beyond its end, whatever is asked of it', () => {
    const step = fc.oneof(
      fc.constant('byte' as const),
      fc.constant('varint' as const),
      fc.oneof(fc.integer({ min: -5, max: 100 }), fc.maxSafeInteger()),
    );
    fc.assert(
      fc.property(bytes, fc.array(step, { maxLength: 30 }), (source, steps) => {
        const reader = new ByteReader(source);
        for (const next of steps) {
          const before = reader.offset;
          if (next === 'byte') reader.byte();
          else if (next === 'varint') reader.varint();
          else reader.take(next);
          expect(reader.offset).toBeGreaterThanOrEqual(before);
          expect(reader.left).toBeGreaterThanOrEqual(0);
        }
      }),
      { numRuns: 500 },
    );
  });
});
