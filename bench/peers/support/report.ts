// The results as a table of text.
import type { Target } from './figure.ts';
import { formatNumber } from './numbers.ts';
import {
  isMet,
  middle,
  ratioOf,
  type FigureResult,
  type Results,
  type RowResult,
} from './results.ts';
import { labels, type SystemName } from './systems.ts';

const columns: readonly SystemName[] = ['skychat', 'daemon', 'hypercore', 'ssb'];

export function formatReport({ machine, at, rounds, figures }: Results): string {
  const parts = figures.map(
    (figure) => `${figure.title}\n  (${figure.how})\n${formatFigure(figure)}`,
  );
  const head = `${machine}; ${at}; medians of ${rounds} ${rounds === 1 ? 'round' : 'rounds'}`;
  return [head, ...parts].join('\n\n');
}

function formatFigure(figure: FigureResult): string {
  const shown = columns.filter((system) => figure.rows.some((row) => system in row.values));
  const headings = ['', ...shown.map((system) => labels[system]), 'ratio', 'target', ''];
  const lines = [
    headings,
    ...figure.rows.map((row) => [
      row.what,
      ...shown.map((system) => cellOf(row, system)),
      ...judgement(figure, row),
    ]),
  ];
  const widths = headings.map((_, i) => Math.max(...lines.map((cells) => cells[i]?.length ?? 0)));
  return lines
    .map((cells) => cells.map((cell, i) => pad(cell, widths[i] ?? 0, i)).join('  '))
    .map((line) => `  ${line.trimEnd()}`)
    .join('\n');
}

function pad(cell: string, width: number, column: number): string {
  return column === 0 ? cell.padEnd(width) : cell.padStart(width);
}

function cellOf(row: RowResult, system: SystemName): string {
  const value = middle(row, system);
  if (value === undefined) return '';
  return value === null ? 'timed out' : `${formatNumber(value)} ${row.unit}`.trimEnd();
}

function judgement(figure: FigureResult, row: RowResult): string[] {
  const ratio = ratioOf(figure, row, 'skychat');
  return [
    ratio === undefined ? '' : `${formatNumber(ratio)} ×`,
    targetWords(row.target),
    verdict(isMet(figure, row, 'skychat'), isMet(figure, row, 'daemon')),
  ];
}

function verdict(ours: boolean | undefined, daemon: boolean | undefined): string {
  if (ours === undefined) return '';
  if (!ours) return 'MISSED';
  return daemon === false ? 'met, MISSED by the daemon' : 'met';
}

function targetWords(target: Target | undefined): string {
  switch (target?.kind) {
    case undefined:
      return '';
    case 'ratio at least':
      return `≥ ${target.value} ×`;
    case 'ratio at most':
      return `≤ ${target.value} ×`;
    case 'at most':
      return `≤ ${formatNumber(target.value)}`;
  }
}
