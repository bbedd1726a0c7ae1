// The messages of an index by number, in the order in which they came into it: where each stands, in
// columns of numbers. Knows nothing of texts.
import type { Entry } from '../../cxo/archive.ts';
import type { GroupId } from '../../cxo/ids.ts';
import type { FeedId } from '../../cxo/root.ts';
import { feedKey } from '../../cxo/root.ts';
import type { TimelinePosition } from '../../cxo/timeline-page.ts';
import type { PublicKey } from '../../identity.ts';
import { compareEntries } from '../timeline/timeline.ts';

/** What a message takes in the columns and the table of arrivals. */
const documentBytes = 80;

interface Columns {
  readonly time: Float64Array;
  readonly arrival: Float64Array;
  readonly seq: Float64Array;
  readonly index: Uint16Array;
  readonly feed: Uint32Array;
  /** 0 where the document was taken out again. */
  readonly isThere: Uint8Array;
}

export interface DocumentFilter {
  readonly groups: ReadonlySet<GroupId> | undefined;
  readonly authors: ReadonlySet<PublicKey> | undefined;
  readonly notGroups: ReadonlySet<GroupId>;
  readonly notAuthors: ReadonlySet<PublicKey>;
  /** Microseconds: at or after the one, before the other. */
  readonly since: number;
  readonly until: number;
}

export class Documents {
  readonly #byArrival = new Map<number, number>();
  readonly #feeds: FeedId[] = [];
  readonly #feedNumbers = new Map<string, number>();
  #columns = newColumns(1024);
  #count = 0;

  /** Numbers that were given. */
  get count(): number {
    return this.#count;
  }

  /** Messages that are there. */
  get size(): number {
    return this.#byArrival.size;
  }

  get bytes(): number {
    return this.#count * documentBytes;
  }

  add(entry: Entry): number {
    const document = this.#count++;
    if (document >= this.#columns.time.length) this.#columns = grown(this.#columns);
    const { time, arrival, seq, index, feed, isThere } = this.#columns;
    time[document] = entry.time;
    arrival[document] = entry.arrival;
    seq[document] = entry.seq;
    index[document] = entry.index;
    feed[document] = this.#numberOf(entry.feed);
    isThere[document] = 1;
    this.#byArrival.set(entry.arrival, document);
    return document;
  }

  remove(arrival: number): void {
    const document = this.#byArrival.get(arrival);
    if (document === undefined) return;
    this.#byArrival.delete(arrival);
    this.#columns.isThere[document] = 0;
  }

  /**
   * Arrival numbers of the newest documents that are marked and pass the filter, newest first.
   * @param marks 1 for each document that is meant
   * @param before only those that sort before this place
   */
  newest(
    marks: Uint8Array,
    filter: DocumentFilter,
    before: Entry | undefined,
    limit: number,
  ): number[] {
    const { time, arrival, isThere, feed } = this.#columns;
    const passes = this.#feeds.map((each) => isMeant(each, filter));
    const until = Math.min(filter.until, before === undefined ? Infinity : before.time + 1);
    let best: number[] = [];
    let least = filter.since;
    for (let document = 0; document < marks.length; document++) {
      if (marks[document] !== 1 || isThere[document] !== 1) continue;
      const at = time[document] ?? 0;
      if (at < least || at >= until || passes[feed[document] ?? 0] !== true) continue;
      if (before !== undefined && compareEntries(this.#place(document), before) >= 0) continue;
      best.push(document);
      // Sorted only now and then: most of the rest is then older than the last that counts.
      if (best.length < 4 * limit + 64) continue;
      best = this.#sorted(best).slice(0, limit);
      least = Math.max(least, time[best.at(-1) ?? 0] ?? 0);
    }
    return this.#sorted(best)
      .slice(0, limit)
      .map((document) => arrival[document] ?? 0);
  }

  #sorted(documents: number[]): number[] {
    const { time } = this.#columns;
    return documents.sort(
      (a, b) => (time[b] ?? 0) - (time[a] ?? 0) || compareEntries(this.#place(b), this.#place(a)),
    );
  }

  #place(document: number): TimelinePosition {
    const { time, seq, index, feed } = this.#columns;
    return {
      time: time[document] ?? 0,
      feed: this.#feeds[feed[document] ?? 0] as FeedId,
      seq: seq[document] ?? 0,
      index: index[document] ?? 0,
    };
  }

  #numberOf(feed: FeedId): number {
    const key = feedKey(feed);
    let number = this.#feedNumbers.get(key);
    if (number === undefined) {
      number = this.#feeds.push(feed) - 1;
      this.#feedNumbers.set(key, number);
    }
    return number;
  }
}

function isMeant({ group, author }: FeedId, filter: DocumentFilter): boolean {
  if (filter.groups?.has(group) === false || filter.authors?.has(author) === false) return false;
  return !filter.notGroups.has(group) && !filter.notAuthors.has(author);
}

function newColumns(length: number): Columns {
  return {
    time: new Float64Array(length),
    arrival: new Float64Array(length),
    seq: new Float64Array(length),
    index: new Uint16Array(length),
    feed: new Uint32Array(length),
    isThere: new Uint8Array(length),
  };
}

function grown(columns: Columns): Columns {
  const larger = newColumns(2 * columns.time.length);
  for (const name of Object.keys(columns) as (keyof Columns)[]) larger[name].set(columns[name]);
  return larger;
}
