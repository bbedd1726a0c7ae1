// Records that are held back from view until their time comes, in the order of their times. Pure
// state; the store has the records.
import type { FeedId } from '../cxo/root.ts';
import { feedKey } from '../cxo/root.ts';
import type { HeldRecord } from '../cxo/store.ts';
import type { PublicKey } from '../identity.ts';
import { syncLimits } from './limits.ts';

export class Held {
  #records: HeldRecord[];

  constructor(records: readonly HeldRecord[]) {
    this.#records = [...records].sort((a, b) => a.time - b.time);
  }

  get size(): number {
    return this.#records.length;
  }

  /** Wall clock at which the next one may be shown. */
  get nextRelease(): number | undefined {
    const [next] = this.#records;
    return next && next.time - syncLimits.horizonMicros;
  }

  ofAuthor(author: PublicKey): number {
    return this.#records.reduce((sum, { feed }) => sum + (feed.author === author ? 1 : 0), 0);
  }

  add(record: HeldRecord): void {
    const at = this.#records.findIndex(({ time }) => time > record.time);
    if (at === -1) this.#records.push(record);
    else this.#records.splice(at, 0, record);
  }

  /** Takes those out whose time has come. */
  takeDue(wall: number): HeldRecord[] {
    const due = this.#records.findIndex(({ time }) => time - syncLimits.horizonMicros > wall);
    return this.#records.splice(0, due === -1 ? this.#records.length : due);
  }

  /** Forgets those of a feed from a place on: they are withdrawn. */
  forget(feed: FeedId, from: number): void {
    const key = feedKey(feed);
    this.#records = this.#records.filter(
      (record) => feedKey(record.feed) !== key || record.from < from,
    );
  }
}
