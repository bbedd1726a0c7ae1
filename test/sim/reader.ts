// A reader that polls a node's arrival order from its own cursor and survives the node's crashes.
import type { PublicKey } from '../../src/identity.ts';
import type { Store } from '../../src/cxo/store.ts';
import { readConversation } from './checkers.ts';

/** Ten minutes and what a clock may be off between two polls; microseconds. */
const aheadMax = 600_000_000;

export class SimReader {
  readonly #self: PublicKey;
  #cursor = 0;
  #seen: string[] = [];
  /** Ids of messages that were shown before their time. */
  readonly early: string[] = [];

  constructor(self: PublicKey) {
    this.#self = self;
  }

  /** Ids in the order in which they were read, since the disk was put back. */
  get seen(): readonly string[] {
    return this.#seen;
  }

  /** The store was put back: cursors of before mean nothing. */
  startOver(): void {
    this.#cursor = 0;
    this.#seen = [];
  }

  async poll(store: Store, wall: number): Promise<void> {
    if (store.latestArrival() === this.#cursor) return;
    for (const { id, arrival, time, author } of await readConversation(store)) {
      if (arrival <= this.#cursor) continue;
      this.#seen.push(id);
      if (author !== this.#self && time > wall + aheadMax) this.early.push(id);
      this.#cursor = arrival;
    }
  }
}
