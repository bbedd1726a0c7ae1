// A priority queue: a binary heap. Knows nothing of what is queued.
export class SortedQueue<T> {
  readonly #heap: T[] = [];
  readonly #compare: (a: T, b: T) => number;

  constructor(compare: (a: T, b: T) => number) {
    this.#compare = compare;
  }

  push(item: T): void {
    const heap = this.#heap;
    let at = heap.push(item) - 1;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      const above = heap[parent];
      if (above === undefined || this.#compare(above, item) <= 0) break;
      heap[at] = above;
      at = parent;
    }
    heap[at] = item;
  }

  /** The least item; undefined where there is none. */
  pop(): T | undefined {
    const heap = this.#heap;
    const least = heap[0];
    const last = heap.pop();
    if (last === undefined || heap.length === 0) return least;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      const [left, right] = [heap[child], heap[child + 1]];
      if (left === undefined) break;
      if (right !== undefined && this.#compare(right, left) < 0) child++;
      const below = heap[child];
      if (below === undefined || this.#compare(last, below) <= 0) break;
      heap[at] = below;
      at = child;
    }
    heap[at] = last;
    return least;
  }
}
