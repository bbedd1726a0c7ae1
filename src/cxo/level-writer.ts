// Turns commits into synced batches of a LevelDB store, one batch at a time: commits that wait for
// the disk share the next one. After a failed batch the database is opened again and what might
// have remained of the batch is taken back. Knows what is written when, not how rows look.
import { SkychatError } from '../errors.ts';
import { Draft, planCommit, type ReleaseShapes } from './commit-plan.ts';
import { IdFilter } from './id-filter.ts';
import {
  markRepeats,
  putDraft,
  readyRecord,
  undoDraft,
  type ReadyDraft,
  type ReadyRecord,
} from './level-changes.ts';
import type { Batch, LevelDatabase } from './level-database.ts';
import { localKey, recordKey } from './level-keys.ts';
import { parseRecord, unsealValue, type RecordBody } from './level-rows.ts';
import { storeLimits } from './limits.ts';
import { findSegmentShape, type SegmentShape } from './segment-shape.ts';
import type { StoreState } from './store-state.ts';
import type { Commit, CommitArrivals, DamageListener, LocalChange, RecordKey } from './store.ts';

interface Waiting {
  readonly change: Commit;
  readonly resolve: (arrivals: CommitArrivals) => void;
  readonly reject: (error: unknown) => void;
}

interface Planned {
  readonly waiting: Waiting;
  readonly arrivals: CommitArrivals;
}

export class LevelWriter {
  readonly #database: LevelDatabase;
  readonly #state: StoreState;
  readonly #onDamage: DamageListener;
  readonly #ids: IdFilter | undefined;
  #queue: Waiting[] = [];
  #writing: Promise<void> | undefined;
  /** Takes back what may have remained of a batch that failed. */
  #undo: ((batch: Batch) => void) | undefined;
  #closed = false;

  constructor(database: LevelDatabase, state: StoreState, onDamage: DamageListener) {
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

  /** What the next batch writes: a release begins a batch, since it reads what it releases. */
  #takeGroup(): Waiting[] {
    let bytes = 0;
    let end = 0;
    for (const { change } of this.#queue) {
      if (end > 0 && change.releases.length > 0) break;
      for (const record of change.records) bytes += record.bytes.length;
      if (end > 0 && bytes > storeLimits.batchBytesMax) break;
      end++;
    }
    return this.#queue.splice(0, end);
  }

  async #writeTogether(group: readonly Waiting[]): Promise<void> {
    const planned: Planned[] = [];
    try {
      const ready = await this.#plan(group, planned);
      if (planned.length === 0) return;
      const labelled = await this.#write(ready);
      ready.draft.adopt(labelled);
      const repeats = ready.records.some((record) => record.repeats);
      for (const { waiting, arrivals } of planned) {
        waiting.resolve(repeats ? { ...arrivals, repeats } : arrivals);
      }
    } catch (error) {
      for (const { reject } of group) reject(error);
    }
  }

  /** Plans each commit behind the ones before it; one that breaks the contract is rejected alone. */
  async #plan(group: readonly Waiting[], planned: Planned[]): Promise<ReadyDraft> {
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
    const records = draft.records.map(readyRecord);
    await this.#markRepeats(records);
    return { draft, records, released, local };
  }

  /** Looks up the ids that may be there already. */
  async #markRepeats(records: readonly ReadyRecord[]): Promise<void> {
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
    const present = new Set(places.filter((_, i) => found?.[i] === true));
    markRepeats(records, found === undefined ? undefined : present);
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

  /** @returns the number of labelled messages */
  async #write(ready: ReadyDraft): Promise<number> {
    await this.#recover();
    let labelled = 0;
    const oldLocal = await this.#readLocal(ready.local);
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
   * before anything else is written.
   */
  async #recover(): Promise<void> {
    if (this.#undo === undefined) return;
    await this.#database.reopen();
    await this.#database.write(this.#undo);
    this.#undo = undefined;
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

function closing(): SkychatError {
  return new SkychatError('closing', 'the store is closed');
}
