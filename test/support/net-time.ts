// Time in the hands of a test: a clock and timers that move only when told to.
import type { Clock, Timers } from '../../src/env.ts';

interface Timer {
  readonly at: number;
  readonly callback: () => void;
}

export class ManualTime implements Clock, Timers {
  #ms = 1_000;
  readonly #timers = new Set<Timer>();

  now(): number {
    return 1_800_000_000_000_000 + this.#ms * 1000;
  }

  monotonic(): number {
    return this.#ms;
  }

  after(delayMs: number, callback: () => void): () => void {
    const timer = { at: this.#ms + delayMs, callback };
    this.#timers.add(timer);
    return () => this.#timers.delete(timer);
  }

  /** Timers that were set and neither fired nor cancelled. */
  get pending(): number {
    return this.#timers.size;
  }

  /** Milliseconds to the next timer. */
  get next(): number {
    return Math.min(...[...this.#timers].map(({ at }) => at)) - this.#ms;
  }

  /** The clock moves and nothing fires, as while the process is stopped. */
  jump(ms: number): void {
    this.#ms += ms;
  }

  /** Fires what is due in order; `settle` lets what follows from each step happen. */
  async advance(ms: number, settle: () => Promise<void>): Promise<void> {
    const end = this.#ms + ms;
    await settle();
    for (;;) {
      const due = [...this.#timers].filter(({ at }) => at <= end).sort((a, b) => a.at - b.at)[0];
      if (due === undefined) break;
      this.#ms = Math.max(this.#ms, due.at);
      this.#timers.delete(due);
      due.callback();
      await settle();
    }
    this.#ms = end;
  }
}
