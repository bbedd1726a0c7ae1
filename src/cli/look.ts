// What a terminal can show: whether it is one, which characters, whether colours, how large. Decided
// by the stream and the environment alone.
import { cellsOf, clip, padEnd } from './cells.ts';
import { oneLine } from './output.ts';

export interface TerminalStream {
  readonly isTTY?: boolean;
  readonly columns?: number;
  readonly rows?: number;
}

type Environment = Readonly<Record<string, string | undefined>>;

export interface Look {
  /** Whether block characters and names in any script can be shown. */
  readonly unicode: boolean;
  readonly colors: boolean;
}

const usualColumns = 80;
const usualRows = 24;

/** Whether lines on it can be written anew. */
export function isScreen(stream: TerminalStream, env: Environment): boolean {
  return stream.isTTY === true && env['TERM'] !== 'dumb';
}

export function lookOf(env: Environment): Look {
  const locale = [env['LC_ALL'], env['LC_CTYPE'], env['LANG']].find(Boolean) ?? '';
  return { unicode: /utf-?8/i.test(locale), colors: !env['NO_COLOR'] };
}

export interface Size {
  /** Columns that a line may take without wrapping. */
  readonly cells: number;
  readonly rows: number;
}

/** One column stays free: a line that fills the last one wraps on some terminals. */
export function sizeOf({ columns, rows }: TerminalStream): Size {
  return { cells: Math.max(1, (columns || usualColumns) - 1), rows: rows || usualRows };
}

/** What others wrote, safe to show and in the characters that can be shown. */
export function shown(text: string, { unicode }: Look): string {
  const safe = oneLine(text);
  return unicode ? safe : safe.replaceAll(/[^\u0020-\u007e]/gu, '?');
}

export function clipped(text: string, cells: number, { unicode }: Look): string {
  return clip(text, cells, unicode ? '…' : '~');
}

export type Colour = 'green' | 'yellow' | 'red' | 'dim';
const codes: Readonly<Record<Colour, number>> = { green: 32, yellow: 33, red: 31, dim: 2 };

export function painted(text: string, colour: Colour, { colors }: Look): string {
  return colors && text !== '' ? `\u001b[${codes[colour]}m${text}\u001b[0m` : text;
}

/** Columns as wide as their widest cell, two spaces apart. */
export function columnsOf(rows: readonly (readonly string[])[]): string[] {
  const widths: number[] = [];
  for (const row of rows) {
    for (const [i, cell] of row.entries()) widths[i] = Math.max(widths[i] ?? 0, cellsOf(cell));
  }
  return rows.map((row) =>
    row
      .map((cell, i) => padEnd(cell, widths[i] ?? 0))
      .join('  ')
      .trimEnd(),
  );
}
