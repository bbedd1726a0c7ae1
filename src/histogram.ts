// How often a quantity fell into each of some fixed ranges. Costs an addition for each value; knows
// nothing of what is measured or of who reads it.

export interface HistogramView {
  /** Upper ends of the ranges, rising; values beyond the last are in `counts` once more. */
  readonly bounds: readonly number[];
  /** Values in each range, one more than there are bounds. */
  readonly counts: readonly number[];
  readonly sum: number;
}

export class Histogram {
  readonly #bounds: readonly number[];
  readonly #counts: number[];
  #sum = 0;

  /** @param bounds rising */
  constructor(bounds: readonly number[]) {
    this.#bounds = bounds;
    this.#counts = Array.from({ length: bounds.length + 1 }, () => 0);
  }

  observe(value: number): void {
    let at = 0;
    while (value > (this.#bounds[at] ?? Infinity)) at++;
    this.#counts[at] = (this.#counts[at] ?? 0) + 1;
    this.#sum += value;
  }

  view(): HistogramView {
    return { bounds: this.#bounds, counts: [...this.#counts], sum: this.#sum };
  }
}
