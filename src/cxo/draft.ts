// An own object before it stands in a feed. Its place is only known when the root is made, and what
// is sealed for a group is bound to its place: so a draft is a function.
import type { ErrorCode } from '../errors.ts';
import type { LocalChange, Position } from './store.ts';

/** Makes the object for the place where it is to stand; called once for each try to write it. */
export type Draft = (place: PlaceInTime) => DraftResult;

/** Where an object stands, or is to stand. */
export interface PlaceInTime extends Position {
  /** Of the root, microseconds. */
  readonly time: number;
}

export type DraftResult =
  | {
      readonly object: Uint8Array;
      /** Rows to write together with it. */
      readonly local: readonly LocalChange[];
    }
  | { readonly code: ErrorCode };

/** Of an object that is the same wherever it stands. */
export function draftOf(object: Uint8Array, local: readonly LocalChange[] = []): Draft {
  return () => ({ object, local });
}
