// Virtual time: what is to happen, in order; nothing happens in between.

interface Planned {
  readonly at: number;
  readonly order: number;
  readonly run: () => void | Promise<void>;
}

export class VirtualTime {
  /** Milliseconds since the simulation began. */
  now = 0;
  #order = 0;
  readonly #heap: Planned[] = [];

  get size(): number {
    return this.#heap.length;
  }

  at(at: number, run: () => void | Promise<void>): void {
    const planned = { at: Math.max(at, this.now), order: this.#order++, run };
    const heap = this.#heap;
    let i = heap.push(planned) - 1;
    for (let parent = (i - 1) >> 1; i > 0 && before(planned, heap[parent]); parent = (i - 1) >> 1) {
      heap[i] = heap[parent] as Planned;
      i = parent;
    }
    heap[i] = planned;
  }

  after(delay: number, run: () => void | Promise<void>): void {
    this.at(this.now + delay, run);
  }

  /** Runs what is planned up to `end`, and stands there then. */
  async runUntil(end: number): Promise<void> {
    for (let next = this.#heap[0]; next !== undefined && next.at <= end; next = this.#heap[0]) {
      this.#pop();
      this.now = next.at;
      await next.run();
    }
    this.now = end;
  }

  #pop(): void {
    const heap = this.#heap;
    const last = heap.pop();
    if (last === undefined || heap.length === 0) return;
    let i = 0;
    for (;;) {
      const left = 2 * i + 1;
      const right = left + 1;
      const child = before(heap[right], heap[left]) ? right : left;
      const next = heap[child];
      if (next === undefined || !before(next, last)) break;
      heap[i] = next;
      i = child;
    }
    heap[i] = last;
  }
}

function before(a: Planned | undefined, b: Planned | undefined): boolean {
  if (a === undefined || b === undefined) return a !== undefined;
  return a.at < b.at || (a.at === b.at && a.order < b.order);
}
