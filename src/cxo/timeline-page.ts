// One page of a group's timeline: merges records whose times overlap, newest message first. Rows are
// opened from the newest downwards, and a message is given once no unopened row can hold a later one.
import type { DecodedRecord } from './decoded-record.ts';
import type { Entry } from './entry.ts';
import type { GroupId } from './ids.ts';
import { storeLimits } from './limits.ts';
import type { RecordKey, Store, TimelineKind, TimelineRow } from './store.ts';

/** A place in the timeline, which every entry is. */
export type TimelinePosition = Pick<Entry, 'time' | 'feed' | 'seq' | 'index'>;

/** The same order on every node: time, author, head, seq, index. */
export function compareTimeline(a: TimelinePosition, b: TimelinePosition): number {
  if (a.time !== b.time) return a.time - b.time;
  if (a.feed.author !== b.feed.author) return a.feed.author < b.feed.author ? -1 : 1;
  if (a.feed.head !== b.feed.head) return a.feed.head - b.feed.head;
  return a.seq !== b.seq ? a.seq - b.seq : a.index - b.index;
}

export type LoadRecord = (record: RecordKey) => Promise<DecodedRecord | undefined>;

/** The messages of a record between two times, from the last backwards. */
class PartCursor {
  readonly #record: DecodedRecord;
  readonly #first: number;
  #at: number;
  current: Entry | undefined;

  constructor(record: DecodedRecord, first: number, last: number) {
    this.#record = record;
    this.#first = first;
    this.#at = record.length;
    do this.#at--;
    while (this.#at >= 0 && record.timeOf(this.#at) > last);
    this.#settle();
  }

  step(): void {
    this.#at--;
    this.#settle();
  }

  #settle(): void {
    while (this.#record.repeated.has(this.#at)) this.#at--;
    const isInside = this.#at >= 0 && this.#record.timeOf(this.#at) >= this.#first;
    this.current = isInside ? this.#record.entry(this.#at) : undefined;
  }
}

/** Rows of one kind in their order, read in pages as they are needed. */
export class RowStream {
  readonly #read: (last: TimelineRow | number | undefined) => Promise<readonly TimelineRow[]>;
  #last: TimelineRow | number | undefined;
  #rows: readonly TimelineRow[] = [];
  #at = 0;
  #ended = false;

  constructor(
    begin: number | undefined,
    read: (last: TimelineRow | number | undefined) => Promise<readonly TimelineRow[]>,
  ) {
    this.#last = begin;
    this.#read = read;
  }

  /** The next row, which stays the next until `step`. */
  async peek(): Promise<TimelineRow | undefined> {
    if (this.#at === this.#rows.length && !this.#ended) {
      this.#rows = await this.#read(this.#last);
      this.#at = 0;
      this.#last = this.#rows.at(-1);
      this.#ended = this.#last === undefined;
    }
    return this.#rows[this.#at];
  }

  step(): void {
    this.#at++;
  }
}

/**
 * Up to `limit` messages of the group, newest first: all, or those that sort before a position.
 * Damaged records are left out.
 */
export async function readTimelinePage(
  store: Store,
  load: LoadRecord,
  group: GroupId,
  before: TimelinePosition | undefined,
  limit: number,
): Promise<Entry[]> {
  const rowsMax = Math.min(limit, storeLimits.timelineRowsMax);
  const rowsOf = (kind: TimelineKind) => async (bound: TimelineRow | number | undefined) => {
    const rows = await store.timeline(group, kind, bound, rowsMax);
    // Nearly every row of a moment is opened: all at once costs a third of one by one.
    if (kind === 'moments') await Promise.all(rows.map(load));
    return rows;
  };
  const latestTime = before?.time ?? Infinity;
  const end = before && before.time + 1;
  const moments = new RowStream(end, rowsOf('moments'));
  const spans = new RowStream(end && end + storeLimits.spanMax, rowsOf('spans'));
  const cursors = new Set<PartCursor>();
  const entries: Entry[] = [];
  let bound = before;
  while (entries.length < limit) {
    const latest = latestOf(cursors);
    const stream = await laterOf(moments, spans);
    const row = await stream.peek();
    if (row !== undefined && (latest?.current === undefined || row.time >= latest.current.time)) {
      stream.step();
      if (row.first > latestTime) continue;
      const record = await load(row);
      if (record !== undefined)
        cursors.add(new PartCursor(record, row.first, Math.min(row.time, latestTime)));
      continue;
    }
    if (latest?.current === undefined) break;
    // Each before the last, though a record came anew in a place from which it was withdrawn.
    if (bound === undefined || compareTimeline(latest.current, bound) < 0) {
      entries.push(latest.current);
      bound = latest.current;
    }
    latest.step();
  }
  return entries;
}

async function laterOf(moments: RowStream, spans: RowStream): Promise<RowStream> {
  const moment = await moments.peek();
  const span = await spans.peek();
  return moment === undefined || (span !== undefined && span.time > moment.time) ? spans : moments;
}

/** The cursor that stands on the latest message. Those that are done are dropped. */
function latestOf(cursors: Set<PartCursor>): PartCursor | undefined {
  let latest: PartCursor | undefined;
  for (const cursor of cursors) {
    if (cursor.current === undefined) cursors.delete(cursor);
    else if (latest?.current === undefined || compareTimeline(cursor.current, latest.current) > 0) {
      latest = cursor;
    }
  }
  return latest;
}
