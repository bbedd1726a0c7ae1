// What a commit does to rows of a LevelDB store that are there already: all rows of a tail go when it
// is withdrawn, and a message of a tail that turns out to stand earlier in its feed is moved there.
// Reads what goes and what is replaced, so that it can be brought back; writes nothing.
import { isNoText } from './record.ts';
import { toHex } from '../bytes.ts';
import { DecodedRecord } from './decoded-record.ts';
import type { FeedTail } from './feed.ts';
import { orderRows } from './level-changes.ts';
import type { Batch, Database } from './level-database.ts';
import {
  heldKey,
  idKeyBytes,
  kindRange,
  labelKey,
  labelRange,
  parseIdRow,
  parseLabelKey,
  parseRecordPlace,
  putIdKey,
  recordKey,
  recordRange,
  rowKinds,
} from './level-keys.ts';
import { parseRecord, sealRecord, unsealValue, type Row } from './level-rows.ts';
import type { FeedId } from './root.ts';
import { findSegmentShape } from './segment-shape.ts';
import type { KnownFeed } from './store-state.ts';

/** A message of a tail, by its root and place in it. */
export interface TailPlace {
  readonly seq: number;
  readonly index: number;
}

/** Rows that a batch deletes or replaces, and what brings them back. */
export class Rewriting {
  readonly #removed = new Map<string, Row>();
  readonly #replaced = new Map<string, Row>();
  readonly #before: Row[] = [];
  /** Sound rows of labels among those that go. */
  labels = 0;

  get isEmpty(): boolean {
    return this.#removed.size + this.#replaced.size + this.#before.length === 0;
  }

  removes(key: Uint8Array): boolean {
    return this.#removed.size > 0 && this.#removed.has(toHex(key));
  }

  remove(row: Row): void {
    const name = toHex(row.key);
    if (this.#removed.has(name)) return;
    this.#removed.set(name, row);
    const isLabel = row.key[0] === rowKinds.label && unsealValue(row.key, row.value) !== undefined;
    if (isLabel && isNoText(parseLabelKey(row.key)?.label ?? '')) this.labels++;
  }

  /** The last replacement of a row counts. */
  replace(before: Row, after: Row): void {
    this.keep(before);
    this.#replaced.set(toHex(after.key), after);
  }

  /** A row that another part of the batch replaces. */
  keep(before: Row): void {
    this.#before.push(before);
  }

  /** Comes first in a batch: a row that goes may be put anew. */
  put(batch: Batch): void {
    for (const { key } of this.#removed.values()) batch.del(key);
    for (const { key, value } of this.#replaced.values()) batch.put(key, value);
  }

  /** Comes last in a batch. */
  undo(batch: Batch): void {
    for (const { key, value } of this.#removed.values()) batch.put(key, value);
    for (const { key, value } of this.#before) batch.put(key, value);
  }
}

/**
 * Every row that a tail has. They are in memory together until the batch with their deletion is
 * written, so that it can be taken back: what bounds them is how long the caller lets a tail grow.
 */
export async function removeTail(
  database: Database,
  { number, group, state }: KnownFeed,
  tail: FeedTail,
  rewriting: Rewriting,
): Promise<void> {
  for await (const row of database.scan(recordRange(number, tail.from))) {
    rewriting.remove(row);
    for (const one of await readIndexRows(database, row, group, state.feed)) {
      const place = one.key[0] === rowKinds.id ? parseIdRow(one.key, one.value) : undefined;
      // A message that stands in the chain as well has its row for that place.
      if (place === undefined || place.seq >= tail.from) rewriting.remove(one);
    }
  }
  for await (const { row } of readLabels(database, number, tail.from, tail.head.seq)) {
    rewriting.remove(row);
  }
}

/** The rows of a record in both orders, or among the held ones, and of its ids. */
async function readIndexRows(
  database: Database,
  { key, value }: Row,
  group: number,
  feed: FeedId,
): Promise<Row[]> {
  const place = parseRecordPlace(key);
  const unsealed = unsealValue(key, value);
  const body = unsealed && parseRecord(unsealed);
  const shape = body && findSegmentShape(body.bytes, body.signed);
  const decoded =
    body && place && DecodedRecord.parse({ ...body, feed, from: place.from, roots: 0 });
  // Of a damaged record nothing more is known; what points to it leads nowhere from now on.
  if (shape === undefined || decoded === undefined || place === undefined) return [];
  const keys = decoded.stored.arrival === 0 ? [heldKey(place)] : [];
  if (decoded.stored.arrival > 0) {
    const rows = orderRows(place, group, shape, decoded.stored.arrival);
    for (const row of rows) keys.push(row.key);
  }
  for (let at = 0; at < decoded.length; at++) {
    const idKey = new Uint8Array(idKeyBytes);
    putIdKey(idKey, 0, decoded.entry(at).id, place.feed);
    keys.push(idKey);
  }
  const values = await database.getMany(keys);
  return keys.flatMap((one, i) => {
    const found = values[i];
    return found === undefined ? [] : [{ key: one, value: found }];
  });
}

/**
 * Messages of a tail stand earlier in the feed: their places in it are not their first any more.
 * @returns the records of the tail that hold them
 */
export async function movePlaces(
  database: Database,
  { number }: KnownFeed,
  tail: FeedTail,
  places: readonly TailPlace[],
  rewriting: Rewriting,
): Promise<readonly number[]> {
  const left = new Set(places.map(nameOf));
  for await (const { row, place } of readLabels(database, number, tail.from, tail.head.seq)) {
    if (left.has(nameOf(place))) rewriting.remove(row);
  }
  const flagged: number[] = [];
  let next = 0;
  for (const { seq } of [...places].sort((a, b) => a.seq - b.seq)) {
    if (seq < next) continue;
    const record = await markRepeating(database, number, tail, seq, rewriting);
    next = record?.end ?? seq + 1;
    if (record !== undefined) flagged.push(record.from);
  }
  return flagged;
}

/** The record that holds the root says from now on that a message of it may stand earlier. */
async function markRepeating(
  database: Database,
  number: number,
  { from: first }: FeedTail,
  seq: number,
  rewriting: Rewriting,
): Promise<{ readonly from: number; readonly end: number } | undefined> {
  const range = {
    gte: recordKey({ feed: number, from: first }),
    lt: recordKey({ feed: number, from: seq + 1 }),
  };
  const [row] = await database.page(range, { limit: 1, reverse: true });
  const from = row && parseRecordPlace(row.key)?.from;
  const unsealed = row && unsealValue(row.key, row.value);
  const body = unsealed && parseRecord(unsealed);
  const shape = body && findSegmentShape(body.bytes, body.signed);
  if (row === undefined || from === undefined || body === undefined) return undefined;
  if (shape === undefined) return undefined;
  rewriting.replace(row, sealRecord(row.key, { ...body, repeats: true }));
  return { from, end: from + shape.roots };
}

interface LabelledRow {
  readonly row: Row;
  readonly place: TailPlace;
}

/** The rows of labels of a feed's roots. Steps from label to label: there are few, with many rows each. */
export async function* readLabels(
  database: Database,
  feed: number,
  first: number,
  last: number,
): AsyncGenerator<LabelledRow> {
  const { gte: begin, lt } = kindRange(rowKinds.label);
  let gte = begin;
  for (;;) {
    const [next] = await database.page({ gte, lt }, { limit: 1, values: false });
    const label = next && parseLabelKey(next.key)?.label;
    if (next === undefined) return;
    if (label === undefined) {
      // Not a key of ours: the one behind it.
      gte = Uint8Array.from([...next.key, 0]);
      continue;
    }
    const range = {
      gte: labelKey(label, { feed, seq: first, index: 0 }),
      lt: labelKey(label, { feed, seq: last + 1, index: 0 }),
    };
    for await (const row of database.scan(range)) {
      const place = parseLabelKey(row.key);
      if (place !== undefined) yield { row, place };
    }
    gte = labelRange(label).lt;
  }
}

function nameOf({ seq, index }: TailPlace): string {
  return `${seq}/${index}`;
}
