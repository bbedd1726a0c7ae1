// Checks a LevelDB store from the bytes up: every hash, chain, signature and index row. Reads only.
import { compare, equal } from '../bytes.ts';
import { SkychatError } from '../errors.ts';
import { DecodedRecord } from './decoded-record.ts';
import { emptyHead, sameHead, sameRoot, tailOf, type FeedHead, type FeedTail } from './feed.ts';
import { readFeedNames, type NamedFeed } from './feed-names.ts';
import { walkFeed, type WalkedRecord } from './feed-walk.ts';
import { readyRecord, putRecord, type ReadyRecord } from './level-changes.ts';
import { LevelDatabase } from './level-database.ts';
import {
  idKeyBytes,
  kindRange,
  metaKey,
  parseIdRow,
  parseRecordPlace,
  putIdKey,
  recordKey,
  recordRange,
  rowKinds,
} from './level-keys.ts';
import { schemaVersion } from './level-load.ts';
import { parseMeta, parseRecord, unsealValue, type Row } from './level-rows.ts';
import { storeLimits } from './limits.ts';
import { buildRecord, unknownLabel, type LabelOf } from './record.ts';
import type { FeedId } from './root.ts';
import type { Run } from './segment.ts';
import { findSegmentShape } from './segment-shape.ts';

/** Something that does not hold. */
export interface StoreProblem {
  readonly feed: FeedId | undefined;
  /** Seq of the first root of the record that it concerns. */
  readonly from: number | undefined;
  readonly what: string;
}

export interface StoreVerdict {
  readonly feeds: number;
  readonly records: number;
  readonly roots: number;
  readonly messages: number;
  readonly signatures: number;
  /** Up to `storeLimits.problemsMax` of them. */
  readonly problems: readonly StoreProblem[];
  readonly problemCount: number;
}

/** The label under which the store was to find objects of a kind again. */

/**
 * Verifies the store in a directory that no process has open.
 * @throws SkychatError `store-damaged` where LevelDB cannot open it at all, `data-locked`, …
 */
export async function verifyStore(path: string, labelOf: LabelOf): Promise<StoreVerdict> {
  const verifier = new Verifier(labelOf);
  const report = (what: string): void => {
    verifier.report(undefined, undefined, what);
  };
  const database = await LevelDatabase.open(path, report, false);
  try {
    await verifier.run(database);
    return verifier.verdict();
  } finally {
    await database.close();
  }
}

class Verifier {
  readonly #labelOf: LabelOf;
  readonly #problems: StoreProblem[] = [];
  #problemCount = 0;
  readonly #counts = { feeds: 0, records: 0, roots: 0, messages: 0, signatures: 0 };
  /** Whether every record of every feed was checked. */
  #isComplete = true;
  /** Rows that there should be, by kind. */
  readonly #expected = new Map<number, number>();

  constructor(labelOf: LabelOf) {
    this.#labelOf = labelOf;
  }

  verdict(): StoreVerdict {
    return { ...this.#counts, problems: this.#problems, problemCount: this.#problemCount };
  }

  report(feed: FeedId | undefined, from: number | undefined, what: string): void {
    this.#problemCount++;
    if (this.#problems.length < storeLimits.problemsMax) this.#problems.push({ feed, from, what });
  }

  async run(database: LevelDatabase): Promise<void> {
    await this.#checkMeta(database);
    const feeds = await readFeedNames(database, (feed, what) => {
      this.report(feed, undefined, what);
    });
    for (const named of feeds) await this.#checkFeed(database, named);
    await this.#checkRows(database);
  }

  async #checkMeta(database: LevelDatabase): Promise<void> {
    const value = await database.get(metaKey);
    const body = value && unsealValue(metaKey, value);
    const meta = body && parseMeta(body);
    if (meta === undefined) {
      this.report(undefined, undefined, 'the version of the store is missing or damaged');
    } else if (meta.version > schemaVersion) {
      throw new SkychatError('store-newer', `the store has version ${meta.version}`);
    }
  }

  async #checkFeed(database: LevelDatabase, named: NamedFeed): Promise<void> {
    const { feed, state } = named;
    this.#counts.feeds++;
    this.#expect(rowKinds.feed);
    this.#expect(rowKinds.name);
    const tail = state?.tail;
    const chain = await this.#checkStretch(database, named, 1, tail?.from);
    if (chain === undefined) return;
    const head = chain.last?.head ?? emptyHead;
    if (state !== undefined && !sameHead(state.head, head)) {
      this.report(
        feed,
        undefined,
        `the feed row tells of ${state.head.seq} roots, not ${head.seq}`,
      );
    }
    if (tail === undefined) return;
    if (head.seq >= tail.from) this.report(feed, tail.from, 'the tail overlaps the chain');
    const found = await this.#checkStretch(database, named, tail.from, undefined);
    if (found === undefined) return;
    const { first, last } = found;
    const isTail =
      first !== undefined && last !== undefined && sameTail(tail, tailOf(first), last.head);
    if (!isTail) this.report(feed, tail.from, 'the feed row tells of another tail');
  }

  /**
   * Checks consecutive records and that a signature vouches for all of them.
   * @returns undefined where some could not be checked
   */
  async #checkStretch(
    database: LevelDatabase,
    named: NamedFeed,
    from: number,
    end: number | undefined,
  ): Promise<{ readonly first: Run | undefined; readonly last: Run | undefined } | undefined> {
    const { number, feed } = named;
    let first: Run | undefined;
    let last: Run | undefined;
    let signedUpTo = from - 1;
    for await (const step of walkFeed(database, { number, feed, from, end })) {
      if (!step.ok) {
        this.report(feed, step.from, `${step.what}; nothing of the feed behind it is checked`);
        this.#isComplete = false;
        return undefined;
      }
      const { run } = step.record;
      first ??= run;
      last = run;
      this.#counts.records++;
      this.#counts.roots += run.entries.length;
      this.#counts.messages += run.head.count - run.countBefore;
      if (run.signature !== undefined) {
        this.#counts.signatures++;
        signedUpTo = run.head.seq;
      }
      await this.#checkRecord(database, named, step.record);
    }
    if (last !== undefined && last.head.seq > signedUpTo) {
      this.report(feed, signedUpTo + 1, 'no signature vouches for the roots from here on');
    }
    return { first, last };
  }

  /** Compares every index row of the record with what it has to be. */
  async #checkRecord(
    database: LevelDatabase,
    { number, group, feed }: NamedFeed,
    { from, body, run }: WalkedRecord,
  ): Promise<void> {
    const shape = findSegmentShape(run.bytes, body.signed);
    if (shape === undefined) throw new Error('a run that was rebuilt is a segment');
    const record = buildRecord(run, body.held, (...of) => this.#labelFor(...of));
    const state = { feed, head: run.head, forkedAt: undefined };
    const known = { number, group, state };
    const ready = readyRecord({ record, known, shape, arrival: body.arrival });
    await this.#checkIds(database, ready, body.repeats);
    const rows: Row[] = [];
    putRecord(ready, {
      put: (key, value) => rows.push({ key, value }),
      del: () => undefined,
    });
    const values = await database.getMany(rows.map(({ key }) => key));
    for (const [i, { key, value }] of rows.entries()) {
      const kind = key[0] ?? 0;
      this.#expect(kind);
      const found = values[i];
      if (found !== undefined && equal(found, value)) continue;
      const problem = found === undefined ? 'is missing' : 'is damaged';
      this.report(feed, from, `a row of the ${kindName(kind)} index ${problem}`);
    }
  }

  /** Finds out which messages stand earlier in the feed, by the rows of their ids. */
  async #checkIds(database: LevelDatabase, ready: ReadyRecord, repeats: boolean): Promise<void> {
    const { record } = ready.planned;
    const values = await database.getMany(ready.ids.map(({ key }) => key));
    const repeated: boolean[] = [];
    for (const [i, row] of ready.ids.entries()) {
      const value = values[i];
      const isEarlier =
        value !== undefined && (await isEarlierPlace(database, record.feed, row, value));
      repeated.push(isEarlier);
      if (isEarlier && !repeats)
        this.report(record.feed, record.from, 'a repetition is not marked');
    }
    ready.repeated = repeated;
    ready.repeats = repeats;
  }

  /** Rows that no record has. */
  async #checkRows(database: LevelDatabase): Promise<void> {
    for await (const { key, value } of database.scan(kindRange(rowKinds.local))) {
      if (unsealValue(key, value) === undefined) {
        this.report(undefined, undefined, 'a local row is damaged');
      }
    }
    const found = new Map<number, number>();
    for await (const { key } of database.scan(everything, { values: false })) {
      const kind = key[0] ?? 0;
      found.set(kind, (found.get(kind) ?? 0) + 1);
    }
    found.delete(rowKinds.meta);
    found.delete(rowKinds.local);
    // Behind a damaged record nothing is known of its feed: there the numbers say nothing.
    if (!this.#isComplete) return;
    for (const [kind, count] of found) {
      const extra = count - (this.#expected.get(kind) ?? 0);
      if (extra <= 0) continue;
      this.report(undefined, undefined, `${extra} rows of the ${kindName(kind)} index too many`);
    }
  }

  /** What is sealed has the label of what it says, which cannot be told from its bytes. */
  #labelFor(...of: Parameters<LabelOf>): string | undefined {
    const label = this.#labelOf(...of);
    if (label !== unknownLabel) return label;
    this.#expect(rowKinds.label);
    return undefined;
  }

  #expect(kind: number): void {
    this.#expected.set(kind, (this.#expected.get(kind) ?? 0) + 1);
  }
}

/** Whether a tail begins as `begin` does, and ends at `head`. */
function sameTail(tail: FeedTail, begin: FeedTail, head: FeedHead): boolean {
  const { from, prev, countBefore, time } = begin;
  if (tail.from !== from || tail.countBefore !== countBefore || tail.time !== time) return false;
  return sameRoot(tail.prev, prev) && sameHead(tail.head, head);
}

const everything = { gte: Uint8Array.of(0), lt: Uint8Array.of(255) };

function kindName(kind: number): string {
  return Object.entries(rowKinds).find(([, value]) => value === kind)?.[0] ?? `unknown ${kind}`;
}

/** Whether the row names an earlier place in the feed, where a message of such an id does stand. */
async function isEarlierPlace(
  database: LevelDatabase,
  feed: FeedId,
  own: Row,
  value: Uint8Array,
): Promise<boolean> {
  const place = compare(value, own.value) < 0 ? parseIdRow(own.key, value) : undefined;
  if (place === undefined) return false;
  const lt = recordKey({ feed: place.feed, from: place.seq + 1 });
  const range = { gte: recordRange(place.feed).gte, lt };
  const [row] = await database.page(range, { limit: 1, reverse: true });
  const from = row && parseRecordPlace(row.key)?.from;
  const unsealed = row && unsealValue(row.key, row.value);
  const body = unsealed && parseRecord(unsealed);
  if (body === undefined || from === undefined) return false;
  const decoded = DecodedRecord.parse({ ...body, feed, from, roots: 0 });
  const at = decoded?.find(place.seq, place.index);
  if (decoded === undefined || at === undefined) return false;
  const idKey = new Uint8Array(idKeyBytes);
  putIdKey(idKey, 0, decoded.entry(at).id, place.feed);
  return equal(idKey, own.key);
}
