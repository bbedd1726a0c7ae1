// Turns commits into synced batches of a LevelDB store, one batch at a time: commits that wait for
// the disk share the next one. After a failed batch the database is opened again and what might
// have remained of the batch is taken back. Knows what is written when, not how rows look.
import { SkychatError } from '../errors.ts';
import { Draft, isOfTail, planCommit, type ReleaseShapes } from './commit-plan.ts';
import { IdFilter } from './id-filter.ts';
import { eraseFromRecords } from './level-erasures.ts';
import { Reclaim } from './level-reclaim.ts';
import {
  markRepeats,
  putDraft,
  readyRecord,
  undoDraft,
  type ReadyDraft,
  type ReadyRecord,
} from './level-changes.ts';
import type { Batch, Database } from './level-database.ts';
import { localKey, metaKey, parseIdRow, recordKey, type RecordPlace } from './level-keys.ts';
import { parseMeta, parseRecord, sealMeta, unsealValue, type RecordBody } from './level-rows.ts';
import { movePlaces, removeTail, Rewriting, type TailPlace } from './level-tails.ts';
import { storeLimits } from './limits.ts';
import type { FeedId } from './root.ts';
import { findSegmentShape, type SegmentShape } from './segment-shape.ts';
import type { StoreState } from './store-state.ts';
import type { Commit, CommitArrivals, DamageListener, LocalChange, RecordKey } from './store.ts';

interface Waiting {
  readonly change: Commit;
  readonly resolve: (arrivals: CommitArrivals) => void;
  readonly reject: (error: unknown) => void;
}

interface ReadyBatch extends ReadyDraft {
  /** Whether messages are moved to earlier places. */
  readonly moves: boolean;
  /** Records that objects were taken out of. */
  readonly erased: readonly RecordPlace[];
}

interface Planned {
  readonly waiting: Waiting;
  readonly arrivals: CommitArrivals;
}

export class LevelWriter {
  readonly #database: Database;
  readonly #state: StoreState;
  readonly #onDamage: DamageListener;
  readonly #ids: IdFilter | undefined;
  readonly #reclaim = new Reclaim();
  #queue: Waiting[] = [];
  #writing: Promise<void> | undefined;
  /** Takes back what may have remained of a batch that failed. */
  #undo: ((batch: Batch) => void) | undefined;
  #closed = false;

  constructor(database: Database, state: StoreState, onDamage: DamageListener) {
    this.#database = database;
    this.#state = state;
    this.#onDamage = onDamage;
    // An empty store, the first sync of a new node: from here on every id is in the filter.
    this.#ids = state.nextNumber === 1 ? new IdFilter() : undefined;
  }

  commit(change: Commit): Promise<CommitArrivals> {
    if (this.#closed) return Promise.reject(closing());
    if (this.#queue.length >= storeLimits.commitsWaitingMax) {
      const words = 'too many commits wait for the disk';
      return Promise.reject(new SkychatError('too-many-requests', words));
    }
    return new Promise((resolve, reject) => {
      this.#queue.push({ change, resolve, reject });
      this.#writing ??= this.#drain();
    });
  }

  /** As `Store.reclaim`. */
  reclaim(everything: boolean): Promise<void> {
    if (this.#closed) return Promise.reject(closing());
    return this.#reclaim.run(this.#database, everything);
  }

  /** Resolves once everything that was handed over is written or rejected. */
  async close(): Promise<void> {
    this.#closed = true;
    await this.#writing;
  }

  async #drain(): Promise<void> {
    // Commits of the same turn share the first batch.
    await Promise.resolve();
    while (this.#queue.length > 0) await this.#writeTogether(this.#takeGroup());
    this.#writing = undefined;
  }

  /**
   * What the next batch writes: what a commit releases or withdraws is read first, so it begins one. One
   * that erases has a batch of its own: its records are rewritten as they were read.
   */
  #takeGroup(): Waiting[] {
    let bytes = 0;
    let end = 0;
    for (const { change } of this.#queue) {
      const erases = change.erasures !== undefined;
      const reads = erases || change.releases.length + (change.withdrawn?.length ?? 0) > 0;
      if (end > 0 && reads) break;
      for (const record of change.records) bytes += record.bytes.length;
      if (end > 0 && bytes > storeLimits.batchBytesMax) break;
      end++;
      if (change.erasures !== undefined) break;
    }
    return this.#queue.splice(0, end);
  }

  async #writeTogether(group: readonly Waiting[]): Promise<void> {
    const planned: Planned[] = [];
    try {
      await this.#recover();
      const ready = await this.#plan(group, planned);
      if (planned.length === 0) return;
      const labelled = await this.#write(ready);
      ready.draft.adopt(labelled);
      if (!ready.rewriting.isEmpty) this.#state.rewrites++;
      for (const record of ready.erased) this.#reclaim.note(record);
      const repeats = ready.records.some((record) => record.repeats) || ready.moves;
      for (const { waiting, arrivals } of planned) {
        waiting.resolve(repeats ? { ...arrivals, repeats } : arrivals);
      }
    } catch (error) {
      for (const { reject } of group) reject(error);
    }
  }

  /** Plans each commit behind the ones before it; one that breaks the contract is rejected alone. */
  async #plan(group: readonly Waiting[], planned: Planned[]): Promise<ReadyBatch> {
    const draft = new Draft(this.#state);
    const released = new Map<RecordKey, RecordBody>();
    const local: LocalChange[] = [];
    for (const waiting of group) {
      const { change } = waiting;
      const shapes = await this.#readReleases(change, released);
      try {
        planned.push({ waiting, arrivals: planCommit(draft, change, shapes) });
        local.push(...change.local);
      } catch (error) {
        waiting.reject(error);
      }
    }
    const rewriting = new Rewriting();
    const erased = await this.#erase(planned, rewriting);
    await this.#withdraw(draft, rewriting);
    const records = draft.records.map(readyRecord).sort(compareRecords);
    const moves = await this.#markRepeats(records, released, rewriting);
    return { draft, records, released, local, rewriting, moves, erased };
  }

  /** @returns the records that are rewritten */
  async #erase(planned: Planned[], rewriting: Rewriting): Promise<readonly RecordPlace[]> {
    const [first] = planned;
    const erasures = first?.waiting.change.erasures;
    if (first === undefined || erasures === undefined) return [];
    const numberOf = (feed: FeedId) => this.#state.find(feed)?.number;
    const { done, records } = await eraseFromRecords(this.#database, numberOf, erasures, rewriting);
    planned[0] = { ...first, arrivals: { ...first.arrivals, erased: done } };
    return records;
  }

  /** The arrival numbers of what goes are not given again, though no row has them any more. */
  async #withdraw(draft: Draft, rewriting: Rewriting): Promise<void> {
    if (draft.withdrawn.length === 0) return;
    for (const { known, tail } of draft.withdrawn) {
      await removeTail(this.#database, known, tail, rewriting);
    }
    const value = await this.#database.get(metaKey);
    const body = value && unsealValue(metaKey, value);
    const meta = body && parseMeta(body);
    if (value === undefined || meta === undefined) {
      throw new SkychatError('store-damaged', 'the version of the store cannot be read');
    }
    const arrivalFloor = Math.max(meta.arrivalFloor, draft.latestArrival);
    rewriting.replace({ key: metaKey, value }, sealMeta(metaKey, { ...meta, arrivalFloor }));
  }

  /**
   * Looks up the ids that may be there already.
   * @returns whether some stand in a tail, behind the record that comes now: they are moved
   */
  async #markRepeats(
    records: readonly ReadyRecord[],
    released: Map<RecordKey, RecordBody>,
    rewriting: Rewriting,
  ): Promise<boolean> {
    const keys: Uint8Array[] = [];
    const places: number[] = [];
    let at = 0;
    for (const { ids } of records) {
      for (const { key } of ids) {
        if (this.#ids?.has(key, 1) !== false) {
          keys.push(key);
          places.push(at);
        }
        this.#ids?.add(key, 1);
        at++;
      }
    }
    const found = keys.length === 0 ? [] : await this.#database.hasMany(keys);
    const present = new Map<number, Uint8Array>();
    for (const [i, key] of keys.entries()) {
      const at = places[i];
      const isThere = found?.[i] === true && !rewriting.removes(key);
      if (isThere && at !== undefined) present.set(at, key);
    }
    const moved = await this.#findMoved(records, present, released, rewriting);
    for (const at of moved) present.delete(at);
    const isKnown = found !== undefined;
    markRepeats(records, isKnown ? present : undefined);
    return moved.length > 0;
  }

  /** Of the ids that are there, those that stand later in the feed. */
  async #findMoved(
    records: readonly ReadyRecord[],
    present: ReadonlyMap<number, Uint8Array>,
    released: Map<RecordKey, RecordBody>,
    rewriting: Rewriting,
  ): Promise<readonly number[]> {
    const moved: number[] = [];
    if (present.size === 0) return moved;
    let at = 0;
    for (const { planned, ids } of records) {
      const { known, record } = planned;
      const first = at;
      at += ids.length;
      const tail = this.#state.find(record.feed)?.state.tail;
      if (tail === undefined || record.from >= tail.from) continue;
      const candidates = ids.flatMap((_, i) => (present.has(first + i) ? first + i : []));
      const keys = candidates.flatMap((one) => present.get(one) ?? []);
      const values = keys.length === 0 ? [] : await this.#database.getMany(keys);
      const left: TailPlace[] = [];
      for (const [i, key] of keys.entries()) {
        const [one, value] = [candidates[i], values[i]];
        const place = value && parseIdRow(key, value);
        if (one === undefined || value === undefined) continue;
        if (place === undefined || place.seq < tail.from) continue;
        moved.push(one);
        left.push(place);
        rewriting.keep({ key, value });
      }
      if (left.length === 0) continue;
      const flagged = await movePlaces(this.#database, known, tail, left, rewriting);
      // A record that is released as well is put once more behind this.
      for (const [release, body] of released) {
        const isFlagged = flagged.includes(release.from) && isOfTail(release, record.feed, tail);
        if (isFlagged) released.set(release, { ...body, repeats: true });
      }
    }
    return moved;
  }

  async #readReleases(
    change: Commit,
    released: Map<RecordKey, RecordBody>,
  ): Promise<ReleaseShapes> {
    const shapes = new Map<RecordKey, SegmentShape | undefined>();
    for (const release of change.releases) {
      const number = this.#state.find(release.feed)?.number;
      if (number === undefined || this.#state.findHeld(release) === undefined) continue;
      const key = recordKey({ feed: number, from: release.from });
      const value = await this.#database.get(key);
      const body = value && unsealValue(key, value);
      const record = body && parseRecord(body);
      const shape = record && findSegmentShape(record.bytes, record.signed);
      shapes.set(release, shape);
      if (record === undefined || shape === undefined) {
        this.#onDamage({ feed: release.feed, from: release.from, what: 'held record' });
      } else {
        released.set(release, record);
      }
    }
    return shapes;
  }

  /** @returns by how many labelled messages there are more */
  async #write(ready: ReadyDraft): Promise<number> {
    let labelled = 0;
    const oldLocal = await this.#readLocal(ready.local);
    // Odd until it is certain whether the rows are there.
    if (!ready.rewriting.isEmpty) this.#state.rewrites++;
    try {
      await this.#database.write((batch) => {
        labelled = putDraft(ready, batch);
      });
    } catch (error) {
      this.#undo = (batch) => {
        undoDraft(ready, oldLocal, batch);
      };
      throw error;
    }
    return labelled;
  }

  /**
   * A batch whose sync failed may be there again once the database is opened anew: it is taken back
   * before anything else is read or written for a commit.
   */
  async #recover(): Promise<void> {
    if (this.#undo === undefined) return;
    await this.#database.reopen();
    await this.#database.write(this.#undo);
    this.#undo = undefined;
    if (this.#state.rewrites % 2 === 1) this.#state.rewrites++;
  }

  /** The rows as they are, should the batch fail. */
  async #readLocal(changes: readonly LocalChange[]): Promise<LocalChange[]> {
    if (changes.length === 0) return [];
    const rows = changes.map(({ key }) => localKey(key));
    const values = await this.#database.getMany(rows);
    return changes.map(({ key }, i) => {
      const [row, value] = [rows[i], values[i]];
      return { key, value: row && value && unsealValue(row, value) };
    });
  }
}

/** By feed, in the order of the feed: an earlier place of a message comes first. */
function compareRecords({ planned: a }: ReadyRecord, { planned: b }: ReadyRecord): number {
  return a.known.number - b.known.number || a.record.from - b.record.from;
}

function closing(): SkychatError {
  return new SkychatError('closing', 'the store is closed');
}
