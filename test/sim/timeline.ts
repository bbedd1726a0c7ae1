// Virtual time: what is to happen, in order; nothing happens in between. What an event left to
// promises is done before the next event comes, so that one seed gives one run.
import type { Timers } from '../../src/env.ts';

interface Planned {
  readonly at: number;
  readonly order: number;
  /** Undefined once it was cancelled. */
  run: (() => void | Promise<void>) | undefined;
}

export class VirtualTime {
  /** Milliseconds since the simulation began. */
  now = 0;
  #order = 0;
  #isAsync = false;
  readonly #heap: Planned[] = [];

  /** To be called by whoever has just left something to promises. */
  touch(): void {
    this.#isAsync = true;
  }

  at(at: number, run: () => void | Promise<void>): void {
    this.plan(at, run);
  }

  after(delay: number, run: () => void | Promise<void>): void {
    this.plan(this.now + delay, run);
  }

  /** As `at`; the function that it returns cancels it, and tells whether it had not happened. */
  plan(at: number, run: () => void | Promise<void>): () => boolean {
    const planned: Planned = { at: Math.max(at, this.now), order: this.#order++, run };
    const heap = this.#heap;
    let i = heap.push(planned) - 1;
    for (let parent = (i - 1) >> 1; i > 0 && before(planned, heap[parent]); parent = (i - 1) >> 1) {
      heap[i] = heap[parent] as Planned;
      i = parent;
    }
    heap[i] = planned;
    return () => {
      const isPlanned = planned.run !== undefined;
      planned.run = undefined;
      return isPlanned;
    };
  }

  /** Runs what is planned up to `end`, and stands there then. */
  async runUntil(end: number): Promise<void> {
    for (let next = this.#heap[0]; next !== undefined && next.at <= end; next = this.#heap[0]) {
      this.#pop();
      this.now = next.at;
      const { run } = next;
      next.run = undefined;
      const promise = run?.();
      if (promise !== undefined) await promise;
      if (this.#isAsync) await this.settle();
    }
    this.now = end;
  }

  /** Resolves once nothing is left that promises can do at this moment. */
  async settle(): Promise<void> {
    this.#isAsync = false;
    // An immediate comes when the queue of microtasks is empty.
    await new Promise((resolve) => setImmediate(resolve));
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

/** The timers of one life of a node: none rings once that life is over. */
export class SimTimers implements Timers {
  readonly #time: VirtualTime;
  readonly #cancels = new Set<() => boolean>();
  #isOver = false;

  constructor(time: VirtualTime) {
    this.#time = time;
  }

  /** Timers that wait. */
  get size(): number {
    return this.#cancels.size;
  }

  after(delayMs: number, callback: () => void): () => void {
    if (this.#isOver) return () => undefined;
    const cancel = this.#time.plan(this.#time.now + delayMs, () => {
      this.#cancels.delete(cancel);
      // Those who are called may leave things to promises.
      this.#time.touch();
      callback();
    });
    this.#cancels.add(cancel);
    return () => {
      if (cancel()) this.#cancels.delete(cancel);
    };
  }

  end(): void {
    this.#isOver = true;
    for (const cancel of this.#cancels) cancel();
    this.#cancels.clear();
  }
}

function before(a: Planned | undefined, b: Planned | undefined): boolean {
  if (a === undefined || b === undefined) return a !== undefined;
  return a.at < b.at || (a.at === b.at && a.order < b.order);
}
