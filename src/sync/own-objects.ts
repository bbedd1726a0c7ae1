// Own objects that wait for a place, and those that get one in the next root of a feed. Pure.
import type { Draft } from '../cxo/draft.ts';
import type { GroupId } from '../cxo/ids.ts';
import { rootLimits } from '../cxo/limits.ts';
import type { LocalChange } from '../cxo/store.ts';
import type { ErrorCode } from '../errors.ts';
import { syncLimits } from './limits.ts';
import type { Feed } from './replica.ts';

export interface Append {
  readonly ticket: number;
  readonly group: GroupId;
  readonly draft: Draft;
}

/** An own object that was made for its place. */
export interface OwnObject {
  readonly ticket: number;
  readonly object: Uint8Array;
  readonly local: readonly LocalChange[];
}

/** One that could not be made where it was to stand. */
export interface FailedAppend {
  readonly ticket: number;
  readonly code: ErrorCode;
}

/** @param time of the root, microseconds */
export function takeBatch(
  appends: readonly Append[],
  { id, tip }: Pick<Feed, 'id' | 'tip'>,
  time: number,
): { batch: OwnObject[]; rest: Append[]; failed: FailedAppend[] } {
  const batch: OwnObject[] = [];
  const rest: Append[] = [];
  const failed: FailedAppend[] = [];
  let bytes = 0;
  for (const append of appends) {
    const fits = batch.length < rootLimits.objectsMax && bytes < syncLimits.rootBytesTarget;
    if (append.group !== id.group || !fits) {
      rest.push(append);
      continue;
    }
    const { ticket, draft } = append;
    const made = draft({ feed: id, seq: tip.seq + 1, index: batch.length, time });
    if ('code' in made) {
      failed.push({ ticket, code: made.code });
      continue;
    }
    bytes += made.object.length;
    batch.push({ ...made, ticket });
  }
  return { batch, rest, failed };
}
