// The store on LevelDB: feeds, records, both orders and local rows in one directory. Reads here;
// writes are level-writer's. Knows nothing of objects and signatures.
import { concat } from '../bytes.ts';
import type { Random } from '../env.ts';
import { stretchOf, type FeedState } from './feed.ts';
import type { GroupId, MessageId } from './ids.ts';
import { LevelDatabase, type Database } from './level-database.ts';
import {
  arrivalKey,
  idRange,
  kindRange,
  labelRange,
  localKey,
  parseArrival,
  parseIdRow,
  parseLabelKey,
  parseLocalKey,
  parseRecordPlace,
  parseTimelinePlace,
  prefixRange,
  recordKey,
  rowKinds,
  timelineRange,
  timelineRangeFrom,
  type KeyRange,
  type MessagePlace,
  type TimelinePlace,
} from './level-keys.ts';
import { checkSchema, loadState } from './level-load.ts';
import { parseRecord, parseVarints, unsealValue, type Row } from './level-rows.ts';
import { storeLimits } from './limits.ts';
import { LevelWriter } from './level-writer.ts';
import type { FeedId } from './root.ts';
import { findRootCount } from './segment-shape.ts';
import type { KnownFeed, StoreState } from './store-state.ts';
import type {
  ArrivalRow,
  Commit,
  CommitArrivals,
  DamageListener,
  HeldRecord,
  LocalRow,
  Position,
  Store,
  StoredRecord,
  TimelineKind,
  TimelineRow,
} from './store.ts';

export interface LevelStoreOptions {
  /** For the id of a new store. */
  readonly random: Random;
  /** Told of rows that are damaged: they are left out, and everything else goes on. */
  readonly onDamage: DamageListener;
}

/**
 * Opens the store in a directory of its own, made where there is none.
 * @throws SkychatError `data-locked`, `store-newer`, `store-damaged`, `disk-full` or `store-failed`
 */
export async function openLevelStore(
  path: string,
  options: LevelStoreOptions,
): Promise<LevelStore> {
  const database = await LevelDatabase.open(path, (what) => {
    options.onDamage({ feed: undefined, from: undefined, what });
  });
  return openStoreOn(database, options);
}

/**
 * Opens the store on a database, which is closed with it.
 * @throws SkychatError `store-newer`, `store-damaged`, `disk-full` or `store-failed`
 */
export async function openStoreOn(
  database: Database,
  { random, onDamage }: LevelStoreOptions,
): Promise<LevelStore> {
  try {
    const meta = await checkSchema(database, random);
    const state = await loadState(database, meta, onDamage);
    return new LevelStore(database, state, onDamage);
  } catch (error) {
    await database.close();
    throw error;
  }
}

/** Reads a chain or a tail as it stood when the reading began. */
interface StretchReader {
  readonly known: KnownFeed;
  readonly from: number;
  readonly last: number;
  readonly rewrites: number;
}

export class LevelStore implements Store {
  readonly #database: Database;
  readonly #state: StoreState;
  readonly #writer: LevelWriter;
  readonly #onDamage: DamageListener;

  /** Use `openLevelStore`. */
  constructor(database: Database, state: StoreState, onDamage: DamageListener) {
    this.#database = database;
    this.#state = state;
    this.#writer = new LevelWriter(database, state, onDamage);
    this.#onDamage = onDamage;
  }

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

  commit(change: Commit): Promise<CommitArrivals> {
    return this.#writer.commit(change);
  }

  async records(feed: FeedId, seq: number, bytesMax: number): Promise<readonly StoredRecord[]> {
    const known = this.#state.find(feed);
    const stretch = known && stretchOf(known.state, seq);
    if (known === undefined || stretch === undefined) return [];
    const { rewrites } = this.#state;
    const reader: StretchReader = { known, ...stretch, rewrites };
    const first = await this.#recordWith(reader, seq);
    if (first === undefined) return [];
    const records = [first];
    const left = bytesMax - first.bytes.length;
    let next = first.from + first.roots;
    if (left <= 0 || next > stretch.last) return records;
    const range = {
      gte: recordKey({ feed: known.number, from: next }),
      lt: recordKey({ feed: known.number, from: stretch.last + 1 }),
    };
    const rows = await this.#database.page(range, {
      limit: stretch.last - next + 1,
      bytesMax: left,
    });
    for (const row of rows) {
      const from = parseRecordPlace(row.key)?.from;
      const record = from === next ? this.#parseRecord(known, next, row) : undefined;
      if (record === undefined) {
        if (from !== next) this.#reportMissing(reader, next);
        break;
      }
      records.push(record);
      next += record.roots;
    }
    return records;
  }

  async arrivals(after: number, limit: number): Promise<readonly ArrivalRow[]> {
    const all = kindRange(rowKinds.arrival);
    const upTo = { gte: all.gte, lt: arrivalKey(after + 2) };
    // The row that holds the number behind `after`, or the last one before it.
    const [row] = await this.#database.page(upTo, { limit: 1, reverse: true });
    // A batch that is on disk and not adopted yet has records that cannot be found.
    const range = { gte: row?.key ?? all.gte, lt: arrivalKey(this.#state.latestArrival + 1) };
    return this.#parsed(range, { limit }, (candidate) => {
      const arrival = this.#parseArrival(candidate);
      const isAbove = arrival === undefined || arrival.arrival + arrival.messages - 1 > after;
      return isAbove ? arrival : 'skip';
    });
  }

  async timeline(
    group: GroupId,
    kind: TimelineKind,
    before: TimelineRow | number | undefined,
    limit: number,
  ): Promise<readonly TimelineRow[]> {
    const number = this.#state.findGroup(group);
    if (number === undefined) return [];
    const range = timelineRange(kind, number, this.#timelinePlace(number, before));
    return this.#parsed(range, { limit, reverse: true }, (row) => this.#parseTimeline(row));
  }

  async timelineFrom(
    group: GroupId,
    kind: TimelineKind,
    from: TimelineRow | number,
    limit: number,
  ): Promise<readonly TimelineRow[]> {
    const number = this.#state.findGroup(group);
    if (number === undefined) return [];
    const range = timelineRangeFrom(kind, number, this.#timelinePlace(number, from) ?? 0);
    return this.#parsed(range, { limit }, (row) => this.#parseTimeline(row));
  }

  async positions(id: MessageId): Promise<readonly Position[]> {
    const options = { limit: storeLimits.positionsMax };
    return this.#parsed(idRange(id), options, ({ key, value }) =>
      this.#position(parseIdRow(key, value)),
    );
  }

  async labelled(label: string): Promise<readonly Position[]> {
    return this.#parsed(
      labelRange(label),
      { limit: Infinity },
      ({ key, value }) => unsealValue(key, value) && this.#position(parseLabelKey(key)),
    );
  }

  rewrites(): number {
    return this.#state.rewrites;
  }

  async local(prefix: string): Promise<readonly LocalRow[]> {
    return this.#parsed(prefixRange(localKey(prefix)), { limit: Infinity }, (row) => {
      const value = unsealValue(row.key, row.value);
      const key = parseLocalKey(row.key);
      return value === undefined || key === undefined ? undefined : { key, value };
    });
  }

  async findLocal(key: string): Promise<Uint8Array | undefined> {
    const row = localKey(key);
    const value = await this.#database.get(row);
    const body = value && unsealValue(row, value);
    if (value !== undefined && body === undefined) this.#report(undefined, undefined, 'local row');
    return body;
  }

  /** Every row as of one moment: a copy of them is a store that is the same. */
  rows(): AsyncIterable<Row> {
    return this.#database.snapshot();
  }

  bytes(): Promise<number> {
    return this.#database.bytes();
  }

  reclaim(everything = false): Promise<void> {
    return this.#writer.reclaim(everything);
  }

  async close(): Promise<void> {
    await this.#writer.close();
    await this.#database.close();
  }

  /**
   * Rows of a range as what they say. One that says nothing (undefined) is damaged and reported; the
   * rows behind it take its place, so that an answer is shorter than the limit only at the end.
   */
  async #parsed<T>(
    range: KeyRange,
    { limit, reverse = false }: { limit: number; reverse?: boolean },
    parse: (row: Row) => T | 'skip' | undefined,
  ): Promise<Exclude<T, 'skip'>[]> {
    const parsed: Exclude<T, 'skip'>[] = [];
    let { gte, lt } = range;
    while (parsed.length < limit) {
      const wanted = Math.min(limit - parsed.length, storeLimits.pageRowsMax);
      const rows = await this.#database.page({ gte, lt }, { limit: wanted, reverse });
      for (const row of rows) {
        const one = parse(row);
        if (one === undefined) this.#report(undefined, undefined, `row of kind ${row.key[0] ?? 0}`);
        else if (one !== 'skip') parsed.push(one as Exclude<T, 'skip'>);
      }
      const last = rows.at(-1);
      if (last === undefined || rows.length < wanted) break;
      if (reverse) lt = last.key;
      else gte = concat(last.key, Uint8Array.of(0));
    }
    return parsed;
  }

  /** The record that holds the root. */
  async #recordWith(reader: StretchReader, seq: number): Promise<StoredRecord | undefined> {
    const { known, from: begin } = reader;
    const { number } = known;
    const key = recordKey({ feed: number, from: seq });
    const value = await this.#database.get(key);
    if (value !== undefined) return this.#parseRecord(known, seq, { key, value });
    const range = { gte: recordKey({ feed: number, from: begin }), lt: key };
    const [row] = await this.#database.page(range, { limit: 1, reverse: true });
    const from = row && parseRecordPlace(row.key)?.from;
    const record = row && from !== undefined ? this.#parseRecord(known, from, row) : undefined;
    if (record !== undefined && record.from + record.roots > seq) return record;
    if (record !== undefined || row === undefined) this.#reportMissing(reader, seq);
    return undefined;
  }

  /** Unless it was withdrawn while it was looked for. */
  #reportMissing({ known, rewrites }: StretchReader, seq: number): void {
    const isCertain = rewrites === this.#state.rewrites && rewrites % 2 === 0;
    if (isCertain) this.#report(known.state.feed, seq, 'missing record');
  }

  #parseRecord({ state }: KnownFeed, from: number, { key, value }: Row): StoredRecord | undefined {
    const { feed } = state;
    const body = unsealValue(key, value);
    const record = body && parseRecord(body);
    const roots = record && findRootCount(record.bytes);
    if (record === undefined || roots === undefined) {
      this.#report(feed, from, 'record');
      return undefined;
    }
    const { bytes, signed, arrival, repeats } = record;
    return { feed, from, roots, bytes, signed, arrival, repeats };
  }

  #parseArrival({ key, value }: Row): ArrivalRow | undefined {
    const arrival = parseArrival(key);
    const body = unsealValue(key, value);
    const [messages, number, from] = (body && parseVarints(body, 3)) ?? [];
    const feed = this.#state.findNumber(number ?? 0)?.state.feed;
    if (arrival === undefined || messages === undefined) return undefined;
    return feed === undefined || from === undefined ? undefined : { arrival, messages, feed, from };
  }

  #parseTimeline({ key, value }: Row): TimelineRow | undefined {
    const place = parseTimelinePlace(key);
    const body = unsealValue(key, value);
    const [length] = (body && parseVarints(body, 1)) ?? [];
    const feed = this.#state.findNumber(place?.feed ?? 0)?.state.feed;
    if (place === undefined || length === undefined || feed === undefined) return undefined;
    return { time: place.time, first: place.time - length, feed, from: place.from };
  }

  #timelinePlace(
    group: number,
    before: TimelineRow | number | undefined,
  ): TimelinePlace | number | undefined {
    if (before === undefined || typeof before === 'number') return before;
    const { time, feed, from } = before;
    return { group, time, feed: this.#state.find(feed)?.number ?? 0, from };
  }

  #position(place: MessagePlace | undefined): Position | undefined {
    const feed = place && this.#state.findNumber(place.feed)?.state.feed;
    return feed && { feed, seq: place.seq, index: place.index };
  }

  #report(feed: FeedId | undefined, from: number | undefined, what: string): void {
    this.#onDamage({ feed, from, what });
  }
}
