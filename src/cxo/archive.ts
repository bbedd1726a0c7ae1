// Reads messages back from a store, one by one, in both orders, and proves them. Knows nothing of
// what a message says.
import { LRUCache } from 'lru-cache';
import { equal } from '../bytes.ts';
import { DecodedRecord } from './decoded-record.ts';
import type { PublicKey } from '../identity.ts';
import type { Entry } from './entry.ts';
import type { GroupId, MessageId } from './ids.ts';
import { segmentLimits, storeLimits } from './limits.ts';
import { feedKey, RootEncoder, type FeedId } from './root.ts';
import { rebuildRun, type Run } from './segment.ts';
import type { Position, RecordKey, Store, StoredRecord } from './store.ts';
import { readTimelineOnward } from './timeline-onward.ts';
import { compareTimeline, readTimelinePage, type TimelinePosition } from './timeline-page.ts';

export type { Entry, TimelinePosition };

export interface ArchiveOptions {
  /** Memory for records that were taken apart, bytes. */
  readonly cacheBytesMax?: number;
}

/** Enough to verify one message alone. */
export interface Proof {
  readonly object: Uint8Array;
  /** The bytes of the root that lists the object. */
  readonly root: Uint8Array;
  readonly author: PublicKey;
  /** Over the last root of `chain`, or over `root` where `chain` is empty. */
  readonly signature: Uint8Array;
  /** The bytes of the roots behind `root`, up to the signed one. */
  readonly chain: readonly Uint8Array[];
}

export class Archive {
  readonly #store: Store;
  readonly #cache: LRUCache<string, DecodedRecord>;
  readonly #load = (record: RecordKey) => this.#record(record);

  constructor(store: Store, options: ArchiveOptions = {}) {
    this.#store = store;
    this.#cache = new LRUCache({
      maxSize: options.cacheBytesMax ?? storeLimits.archiveCacheBytesMax,
      sizeCalculation: ({ costBytes }) => costBytes,
    });
  }

  /** Messages with arrival numbers above `arrival`, in that order, at most `limit`. */
  async after(arrival: number, limit: number): Promise<Entry[]> {
    const entries: Entry[] = [];
    let last = arrival;
    while (entries.length < limit) {
      const rowsMax = Math.min(limit - entries.length, storeLimits.timelineRowsMax);
      const rows = await this.#store.arrivals(last, rowsMax);
      let messages = 0;
      const wanted = rows.filter((row) => {
        const isWanted = messages < limit - entries.length;
        messages += row.messages;
        return isWanted;
      });
      const records = await Promise.all(wanted.map(this.#load));
      for (const [i, record] of records.entries()) {
        // Else the record was withdrawn meanwhile, and another one is in its place.
        const isWanted = record?.stored.arrival === wanted[i]?.arrival;
        if (isWanted) pushAbove(entries, record, arrival, limit);
      }
      const row = wanted.at(-1);
      if (row === undefined) break;
      last = row.arrival + row.messages - 1;
    }
    return entries;
  }

  /**
   * Messages of the group, newest first by (time, author, head, seq, index), at most `limit`: all,
   * or those that sort before a position.
   */
  timeline(group: GroupId, before: TimelinePosition | undefined, limit: number): Promise<Entry[]> {
    return readTimelinePage(this.#store, this.#load, group, before, limit);
  }

  /** The same oldest first: all, or those that sort at or behind a position. */
  timelineFrom(
    group: GroupId,
    from: TimelinePosition | undefined,
    limit: number,
  ): Promise<Entry[]> {
    return readTimelineOnward(this.#store, this.#load, group, from, limit);
  }

  /** The place of a message in its group's timeline. */
  position(id: MessageId): Promise<TimelinePosition | undefined> {
    return this.find(id);
  }

  /** The message, held or not. Of several heads that list it, the lowest counts. */
  async find(id: MessageId): Promise<Entry | undefined> {
    let first: Entry | undefined;
    for (const position of await this.#store.positions(id)) {
      const entry = await this.entry(position);
      if (entry === undefined || !equal(entry.id, id)) continue;
      if (first === undefined || isEarlier(entry, first)) first = entry;
    }
    return first;
  }

  /** What stands there, though it may be the second place of a message. */
  async entry(position: Position): Promise<Entry | undefined> {
    const record = await this.#recordAt(position);
    const at = record?.find(position.seq, position.index);
    return at === undefined ? undefined : record?.entry(at);
  }

  /** Every message that was stored with the label, by feed and position. */
  async labelled(label: string): Promise<Entry[]> {
    const entries: Entry[] = [];
    let feed: FeedId | undefined;
    let record: DecodedRecord | undefined;
    for (const position of await this.#store.labelled(label)) {
      // Neighbours share a record, which is read once for all of them.
      const isSame = feed !== undefined && feedKey(feed) === feedKey(position.feed);
      let at = isSame ? record?.find(position.seq, position.index) : undefined;
      if (at === undefined) {
        feed = position.feed;
        record = await this.#recordAt(position);
        at = record?.find(position.seq, position.index);
      }
      if (record !== undefined && at !== undefined) entries.push(record.entry(at));
    }
    return entries;
  }

  /** Undefined where there is no such message, or its object was erased. */
  async proof(id: MessageId): Promise<Proof | undefined> {
    const entry = await this.find(id);
    if (entry?.object === undefined) return undefined;
    const { feed, seq, object } = entry;
    const chain: Uint8Array[] = [];
    let next = seq;
    while (chain.length <= segmentLimits.rootsMax) {
      const [stored] = await this.#store.records(feed, next, 1);
      const run = stored && runOf(stored);
      if (run === undefined) return undefined;
      chain.push(...rootBytesFrom(run, next));
      next = run.head.seq + 1;
      if (run.signature === undefined) continue;
      const [root, ...rest] = chain;
      const { author } = feed;
      return root && { object, root, author, signature: run.signature, chain: rest };
    }
    return undefined;
  }

  /** The record that holds the place; undefined where there is none, or it is damaged. */
  async #recordAt({ feed, seq }: Position): Promise<DecodedRecord | undefined> {
    const rewrites = this.#store.rewrites();
    const [stored] = await this.#store.records(feed, seq, 1);
    return stored && (await this.#decode(stored, rewrites));
  }

  /** A record by its key; undefined where it is damaged. */
  async #record({ feed, from }: RecordKey): Promise<DecodedRecord | undefined> {
    const rewrites = this.#store.rewrites();
    const known = this.#cache.get(cacheKey(feed, from, rewrites));
    if (known !== undefined) return known;
    const [stored] = await this.#store.records(feed, from, 1);
    return stored?.from === from ? this.#decode(stored, rewrites) : undefined;
  }

  /** @param rewrites as of before the record was read */
  async #decode(stored: StoredRecord, rewrites: number): Promise<DecodedRecord | undefined> {
    const { feed, from, arrival } = stored;
    const key = cacheKey(feed, from, rewrites);
    const known = this.#cache.get(key);
    if (known !== undefined) return known;
    const record = DecodedRecord.parse(stored);
    if (record === undefined) return undefined;
    if (stored.repeats) await this.#markRepeated(record);
    // A held record changes when it is released.
    if (arrival > 0) this.#cache.set(key, record);
    return record;
  }

  /** Costs a look-up for each message, and only records that the store marked come here. */
  async #markRepeated(record: DecodedRecord): Promise<void> {
    for (let at = 0; at < record.length; at++) {
      const entry = record.entry(at);
      const positions = await this.#store.positions(entry.id);
      const first = positions.find(({ feed }) => feedKey(feed) === feedKey(entry.feed));
      if (first !== undefined && (await this.#isSame(first, entry))) record.repeated.add(at);
    }
  }

  /** Whether the message stands in another, earlier place. */
  async #isSame(place: Position, { id, seq, index }: Entry): Promise<boolean> {
    if (place.seq > seq || (place.seq === seq && place.index >= index)) return false;
    const [stored] = await this.#store.records(place.feed, place.seq, 1);
    const record = stored && DecodedRecord.parse(stored);
    const at = record?.find(place.seq, place.index);
    return record !== undefined && at !== undefined && equal(record.entry(at).id, id);
  }
}

/** What was kept before records changed is not found again. */
function cacheKey(feed: FeedId, from: number, rewrites: number): string {
  return `${feedKey(feed)}/${from}/${rewrites}`;
}

function pushAbove(
  entries: Entry[],
  record: DecodedRecord | undefined,
  arrival: number,
  limit: number,
): void {
  if (record === undefined) return;
  const first = record.stored.arrival;
  for (let at = Math.max(0, arrival + 1 - first); at < record.length; at++) {
    if (entries.length >= limit) return;
    if (!record.repeated.has(at)) entries.push(record.entry(at));
  }
}

function isEarlier(a: Entry, b: Entry): boolean {
  if (a.feed.head !== b.feed.head) return a.feed.head < b.feed.head;
  return compareTimeline(a, b) < 0;
}

function runOf({ feed, from, bytes, signed }: StoredRecord): Run | undefined {
  const rebuilt = rebuildRun(feed, from, bytes, signed);
  return rebuilt.ok ? rebuilt.run : undefined;
}

/** The bytes of a run's roots from the seq on. */
function rootBytesFrom(run: Run, seq: number): Uint8Array[] {
  const encoder = new RootEncoder(run.feed);
  const roots: Uint8Array[] = [];
  let { prev, countBefore: count } = run;
  for (const entry of run.entries) {
    const ids = entry.objects.map(({ id }) => id);
    count += ids.length;
    if (entry.seq >= seq) {
      roots.push(encoder.encode(entry.seq, prev, entry.time, count, ids).slice());
    }
    prev = entry.root;
  }
  return roots;
}
