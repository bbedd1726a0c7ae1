// Walks the records of one feed in a LevelDB store from the first root on, and verifies each from
// its bytes: objects, chain, signatures. For verify-store.ts and repair-store.ts.
import { equal } from '../bytes.ts';
import { accept, emptyHead, type FeedHead } from './feed.ts';
import type { LevelDatabase } from './level-database.ts';
import { parseRecordPlace, recordRange } from './level-keys.ts';
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

/** Ends behind the last record, or with the first one that is not whole or does not fit. */
export async function* walkFeed(
  database: LevelDatabase,
  number: number,
  feed: FeedId,
): AsyncGenerator<WalkStep> {
  let head: FeedHead = emptyHead;
  for await (const row of database.scan(recordRange(number))) {
    const step = verifyRow(row, feed, head);
    yield step;
    if (!step.ok) return;
    ({ head } = step.record.run);
  }
}

function verifyRow(row: Row, feed: FeedId, head: FeedHead): WalkStep {
  const from = parseRecordPlace(row.key)?.from ?? 0;
  if (from !== head.seq + 1) {
    return { ok: false, from: head.seq + 1, what: 'the record is missing' };
  }
  const unsealed = unsealValue(row.key, row.value);
  const body = unsealed && parseRecord(unsealed);
  if (body === undefined) return { ok: false, from, what: 'the record is damaged' };
  const verified = body.signed
    ? verifySegment(feed, from, body.bytes)
    : rebuildRun(feed, from, body.bytes, false);
  if (!verified.ok) return { ok: false, from, what: `the record is ${verified.reason}` };
  const { run } = verified;
  const acceptance = accept(head, run);
  if (acceptance.verdict !== 'accepted') {
    return { ok: false, from, what: `the record does not continue the feed` };
  }
  return { ok: true, record: { from, row, body, run } };
}

export function sameHead(a: FeedHead, b: FeedHead): boolean {
  if (a.seq !== b.seq || a.count !== b.count || a.time !== b.time) return false;
  return a.root === undefined || b.root === undefined ? a.root === b.root : equal(a.root, b.root);
}
