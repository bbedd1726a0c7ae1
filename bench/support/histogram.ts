// Counts of latencies in steps of a tenth of a millisecond: what a million of them cost to keep is
// the same as what ten do. Knows nothing of what was measured.

const stepsAMs = 10;
const msMax = 10_000;

export interface Summary {
  readonly count: number;
  /** Milliseconds. */
  readonly median: number;
  readonly p99: number;
  readonly max: number;
}

export class Histogram {
  readonly #counts = new Float64Array(msMax * stepsAMs + 1);
  #count = 0;
  #max = 0;

  /** @param ms what is longer than 10 s counts as that */
  add(ms: number): void {
    const step = Math.min(msMax * stepsAMs, Math.max(0, Math.ceil(ms * stepsAMs)));
    this.#counts[step] = (this.#counts[step] ?? 0) + 1;
    this.#count++;
    if (ms > this.#max) this.#max = ms;
  }

  summary(): Summary {
    const count = this.#count;
    return { count, median: this.#percentile(50), p99: this.#percentile(99), max: this.#max };
  }

  #percentile(percent: number): number {
    let left = (percent / 100) * this.#count;
    const step = this.#counts.findIndex((each) => (left -= each) <= 0);
    return step / stepsAMs;
  }
}
