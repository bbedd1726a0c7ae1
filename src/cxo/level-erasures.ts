// Takes objects out of the records of a LevelDB store: each record is rewritten in its place, and the
// labels of what went are deleted. The row of the id stays, so that the message is still found. Reads
// what is replaced, so that it can be brought back; writes nothing.
import { eraseObjects, type Erasure } from './erasure.ts';
import type { Database } from './level-database.ts';
import { parseRecordPlace, recordKey, recordRange } from './level-keys.ts';
import { parseRecord, sealRecord, unsealValue, type RecordBody, type Row } from './level-rows.ts';
import { readLabels, type Rewriting } from './level-tails.ts';
import { storeLimits } from './limits.ts';
import type { FeedId } from './root.ts';
import { findRootCount } from './segment-shape.ts';

interface TouchedRecord {
  readonly feed: FeedId;
  readonly number: number;
  readonly from: number;
  /** The first root behind it. */
  readonly end: number;
  readonly row: Row;
  readonly body: RecordBody;
  readonly erasures: Erasure[];
}

export interface ErasingRecords {
  /** How many of the erasures, from the first on, were dealt with. */
  readonly done: number;
  /** The rewritten records. */
  readonly records: readonly { readonly feed: number; readonly from: number }[];
}

/** Reads up to a batch's worth of records, at least one. What is not there has gone already. */
export async function eraseFromRecords(
  database: Database,
  numberOf: (feed: FeedId) => number | undefined,
  erasures: readonly Erasure[],
  rewriting: Rewriting,
): Promise<ErasingRecords> {
  const touched = new Map<string, TouchedRecord>();
  let latest: TouchedRecord | undefined;
  let bytes = 0;
  let done = 0;
  for (const erasure of erasures) {
    const number = numberOf(erasure.feed);
    if (number !== undefined && !holds(latest, number, erasure.seq)) {
      if (bytes >= storeLimits.batchBytesMax) break;
      const found = await readRecordWith(database, erasure, number);
      latest = found && (touched.get(nameOf(found)) ?? found);
      if (found !== undefined && latest === found) {
        touched.set(nameOf(found), found);
        bytes += found.row.value.length;
      }
    }
    if (number !== undefined && holds(latest, number, erasure.seq)) latest?.erasures.push(erasure);
    done++;
  }
  const records: { feed: number; from: number }[] = [];
  for (const record of touched.values()) {
    const isRewritten = await rewrite(database, record, rewriting);
    if (isRewritten) records.push({ feed: record.number, from: record.from });
  }
  return { done, records };
}

function holds(record: TouchedRecord | undefined, number: number, seq: number): boolean {
  return record?.number === number && record.from <= seq && seq < record.end;
}

function nameOf({ number, from }: TouchedRecord): string {
  return `${number}/${from}`;
}

/** Undefined where there is none, or it is damaged: then there is nothing to show either. */
async function readRecordWith(
  database: Database,
  { feed, seq }: Erasure,
  number: number,
): Promise<TouchedRecord | undefined> {
  const range = { gte: recordRange(number).gte, lt: recordKey({ feed: number, from: seq + 1 }) };
  const [row] = await database.page(range, { limit: 1, reverse: true });
  const from = row && parseRecordPlace(row.key)?.from;
  const unsealed = row && unsealValue(row.key, row.value);
  const body = unsealed && parseRecord(unsealed);
  const roots = body && findRootCount(body.bytes);
  if (row === undefined || from === undefined || body === undefined) return undefined;
  if (roots === undefined || from + roots <= seq) return undefined;
  return { feed, number, from, end: from + roots, row, body, erasures: [] };
}

/** @returns whether anything of the record goes */
async function rewrite(
  database: Database,
  { feed, number, from, row, body, erasures }: TouchedRecord,
  rewriting: Rewriting,
): Promise<boolean> {
  const erased = eraseObjects({ feed, from, bytes: body.bytes, signed: body.signed }, erasures);
  if (erased === undefined) return false;
  rewriting.replace(row, sealRecord(row.key, { ...body, bytes: erased.bytes }));
  const seqs = erased.places.map(({ seq }) => seq);
  const [first, last] = [Math.min(...seqs), Math.max(...seqs)];
  const gone = new Set(erased.places.map(({ seq, index }) => `${seq}/${index}`));
  for await (const { row: label, place } of readLabels(database, number, first, last)) {
    if (gone.has(`${place.seq}/${place.index}`)) rewriting.remove(label);
  }
  return true;
}
