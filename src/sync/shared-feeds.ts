// The feeds of one group that its members are told of, in the order of author and head number, and the
// row of each as the group's digest has it. A change costs its own row, not those of the others.
import { sha256 } from '../cxo/ids.ts';
import { digestOf, rowBytes, sectionOf, type Range, type Section } from './ranges.ts';
import type { Feed } from './replica.ts';

export interface SharedFeedsOptions {
  readonly accepts: (feed: Feed) => boolean;
  /** Writes the row of a feed, all of it. */
  readonly writeRow: (row: Uint8Array, feed: Feed) => void;
}

export class SharedFeeds {
  readonly #options: SharedFeedsOptions;
  /** All feeds of the group; sorted when the others are made from them. */
  readonly #known: Feed[] = [];
  #feeds: readonly Feed[] = [];
  #rows = new Uint8Array();
  #digest: Uint8Array | undefined;
  /** Whose rows are to be written again; undefined where all are. */
  #changed: Set<Feed> | undefined;

  constructor(options: SharedFeedsOptions) {
    this.#options = options;
  }

  /** Takes in a feed, which is shared once it has a root or a fork on disk. */
  add(feed: Feed): void {
    this.#known.push(feed);
  }

  /** To be called when the stored head or the fork of a feed has changed. */
  change(feed: Feed): void {
    this.#changed?.add(feed);
    this.#digest = undefined;
  }

  /** To be called when other feeds are accepted than before. */
  reset(): void {
    this.#changed = undefined;
    this.#digest = undefined;
  }

  /** All feeds of the group, shared or not. */
  get known(): readonly Feed[] {
    return this.#known;
  }

  /** In the order of their rows. */
  get feeds(): readonly Feed[] {
    this.#refresh();
    return this.#feeds;
  }

  get rows(): Uint8Array {
    this.#refresh();
    return this.#rows;
  }

  /** The same object until something changes. */
  get digest(): Uint8Array {
    this.#digest ??= sha256(this.rows);
    return this.#digest;
  }

  section(range: Range): Section {
    return sectionOf(this.rows, range);
  }

  digestOf(section: Section): Uint8Array {
    return digestOf(this.rows, section);
  }

  in({ first, end }: Section): readonly Feed[] {
    return this.feeds.slice(first, end);
  }

  #refresh(): void {
    if (this.#changed === undefined) this.#rebuild();
    else if (this.#changed.size > 0) this.#update(this.#changed);
    this.#changed ??= new Set();
    this.#changed.clear();
  }

  #rebuild(): void {
    this.#feeds = this.#known.sort(byKey).filter((feed) => this.#isShared(feed));
    this.#rows = new Uint8Array(this.#feeds.length * rowBytes);
    this.#feeds.forEach((feed, place) => {
      this.#write(this.#rows, place, feed);
    });
  }

  #update(changed: ReadonlySet<Feed>): void {
    const fresh = new Set<Feed>();
    for (const feed of changed) {
      const place = this.#find(feed);
      if (place !== undefined) this.#write(this.#rows, place, feed);
      else if (this.#isShared(feed)) fresh.add(feed);
    }
    if (fresh.size === 0) return;
    const rows = new Uint8Array((this.#feeds.length + fresh.size) * rowBytes);
    const feeds = [...this.#feeds, ...fresh].sort(byKey);
    let from = 0;
    feeds.forEach((feed, place) => {
      if (fresh.has(feed)) this.#write(rows, place, feed);
      else rows.set(this.#rows.subarray(from, (from += rowBytes)), place * rowBytes);
    });
    [this.#feeds, this.#rows] = [feeds, rows];
  }

  #write(rows: Uint8Array, place: number, feed: Feed): void {
    this.#options.writeRow(rows.subarray(place * rowBytes, (place + 1) * rowBytes), feed);
  }

  #isShared(feed: Feed): boolean {
    return (feed.stored.seq > 0 || feed.forkedAt !== undefined) && this.#options.accepts(feed);
  }

  #find(feed: Feed): number | undefined {
    let [low, high] = [0, this.#feeds.length];
    while (low < high) {
      const middle = (low + high) >>> 1;
      const at = this.#feeds[middle];
      if (at === undefined || at === feed) return middle;
      if (byKey(at, feed) < 0) low = middle + 1;
      else high = middle;
    }
    return undefined;
  }
}

/** Keys are hex in lower case: their order is that of their bytes. */
function byKey({ id: a }: Feed, { id: b }: Feed): number {
  if (a.author !== b.author) return a.author < b.author ? -1 : 1;
  return a.head - b.head;
}
