// Gives back the room of what was erased: LevelDB keeps the old bytes of a row in its files until the
// files are merged. Remembers which records were rewritten, and merges those ranges alone, in steps.
import type { Database } from './level-database.ts';
import { kindRange, numberAt, recordKey, rowKinds, type RecordPlace } from './level-keys.ts';
import { storeLimits } from './limits.ts';

interface Span {
  first: number;
  last: number;
}

export class Reclaim {
  /** By feed number. */
  #touched = new Map<number, Span>();

  /** A record was rewritten. */
  note({ feed, from }: RecordPlace): void {
    const span = this.#touched.get(feed);
    if (span === undefined) this.#touched.set(feed, { first: from, last: from });
    else {
      span.first = Math.min(span.first, from);
      span.last = Math.max(span.last, from);
    }
  }

  /** @param everything also what was rewritten before this start */
  async run(database: Database, everything: boolean): Promise<void> {
    const touched = this.#touched;
    this.#touched = new Map();
    try {
      if (everything) await this.#compactAll(database);
      else {
        for (const { gte, lt } of rangesOf(touched)) await compact(database, gte, lt);
      }
    } catch (error) {
      // Another attempt begins with the same.
      for (const [feed, { first, last }] of touched) {
        this.note({ feed, from: first });
        this.note({ feed, from: last });
      }
      throw error;
    }
  }

  async #compactAll(database: Database): Promise<void> {
    const [last] = await database.page(kindRange(rowKinds.record), { limit: 1, reverse: true });
    if (last === undefined) return;
    const feed = numberAt(last.key, 1, 4);
    await compact(database, { feed: 0, from: 0 }, { feed: feed + 1, from: 0 });
  }
}

/** Feeds whose numbers follow each other share a range: what lies between them is theirs. */
function rangesOf(touched: ReadonlyMap<number, Span>): { gte: RecordPlace; lt: RecordPlace }[] {
  const ranges: { gte: RecordPlace; lt: RecordPlace }[] = [];
  for (const [feed, { first, last }] of [...touched].sort(([a], [b]) => a - b)) {
    const before = ranges.at(-1);
    const lt = { feed, from: last + 1 };
    if (before !== undefined && before.lt.feed >= feed - 1) before.lt = lt;
    else ranges.push({ gte: { feed, from: first }, lt });
  }
  return ranges;
}

/** In halves until each is short enough that a close does not wait for it for long. */
async function compact(database: Database, gte: RecordPlace, lt: RecordPlace): Promise<void> {
  const range = { gte: recordKey(gte), lt: recordKey(lt) };
  const middle = middleOf(gte, lt);
  const isLong = (await database.approximateBytes(range)) > storeLimits.compactBytesMax;
  if (!isLong || middle === undefined) {
    await database.compact(range);
    return;
  }
  await compact(database, gte, middle);
  await compact(database, middle, lt);
}

function middleOf(gte: RecordPlace, lt: RecordPlace): RecordPlace | undefined {
  if (lt.feed > gte.feed + 1) return { feed: (gte.feed + lt.feed) >>> 1, from: 0 };
  if (lt.feed > gte.feed) return lt.from > 0 ? { feed: lt.feed, from: 0 } : undefined;
  const from = Math.floor((gte.from + lt.from) / 2);
  return from > gte.from ? { feed: gte.feed, from } : undefined;
}
