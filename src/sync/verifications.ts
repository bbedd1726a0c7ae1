// Counts what was verified of what peers sent, and what failed and why. Knows nothing of how it is
// verified, or of what becomes of it.
import type { verifySegment, SegmentReason } from '../cxo/segment.ts';

export interface VerificationCounts {
  readonly segments: number;
  readonly roots: number;
  readonly objects: number;
  readonly failed: ReadonlyMap<SegmentReason, number>;
}

export class Verifications {
  readonly #verify: typeof verifySegment;
  readonly #failed = new Map<SegmentReason, number>();
  #segments = 0;
  #roots = 0;
  #objects = 0;

  constructor(verify: typeof verifySegment) {
    this.#verify = verify;
  }

  readonly verify: typeof verifySegment = (...segment) => {
    const verified = this.#verify(...segment);
    if (!verified.ok) {
      this.#failed.set(verified.reason, (this.#failed.get(verified.reason) ?? 0) + 1);
      return verified;
    }
    this.#segments++;
    this.#roots += verified.run.entries.length;
    for (const { objects } of verified.run.entries) this.#objects += objects.length;
    return verified;
  };

  counts(): VerificationCounts {
    return {
      ...{ segments: this.#segments, roots: this.#roots, objects: this.#objects },
      failed: new Map(this.#failed),
    };
  }
}
