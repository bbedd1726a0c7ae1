// The results of a run as they are kept, and how they are judged. Knows nothing of how they were
// measured or are shown.
import { median } from '../../support/statistics.ts';
import type { Figure, Row, Target } from './figure.ts';
import type { SystemName } from './systems.ts';

export interface Results {
  readonly at: string;
  readonly machine: string;
  readonly versions: Readonly<Record<string, string>>;
  readonly rounds: number;
  readonly figures: readonly FigureResult[];
}

export interface FigureResult extends Pick<
  Figure,
  'name' | 'title' | 'how' | 'isComparedWithBest'
> {
  readonly rows: readonly RowResult[];
}

export interface RowResult extends Row {
  /** One value for each round; null where a measurement did not come to an end in time. */
  readonly values: Readonly<Partial<Record<SystemName, readonly (number | null)[]>>>;
}

/** Undefined where the system was not measured, null where no round came to an end. */
export function middle(row: RowResult, system: SystemName): number | null | undefined {
  const values = row.values[system];
  if (values === undefined) return undefined;
  const done = values.filter((value) => value !== null);
  return done.length === 0 ? null : median(done);
}

/** Of its median to that of the better peer; undefined where there is nothing to compare. */
export function ratioOf(
  figure: FigureResult,
  row: RowResult,
  system: SystemName,
): number | undefined {
  const value = middle(row, system);
  const best = betterPeer(row.better, figure.isComparedWithBest === true ? figure.rows : [row]);
  if (typeof value !== 'number' || best === undefined || best === 0) return undefined;
  return value / best;
}

/** Undefined where nothing is promised, or nothing was measured to compare with. */
export function isMet(
  figure: FigureResult,
  row: RowResult,
  system: SystemName,
): boolean | undefined {
  const value = middle(row, system);
  if (row.target === undefined || value === undefined) return undefined;
  return value === null ? false : meets(row.target, value, ratioOf(figure, row, system));
}

function betterPeer(better: Row['better'], rows: readonly RowResult[]): number | undefined {
  const values = rows
    .flatMap((row) => [middle(row, 'hypercore'), middle(row, 'ssb')])
    .filter((value) => typeof value === 'number');
  if (values.length === 0) return undefined;
  return better === 'higher' ? Math.max(...values) : Math.min(...values);
}

function meets(target: Target, value: number, ratio: number | undefined): boolean | undefined {
  switch (target.kind) {
    case 'at most':
      return value <= target.value;
    case 'ratio at least':
      return ratio === undefined ? undefined : ratio >= target.value;
    case 'ratio at most':
      return ratio === undefined ? undefined : ratio <= target.value;
  }
}
