// One LevelDB database: opened, read by pages, written in synced batches, and opened again when a
// write has failed, since LevelDB takes no more writes then. Knows keys and bytes, no rows.
import { open, readdir, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { Level } from 'level';
import { concat } from '../bytes.ts';
import { SkychatError } from '../errors.ts';
import { makeFolder } from '../folder.ts';
import { isCorruption, storeErrorOf } from './level-errors.ts';
import type { KeyRange } from './level-keys.ts';
import type { Row } from './level-rows.ts';
import { checkRoom, filesOf } from './level-files.ts';
import { readSnapshot, viewOf } from './level-snapshot.ts';
import { storeLimits } from './limits.ts';

export interface PageOptions {
  readonly limit: number;
  readonly reverse?: boolean;
  /** The page ends with the row by which it has this many bytes. */
  readonly bytesMax?: number;
  /** False: keys alone; the values are empty. */
  readonly values?: boolean;
}

/** Collects the changes of one write. */
export interface Batch {
  put(key: Uint8Array, value: Uint8Array): void;
  del(key: Uint8Array): void;
}

/** What a store needs of its database; each method as `LevelDatabase` describes it. */
export interface Database {
  get(key: Uint8Array): Promise<Uint8Array | undefined>;
  hasMany(keys: Uint8Array[]): Promise<readonly boolean[] | undefined>;
  getMany(keys: Uint8Array[]): Promise<(Uint8Array | undefined)[]>;
  page(range: KeyRange, options: PageOptions): Promise<Row[]>;
  scan(range: KeyRange, options?: { values?: boolean }): AsyncGenerator<Row>;
  snapshot(): AsyncGenerator<Row>;
  write(fill: (batch: Batch) => void): Promise<void>;
  reopen(): Promise<void>;
  approximateBytes(range: KeyRange): Promise<number>;
  compact(range: KeyRange): Promise<void>;
  bytes(): Promise<number>;
  close(): Promise<void>;
}

type Handle = Level<Uint8Array, Uint8Array>;

export class LevelDatabase implements Database {
  readonly path: string;
  readonly #onDamage: (what: string) => void;
  #handle: Handle;
  #reopening: Promise<void> | undefined;
  readonly #reads = new Set<Promise<unknown>>();
  #closed = false;

  /** Use `open`. */
  constructor(path: string, handle: Handle, onDamage: (what: string) => void) {
    this.path = path;
    this.#handle = handle;
    this.#onDamage = onDamage;
  }

  /**
   * @param onDamage told when LevelDB could not read a part of its files
   * @param create whether a database is made where there is none
   * @throws SkychatError `data-locked`, `store-damaged`, `disk-full` or `store-failed`
   */
  static async open(
    path: string,
    onDamage: (what: string) => void,
    create = true,
  ): Promise<LevelDatabase> {
    try {
      await checkRepair(path);
      if (create) makeFolder(path);
      const isNew = await isEmptyOrNew(path);
      const handle = await openHandle(path, isNew && create);
      if (isNew) for (const folder of [path, dirname(path)]) await syncFolder(folder);
      return new LevelDatabase(path, handle, onDamage);
    } catch (error) {
      throw storeErrorOf(error);
    }
  }

  /** Undefined where there is no such row, or where LevelDB cannot read it (which it reports). */
  async get(key: Uint8Array): Promise<Uint8Array | undefined> {
    const [value] = await this.getMany([key]);
    return value;
  }

  /** Whether there is a row for each key; undefined where LevelDB cannot read that. */
  async hasMany(keys: Uint8Array[]): Promise<readonly boolean[] | undefined> {
    return this.#read(async (handle) => {
      try {
        // Around a live message each way through the thread pool costs 0.2 ms, a look-up 5 µs.
        if (keys.length > storeLimits.lookUpsAtOnceMax) return await handle.hasMany(keys);
        return keys.map((key) => (handle.getSync(key) as Uint8Array | undefined) !== undefined);
      } catch (error) {
        if (!isCorruption(error)) throw error;
        this.#onDamage(storeErrorOf(error).message);
        return undefined;
      }
    });
  }

  /** The value of each key; undefined where there is no such row, or LevelDB cannot read it. */
  async getMany(keys: Uint8Array[]): Promise<(Uint8Array | undefined)[]> {
    return this.#read(async (handle) => {
      try {
        // The types of `level` leave out the rows that are not there.
        const values = (await handle.getMany(keys)) as (Uint8Array | undefined)[];
        return values.map((value) => value && viewOf(value));
      } catch (error) {
        if (!isCorruption(error)) throw error;
        this.#onDamage(storeErrorOf(error).message);
        return Promise.all(keys.map((key) => getReadable(handle, key)));
      }
    });
  }

  /** Rows of a range in order, or from its end on backwards. What LevelDB cannot read is left out. */
  async page(range: KeyRange, options: PageOptions): Promise<Row[]> {
    if (options.limit < 1) return [];
    return this.#read(async (handle) => {
      try {
        return await readPage(handle, range, options, options.limit);
      } catch (error) {
        if (!isCorruption(error)) throw error;
        this.#onDamage(storeErrorOf(error).message);
        return readPage(handle, range, options, 1);
      }
    });
  }

  /** Every row of a range by pages; rows written meanwhile may be among them. */
  async *scan(range: KeyRange, { values = true } = {}): AsyncGenerator<Row> {
    let { gte } = range;
    for (;;) {
      const rows = await this.page({ gte, lt: range.lt }, { ...scanPage, values });
      yield* rows;
      const last = rows.at(-1);
      if (last === undefined) return;
      // The next key that there could be: the same with a zero byte behind it.
      gte = new Uint8Array(last.key.length + 1);
      gte.set(last.key);
    }
  }

  /**
   * Every row as of one moment, whatever is written meanwhile. Rejects where a row cannot be read, and
   * where the database is closed or opened anew.
   */
  async *snapshot(): AsyncGenerator<Row> {
    await this.#reopening?.catch(() => undefined);
    if (this.#closed) throw closing();
    yield* readSnapshot(this.#handle);
  }

  /**
   * Writes all or nothing, on disk when it resolves. Once it has failed, `reopen` comes before the
   * next write: the log may end in a torn record, behind which nothing would be found again.
   */
  async write(fill: (batch: Batch) => void): Promise<void> {
    if (this.#closed) throw closing();
    try {
      const batch = this.#handle.batch();
      fill(batch);
      await batch.write({ sync: true });
    } catch (error) {
      throw storeErrorOf(error);
    }
  }

  /**
   * Opens the database anew, once the disk has room for what that writes: while it has not, reads
   * go on as they are.
   */
  async reopen(): Promise<void> {
    await this.#reopening;
    if (this.#closed) throw closing();
    try {
      await checkRoom(this.path);
      this.#reopening = this.#replaceHandle();
      await this.#reopening;
    } catch (error) {
      throw storeErrorOf(error);
    } finally {
      this.#reopening = undefined;
    }
  }

  /** Of rows in the tables. */
  async approximateBytes({ gte, lt }: KeyRange): Promise<number> {
    return this.#read(async (handle) => classic(handle).approximateSize(gte, lt));
  }

  /**
   * Merges the tables of a range: no file has what was overwritten there. LevelDB writes its memory out
   * with all versions of a row, and does not merge what then lies deepest: so that comes first, and
   * deletions of rows that never were, around the range, lie above it.
   */
  async compact({ gte, lt }: KeyRange): Promise<void> {
    const [last, end] = [concat(lt, zero), concat(lt, zero, zero)];
    await this.#read(async (handle) => classic(handle).compactRange(end, end));
    await this.write((batch) => {
      for (const key of [concat(gte, zero), last]) batch.del(key);
    });
    // What an older read looks at would be kept for it, and go with a later merging only.
    await this.#whenIdle();
    await this.#read(async (handle) => classic(handle).compactRange(gte, end));
  }

  /** Of all files of the database. */
  async bytes(): Promise<number> {
    let bytes = 0;
    for (const { size } of await filesOf(this.path)) bytes += size;
    return bytes;
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    await this.#reopening?.catch(() => undefined);
    await this.#whenIdle();
    await this.#handle.close();
  }

  async #read<T>(read: (handle: Handle) => Promise<T>): Promise<T> {
    await this.#reopening?.catch(() => undefined);
    if (this.#closed) throw closing();
    if (this.#handle.status !== 'open') await this.reopen();
    const reading = read(this.#handle);
    this.#reads.add(reading);
    try {
      return await reading;
    } catch (error) {
      throw storeErrorOf(error);
    } finally {
      this.#reads.delete(reading);
    }
  }

  async #replaceHandle(): Promise<void> {
    await this.#whenIdle();
    await this.#handle.close();
    this.#handle = await openHandle(this.path, false);
  }

  /** Resolves when the reads have ended that are under way. */
  async #whenIdle(): Promise<void> {
    await Promise.allSettled(this.#reads);
  }
}

/** On Node `Level` is ClassicLevel, of which the types of `level` leave this out. */
function classic(handle: Handle) {
  return handle as unknown as {
    approximateSize(start: Uint8Array, end: Uint8Array): Promise<number>;
    compactRange(start: Uint8Array, end: Uint8Array): Promise<void>;
  };
}

const zero = Uint8Array.of(0);
const empty = new Uint8Array();
const scanPage: PageOptions = { limit: 1000, bytesMax: 1024 * 1024 };

async function openHandle(path: string, createIfMissing: boolean): Promise<Handle> {
  const handle: Handle = new Level(path, {
    keyEncoding: 'view',
    valueEncoding: 'view',
    createIfMissing,
    writeBufferSize: storeLimits.writeBufferBytes,
    cacheSize: storeLimits.blockCacheBytes,
  });
  await handle.open();
  return handle;
}

/** @param step rows asked for at once: by one, LevelDB gives all rows around an unreadable block */
async function readPage(
  handle: Handle,
  range: KeyRange,
  { limit, reverse = false, bytesMax = Infinity, values = true }: PageOptions,
  step: number,
): Promise<Row[]> {
  const highWaterMarkBytes = Math.min(bytesMax, scanPage.bytesMax ?? bytesMax);
  const iterator = handle.iterator({ ...range, reverse, limit, values, highWaterMarkBytes });
  const rows: Row[] = [];
  let bytes = 0;
  try {
    while (rows.length < limit && bytes < bytesMax) {
      const found = await iterator.nextv(Math.min(step, limit - rows.length));
      if (found.length === 0) break;
      for (const [keyBuffer, valueBuffer] of found as [Uint8Array, Uint8Array | undefined][]) {
        const row = { key: viewOf(keyBuffer), value: viewOf(valueBuffer ?? empty) };
        rows.push(row);
        bytes += row.key.length + row.value.length;
      }
    }
  } catch (error) {
    if (step > 1 || !isCorruption(error)) throw error;
  } finally {
    await iterator.close();
  }
  return rows;
}

async function getReadable(handle: Handle, key: Uint8Array): Promise<Uint8Array | undefined> {
  try {
    const value = (await handle.get(key)) as Uint8Array | undefined;
    return value && viewOf(value);
  } catch (error) {
    if (isCorruption(error)) return undefined;
    throw error;
  }
}

function closing(): SkychatError {
  return new SkychatError('closing', 'the store is closed');
}

/** Where a repair builds the new database. With none beside it, a repair was broken off. */
export function repairingPath(path: string): string {
  return `${path}.repairing`;
}

async function checkRepair(path: string): Promise<void> {
  if ((await exists(path)) || !(await exists(repairingPath(path)))) return;
  throw new SkychatError('store-damaged', 'a repair of the store was broken off', {
    hint: 'run again: skychat-node repair',
  });
}

export async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}

/**
 * Whether a database is to be made. Where its tables are there and the file that names the current
 * ones is not, LevelDB would make a new one and remove them.
 */
async function isEmptyOrNew(path: string): Promise<boolean> {
  const names = await readdir(path);
  if (names.includes('CURRENT')) return false;
  if (!names.some((name) => /^\d+\.(ldb|sst|log)$/.test(name))) return true;
  throw new SkychatError('store-damaged', `${join(path, 'CURRENT')} is missing`, {
    hint: 'stop the node and run: skychat-node repair',
  });
}

/**
 * Lets LevelDB make what it can of damaged files, so that the database opens again.
 * @throws SkychatError `data-locked`, `disk-full` or `store-failed`
 */
export async function salvageLevelDatabase(path: string): Promise<void> {
  try {
    // On Node `Level` is ClassicLevel, of which the types of `level` leave this out.
    await (Level as unknown as { repair(path: string): Promise<void> }).repair(path);
  } catch (error) {
    throw storeErrorOf(error);
  }
}

/** A name that was made in a directory is lost in a power cut until the directory is synced. */
export async function syncFolder(path: string): Promise<void> {
  const handle = await open(path, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
