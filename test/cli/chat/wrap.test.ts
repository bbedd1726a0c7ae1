import fc from 'fast-check';
import { expect, test } from 'vitest';
import { cellsOf } from '../../../src/cli/cells.ts';
import { wrap } from '../../../src/cli/chat/wrap.ts';

const hostile = fc.oneof(
  fc.string({ unit: 'grapheme', maxLength: 300 }),
  fc.string({ unit: 'binary', maxLength: 300 }),
  fc
    .array(fc.constantFrom('\u001b[2J', '\r', '\n', '\u202e', '你', '👩‍👩‍👧', ' ', 'a', '\u0007'))
    .map((parts) => parts.join('')),
);

test('F51 no text moves the cursor, is wider than the terminal, or begins a row without the gutter', () => {
  fc.assert(
    fc.property(hostile, fc.integer({ min: 20, max: 120 }), (text, cells) => {
      const rows = wrap(text, { first: '00:00 bob: ', gutter: '      | ', cells, rowsMax: 1000 });
      expect(rows[0]?.startsWith('00:00 bob: ')).toBe(true);
      for (const row of rows) {
        expect(row).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/u);
        expect(cellsOf(row)).toBeLessThanOrEqual(cells);
      }
      for (const row of rows.slice(1)) expect(row.startsWith('      | ')).toBe(true);
    }),
  );
});

test('nothing of a text gets lost but the spaces at which it is broken', () => {
  fc.assert(
    fc.property(fc.lorem({ maxCount: 60 }), fc.integer({ min: 12, max: 60 }), (text, cells) => {
      const rows = wrap(text, { first: '', gutter: '', cells, rowsMax: 1000 });
      expect(rows.join('').replaceAll(' ', '')).toBe(text.replaceAll(' ', ''));
    }),
  );
});

test('a text of many lines ends with how many more there are', () => {
  const text = Array.from({ length: 10 }, (_, i) => `line ${i}`).join('\n');
  const rows = wrap(text, { first: '> ', gutter: '| ', cells: 40, rowsMax: 3 });
  expect(rows).toEqual(['> line 0', '| line 1', '| line 2', '| … 7 more lines']);
});
