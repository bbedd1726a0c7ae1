import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Heights } from '../../src/web/model/heights.ts';
import { rowsDrawnMax, windowOf } from '../../src/web/model/row-window.ts';

const rows = fc.array(fc.integer({ min: 1, max: 400 }), { maxLength: 300 });

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

test('sums and places are those of a plain list, after any changes', () => {
  const changes = fc.array(fc.tuple(fc.nat(299), fc.integer({ min: 1, max: 400 })));
  fc.assert(
    fc.property(rows, rows, changes, fc.nat(60_000), (first, pushed, changed, offset) => {
      const heights = new Heights();
      heights.reset(first);
      for (const value of pushed) heights.push(value);
      const plain = [...first, ...pushed];
      for (const [at, value] of changed) {
        heights.set(at, value);
        if (at < plain.length) plain[at] = value;
      }
      expect(heights.length).toBe(plain.length);
      expect(heights.total).toBe(sum(plain));
      for (const count of [0, 1, 7, plain.length]) {
        expect(heights.sum(count)).toBe(sum(plain.slice(0, count)));
      }
      let index = 0;
      while (index < plain.length - 1 && sum(plain.slice(0, index + 1)) <= offset) index++;
      expect(heights.find(offset)).toBe(index);
    }),
  );
});

test('what is drawn covers the view, is bounded, and leaves the height of the list as it is', () => {
  fc.assert(
    fc.property(rows, fc.nat(100_000), fc.integer({ min: 1, max: 3000 }), (values, top, view) => {
      const heights = new Heights();
      heights.reset(values);
      const { start, end, above, below } = windowOf(heights, top, view);
      expect(end - start).toBeLessThanOrEqual(rowsDrawnMax);
      expect(above + sum(values.slice(start, end)) + below).toBe(heights.total);
      if (values.length === 0 || end - start === rowsDrawnMax) return;
      expect(above).toBeLessThanOrEqual(Math.min(top, heights.total));
      expect(heights.sum(end)).toBeGreaterThanOrEqual(Math.min(top + view, heights.total));
    }),
  );
});

test('100,000 rows are one window', () => {
  const heights = new Heights();
  heights.reset(Array.from({ length: 100_000 }, () => 56));
  const { start, end, above } = windowOf(heights, 2_800_000, 800);
  expect(end - start).toBeLessThan(60);
  expect(above).toBe(start * 56);
});
