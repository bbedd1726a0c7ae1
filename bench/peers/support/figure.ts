// What a figure of the comparison is. Types only.
import type { Workspace } from '../../support/workspace.ts';
import type { SystemName } from './systems.ts';

/** One measurement of each row, by the row's key; null where it did not come to an end in time. */
export type Sample = Readonly<Record<string, number | null>>;

/** Of ours to the better of the peers, or of the value alone. */
export type Target =
  | { readonly kind: 'ratio at least'; readonly value: number }
  | { readonly kind: 'ratio at most'; readonly value: number }
  | { readonly kind: 'at most'; readonly value: number };

export interface Row {
  readonly key: string;
  readonly what: string;
  readonly unit: string;
  readonly better: 'higher' | 'lower';
  readonly target?: Target | undefined;
  /** Title of its bars in the chart, where it has any. */
  readonly chart?: string | undefined;
}

export interface Figure {
  readonly name: string;
  readonly title: string;
  /** What is measured, from when to when. */
  readonly how: string;
  /** In the order in which they take their turns. */
  readonly systems: readonly SystemName[];
  /** Whether one round is enough: it counts bytes, or takes long. */
  readonly once?: boolean;
  /** Whether each row is compared with the best that a peer reaches in any row of the figure. */
  readonly isComparedWithBest?: boolean;
  readonly rows: readonly Row[];
  measure(bench: Bench, system: SystemName): Promise<Sample>;
}

export interface Bench {
  readonly workspace: Workspace;
  /** Less of everything that takes long, for a first look. */
  readonly isQuick: boolean;
}
