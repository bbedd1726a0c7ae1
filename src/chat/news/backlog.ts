// What was said about messages before this node was started: found by labels, and read once, when it
// is first needed, for those who keep an index in memory over it. Knows nothing of what they keep.
import type { Entry } from '../../cxo/archive.ts';
import type { MessageSource } from '../ports.ts';

export interface BacklogOptions {
  readonly archive: Pick<MessageSource, 'labelled'>;
  readonly labels: readonly string[];
  readonly apply: (entries: readonly Entry[]) => void;
}

export class Backlog {
  readonly #options: BacklogOptions;
  /** Labels that are still to be read. */
  readonly #left: string[];
  #reading: Promise<void> | undefined;

  constructor(options: BacklogOptions) {
    this.#options = options;
    this.#left = [...options.labels];
  }

  get isRead(): boolean {
    return this.#left.length === 0;
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
    const { archive, apply } = this.#options;
    for (let [label] = this.#left; label !== undefined; [label] = this.#left) {
      const entries = await archive.labelled(label);
      // What is held back from view counts from the moment that it arrives.
      apply(entries.filter(({ arrival }) => arrival > 0));
      this.#left.shift();
    }
  }
}
