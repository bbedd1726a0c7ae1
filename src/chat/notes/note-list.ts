// Notes about one message in the order of the timeline, filled in any order and with repetitions:
// put in order only when somebody looks. Knows nothing of what they say.
import { compareTimeline, type TimelinePosition } from '../../cxo/timeline-page.ts';

/** Notes of a list that are put in order at the latest as the list has grown to twice as many. */
const tidyMin = 128;

export class NoteList<Item extends TimelinePosition> {
  readonly #perKeyMax: number;
  readonly #keyOf: (item: Item) => string;
  readonly #onDropped: (item: Item) => void;
  #items: Item[] = [];
  #isOrdered = true;
  #tidyAt = tidyMin;

  /**
   * @param perKeyMax of items with the same key only so many are kept, the last ones in the timeline:
   *   the same ones in whatever order they come
   */
  constructor(perKeyMax: number, keyOf: (item: Item) => string, onDropped: (item: Item) => void) {
    this.#perKeyMax = perKeyMax;
    this.#keyOf = keyOf;
    this.#onDropped = onDropped;
  }

  /** False where it is seen to be there already; else it may be dropped later. */
  add(item: Item): boolean {
    const last = this.#items.at(-1);
    const order = last === undefined ? 1 : compareTimeline(item, last);
    if (order === 0) return false;
    if (order < 0) this.#isOrdered = false;
    this.#items.push(item);
    if (this.#items.length >= this.#tidyAt) this.#tidy();
    return true;
  }

  /** Each once, the oldest first. */
  all(): readonly Item[] {
    if (!this.#isOrdered || this.#items.length > this.#perKeyMax) this.#tidy();
    return this.#items;
  }

  #tidy(): void {
    if (!this.#isOrdered) this.#items.sort(compareTimeline);
    this.#isOrdered = true;
    const counts = new Map<string, number>();
    const kept: Item[] = [];
    for (let i = this.#items.length - 1; i >= 0; i--) {
      const item = this.#items[i] as Item;
      const earlier = this.#items[i - 1];
      const isRepeated = earlier !== undefined && compareTimeline(item, earlier) === 0;
      if (isRepeated || !this.#hasRoom(item, counts)) this.#onDropped(item);
      else kept.push(item);
    }
    this.#items = kept.reverse();
    this.#tidyAt = Math.max(tidyMin, 2 * kept.length);
  }

  #hasRoom(item: Item, counts: Map<string, number>): boolean {
    if (this.#perKeyMax === Infinity) return true;
    const key = this.#keyOf(item);
    const count = (counts.get(key) ?? 0) + 1;
    counts.set(key, count);
    return count <= this.#perKeyMax;
  }
}
