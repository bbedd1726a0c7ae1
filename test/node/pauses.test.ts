import fc from 'fast-check';
import { expect, test } from 'vitest';
import { cleanMs, pausedMax, pauses, type Pause } from '../../src/node/mesh-limits.ts';
import { Pauses, pauseMs } from '../../src/node/pauses.ts';

const kinds = Object.keys(pauses) as Pause[];
const unit = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });

function open(): { all: Pauses; clock: { ms: number } } {
  const clock = { ms: 0 };
  const all = new Pauses({ clock: { monotonic: () => clock.ms }, random: { unit: () => 0.5 } });
  return { all, clock };
}

test.each(kinds)('a pause for %s stays in its bounds, whatever failed how often', (kind) => {
  const [min, max] = pauses[kind];
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 1_000_000 }), unit, (failures, chance) => {
      const length = pauseMs(kind, failures, chance);
      expect(length).toBeGreaterThanOrEqual(min);
      expect(length).toBeLessThanOrEqual(max);
    }),
  );
});

test('F10 each failure in a row doubles the longest wait, from 30 s to an hour for an address', () => {
  const longest = Array.from({ length: 10 }, (_, i) => pauseMs('unreachable', i + 1, 1) / 1000);
  expect(longest).toEqual([60, 120, 240, 480, 960, 1920, 3600, 3600, 3600, 3600]);
});

test('an address where another key answers waits for an hour at least', () => {
  expect(pauseMs('wrong-key', 1, 0)).toBe(3_600_000);
});

test('what has not failed does not wait; what has, waits until its time; what is forgotten is new', () => {
  const { all } = open();
  expect(all.until('a')).toBe(0);
  const length = all.add('a', 'unreachable');
  expect(all.until('a')).toBe(length);
  expect(all.add('a', 'unreachable')).toBeGreaterThan(length);
  all.forget('a');
  expect(all.until('a')).toBe(0);
  expect(all.add('a', 'unreachable')).toBe(length);
});

test('what has not failed for a day begins from the first wait again', () => {
  const { all, clock } = open();
  const first = all.add('a', 'unreachable');
  clock.ms = all.until('a') + cleanMs;
  const second = all.add('a', 'unreachable');
  expect(second).toBeGreaterThan(first);
  clock.ms = all.until('a') + cleanMs + 1;
  expect(all.add('a', 'unreachable')).toBe(first);
});

test('no more are remembered than the bound, and the one that failed first is forgotten', () => {
  const { all } = open();
  for (let i = 0; i <= pausedMax; i++) all.add(`a${i}`, 'unreachable');
  expect(all.size).toBe(pausedMax);
  expect(all.until('a0')).toBe(0);
  expect(all.until('a1')).toBeGreaterThan(0);
});
