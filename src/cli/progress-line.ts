// The progress of the sync as one line of any width: a bar, and as much of percent, counts, rate,
// expected end and sources as there is room for. Pure; knows nothing of terminals but their width.
import type { SyncSourceView, SyncView } from '../chat/view.ts';
import { cellsOf } from './cells.ts';
import { clipped, painted, shown, type Look } from './look.ts';

/** A narrower bar says less than the numbers beside it. */
const barCellsMin = 10;
const barCellsMax = 40;
const gap = '  ';
const namesMax = 3;

/** Never wider than `cells`. */
export function buildProgressLine(sync: SyncView, cells: number, look: Look): string {
  const { have, of, state, reason } = sync;
  const counts = `${countText(have)} of ${countText(of)}`;
  const because = reason === null ? '' : `: ${shown(reason, look)}`;
  const words = { 'in-sync': [`in sync${because}`], syncing: [], waiting: [`waiting${because}`] };
  const parts = [`${percentOf(have, of)} %`, counts, ...words[state], ...movementOf(sync, look)];
  let text = parts[0] ?? '';
  for (const part of parts.slice(1)) {
    const longer = text + gap + part;
    if (cellsOf(longer) + gap.length + barCellsMin > cells) break;
    text = longer;
  }
  const room = Math.min(barCellsMax, cells - cellsOf(text) - gap.length);
  if (room < barCellsMin) return clipped(parts.join(gap), cells, look);
  const colour = reason !== null ? 'yellow' : 'green';
  return painted(buildBar(sync, room, look), colour, look) + gap + text;
}

/** The same in words, for what is no terminal. */
export function buildProgressWords(sync: SyncView, look: Look): string {
  const { have, of, state, reason } = sync;
  const counts = `${state} ${countText(have)} of ${countText(of)} (${percentOf(have, of)} %)`;
  return [
    counts,
    ...(reason === null ? [] : [shown(reason, look)]),
    ...movementOf(sync, look),
  ].join(', ');
}

function movementOf({ per_s: perS, eta_s: etaS, sources }: SyncView, look: Look): string[] {
  const parts: string[] = [];
  if (perS > 0) parts.push(`${countText(Math.round(perS))}/s`);
  if (etaS !== null) parts.push(`${durationText(etaS)} left`);
  if (sources.length > 0) parts.push(`from ${namesOf(sources, look)}`);
  return parts;
}

/** Rounded down: 100 only where nothing is missing. */
export function percentOf(have: number, of: number): number {
  return of === 0 ? 100 : Math.floor((100 * have) / of);
}

const eighths = ['', '▏', '▎', '▍', '▌', '▋', '▊', '▉'];

/** Takes exactly `cells` columns, and is full only where nothing is missing. */
export function buildBar(
  { have, of }: Pick<SyncView, 'have' | 'of'>,
  cells: number,
  { unicode }: Look,
): string {
  const steps = unicode ? 8 : 1;
  const filled = of === 0 ? cells * steps : Math.floor((cells * steps * have) / of);
  const whole = Math.floor(filled / steps);
  if (!unicode) return '#'.repeat(whole) + '-'.repeat(cells - whole);
  const part = eighths[filled % steps] ?? '';
  return '█'.repeat(whole) + part + '░'.repeat(cells - whole - part.length);
}

export function nameOf({ pk, name }: { pk: string; name: string | null }, look: Look): string {
  return clipped(shown(name ?? pk.slice(0, 8), look), 24, look);
}

export function namesOf(sources: readonly Omit<SyncSourceView, 'per_s'>[], look: Look): string {
  const names = sources.slice(0, namesMax).map((source) => nameOf(source, look));
  const more = sources.length - names.length;
  return more > 0 ? `${names.join(', ')} and ${more} more` : names.join(', ');
}

export function countText(count: number): string {
  return String(count).replaceAll(/\B(?=(\d{3})+$)/g, ',');
}

const units = [
  ['d', 86_400],
  ['h', 3600],
  ['min', 60],
  ['s', 1],
] as const;

/** In its two largest units: `1 d 2 h`, `5 min 3 s`, `0.4 s`. */
export function durationText(seconds: number): string {
  if (seconds < 10) return `${Math.round(seconds * 10) / 10} s`;
  let left = Math.round(seconds);
  const parts = units.flatMap(([unit, length]) => {
    const count = Math.floor(left / length);
    left -= count * length;
    return count > 0 ? [{ unit, text: `${count} ${unit}` }] : [];
  });
  const [first, second] = parts;
  if (first === undefined) return '0 s';
  const adjoining = units.findIndex(([unit]) => unit === first.unit) + 1;
  return second !== undefined && second.unit === units[adjoining]?.[0]
    ? `${first.text} ${second.text}`
    : first.text;
}
