// What a store keeps in memory: its feeds with its own numbers for them and for their groups, the
// held records, and where the arrival order stands. Knows nothing of rows and files.
import type { FeedState } from './feed.ts';
import type { GroupId } from './ids.ts';
import { feedKey, type FeedId, type FeedKey } from './root.ts';
import type { HeldRecord, RecordKey } from './store.ts';

export interface KnownFeed {
  /** The store's own number of the feed, from 1 on, never given twice. */
  readonly number: number;
  /** The store's own number of the feed's group: that of the first feed in it. */
  readonly group: number;
  readonly state: FeedState;
}

export type HeldKey = string;

export function heldKeyOf({ feed, from }: RecordKey): HeldKey {
  return `${feedKey(feed)}/${from}`;
}

export class StoreState {
  readonly #feeds = new Map<FeedKey, KnownFeed>();
  readonly #keys = new Map<number, FeedKey>();
  readonly #groups = new Map<GroupId, number>();
  readonly #held = new Map<HeldKey, HeldRecord>();
  #nextNumber = 1;
  latestArrival = 0;
  labelled = 0;
  /** As `Store.rewrites` has it; odd while the rows of a rewriting commit may be there or not. */
  rewrites = 0;

  get nextNumber(): number {
    return this.#nextNumber;
  }

  /** Numbers below are not given any more, though no feed with them is known. */
  reserveNumbers(below: number): void {
    this.#nextNumber = Math.max(this.#nextNumber, below);
  }

  states(): FeedState[] {
    const states: FeedState[] = [];
    for (const { state } of this.#feeds.values()) states.push(state);
    return states;
  }

  find(feed: FeedId): KnownFeed | undefined {
    return this.#feeds.get(feedKey(feed));
  }

  findNumber(number: number): KnownFeed | undefined {
    const key = this.#keys.get(number);
    return key === undefined ? undefined : this.#feeds.get(key);
  }

  findGroup(group: GroupId): number | undefined {
    return this.#groups.get(group);
  }

  putFeed(known: KnownFeed): void {
    const key = feedKey(known.state.feed);
    this.#feeds.set(key, known);
    this.#keys.set(known.number, key);
    this.#groups.set(known.state.feed.group, known.group);
    this.reserveNumbers(known.number + 1);
  }

  held(): HeldRecord[] {
    return [...this.#held.values()];
  }

  findHeld(record: RecordKey): HeldRecord | undefined {
    return this.#held.get(heldKeyOf(record));
  }

  putHeld(record: HeldRecord): void {
    this.#held.set(heldKeyOf(record), record);
  }

  deleteHeld(record: RecordKey): void {
    this.#held.delete(heldKeyOf(record));
  }
}
