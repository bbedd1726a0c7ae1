// One page of a group's timeline from a place on: merges records whose times overlap, oldest message
// first. The mirror of timeline-page.ts, but that rows stand at the time of their last message: one may
// hold messages from as much below it as a span is long.
import type { DecodedRecord } from './decoded-record.ts';
import type { Entry } from './entry.ts';
import type { GroupId } from './ids.ts';
import { storeLimits } from './limits.ts';
import type { Store, TimelineKind, TimelineRow } from './store.ts';
import {
  compareTimeline,
  RowStream,
  type LoadRecord,
  type TimelinePosition,
} from './timeline-page.ts';

/** The messages of a record between two times, from the first on. */
class PartCursor {
  readonly #record: DecodedRecord;
  readonly #last: number;
  #at = 0;
  current: Entry | undefined;

  constructor(record: DecodedRecord, first: number, last: number) {
    this.#record = record;
    this.#last = last;
    while (this.#at < record.length && record.timeOf(this.#at) < first) this.#at++;
    this.#settle();
  }

  step(): void {
    this.#at++;
    this.#settle();
  }

  #settle(): void {
    while (this.#record.repeated.has(this.#at)) this.#at++;
    const isInside = this.#at < this.#record.length && this.#record.timeOf(this.#at) <= this.#last;
    this.current = isInside ? this.#record.entry(this.#at) : undefined;
  }
}

/** Rows of both kinds by their first message, as far as they have to be known. */
class Rows {
  readonly #moments: RowStream;
  readonly #spans: RowStream;
  /** Rows of spans that were read and not opened, the one that begins first at the end. */
  readonly #waiting: TimelineRow[] = [];

  constructor(moments: RowStream, spans: RowStream) {
    this.#moments = moments;
    this.#spans = spans;
  }

  /** The row that begins first, where it does not begin behind `upTo`; it is not given again. */
  async take(upTo: number): Promise<TimelineRow | undefined> {
    const moment = await this.#moments.peek();
    for (;;) {
      const known = Math.min(
        upTo,
        moment?.first ?? Infinity,
        this.#waiting.at(-1)?.first ?? Infinity,
      );
      const span = await this.#spans.peek();
      if (span === undefined || span.time - storeLimits.spanMax > known) break;
      this.#spans.step();
      let place = this.#waiting.length;
      while (place > 0 && (this.#waiting[place - 1]?.first ?? 0) < span.first) place--;
      this.#waiting.splice(place, 0, span);
    }
    const span = this.#waiting.at(-1);
    const isMoment = moment !== undefined && (span === undefined || moment.first <= span.first);
    const row = isMoment ? moment : span;
    if (row === undefined || row.first > upTo) return undefined;
    if (isMoment) this.#moments.step();
    else this.#waiting.pop();
    return row;
  }
}

/**
 * Up to `limit` messages of the group, oldest first: all, or those that sort at or behind a position.
 * Damaged records are left out.
 */
export async function readTimelineOnward(
  store: Store,
  load: LoadRecord,
  group: GroupId,
  from: TimelinePosition | undefined,
  limit: number,
): Promise<Entry[]> {
  const rowsMax = Math.min(limit, storeLimits.timelineRowsMax);
  const rowsOf = (kind: TimelineKind) => async (bound: TimelineRow | number | undefined) => {
    const rows = await store.timelineFrom(group, kind, bound ?? 0, rowsMax);
    if (kind === 'moments') await Promise.all(rows.map(load));
    return rows;
  };
  const firstTime = from?.time ?? 0;
  const rows = new Rows(
    new RowStream(firstTime, rowsOf('moments')),
    new RowStream(firstTime, rowsOf('spans')),
  );
  const cursors = new Set<PartCursor>();
  const entries: Entry[] = [];
  let bound: TimelinePosition | undefined;
  while (entries.length < limit) {
    const earliest = earliestOf(cursors);
    const row = await rows.take(earliest?.current?.time ?? Infinity);
    if (row !== undefined) {
      const record = await load(row);
      const first = Math.max(row.first, firstTime);
      if (record !== undefined) cursors.add(new PartCursor(record, first, row.time));
      continue;
    }
    if (earliest?.current === undefined) break;
    const isFrom = from === undefined || compareTimeline(earliest.current, from) >= 0;
    // Each behind the last, though a record came anew in a place from which it was withdrawn.
    if (isFrom && (bound === undefined || compareTimeline(earliest.current, bound) > 0)) {
      entries.push(earliest.current);
      bound = earliest.current;
    }
    earliest.step();
  }
  return entries;
}

/** The cursor that stands on the earliest message. Those that are done are dropped. */
function earliestOf(cursors: Set<PartCursor>): PartCursor | undefined {
  let earliest: PartCursor | undefined;
  for (const cursor of cursors) {
    if (cursor.current === undefined) cursors.delete(cursor);
    else if (
      earliest?.current === undefined ||
      compareTimeline(cursor.current, earliest.current) < 0
    ) {
      earliest = cursor;
    }
  }
  return earliest;
}
