// The end of the arrival order: the latest entries in memory, and those who wait for the next. A
// cache: whatever it does not have is in the store. Knows nothing of what entries say.
import type { Entry } from '../../cxo/archive.ts';
import { liveLimits } from '../limits.ts';

/** What an entry takes besides its object. */
const entryOverheadBytes = 512;

interface Waiter {
  readonly cursor: number;
  readonly wake: () => void;
}

export class LiveEdge {
  readonly #limits: { readonly entriesMax: number; readonly bytesMax: number };
  readonly #waiters = new Set<Waiter>();
  /** Every entry that arrived after `#base` up to `#latest`, from `#first` on; gaps before it. */
  #entries: (Entry | undefined)[] = [];
  #first = 0;
  #bytes = 0;
  #base: number;
  #latest: number;

  /** @param latest arrival number up to which entries are in the store already */
  constructor(
    latest: number,
    limits: { readonly entriesMax: number; readonly bytesMax: number } = liveLimits,
  ) {
    this.#limits = limits;
    this.#base = latest;
    this.#latest = latest;
  }

  /** Up to this arrival number everything is on disk and may be shown. */
  get latest(): number {
    return this.#latest;
  }

  get waiting(): number {
    return this.#waiters.size;
  }

  get size(): number {
    return this.#entries.length - this.#first;
  }

  /** Takes every entry of a commit, in arrival order, each exactly once. */
  arrived(entries: readonly Entry[]): void {
    for (const entry of entries) {
      if (entry.arrival <= this.#latest) throw new Error('entries arrive in order, and once');
      this.#latest = entry.arrival;
      this.#entries.push(entry);
      this.#bytes += costOf(entry);
    }
    this.#evict();
    for (const waiter of [...this.#waiters]) if (waiter.cursor < this.#latest) waiter.wake();
  }

  /** From here on, what has arrived so far is read from the store. */
  forget(): void {
    this.#entries = [];
    this.#first = 0;
    this.#bytes = 0;
    this.#base = this.#latest;
  }

  /** Entries behind the cursor, at most `limit`; undefined where they are no longer kept. */
  after(cursor: number, limit: number): readonly Entry[] | undefined {
    if (cursor < this.#base) return undefined;
    let low = this.#first;
    let high = this.#entries.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#entries[middle]?.arrival ?? 0) <= cursor) low = middle + 1;
      else high = middle;
    }
    return this.#entries.slice(low, low + limit).filter((entry) => entry !== undefined);
  }

  /** Resolves once something arrived after the cursor, or when the signal aborts. */
  async wait(cursor: number, signal: AbortSignal): Promise<void> {
    if (cursor < this.#latest || signal.aborted) return;
    await new Promise<void>((resolve) => {
      const waiter: Waiter = {
        cursor,
        wake: () => {
          this.#waiters.delete(waiter);
          signal.removeEventListener('abort', waiter.wake);
          resolve();
        },
      };
      this.#waiters.add(waiter);
      signal.addEventListener('abort', waiter.wake);
    });
  }

  #evict(): void {
    const { entriesMax, bytesMax } = this.#limits;
    while (this.size > entriesMax || (this.#bytes > bytesMax && this.size > 0)) {
      const entry = this.#entries[this.#first];
      if (entry === undefined) throw new Error('there are entries up to the end');
      this.#entries[this.#first++] = undefined;
      this.#bytes -= costOf(entry);
      this.#base = entry.arrival;
    }
    // Moving the rest only once as much has been left out keeps each entry's cost constant.
    if (this.#first > entriesMax) {
      this.#entries = this.#entries.slice(this.#first);
      this.#first = 0;
    }
  }
}

function costOf(entry: Entry): number {
  return entryOverheadBytes + (entry.object?.length ?? 0);
}
