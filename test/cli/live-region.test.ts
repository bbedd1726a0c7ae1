// What the region writes, on a terminal made of a few lines: the same is seen whatever was before.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { LiveRegion } from '../../src/cli/live-region.ts';

/** Rows of text, and a cursor that does what the region asks of it. Does not wrap lines anew. */
class Terminal {
  rows: string[] = [''];
  row = 0;
  column = 0;

  write(text: string): void {
    for (const [token] of text.matchAll(/\u001b\[(\d*)([AJK])|[^\u001b]/g)) this.#take(token);
  }

  #take(token: string): void {
    const line = this.rows[this.row] ?? '';
    if (token === '\r') this.column = 0;
    else if (token === '\n') {
      this.row++;
      this.column = 0;
      this.rows[this.row] ??= '';
    } else if (token.endsWith('A') && token.length > 1) {
      this.row -= Number(token.slice(2, -1));
      if (this.row < 0) throw new Error('above the first row');
    } else if (token === '\u001b[K') this.rows[this.row] = line.slice(0, this.column);
    else if (token === '\u001b[J') {
      this.rows[this.row] = line.slice(0, this.column);
      this.rows.length = this.row + 1;
    } else {
      this.rows[this.row] = line.slice(0, this.column) + token + line.slice(this.column + 1);
      this.column++;
    }
  }
}

const size = { cells: 40, rows: 24 };
const lines = fc.array(fc.string({ unit: fc.constantFrom('a', 'b', ' '), maxLength: 40 }), {
  minLength: 1,
  maxLength: 6,
});
const actions = fc.array(
  fc.oneof(
    fc.record({ draw: lines }),
    fc.record({ above: fc.string({ unit: fc.constantFrom('x', 'y'), minLength: 1 }) }),
    fc.constant('clear' as const),
  ),
);

test('the latest lines stand below everything that passed above them, with nothing left over', () => {
  fc.assert(
    fc.property(actions, (steps) => {
      const terminal = new Terminal();
      const region = new LiveRegion();
      const passed: string[] = [];
      let drawn: readonly string[] = [];
      for (const step of steps) {
        if (step === 'clear') {
          terminal.write(region.clear(size));
          drawn = [];
        } else if ('draw' in step) {
          terminal.write(region.draw(step.draw, size));
          drawn = step.draw;
        } else {
          terminal.write(region.above(`${step.above}\n`, size));
          passed.push(step.above);
        }
        expect(terminal.rows).toEqual([...passed, ...(drawn.length === 0 ? [''] : drawn)]);
      }
      terminal.write(region.leave());
      expect(region.isEmpty).toBe(true);
      terminal.write('$');
      expect(terminal.rows).toEqual([...passed, ...drawn, '$']);
    }),
  );
});

test('a region is never higher than the terminal', () => {
  const region = new LiveRegion();
  const text = region.draw(
    Array.from({ length: 100 }, (_, i) => String(i)),
    { cells: 40, rows: 5 },
  );
  expect(text.split('\n')).toHaveLength(4);
});

test('a region that a narrower terminal has wrapped is taken away in full', () => {
  const region = new LiveRegion();
  region.draw(['x'.repeat(79), 'y'.repeat(10)], { cells: 79, rows: 24 });
  // 79 characters are two rows of 40, and the cursor is in the third.
  expect(region.clear({ cells: 39, rows: 24 })).toBe('\r\u001b[2A\u001b[J');
});
