// How often each caller may write: at a rate for good, and ahead of it by so much that no ordinary
// work is ever held up, but that a script that runs away comes to an end. What it posts is kept by
// every member for good, so the bound is one of amounts. Knows nothing of requests.
import { LRUCache } from 'lru-cache';
import type { Clock } from '../env.ts';
import { callersMax, writesAheadSeconds } from './limits.ts';

/** The generic cell rate algorithm (ITU-T I.371): one number a caller. */
export class Allowance {
  readonly #clock: Clock;
  readonly #perSecond: number;
  /** When each caller would have done all that it did, had it kept to the rate; seconds. */
  readonly #doneAt = new LRUCache<string, number>({ max: callersMax });

  /** @param perSecond 0: no bound */
  constructor(clock: Clock, perSecond: number) {
    this.#clock = clock;
    this.#perSecond = perSecond;
  }

  /** Counts one; the seconds until there is room again where there is none, otherwise undefined. */
  take(caller: string): number | undefined {
    if (this.#perSecond === 0) return undefined;
    const now = this.#clock.monotonic() / 1000;
    const doneAt = Math.max(this.#doneAt.get(caller) ?? now, now) + 1 / this.#perSecond;
    const ahead = doneAt - now;
    if (ahead > writesAheadSeconds) return Math.max(1, Math.ceil(ahead - writesAheadSeconds));
    this.#doneAt.set(caller, doneAt);
    return undefined;
  }
}
