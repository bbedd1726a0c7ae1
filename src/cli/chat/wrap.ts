// Breaks a text into rows of a terminal. Every row after the first begins with a gutter, so that no text
// can pass part of itself off as a line of somebody else, however wide the terminal is. Pure.
import { escapeLine } from '../../chat/text-line.ts';
import { cellsOf } from '../cells.ts';

const segmenter = new Intl.Segmenter(undefined, { granularity: 'grapheme' });

export interface WrapOptions {
  /** What stands before the text in its first row; cells may be coloured. */
  readonly first: string;
  /** What begins every other row. */
  readonly gutter: string;
  /** Cells that a row may take. */
  readonly cells: number;
  /** Rows at most; the last says how many more lines there are. */
  readonly rowsMax: number;
}

/** Lines of the text stay lines; what could move a cursor, or reorder what is read, is escaped. */
export function wrap(text: string, { first, gutter, cells, rowsMax }: WrapOptions): string[] {
  const rows: string[] = [];
  const lines = text.split(/\r\n|\n/);
  for (const [i, line] of lines.entries()) {
    // Room for one character of two cells at least, on the narrowest terminal.
    const room = (head: string): number => Math.max(2, cells - cellsOf(head));
    const head = rows.length === 0 ? first : gutter;
    for (const [j, part] of splitRow(escapeLine(line), room(head), room(gutter)).entries()) {
      if (rows.length >= rowsMax) {
        const more = lines.length - i;
        rows.push(`${gutter}… ${more} more ${more === 1 ? 'line' : 'lines'}`);
        return rows;
      }
      rows.push((j === 0 ? head : gutter) + part);
    }
  }
  return rows;
}

/** At spaces where there are any, else anywhere between two characters. */
function splitRow(line: string, firstCells: number, cells: number): string[] {
  const rows: string[] = [];
  let row = '';
  let taken = 0;
  let room = firstCells;
  for (const { segment } of segmenter.segment(line)) {
    const width = cellsOf(segment);
    if (taken + width > room) {
      const space = row.lastIndexOf(' ');
      const rest = space > 0 ? row.slice(space + 1) : '';
      rows.push(space > 0 ? row.slice(0, space) : row);
      row = rest;
      taken = cellsOf(rest);
      room = cells;
    }
    row += segment;
    taken += width;
  }
  rows.push(row);
  return rows;
}
