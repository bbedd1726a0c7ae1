// What a figure is, and the rows that it gives for the table. Types only, and how a row is judged.
import type { Workspace } from './workspace.ts';

export interface Row {
  readonly what: string;
  readonly value: number;
  readonly unit: string;
  /** What the value has to be, where it is promised. */
  readonly target?: Bound;
  /** What the bare primitive reached in the same run, in the same unit. */
  readonly primitive?: Primitive;
}

export interface Bound {
  readonly kind: 'at least' | 'below';
  readonly value: number;
}

export interface Primitive {
  readonly what: string;
  readonly value: number;
  /** The least ratio of ours to the primitive's, where it is promised. */
  readonly ratioMin?: number;
}

export interface Figure {
  readonly name: string;
  readonly title: string;
  /** What is measured, from when to when; for `--list`. */
  readonly how: string;
  run(workspace: Workspace): Promise<readonly Row[]>;
}

export function atLeast(value: number): Bound {
  return { kind: 'at least', value };
}

export function below(value: number): Bound {
  return { kind: 'below', value };
}

/** Undefined where nothing is promised. */
export function isMet({ value, target, primitive }: Row): boolean | undefined {
  const ratioMin = primitive?.ratioMin;
  if (target === undefined && ratioMin === undefined) return undefined;
  if (target?.kind === 'at least' && value < target.value) return false;
  if (target?.kind === 'below' && value >= target.value) return false;
  return ratioMin === undefined || value / (primitive?.value ?? 1) >= ratioMin;
}
