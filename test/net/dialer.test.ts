import fc from 'fast-check';
import { expect, test } from 'vitest';
import { retryDelayMs, type Obstacle } from '../../src/net/dialer.ts';
import * as limits from '../../src/net/limits.ts';

const obstacles: [Obstacle, number, number][] = [
  ['unreachable', limits.retryMsMin, limits.retryMsMax],
  ['refusing', limits.refusedRetryMsMin, limits.refusedRetryMsMax],
  ['connected', limits.retryMsMin, limits.connectedRetryMsMax],
];
const unit = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });

test.each(obstacles)(
  'F10 the wait for a peer that is %s is never below %i nor above %i ms',
  (...row) => {
    const [obstacle, min, max] = row;
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 100_000 }), unit, (failures, chance) => {
        const delay = retryDelayMs(obstacle, failures, chance);
        expect(delay).toBeGreaterThanOrEqual(min);
        expect(delay).toBeLessThanOrEqual(max);
      }),
    );
  },
);

test.each(obstacles)('the longest wait for a peer that is %s doubles up to its bound', (...row) => {
  const [obstacle, min, max] = row;
  const ceilings = Array.from({ length: 12 }, (_, i) => retryDelayMs(obstacle, i + 1, 1));
  for (const [i, ceiling] of ceilings.entries()) {
    expect(ceiling).toBe(Math.min(max, min * 2 ** (i + 1)));
  }
});

test('a refusal is retried at most every few seconds from the very first time', () => {
  expect(retryDelayMs('refusing', 1, 0)).toBeGreaterThanOrEqual(5_000);
});
