// The verdicts of noble's multiplication by L, which the faster test must share on every point.
import { ed25519 } from '@noble/curves/ed25519.js';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseHex, toHex } from '../src/bytes.ts';
import { isValidPublicKey, publicKeyOfBytes } from '../src/identity.ts';
import { isOfPrimeOrder } from '../src/subgroup.ts';
import { readVectors, vectorsAbsent } from './support/vectors.ts';

const { Point } = ed25519;
type Point = InstanceType<typeof Point>;

const orderEight = Point.fromHex(
  'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa',
);
const torsion = Array.from({ length: 8 }, (_, i) =>
  i === 0 ? Point.ZERO : orderEight.multiplyUnsafe(BigInt(i)),
);

function slowVerdict(point: Point): boolean {
  return !point.is0() && point.isTorsionFree();
}

function findPoint(bytes: Uint8Array): Point | undefined {
  try {
    return Point.fromBytes(bytes, false);
  } catch {
    return undefined;
  }
}

const encodings = fc.uint8Array({ minLength: 32, maxLength: 32 });
const scalars = fc.bigInt({ min: 1n, max: Point.Fn.ORDER - 1n });

describe('the prime-order subgroup', () => {
  test('has the base point and no point of small order', () => {
    expect(isOfPrimeOrder(Point.BASE)).toBe(true);
    expect(new Set(torsion.map((point) => point.toHex())).size).toBe(8);
    for (const small of torsion) expect(isOfPrimeOrder(small)).toBe(false);
  });

  test('has each multiple of the base point, its negative, and neither plus a small point', () => {
    fc.assert(
      fc.property(scalars, (scalar) => {
        const good = Point.BASE.multiply(scalar);
        for (const [i, small] of torsion.entries()) {
          const sum = good.add(small);
          expect(isOfPrimeOrder(sum)).toBe(i === 0);
          expect(isOfPrimeOrder(sum.negate())).toBe(i === 0);
        }
      }),
      { numRuns: 200 },
    );
  });

  test('has of all points of the curve those that L takes to the identity', () => {
    let outside = 0;
    fc.assert(
      fc.property(encodings, (bytes) => {
        const point = findPoint(bytes);
        if (point === undefined) return;
        const verdict = slowVerdict(point);
        if (!verdict) outside++;
        expect(isOfPrimeOrder(point)).toBe(verdict);
        const multiple = point.clearCofactor();
        expect(isOfPrimeOrder(multiple)).toBe(slowVerdict(multiple));
      }),
      { numRuns: 500 },
    );
    expect(outside).toBeGreaterThan(0);
  });

  test('is asked of a point, in whichever coordinates it comes', () => {
    const doubled = Point.BASE.double();
    expect(doubled.Z).not.toBe(1n);
    expect(isOfPrimeOrder(doubled)).toBe(true);
    expect(isOfPrimeOrder(doubled.add(orderEight))).toBe(false);
  });
});

describe('a public key has the verdict of the multiplication by L', () => {
  const verdictOf = (bytes: Uint8Array): boolean => {
    const point = findPoint(bytes);
    return point !== undefined && slowVerdict(point);
  };

  test('for each y near the ends of the field and each order of its point, with either sign', () => {
    const ends: string[] = [];
    for (let low = 0; low < 32; low++) ends.push(toHex(Uint8Array.of(low)) + '00'.repeat(31));
    for (let low = 0xe0; low <= 0xff; low++) {
      ends.push(`${toHex(Uint8Array.of(low))}${'ff'.repeat(30)}7f`);
    }
    for (const hex of [...ends, ...torsion.map((point) => point.toHex())]) {
      const bytes = parseHex(hex) ?? new Uint8Array();
      for (const sign of [0, 128]) {
        bytes[31] = ((bytes[31] ?? 0) & 127) | sign;
        expect(isValidPublicKey(publicKeyOfBytes(bytes))).toBe(verdictOf(bytes));
      }
    }
  });

  test.skipIf(vectorsAbsent)('for each key and each R of speccheck', () => {
    const cases = readVectors('ed25519-speccheck/cases.json') as Record<string, string>[];
    expect(cases.length).toBeGreaterThan(0);
    for (const { pub_key: key, signature } of cases) {
      for (const hex of [key ?? '', (signature ?? '').slice(0, 64)]) {
        const bytes = parseHex(hex) ?? new Uint8Array();
        expect(isValidPublicKey(publicKeyOfBytes(bytes))).toBe(verdictOf(bytes));
      }
    }
  });
});
