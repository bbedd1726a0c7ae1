// A reader that polls a node's arrival order from its own cursor and survives the node's crashes.
import type { Store } from '../../src/cxo/store.ts';
import { readConversation } from './checkers.ts';

export class SimReader {
  #cursor = 0;
  readonly seen: string[] = [];

  async poll(store: Store): Promise<void> {
    if (store.latestArrival() === this.#cursor) return;
    for (const { id, arrival } of await readConversation(store)) {
      if (arrival <= this.#cursor) continue;
      this.seen.push(id);
      this.#cursor = arrival;
    }
  }
}
