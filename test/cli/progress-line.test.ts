// Bars, lines and regions at any width: nothing is ever wider than the terminal.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { SyncView } from '../../src/chat/view.ts';
import { cellsOf, clip, padEnd } from '../../src/cli/cells.ts';
import { isScreen, lookOf, shown, sizeOf } from '../../src/cli/look.ts';
import {
  buildBar,
  buildProgressLine,
  buildProgressWords,
  countText,
  durationText,
  percentOf,
} from '../../src/cli/progress-line.ts';
import { inSync } from '../support/fake-api.ts';

const plain = { unicode: true, colors: false };
const ascii = { unicode: false, colors: false };
const looks = fc.record({ unicode: fc.boolean(), colors: fc.boolean() });
const widths = fc.integer({ min: 0, max: 250 });
const counts = fc
  .tuple(fc.nat(10_000_000), fc.nat(10_000_000))
  .map(([have, behind]) => ({ have, of: have + behind, behind }));

const sources = fc.array(
  fc.record({
    pk: fc.constant('d75a9801'.repeat(8)),
    name: fc.option(fc.string({ unit: 'grapheme', maxLength: 40 })),
    per_s: fc.nat(100_000),
    messages: fc.nat(),
  }),
  { maxLength: 6 },
);

const syncs: fc.Arbitrary<SyncView> = fc
  .record({ counts, sources, rate: fc.nat(100_000), reason: fc.string({ unit: 'grapheme' }) })
  .map(({ counts: { have, of, behind }, sources: from, rate, reason }) => ({
    state: behind === 0 ? 'in-sync' : rate === 0 ? 'waiting' : 'syncing',
    reason: behind > 0 && rate === 0 ? reason : null,
    ...{ have, of, behind, per_s: rate, sources: from, since: null },
    eta_s: rate > 0 && behind > 0 ? behind / rate : null,
  }));

test('a bar takes exactly its width, is full only where nothing is missing, and never shrinks as messages come', () => {
  fc.assert(
    fc.property(counts, fc.nat(1000), widths, looks, ({ have, of }, more, cells, look) => {
      const bar = buildBar({ have, of }, cells, look);
      expect(cellsOf(bar)).toBe(cells);
      const full = (look.unicode ? '█' : '#').repeat(cells);
      if (cells > 0) expect(bar === full).toBe(have === of);
      const filled = (text: string): number => text.replaceAll(/[░-]/g, '').length;
      const later = buildBar({ have: Math.min(of, have + more), of }, cells, look);
      expect(filled(later)).toBeGreaterThanOrEqual(filled(bar));
    }),
  );
});

test('a progress line fits its width, whatever its sources are called', () => {
  fc.assert(
    fc.property(syncs, widths, looks, (sync, cells, look) => {
      const line = buildProgressLine(sync, cells, look);
      expect(cellsOf(line)).toBeLessThanOrEqual(cells);
      expect(line).not.toMatch(/[\n\r]/);
      if (!look.colors) expect(line).not.toContain('\u001b');
      if (!look.unicode) expect(line).toMatch(/^[\u001b\u0020-\u007e]*$/);
    }),
    { numRuns: 500 },
  );
});

const half: SyncView = {
  ...{ state: 'syncing', reason: null, have: 12_345, of: 20_000, behind: 7655, per_s: 8200.4 },
  ...{ eta_s: 0.9, since: '2026-11-22T05:10:00.123Z' },
  sources: [
    { pk: 'd75a9801'.repeat(8), name: 'alice', per_s: 8000, messages: 12_000 },
    { pk: 'c0ffee00'.repeat(8), name: null, per_s: 200.4, messages: 345 },
  ],
};

test.each([
  [
    100,
    '████████████████████▎░░░░░░░░░░░░  61 %  12,345 of 20,000  8,200/s  0.9 s left  from alice, c0ffee00',
  ],
  [60, '█████████▎░░░░░  61 %  12,345 of 20,000  8,200/s  0.9 s left'],
  [34, '██████▏░░░  61 %  12,345 of 20,000'],
  [30, '██████████████▊░░░░░░░░░  61 %'],
  [15, '61 %  12,345 o…'],
  [3, '61…'],
])('in %i columns there is room for: %s', (cells, line) => {
  expect(buildProgressLine(half, cells, plain)).toBe(line);
});

test('where the locale is not UTF-8 the line is plain ASCII', () => {
  const sync = { ...half, sources: half.sources.map((each) => ({ ...each, name: 'bärbel' })) };
  expect(buildProgressLine(sync, 77, ascii)).toBe(
    '######-----  61 %  12,345 of 20,000  8,200/s  0.9 s left  from b?rbel, b?rbel',
  );
});

test('a sync that waits says why, and one that is done says so', () => {
  const waiting: SyncView = {
    ...half,
    ...{ state: 'waiting', reason: 'no peer is connected', per_s: 0, eta_s: null, sources: [] },
  };
  expect(buildProgressWords(waiting, plain)).toBe(
    'waiting 12,345 of 20,000 (61 %), no peer is connected',
  );
  expect(buildProgressWords({ ...inSync, have: 7, of: 7 }, plain)).toBe('in-sync 7 of 7 (100 %)');
});

test('names cannot move the cursor', () => {
  const evil = 'a\u001b[2Jb\nc\u202e';
  const sync = { ...half, sources: [{ pk: 'aa'.repeat(32), name: evil, per_s: 1, messages: 1 }] };
  expect(buildProgressLine(sync, 120, plain)).toContain('from a\\x1b[2Jb c\\u{202e}');
  expect(shown('\u{1f600}é', ascii)).toBe('??');
});

test('99.9 % is not 100 %', () => {
  expect(percentOf(19_999, 20_000)).toBe(99);
  expect(percentOf(0, 0)).toBe(100);
});

test.each([
  [0, '0'],
  [999, '999'],
  [1000, '1,000'],
  [1_234_567, '1,234,567'],
])('%i is written %s', (count, text) => {
  expect(countText(count)).toBe(text);
});

test.each([
  [0.04, '0 s'],
  [0.94, '0.9 s'],
  [9.99, '10 s'],
  [59.6, '1 min'],
  [3599.9, '1 h'],
  [3661, '1 h 1 min'],
  [86_400 + 60, '1 d'],
  [93_784, '1 d 2 h'],
])('%d seconds are %s', (seconds, text) => {
  expect(durationText(seconds)).toBe(text);
});

test('texts are cut and padded by the columns that they take', () => {
  expect([
    cellsOf('日本'),
    cellsOf('e\u0301'),
    cellsOf('👩‍👩‍👧'),
    cellsOf('\u001b[32mab\u001b[0m'),
  ]).toEqual([4, 1, 2, 2]);
  expect([clip('日本語', 5, '…'), clip('日本語', 6, '…'), clip('ab', 0, '…')]).toEqual([
    '日本…',
    '日本語',
    '',
  ]);
  expect(padEnd('日', 4)).toBe('日  ');
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), fc.nat(20), (text, cells) => {
      expect(cellsOf(clip(text, cells, '…'))).toBeLessThanOrEqual(cells);
    }),
  );
});

test.each<[Record<string, string>, boolean, boolean]>([
  [{ LANG: 'en_US.UTF-8' }, true, true],
  [{ LANG: 'C.utf8', LC_CTYPE: '', NO_COLOR: '' }, true, true],
  [{ LANG: 'en_US.UTF-8', LC_ALL: 'C' }, false, true],
  [{ LANG: 'en_US.UTF-8', LC_CTYPE: 'de_DE@euro' }, false, true],
  [{ NO_COLOR: '1' }, false, false],
])('the environment %j has block characters: %s, colours: %s', (env, unicode, colors) => {
  expect(lookOf(env)).toEqual({ unicode, colors });
});

test('a screen is a terminal that can move its cursor', () => {
  expect(isScreen({ isTTY: true }, {})).toBe(true);
  expect(isScreen({ isTTY: true }, { TERM: 'dumb' })).toBe(false);
  expect(isScreen({}, {})).toBe(false);
  expect(sizeOf({ columns: 40, rows: 10 })).toEqual({ cells: 39, rows: 10 });
  // A terminal that does not know its size says 0.
  expect(sizeOf({ columns: 0, rows: 0 })).toEqual({ cells: 79, rows: 24 });
});
