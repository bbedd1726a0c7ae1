// Walks the records of one feed in a LevelDB store, those of its chain or of its tail, and verifies
// each from its bytes: objects, chain, signatures. For verify-store.ts and repair-store.ts.
import { accept, emptyHead, tailOf, type FeedHead, type FeedTail } from './feed.ts';
import type { LevelDatabase } from './level-database.ts';
import { parseRecordPlace, recordKey, recordRange } from './level-keys.ts';
import { parseRecord, unsealValue, type RecordBody, type Row } from './level-rows.ts';
import type { FeedId } from './root.ts';
import { rebuildRun, verifySegment, type Run } from './segment.ts';

export interface WalkedRecord {
  readonly from: number;
  readonly row: Row;
  readonly body: RecordBody;
  readonly run: Run;
}

/** A record that is whole and fits, or why the walk ends here. */
export type WalkStep =
  | { readonly ok: true; readonly record: WalkedRecord }
  | { readonly ok: false; readonly from: number; readonly what: string };

/** Consecutive records of a feed, up to before one. */
export interface Stretch {
  readonly number: number;
  readonly feed: FeedId;
  /** Of the first record: 1, or what a tail begins with, which names itself what is before it. */
  readonly from: number;
  /** Records from here on are not looked at. */
  readonly end?: number | undefined;
}

/** Ends behind the last record, or with the first one that is not whole or does not fit. */
export async function* walkFeed(
  database: LevelDatabase,
  { number, feed, from, end }: Stretch,
): AsyncGenerator<WalkStep> {
  const all = recordRange(number, from);
  const range = end === undefined ? all : { ...all, lt: recordKey({ feed: number, from: end }) };
  let head: FeedHead | undefined = from === 1 ? emptyHead : undefined;
  for await (const row of database.scan(range)) {
    const step = verifyRow(row, feed, from, head);
    yield step;
    if (!step.ok) return;
    ({ head } = step.record.run);
  }
}

/** The last stretch of whole records from a seq on that ends in a signature, as a tail. */
export async function findTail(
  database: LevelDatabase,
  number: number,
  feed: FeedId,
  from: number,
): Promise<FeedTail | undefined> {
  let tail: FeedTail | undefined;
  let begin: Run | undefined;
  let head: FeedHead | undefined;
  for await (const row of database.scan(recordRange(number, from))) {
    const place = parseRecordPlace(row.key)?.from ?? 0;
    const continues = head === undefined ? undefined : verifyRow(row, feed, place, head);
    const step = continues?.ok === true ? continues : verifyRow(row, feed, place, undefined);
    const run = step.ok ? step.record.run : undefined;
    if (continues?.ok !== true) begin = run;
    head = run?.head;
    if (begin === undefined || head === undefined) continue;
    if (run?.signature !== undefined) tail = { ...tailOf(begin), head };
  }
  return tail;
}

/** @param head before the record; undefined where the record itself tells what that is */
function verifyRow(row: Row, feed: FeedId, first: number, head: FeedHead | undefined): WalkStep {
  const from = parseRecordPlace(row.key)?.from ?? 0;
  const next = head === undefined ? first : head.seq + 1;
  if (from !== next) return { ok: false, from: next, what: 'the record is missing' };
  const unsealed = unsealValue(row.key, row.value);
  const body = unsealed && parseRecord(unsealed);
  if (body === undefined) return { ok: false, from, what: 'the record is damaged' };
  const verified = body.signed
    ? verifySegment(feed, from, body.bytes)
    : rebuildRun(feed, from, body.bytes, false);
  if (!verified.ok) return { ok: false, from, what: `the record is ${verified.reason}` };
  const { run } = verified;
  if (head !== undefined && accept(head, run).verdict !== 'accepted') {
    return { ok: false, from, what: 'the record does not continue the feed' };
  }
  return { ok: true, record: { from, row, body, run } };
}
