// Rates, expected ends and episodes, for any course of events.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { PublicKey } from '../../src/identity.ts';
import type { Now } from '../../src/sync/events.ts';
import { syncLimits } from '../../src/sync/limits.ts';
import { Progress, progressWindowMs, RateWindow } from '../../src/sync/progress.ts';

const wallAtStart = 1_700_000_000_000_000;

function at(mono: number): Now {
  return { wall: wallAtStart + mono * 1000, mono };
}

function peer(number: number): PublicKey {
  return number.toString(16).padStart(64, '0') as PublicKey;
}

/** Messages and the milliseconds that have passed before them. */
const courses = fc.array(
  fc.record({
    afterMs: fc.oneof(fc.nat(20), fc.nat(2 * progressWindowMs)),
    peer: fc.nat(3),
    messages: fc.integer({ min: 1, max: 5000 }),
  }),
  { maxLength: 60 },
);

test('a rate counts what came in the last window, no more and no less than a bucket less', () => {
  fc.assert(
    fc.property(fc.nat(1_000_000), courses, fc.nat(progressWindowMs), (start, course, laterMs) => {
      const window = new RateWindow();
      const added: { readonly count: number; readonly time: number }[] = [];
      let now = start;
      for (const { afterMs, messages } of course) {
        now += afterMs;
        window.add(messages, now);
        added.push({ count: messages, time: now });
      }
      now += laterMs;
      const since = (ms: number): number =>
        added.filter(({ time }) => time > now - ms).reduce((sum, { count }) => sum + count, 0);
      expect(window.sum(now)).toBeLessThanOrEqual(since(progressWindowMs));
      expect(window.sum(now)).toBeGreaterThanOrEqual(
        since(progressWindowMs - syncLimits.progressBucketMs),
      );
      const rate = window.ratePerS(now);
      expect(rate).toBeGreaterThanOrEqual(window.sum(now) / (progressWindowMs / 1000));
      expect(rate).toBeLessThanOrEqual(window.sum(now) / (syncLimits.progressBucketMs / 1000));
    }),
  );
});

test('a steady rate is shown as it is, from the first second on', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 100_000 }), fc.nat(10_000), (perTick, start) => {
      const window = new RateWindow();
      for (let ms = 0; ms <= 20_000; ms += 10) {
        window.add(perTick, start + ms);
        if (ms < 1000) continue;
        // The last addition counts in full, the time behind it has not passed yet.
        expect(window.ratePerS(start + ms) / (100 * perTick)).toBeCloseTo(1, 1);
      }
    }),
    { numRuns: 20 },
  );
});

test('whatever happens, the total is what is there and what is missing, and the end is behind over rate', () => {
  fc.assert(
    fc.property(courses, fc.nat(100_000), fc.nat(100_000), (course, have, behind) => {
      const progress = new Progress();
      let now = 0;
      for (const each of course) {
        now += each.afterMs;
        progress.note(peer(each.peer), each.messages, at(now));
        const view = progress.view(have, behind, at(now));
        expect(view).toMatchObject({ have, behind, total: have + behind });
        expect(view.ratePerS).toBeGreaterThan(0);
        expect(view.stalled).toBe(false);
        expect(view.etaS).toBe(behind === 0 ? undefined : behind / view.ratePerS);
        expect(view.sources.map(({ peer: pk }) => pk)).toContain(peer(each.peer));
        const rates = view.sources.map(({ ratePerS }) => ratePerS);
        expect(rates).toEqual([...rates].sort((a, b) => b - a));
      }
    }),
  );
});

test('where nothing has moved for the window there is no rate, source or expected end', () => {
  fc.assert(
    fc.property(courses, fc.integer({ min: 1, max: 1000 }), (course, behind) => {
      const progress = new Progress();
      let now = 0;
      progress.missing(behind, at(now));
      for (const each of course) {
        now += each.afterMs;
        progress.note(peer(each.peer), each.messages, at(now));
      }
      now += progressWindowMs;
      const view = progress.view(1, behind, at(now));
      expect(view).toMatchObject({ ratePerS: 0, sources: [], stalled: true, since: wallAtStart });
      expect(view.etaS).toBeUndefined();
      expect(progress.view(1, 0, at(now)).stalled).toBe(false);
    }),
  );
});

test('something that has just begun to be missing is not yet stalled', () => {
  const progress = new Progress();
  expect(progress.view(0, 5, at(1000)).stalled).toBe(false);
  expect(progress.view(0, 5, at(1000 + progressWindowMs - 1)).stalled).toBe(false);
  expect(progress.view(0, 5, at(1000 + progressWindowMs)).stalled).toBe(true);
});

test('an episode begins when something is missing and lasts until nothing is', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.nat(3), fc.integer({ min: 1, max: 999 }))), (steps) => {
      const progress = new Progress();
      let now = 0;
      let since: number | undefined;
      let messages = 0;
      for (const [behind, afterMs] of steps) {
        now += afterMs;
        progress.note(peer(1), 2, at(now));
        messages += 2;
        if (behind > 0) since ??= at(now).wall;
        else {
          since = undefined;
          messages = 0;
        }
        const view = progress.view(0, behind, at(now));
        expect(view.since).toBe(since);
        expect(view.sources[0]).toMatchObject({ peer: peer(1), messages });
      }
    }),
  );
});

test('ten thousand peers take no more memory than the bound, and the silent ones go first', () => {
  const progress = new Progress();
  for (let i = 1; i <= 10_000; i++) {
    progress.note(peer(0), 1, at(i / 100));
    progress.note(peer(i), 1, at(i / 100));
  }
  const { sources, ratePerS } = progress.view(0, 1, at(100));
  expect(sources).toHaveLength(syncLimits.progressPeersMax);
  expect(sources.map((source) => source.peer)).toContain(peer(0));
  expect(sources[0]).toMatchObject({ peer: peer(0), messages: 10_000 });
  expect(ratePerS).toBe(20_000 / (syncLimits.progressBucketMs / 1000));
});
