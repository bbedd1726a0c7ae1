// The one commit that is under way at a time: what the journal has gathered, or what erases, in turns.
// Pure state.
import type { GroupId } from '../cxo/ids.ts';
import type { CommitArrivals } from '../cxo/store.ts';
import { Erasing } from './erasing.ts';
import type { Now } from './events.ts';
import type { Journal, PendingRun, Plan, Settled } from './journal.ts';

export type Outcome =
  | { readonly type: 'journal'; readonly settled: Settled }
  /** The ticket of a request that is done with it. */
  | { readonly type: 'erased'; readonly ticket: number | undefined };

export class Commits {
  readonly erasing = new Erasing();
  readonly #journal: Journal;

  constructor(journal: Journal) {
    this.#journal = journal;
  }

  /** The next one, where none is under way and something waits. */
  take(now: Now, mayAppend: (group: GroupId) => boolean): Plan | undefined {
    if (this.erasing.isWriting || this.#journal.isWriting) return undefined;
    return this.#takeErasing() ?? this.#journal.take(now, mayAppend) ?? this.#takeErasing();
  }

  #takeErasing(): Plan | undefined {
    const commit = this.erasing.take();
    return commit && { commit, own: [] };
  }

  /** It is on disk. */
  settle(arrivals: CommitArrivals): Outcome {
    if (!this.erasing.isWriting)
      return { type: 'journal', settled: this.#journal.settle(arrivals) };
    return { type: 'erased', ticket: this.erasing.settle(arrivals) };
  }

  /** As `Journal.fail`. */
  fail(): { readonly runs: readonly PendingRun[]; readonly tickets: readonly number[] } {
    if (!this.erasing.isWriting) return this.#journal.fail();
    return { runs: [], tickets: [this.erasing.fail()] };
  }

  /** Wall clock at which held records may be shown; behind a commit, that ends first. */
  get nextRelease(): number | undefined {
    return this.erasing.isWriting ? undefined : this.#journal.nextRelease;
  }
}
