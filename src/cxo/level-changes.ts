// Which rows a planned batch of commits puts and deletes, and which bring back what was before.
// Pure: reads nothing; what it needs of the disk was read before.
import { isNoText } from './record.ts';
import { toHex } from '../bytes.ts';
import { heldRecordOf, type Draft, type PlannedRecord } from './commit-plan.ts';
import type { Batch } from './level-database.ts';
import {
  arrivalKey,
  feedRowKey,
  heldKey,
  idKeyBytes,
  idValueBytes,
  labelKey,
  localKey,
  nameKey,
  numberAt,
  putIdKey,
  putIdValue,
  recordKey,
  timelineKey,
  type RecordPlace,
} from './level-keys.ts';
import type { Rewriting } from './level-tails.ts';
import { encodeFeed, encodeName, sealRecord, sealRow, varints, type Row } from './level-rows.ts';
import type { RecordBody } from './level-rows.ts';
import type { SegmentShape } from './segment-shape.ts';
import type { KnownFeed } from './store-state.ts';
import type { HeldRecord, LocalChange, RecordKey } from './store.ts';

/** A planned record with the rows of its ids. */
export interface ReadyRecord {
  readonly planned: PlannedRecord;
  readonly ids: readonly Row[];
  /** Set for each message that stands earlier in its feed already. */
  repeated: readonly boolean[];
  /** Set also where that could not be read. */
  repeats: boolean;
}

export interface ReadyDraft {
  readonly draft: Draft;
  readonly records: readonly ReadyRecord[];
  /** The records to release, as they were read. */
  readonly released: ReadonlyMap<RecordKey, RecordBody>;
  readonly local: readonly LocalChange[];
  /** Of rows that were there before. */
  readonly rewriting: Rewriting;
}

export function readyRecord(planned: PlannedRecord): ReadyRecord {
  const { messages } = planned.record;
  const width = idKeyBytes + idValueBytes;
  const bytes = new Uint8Array(messages.length * width);
  const ids: Row[] = [];
  let at = 0;
  for (const { id, seq, index } of messages) {
    const valueAt = at + idKeyBytes;
    putIdKey(bytes, at, id, planned.known.number);
    putIdValue(bytes, valueAt, seq, index);
    ids.push({ key: bytes.subarray(at, valueAt), value: bytes.subarray(valueAt, at + width) });
    at += width;
  }
  return { planned, ids, repeated: [], repeats: false };
}

/**
 * Marks the messages that stand earlier in their feed.
 * @param present the ids that the store has a row for, by their number in all; undefined where unknown
 */
export function markRepeats(
  records: readonly ReadyRecord[],
  present: { has(at: number): boolean } | undefined,
): void {
  const earlier = findAlike(records.flatMap(({ ids }) => ids));
  let at = 0;
  for (const record of records) {
    const repeated: boolean[] = [];
    let any = present === undefined;
    for (let i = 0; i < record.ids.length; i++, at++) {
      const repeats = present?.has(at) === true || earlier.has(at);
      any ||= repeats;
      repeated.push(repeats);
    }
    record.repeated = repeated;
    record.repeats = any;
  }
}

/** The indexes of the rows whose whole key stands before them as well. */
function findAlike(rows: readonly Row[]): ReadonlySet<number> {
  // No two of an honest batch are alike in 6 bytes even; the exact comparison costs ten times more.
  const beginnings = new Set<number>();
  for (const { key } of rows) beginnings.add(numberAt(key, 1, 6));
  const alike = new Set<number>();
  if (beginnings.size === rows.length) return alike;
  const keys = new Set<string>();
  for (const [at, { key }] of rows.entries()) {
    const name = toHex(key);
    if (keys.has(name)) alike.add(at);
    keys.add(name);
  }
  return alike;
}

/** @returns by how many labelled messages there are more */
export function putDraft(ready: ReadyDraft, batch: Batch): number {
  const { draft, records, released, local, rewriting } = ready;
  rewriting.put(batch);
  let labelled = -rewriting.labels;
  for (const record of records) labelled += putRecord(record, batch);
  for (const { release, known } of draft.released) batch.del(heldKey(placeOf(release, known)));
  for (const { release, known, shape, arrival } of draft.releases) {
    const body = released.get(release);
    if (body === undefined) throw new Error('a record to release was read');
    put(batch, sealRecord(recordKey(placeOf(release, known)), { ...body, held: false, arrival }));
    putOrders(batch, release, known, shape, arrival);
  }
  for (const known of draft.newFeeds) put(batch, nameRow(known));
  for (const known of draft.feeds.values()) put(batch, feedRow(known));
  for (const { key, value } of local) {
    if (value === undefined) batch.del(localKey(key));
    else put(batch, sealRow(localKey(key), value));
  }
  return labelled;
}

/** Takes back what `putDraft` did, however much of it is there. */
export function undoDraft(ready: ReadyDraft, oldLocal: readonly LocalChange[], batch: Batch): void {
  putDraft(ready, {
    put: (key) => {
      batch.del(key);
    },
    del: () => undefined,
  });
  const { draft, released } = ready;
  for (const { release, known } of draft.released) {
    const body = released.get(release);
    const place = placeOf(release, known);
    if (body !== undefined) put(batch, sealRecord(recordKey(place), body));
    const record = draft.base.findHeld(release);
    if (record !== undefined) put(batch, heldRow(record, known));
  }
  for (const { state } of draft.feeds.values()) {
    const before = draft.base.find(state.feed);
    if (before !== undefined) put(batch, feedRow(before));
  }
  for (const { key, value } of oldLocal) {
    if (value !== undefined) put(batch, sealRow(localKey(key), value));
  }
  ready.rewriting.undo(batch);
}

/** @returns the number of labelled messages */
export function putRecord({ planned, ids, repeated, repeats }: ReadyRecord, batch: Batch): number {
  const { record, known, shape, arrival } = planned;
  const { signed, held, bytes, messages } = record;
  const key = recordKey(placeOf(record, known));
  put(batch, sealRecord(key, { signed, held, repeats, arrival, bytes }));
  let labelled = 0;
  for (const [i, row] of ids.entries()) {
    if (repeated[i] === true) continue;
    batch.put(row.key, row.value);
    const message = messages[i];
    if (message?.label === undefined) continue;
    const { label, seq, index } = message;
    put(batch, sealRow(labelKey(label, { feed: known.number, seq, index })));
    if (isNoText(label)) labelled++;
  }
  if (held) put(batch, heldRow(heldRecordOf(record), known));
  else putOrders(batch, record, known, shape, arrival);
  return labelled;
}

/** The rows by which a record is in both orders. */
function putOrders(
  batch: Batch,
  record: RecordKey,
  known: KnownFeed,
  shape: SegmentShape,
  arrival: number,
): void {
  for (const row of orderRows(placeOf(record, known), known.group, shape, arrival)) put(batch, row);
}

export function orderRows(
  place: RecordPlace,
  group: number,
  shape: SegmentShape,
  arrival: number,
): Row[] {
  const { messages, spans } = shape;
  const rows = [sealRow(arrivalKey(arrival), varints(messages, place.feed, place.from))];
  for (const { first, last } of spans) {
    const kind = first === last ? 'moments' : 'spans';
    const key = timelineKey(kind, { ...place, group, time: last });
    rows.push(sealRow(key, varints(last - first)));
  }
  return rows;
}

function heldRow({ from, time }: HeldRecord, known: KnownFeed): Row {
  return sealRow(heldKey({ feed: known.number, from }), varints(time));
}

export function feedRow({ number, group, state }: KnownFeed): Row {
  return sealRow(feedRowKey(number), encodeFeed(group, state));
}

export function nameRow({ number, group, state }: KnownFeed): Row {
  return sealRow(nameKey(number), encodeName({ group, feed: state.feed }));
}

function placeOf({ from }: RecordKey, { number }: KnownFeed): RecordPlace {
  return { feed: number, from };
}

function put(batch: Batch, { key, value }: Row): void {
  batch.put(key, value);
}
