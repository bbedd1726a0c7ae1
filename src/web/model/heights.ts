// The heights of all rows of a long list, and their sums: a binary indexed tree (Fenwick 1994), so
// that a row out of 100,000 is found and changed in some 17 steps. Knows nothing of the rows.

export class Heights {
  #values: number[] = [];
  /** `#tree[i]` is the sum of the `i & -i` values that end with value `i - 1`. */
  #tree: number[] = [0];

  get length(): number {
    return this.#values.length;
  }

  get total(): number {
    return this.sum(this.#values.length);
  }

  at(index: number): number {
    return this.#values[index] ?? 0;
  }

  /** Puts other values in place of all. */
  reset(values: Iterable<number>): void {
    this.#values = [...values];
    this.#tree = [0, ...this.#values];
    for (let i = 1; i < this.#tree.length; i++) {
      const parent = i + (i & -i);
      if (parent < this.#tree.length) this.#tree[parent] = this.#node(parent) + this.#node(i);
    }
  }

  push(value: number): void {
    this.#values.push(value);
    const end = this.#values.length;
    let sum = value;
    for (let i = 1; i < (end & -end); i *= 2) sum += this.#node(end - i);
    this.#tree.push(sum);
  }

  set(index: number, value: number): void {
    const change = value - this.at(index);
    if (change === 0 || index >= this.#values.length) return;
    this.#values[index] = value;
    for (let i = index + 1; i < this.#tree.length; i += i & -i) {
      this.#tree[i] = this.#node(i) + change;
    }
  }

  /** Of the first `count` values. */
  sum(count: number): number {
    let sum = 0;
    for (let i = Math.min(count, this.#values.length); i > 0; i -= i & -i) sum += this.#node(i);
    return sum;
  }

  /** Index of the row at that offset from the top; the first or the last where it is outside. */
  find(offset: number): number {
    let index = 0;
    let left = offset;
    let step = 2 ** Math.floor(Math.log2(Math.max(1, this.#values.length)));
    for (; step >= 1; step /= 2) {
      const next = index + step;
      if (next < this.#tree.length && this.#node(next) <= left) {
        index = next;
        left -= this.#node(next);
      }
    }
    return Math.max(0, Math.min(index, this.#values.length - 1));
  }

  #node(index: number): number {
    return this.#tree[index] ?? 0;
  }
}
