// What was here before this node was started: read once, when it is first needed, for those who keep
// an index in memory over it. Knows nothing of what they keep.
import type { Entry } from '../cxo/archive.ts';
import type { MessageSource } from './ports.ts';
import { readingLimits } from './limits.ts';

export interface BacklogOptions {
  readonly archive: Pick<MessageSource, 'after'>;
  /** Arrival number of the last entry to read; what comes later is for whoever announces it. */
  readonly latest: number;
  readonly apply: (entries: readonly Entry[]) => void;
}

export class Backlog {
  readonly #options: BacklogOptions;
  #next = 0;
  #reading: Promise<void> | undefined;

  constructor(options: BacklogOptions) {
    this.#options = options;
  }

  get isRead(): boolean {
    return this.#next >= this.#options.latest;
  }

  /** Resolves when all of it was applied. Where reading fails, the next call goes on from there. */
  async read(): Promise<void> {
    if (this.isRead) return;
    this.#reading ??= this.#readOn().finally(() => {
      this.#reading = undefined;
    });
    await this.#reading;
  }

  async #readOn(): Promise<void> {
    const { archive, latest, apply } = this.#options;
    while (!this.isRead) {
      const entries = await archive.after(this.#next, readingLimits.chunkEntriesMax);
      apply(entries.filter(({ arrival }) => arrival <= latest));
      this.#next = entries.at(-1)?.arrival ?? latest;
    }
  }
}
