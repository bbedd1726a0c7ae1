// Lays out rows for a terminal. What stands in them may come from anybody, so it is escaped.
import { escapeLine } from '../chat/text-line.ts';

/** Columns as wide as their widest cell, two spaces apart; each row ends with a newline. */
export function buildTable(rows: readonly (readonly string[])[]): string {
  const safe = rows.map((row) => row.map(escapeLine));
  const widths: number[] = [];
  for (const row of safe) {
    for (const [i, cell] of row.entries()) widths[i] = Math.max(widths[i] ?? 0, cell.length);
  }
  const lines = safe.map((row) => row.map((cell, i) => cell.padEnd(widths[i] ?? 0)).join('  '));
  return lines.map((line) => `${line.trimEnd()}\n`).join('');
}
