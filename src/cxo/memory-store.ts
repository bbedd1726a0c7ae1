// A store in memory, for the simulator and for tests: the same answers as the LevelDB store, by the
// contract suite, and nothing left when it is closed.
import { isNoText } from './record.ts';
import { SkychatError } from '../errors.ts';
import { Draft, isOfTail, planCommit, type PlannedRecord } from './commit-plan.ts';
import { eraseObjects, type Erasure } from './erasure.ts';
import type { FeedState, FeedTail } from './feed.ts';
import type { GroupId, MessageId } from './ids.ts';
import { idPrefixBytes } from './level-keys.ts';
import type { FeedId } from './root.ts';
import { findSegmentShape, type SegmentShape } from './segment-shape.ts';
import { StoreState, type KnownFeed } from './store-state.ts';
import type {
  ArrivalRow,
  Commit,
  CommitArrivals,
  HeldRecord,
  LocalRow,
  Position,
  RecordKey,
  Store,
  StoredRecord,
  TimelineKind,
  TimelineRow,
} from './store.ts';

interface PlacedRow extends TimelineRow {
  readonly number: number;
}

interface Labelled extends Position {
  readonly number: number;
}

export class MemoryStore implements Store {
  readonly #state = new StoreState();
  /** By feed number, in the order of the feed. */
  readonly #records = new Map<number, StoredRecord[]>();
  #arrivals: ArrivalRow[] = [];
  /** By group number and kind, oldest first. */
  readonly #timelines = new Map<string, PlacedRow[]>();
  /** By the id's prefix: the first place in each feed. */
  readonly #places = new Map<string, Labelled[]>();
  readonly #labels = new Map<string, Labelled[]>();
  readonly #local = new Map<string, Uint8Array>();
  #bytes = 0;
  #closed = false;

  feeds(): readonly FeedState[] {
    return this.#state.states();
  }

  find(feed: FeedId): FeedState | undefined {
    return this.#state.find(feed)?.state;
  }

  latestArrival(): number {
    return this.#state.latestArrival;
  }

  held(): readonly HeldRecord[] {
    return this.#state.held();
  }

  labelledCount(): number {
    return this.#state.labelled;
  }

  async commit(change: Commit): Promise<CommitArrivals> {
    await this.#turn();
    const draft = new Draft(this.#state);
    const shapes = new Map(change.releases.map((release) => [release, this.#shapeOf(release)]));
    const arrivals = planCommit(draft, change, shapes);
    let labelled = 0;
    let repeats = false;
    for (const erasure of change.erasures ?? []) labelled -= this.#erase(erasure);
    for (const { known, tail } of draft.withdrawn) labelled -= this.#remove(known, tail);
    for (const planned of [...draft.records].sort(compareRecords)) {
      const put = this.#putRecord(planned);
      labelled += put.labelled;
      repeats ||= put.repeats;
    }
    for (const { release, known, shape, arrival } of draft.releases) {
      const records = this.#records.get(known.number) ?? [];
      const at = records.findIndex(({ from }) => from === release.from);
      const record = records[at];
      if (record !== undefined) records[at] = { ...record, arrival };
      this.#show(release, known, shape, arrival);
    }
    for (const { key, value } of change.local) {
      if (value === undefined) this.#local.delete(key);
      else this.#local.set(key, value.slice());
    }
    draft.adopt(labelled);
    if (change.erasures !== undefined) return { ...arrivals, erased: change.erasures.length };
    return repeats ? { ...arrivals, repeats } : arrivals;
  }

  async records(feed: FeedId, seq: number, bytesMax: number): Promise<readonly StoredRecord[]> {
    await this.#turn();
    const all = this.#records.get(this.#state.find(feed)?.number ?? 0) ?? [];
    const first = lowest(all, ({ from, roots }) => from + roots > seq);
    const found: StoredRecord[] = [];
    let bytes = 0;
    let next = seq;
    for (let i = first; i < all.length && bytes < bytesMax; i++) {
      const record = all[i];
      // Between the chain and the tail nothing is there.
      if (record === undefined || record.from > next || seq < 1) break;
      found.push(record);
      bytes += record.bytes.length;
      next = record.from + record.roots;
    }
    return found;
  }

  async arrivals(after: number, limit: number): Promise<readonly ArrivalRow[]> {
    await this.#turn();
    const first = lowest(this.#arrivals, ({ arrival, messages }) => arrival + messages - 1 > after);
    return this.#arrivals.slice(first, first + limit);
  }

  async timeline(
    group: GroupId,
    kind: TimelineKind,
    before: TimelineRow | number | undefined,
    limit: number,
  ): Promise<readonly TimelineRow[]> {
    await this.#turn();
    const rows = this.#timelines.get(timelineName(this.#state.findGroup(group) ?? 0, kind)) ?? [];
    const end = before === undefined ? rows.length : lowest(rows, isFrom(this.#placeOf(before)));
    return rows
      .slice(Math.max(0, end - limit), end)
      .reverse()
      .map(({ time, first, feed, from }) => ({ time, first, feed, from }));
  }

  async timelineFrom(
    group: GroupId,
    kind: TimelineKind,
    from: TimelineRow | number,
    limit: number,
  ): Promise<readonly TimelineRow[]> {
    await this.#turn();
    const rows = this.#timelines.get(timelineName(this.#state.findGroup(group) ?? 0, kind)) ?? [];
    const place = this.#placeOf(from);
    const isBehind = typeof from === 'number' ? place : { ...place, from: place.from + 1 };
    const start = lowest(rows, isFrom(isBehind));
    return rows
      .slice(start, start + limit)
      .map(({ time, first, feed, from: of }) => ({ time, first, feed, from: of }));
  }

  async positions(id: MessageId): Promise<readonly Position[]> {
    await this.#turn();
    return positionsOf(this.#places.get(prefixOf(id)) ?? []);
  }

  async labelled(label: string): Promise<readonly Position[]> {
    await this.#turn();
    return positionsOf(this.#labels.get(label) ?? []);
  }

  rewrites(): number {
    return this.#state.rewrites;
  }

  async local(prefix: string): Promise<readonly LocalRow[]> {
    await this.#turn();
    return [...this.#local]
      .filter(([key]) => key.startsWith(prefix))
      .map(([key, value]) => ({ key, value }))
      .sort((a, b) => (a.key < b.key ? -1 : 1));
  }

  async findLocal(key: string): Promise<Uint8Array | undefined> {
    await this.#turn();
    return this.#local.get(key);
  }

  async bytes(): Promise<number> {
    await this.#turn();
    return this.#bytes;
  }

  /** Nothing is kept of what is erased. */
  reclaim(): Promise<void> {
    return this.#turn();
  }

  close(): Promise<void> {
    this.#closed = true;
    return Promise.resolve();
  }

  #placeOf(before: TimelineRow | number): Omit<PlacedRow, 'feed' | 'first'> {
    if (typeof before === 'number') return { time: before, number: 0, from: 0 };
    const { time, feed, from } = before;
    return { time, number: this.#state.find(feed)?.number ?? 0, from };
  }

  /** Answers come later, as from a disk. */
  async #turn(): Promise<void> {
    await Promise.resolve();
    if (this.#closed) throw new SkychatError('closing', 'the store is closed');
  }

  #shapeOf({ feed, from }: RecordKey): SegmentShape | undefined {
    const records = this.#records.get(this.#state.find(feed)?.number ?? 0);
    const record = records?.find((candidate) => candidate.from === from);
    return record && findSegmentShape(record.bytes, record.signed);
  }

  /** @returns by how many labelled messages there are more, and whether some are in the feed already */
  #putRecord({ record, known, shape, arrival }: PlannedRecord): {
    labelled: number;
    repeats: boolean;
  } {
    const { feed, from, signed, messages } = record;
    const { number } = known;
    const bytes = record.bytes.slice();
    let repeats = false;
    let moves = false;
    let labelled = 0;
    for (const { id, seq, index, label } of messages) {
      const place = { feed, seq, index, number };
      const places = listIn(this.#places, prefixOf(id));
      const at = places.findIndex((one) => one.number === number);
      const other = places[at];
      if (other !== undefined && isBefore(other, place)) {
        repeats = true;
        continue;
      }
      if (other !== undefined) {
        places.splice(at, 1);
        labelled -= this.#leave(other);
        moves = true;
      }
      places.push(place);
      if (label === undefined) continue;
      if (isNoText(label)) labelled++;
      insert(listIn(this.#labels, label), place, isBefore);
    }
    if (moves) this.#state.rewrites += 2;
    const stored = { feed, from, roots: shape.roots, bytes, signed, arrival, repeats };
    insert(listIn(this.#records, number), stored, (a, b) => a.from < b.from);
    this.#bytes += bytes.length;
    if (!record.held) this.#show(record, known, shape, arrival);
    return { labelled, repeats: repeats || moves };
  }

  /**
   * A message of a tail stands earlier in the feed as well: its place in the tail is not its first.
   * @returns by how many labelled messages there are fewer
   */
  #leave(place: Labelled): number {
    const records = this.#records.get(place.number) ?? [];
    const at = lowest(records, ({ from, roots }) => from + roots > place.seq);
    const record = records[at];
    if (record !== undefined) records[at] = { ...record, repeats: true };
    return this.#unlabel((other) => isSamePlace(other, place));
  }

  /** @returns by how many labelled messages there are fewer */
  #erase(erasure: Erasure): number {
    const { feed, seq } = erasure;
    const number = this.#state.find(feed)?.number ?? 0;
    const records = this.#records.get(number) ?? [];
    const at = lowest(records, ({ from, roots }) => from + roots > seq);
    const record = records[at];
    const erased = record && eraseObjects(record, [erasure]);
    if (record === undefined || erased === undefined) return 0;
    records[at] = { ...record, bytes: erased.bytes };
    this.#bytes += erased.bytes.length - record.bytes.length;
    this.#state.rewrites += 2;
    return this.#unlabel((place) => isSamePlace(place, { ...erasure, number }));
  }

  /** @returns how many labelled messages are left out */
  #unlabel(leaves: (place: Labelled) => boolean): number {
    let left = 0;
    for (const [label, places] of this.#labels) {
      const rest = places.filter((place) => !leaves(place));
      if (isNoText(label)) left += places.length - rest.length;
      this.#labels.set(label, rest);
    }
    return left;
  }

  /** @returns by how many labelled messages there are fewer */
  #remove({ number, state }: KnownFeed, tail: FeedTail): number {
    const leaves = (row: RecordKey): boolean => isOfTail(row, state.feed, tail);
    const records = this.#records.get(number) ?? [];
    const rest = records.filter((record) => !leaves(record));
    for (const { bytes } of records.slice(rest.length)) this.#bytes -= bytes.length;
    this.#records.set(number, rest);
    this.#arrivals = this.#arrivals.filter((row) => !leaves(row));
    for (const [name, rows] of this.#timelines) {
      this.#timelines.set(
        name,
        rows.filter((row) => !leaves(row)),
      );
    }
    const isGone = (place: Labelled): boolean => place.number === number && place.seq >= tail.from;
    for (const [prefix, places] of this.#places) {
      if (!places.some(isGone)) continue;
      this.#places.set(
        prefix,
        places.filter((place) => !isGone(place)),
      );
    }
    this.#state.rewrites += 2;
    return this.#unlabel(isGone);
  }

  /** Enters a record into both orders. */
  #show({ feed, from }: RecordKey, known: KnownFeed, shape: SegmentShape, arrival: number): void {
    const row = { arrival, messages: shape.messages, feed, from };
    insert(this.#arrivals, row, (a, b) => a.arrival < b.arrival);
    for (const { first, last } of shape.spans) {
      const kind = first === last ? 'moments' : 'spans';
      const rows = listIn(this.#timelines, timelineName(known.group, kind));
      const placed = { time: last, first, feed, from, number: known.number };
      rows.splice(lowest(rows, isFrom(placed)), 0, placed);
    }
  }
}

/** Whether a row stands at or behind a place in the timeline. */
function isFrom(place: Omit<PlacedRow, 'feed' | 'first'>): (row: PlacedRow) => boolean {
  return (row) => {
    if (row.time !== place.time) return row.time > place.time;
    return row.number !== place.number ? row.number > place.number : row.from >= place.from;
  };
}

function timelineName(group: number, kind: TimelineKind): string {
  return `${group}/${kind}`;
}

function prefixOf(id: MessageId): string {
  return String.fromCharCode(...id.subarray(0, idPrefixBytes));
}

function listIn<K, V>(map: Map<K, V[]>, key: K): V[] {
  const known = map.get(key);
  if (known !== undefined) return known;
  const list: V[] = [];
  map.set(key, list);
  return list;
}

function isBefore(a: Labelled, b: Labelled): boolean {
  if (a.number !== b.number) return a.number < b.number;
  return a.seq !== b.seq ? a.seq < b.seq : a.index < b.index;
}

function isSamePlace(a: Labelled, b: Labelled): boolean {
  return a.number === b.number && a.seq === b.seq && a.index === b.index;
}

/** By feed, in the order of the feed: an earlier place of a message comes first. */
function compareRecords(a: PlannedRecord, b: PlannedRecord): number {
  return a.known.number - b.known.number || a.record.from - b.record.from;
}

/** Puts an item before the first that is not before it. */
function insert<T>(items: T[], item: T, isLower: (a: T, b: T) => boolean): void {
  items.splice(
    lowest(items, (other) => isLower(item, other)),
    0,
    item,
  );
}

function positionsOf(places: readonly Labelled[]): Position[] {
  return places.map(({ feed, seq, index }) => ({ feed, seq, index }));
}

/** The first index whose item satisfies the condition, as all behind it do; else the length. */
function lowest<T>(items: readonly T[], condition: (item: T) => boolean): number {
  let low = 0;
  let high = items.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (condition(items[middle] as T)) high = middle;
    else low = middle + 1;
  }
  return low;
}
