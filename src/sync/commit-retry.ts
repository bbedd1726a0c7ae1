// When commits are tried again after some have failed, and when the history is asked for again that
// they have lost. Pure state.
import type { Now } from './events.ts';
import { syncLimits } from './limits.ts';

export class CommitRetry {
  #retryAt: number | undefined;
  #resumeAt: number | undefined;
  #failed = 0;

  succeeded(): void {
    this.#failed = 0;
    this.#resumeAt = undefined;
  }

  failedAt(now: Now): void {
    const waitMs = syncLimits.commitRetryMs * 2 ** this.#failed;
    this.#resumeAt = now.mono + Math.min(waitMs, syncLimits.resumeMsMax);
    this.#retryAt = now.mono + syncLimits.commitRetryMs;
    this.#failed++;
  }

  /** Whether the next commit has to wait. */
  get isWaiting(): boolean {
    return this.#retryAt !== undefined;
  }

  /** @returns whether history is to be asked for again */
  review(now: Now): boolean {
    if (this.#retryAt !== undefined && this.#retryAt <= now.mono) this.#retryAt = undefined;
    if (this.#resumeAt === undefined || this.#resumeAt > now.mono) return false;
    this.#resumeAt = undefined;
    return true;
  }

  get deadlines(): readonly (number | undefined)[] {
    return [this.#retryAt, this.#resumeAt];
  }
}
