// Builds a sound LevelDB store out of a damaged one: every record that is whole and vouched for by a
// signature, with all index rows made anew. The damaged store is kept beside it, under another name,
// so that a repair that is broken off, or wrong, costs nothing.
import { rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Random } from '../env.ts';
import { SkychatError } from '../errors.ts';
import { emptyHead, type FeedHead, type FeedState, type FeedTail } from './feed.ts';
import { readFeedNames, type NamedFeed } from './feed-names.ts';
import { findTail, walkFeed, type Stretch, type WalkedRecord } from './feed-walk.ts';
import { feedRow, markRepeats, nameRow, putRecord, readyRecord } from './level-changes.ts';
import {
  exists,
  LevelDatabase,
  repairingPath,
  salvageLevelDatabase,
  syncFolder,
} from './level-database.ts';
import {
  kindRange,
  metaKey,
  parseArrival,
  parseRecordPlace,
  recordRange,
  rowKinds,
} from './level-keys.ts';
import { newMeta, schemaVersion } from './level-load.ts';
import {
  parseMeta,
  parseRecord,
  parseVarints,
  sealMeta,
  unsealValue,
  type MetaBody,
} from './level-rows.ts';
import { storeLimits } from './limits.ts';
import { buildRecord, type LabelOf } from './record.ts';
import type { FeedId } from './root.ts';
import { findSegmentShape } from './segment-shape.ts';
import type { KnownFeed } from './store-state.ts';

export interface RepairOptions {
  readonly random: Random;
  readonly labelOf: LabelOf;
}

/**
 * What a feed lost: everything from a seq on, or up to the tail that is left of it. A peer that has
 * it gives it again.
 */
export interface CutFeed {
  readonly feed: FeedId;
  readonly from: number;
  /** Records that are there and are not taken over, the damaged one among them. */
  readonly records: number;
  readonly what: string;
}

export interface RepairReport {
  readonly feeds: number;
  readonly records: number;
  readonly messages: number;
  readonly cut: readonly CutFeed[];
  /** Records of feeds whose names are lost. */
  readonly namelessRecords: number;
  /** Damaged rows of local settings, which are lost. */
  readonly localRows: number;
  /** Where the damaged store lies now. */
  readonly kept: string;
}

/**
 * Repairs the store in a directory that no process has open; the damaged one is kept beside it.
 * @throws SkychatError `data-locked`, `store-newer`, `disk-full`, `store-failed`
 */
export async function repairStore(path: string, options: RepairOptions): Promise<RepairReport> {
  const fresh = repairingPath(path);
  if (!(await exists(path)) && (await exists(fresh))) await rename(fresh, path);
  const source = await openDamaged(path);
  await rm(fresh, { recursive: true, force: true });
  const target = await LevelDatabase.open(fresh, ignore);
  let report: Omit<RepairReport, 'kept'>;
  try {
    report = await new Repair(source, target, options).run();
  } finally {
    await target.close();
    await source.close();
  }
  const kept = await freeName(`${path}.damaged`);
  await rename(path, kept);
  await rename(fresh, path);
  await syncFolder(dirname(path));
  return { ...report, kept };
}

/** Arrival numbers that are given, and records whose own cannot be kept. */
interface Arrivals {
  floor: number;
  readonly renumbered: ReadonlySet<string>;
  readonly namelessRecords: number;
}

interface Chunk {
  readonly records: WalkedRecord[];
  bytes: number;
}

class Repair {
  readonly #source: LevelDatabase;
  readonly #target: LevelDatabase;
  readonly #options: RepairOptions;
  readonly #groups = new Map<string, number>();
  readonly #cut: CutFeed[] = [];
  readonly #counts = { feeds: 0, records: 0, messages: 0 };

  constructor(source: LevelDatabase, target: LevelDatabase, options: RepairOptions) {
    this.#source = source;
    this.#target = target;
    this.#options = options;
  }

  async run(): Promise<Omit<RepairReport, 'kept'>> {
    const meta = await readMeta(this.#source, this.#options.random);
    const feeds = await readFeedNames(this.#source, ignore);
    const arrivals = await readArrivals(this.#source, feeds, meta.arrivalFloor);
    for (const feed of feeds) await this.#copyFeed(feed, arrivals);
    const localRows = await this.#copyLocal();
    await this.#target.write((batch) => {
      const row = sealMeta(metaKey, { ...meta, arrivalFloor: arrivals.floor });
      batch.put(row.key, row.value);
    });
    const { namelessRecords } = arrivals;
    return { ...this.#counts, cut: this.#cut, namelessRecords, localRows };
  }

  async #copyFeed(named: NamedFeed, arrivals: Arrivals): Promise<void> {
    const { feed, state } = named;
    const number = this.#counts.feeds + 1;
    const group = this.#groups.get(feed.group) ?? number;
    const forkedAt = state?.forkedAt;
    const empty: KnownFeed = { number, group, state: { feed, head: emptyHead, forkedAt } };
    const chain = { from: 1, end: undefined };
    const { head, failure } = await this.#copyStretch(named, empty, chain, arrivals);
    const tail = await this.#findTail(named, head);
    const kept: FeedState = { feed, head, forkedAt, tail };
    await this.#noteCut(named, kept, failure);
    if (head.seq === 0 && tail === undefined && forkedAt === undefined) return;
    const known = { number, group, state: kept };
    if (tail !== undefined) {
      const range = { from: tail.from, end: tail.head.seq + 1 };
      await this.#copyStretch(named, known, range, arrivals);
    }
    await this.#write(known, { records: [], bytes: 0 }, named.number, arrivals);
    this.#groups.set(feed.group, group);
    this.#counts.feeds++;
  }

  /**
   * Only where the feed row tells of one: a gap without it is a loss, and the feed may be the node's
   * own, which it would otherwise go on with below what it has signed already.
   */
  async #findTail(
    { number, feed, state }: NamedFeed,
    head: FeedHead,
  ): Promise<FeedTail | undefined> {
    if (state?.tail === undefined) return undefined;
    const from = Math.max(state.tail.from, head.seq + 2);
    return findTail(this.#source, number, feed, from);
  }

  /** Copies consecutive records as far as they are whole and a signature vouches for them. */
  async #copyStretch(
    named: NamedFeed,
    known: KnownFeed,
    range: Pick<Stretch, 'from' | 'end'>,
    arrivals: Arrivals,
  ): Promise<{ head: FeedHead; failure: string }> {
    const { number, feed } = named;
    /** Vouched for, and not yet written. */
    const vouched: Chunk = { records: [], bytes: 0 };
    let waiting: WalkedRecord[] = [];
    let head = emptyHead;
    let failure: string | undefined;
    for await (const step of walkFeed(this.#source, { number, feed, ...range })) {
      if (!step.ok) {
        failure = step.what;
        break;
      }
      waiting.push(step.record);
      if (step.record.run.signature === undefined) continue;
      ({ head } = step.record.run);
      for (const record of waiting) vouched.bytes += record.body.bytes.length;
      vouched.records.push(...waiting);
      waiting = [];
      if (vouched.bytes >= storeLimits.repairBytesMax) {
        await this.#write(known, vouched, number, arrivals);
      }
    }
    if (vouched.records.length > 0) await this.#write(known, vouched, number, arrivals);
    const unvouched = waiting.length > 0 ? 'no signature vouches for the roots' : undefined;
    return { head, failure: failure ?? unvouched ?? 'the records are missing' };
  }

  async #write(
    known: KnownFeed,
    chunk: Chunk,
    oldNumber: number,
    arrivals: Arrivals,
  ): Promise<void> {
    const ready = chunk.records.map(({ from, body, run }) => {
      const shape = findSegmentShape(run.bytes, body.signed);
      if (shape === undefined) throw new Error('a run that was rebuilt is a segment');
      let { arrival } = body;
      if (arrivals.renumbered.has(`${oldNumber}/${from}`)) {
        arrival = arrivals.floor + 1;
        arrivals.floor += shape.messages;
      }
      const record = buildRecord(run, body.held, this.#options.labelOf);
      this.#counts.records++;
      this.#counts.messages += shape.messages;
      return readyRecord({ record, known, shape, arrival });
    });
    const keys = ready.flatMap(({ ids }) => ids.map(({ key }) => key));
    const present = new Set<number>();
    for (const [at, found] of (await this.#target.hasMany(keys))?.entries() ?? []) {
      if (found) present.add(at);
    }
    markRepeats(ready, present);
    await this.#target.write((batch) => {
      for (const record of ready) putRecord(record, batch);
      for (const { key, value } of [nameRow(known), feedRow(known)]) batch.put(key, value);
    });
    chunk.records.length = 0;
    chunk.bytes = 0;
  }

  async #noteCut({ number, feed, state }: NamedFeed, kept: FeedState, what: string): Promise<void> {
    const { head, tail } = kept;
    let records = 0;
    const rest = recordRange(number, head.seq + 1);
    for await (const { key } of this.#source.scan(rest, { values: false })) {
      const from = parseRecordPlace(key)?.from ?? 0;
      const isKept = tail !== undefined && from >= tail.from && from <= tail.head.seq;
      if (!isKept) records++;
    }
    const from = state === undefined ? undefined : firstLost(state, kept);
    if (records === 0 && from === undefined) return;
    this.#cut.push({ feed, from: from ?? head.seq + 1, records, what });
  }

  /** @returns how many rows are damaged */
  async #copyLocal(): Promise<number> {
    let damaged = 0;
    for await (const { key, value } of this.#source.scan(kindRange(rowKinds.local))) {
      if (unsealValue(key, value) === undefined) {
        damaged++;
      } else {
        await this.#target.write((batch) => {
          batch.put(key, value);
        });
      }
    }
    return damaged;
  }
}

/** Opens what is there, with LevelDB's own repair where it cannot be opened otherwise. */
async function openDamaged(path: string): Promise<LevelDatabase> {
  if (!(await exists(path))) {
    throw new SkychatError('store-failed', `there is no store at ${path}`);
  }
  try {
    return await LevelDatabase.open(path, ignore, false);
  } catch (error) {
    if (!(error instanceof SkychatError) || error.code === 'data-locked') throw error;
    await salvageLevelDatabase(path);
    return LevelDatabase.open(path, ignore, false);
  }
}

/** Of a damaged one a new one takes the place. */
async function readMeta(source: LevelDatabase, random: Random): Promise<MetaBody> {
  const value = await source.get(metaKey);
  const body = value && unsealValue(metaKey, value);
  const meta = body && parseMeta(body);
  if (meta !== undefined && meta.version > schemaVersion) {
    throw new SkychatError('store-newer', `the store has version ${meta.version}`, {
      hint: 'repair it with the program that wrote it, or a newer one',
    });
  }
  return meta?.version === schemaVersion ? meta : newMeta(random);
}

/**
 * Looks at the arrival numbers of all records. Two records never share a number, unless LevelDB
 * lost the end of its log and gave them again: then the later feed's are numbered anew.
 */
async function readArrivals(
  source: LevelDatabase,
  feeds: readonly NamedFeed[],
  arrivalFloor: number,
): Promise<Arrivals> {
  const numbers = new Set(feeds.map(({ number }) => number));
  const taken: { arrival: number; end: number; name: string }[] = [];
  const renumbered = new Set<string>();
  let floor = arrivalFloor;
  let namelessRecords = 0;
  for await (const { key, value } of source.scan(kindRange(rowKinds.record))) {
    const place = parseRecordPlace(key);
    if (place === undefined || !numbers.has(place.feed)) {
      namelessRecords++;
      continue;
    }
    const unsealed = unsealValue(key, value);
    const body = unsealed && parseRecord(unsealed);
    const shape = body && findSegmentShape(body.bytes, body.signed);
    if (body === undefined || shape === undefined || body.held) continue;
    const { arrival } = body;
    taken.push({ arrival, end: arrival + shape.messages - 1, name: `${place.feed}/${place.from}` });
  }
  taken.sort((a, b) => a.arrival - b.arrival);
  let lastEnd = 0;
  for (const { arrival, end, name } of taken) {
    if (arrival <= lastEnd) renumbered.add(name);
    else lastEnd = end;
    floor = Math.max(floor, end);
  }
  for await (const { key, value } of source.scan(kindRange(rowKinds.arrival))) {
    const arrival = parseArrival(key);
    const body = unsealValue(key, value);
    const [messages] = (body && parseVarints(body, 3)) ?? [];
    if (arrival !== undefined && messages !== undefined) {
      floor = Math.max(floor, arrival + messages - 1);
    }
  }
  return { floor, renumbered, namelessRecords };
}

/** The lowest seq that a state tells of and another does not. */
function firstLost(state: FeedState, kept: FeedState): number | undefined {
  if (kept.head.seq < state.head.seq) return kept.head.seq + 1;
  const { tail } = state;
  if (tail === undefined || kept.head.seq >= tail.head.seq) return undefined;
  if (kept.tail === undefined || kept.tail.from > tail.from) return tail.from;
  return kept.tail.head.seq < tail.head.seq ? kept.tail.head.seq + 1 : undefined;
}

function ignore(): void {
  // Damage is what the repair is for: what it costs is in the report.
}

async function freeName(path: string): Promise<string> {
  for (let i = 1; ; i++) {
    const name = i === 1 ? path : `${path}-${i}`;
    if (!(await exists(name))) return name;
  }
}
