// The table at the end of a run. Text only.
import { isMet, type Row } from './figure.ts';

export interface Measured {
  readonly figure: string;
  readonly rows: readonly Row[];
}

const headings = ['figure', 'measured', 'value', 'promised', 'bare primitive', 'ratio', ''];

export function formatTable(measured: readonly Measured[]): string {
  const lines = [headings];
  for (const { figure, rows } of measured) {
    rows.forEach((row, i) => lines.push([i === 0 ? figure : '', ...cellsOf(row)]));
  }
  const widths = headings.map((_, column) =>
    Math.max(...lines.map((cells) => cells[column]?.length ?? 0)),
  );
  const format = (cells: readonly string[]): string =>
    cells
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd();
  const rule = widths.map((width) => '-'.repeat(width)).join('  ');
  return [format(headings), rule, ...lines.slice(1).map(format)].join('\n');
}

function cellsOf(row: Row): string[] {
  const { what, value, unit, target, primitive } = row;
  const promised = [
    ...(target === undefined ? [] : [`${target.kind} ${formatNumber(target.value)}`]),
    ...(primitive?.ratioMin === undefined ? [] : [`ratio ${primitive.ratioMin}`]),
  ];
  const bare =
    primitive === undefined ? '' : `${formatNumber(primitive.value)} ${unit} (${primitive.what})`;
  const ratio = primitive === undefined ? '' : (value / primitive.value).toFixed(2);
  const met = isMet(row);
  const verdict = met === undefined ? '' : met ? 'ok' : 'MISSED';
  return [what, `${formatNumber(value)} ${unit}`, promised.join(', '), bare, ratio, verdict];
}

function formatNumber(value: number): string {
  const digits = Math.abs(value) >= 100 ? 0 : Math.abs(value) >= 10 ? 1 : 2;
  const rounded = Number.isInteger(value) ? value.toFixed(0) : value.toFixed(digits);
  return rounded.replace(/\B(?=(\d{3})+$)/g, ',');
}
