// A simulated disk: the rows of a LevelDB database and the two slots of the own-head file, as they
// would be found after a crash; and the database and the file over it for one life of a node. A
// batch reaches the disk whole or not at all (LevelDB's log has a checksum for each), at some moment
// before its writer hears of it; a write of the file that a crash cuts short leaves a torn slot.
import { concat } from '../../src/bytes.ts';
import type { Batch, Database, PageOptions } from '../../src/cxo/level-database.ts';
import type { KeyRange } from '../../src/cxo/level-keys.ts';
import type { Row } from '../../src/cxo/level-rows.ts';
import type { OwnHead, OwnSegment } from '../../src/cxo/own-head.ts';
import { eraseObjects, type Erasure } from '../../src/cxo/erasure.ts';
import { feedKey } from '../../src/cxo/root.ts';
import { SkychatError } from '../../src/errors.ts';
import type { SeededRandom } from './random.ts';
import type { VirtualTime } from './timeline.ts';

interface Change {
  readonly key: string;
  readonly value: Uint8Array | undefined;
}
type Changes = readonly Change[];

interface Slot {
  readonly write: number;
  readonly segment: OwnSegment;
}

export class SimDisk {
  isFull = false;
  /** Every batch that is on the disk, in order. */
  #batches: Changes[] = [];
  readonly #rows = new Map<string, Uint8Array>();
  /** The keys of the rows in order: one character a byte. */
  #keys: string[] = [];
  /** A batch whose write failed: it may be found in the log when that is read the next time. */
  #doubtful: Changes | undefined;
  readonly slots: [Slot | undefined, Slot | undefined] = [undefined, undefined];

  get(key: Uint8Array): Uint8Array | undefined {
    return this.#rows.get(textOf(key))?.slice();
  }

  has(key: Uint8Array): boolean {
    return this.#rows.has(textOf(key));
  }

  page(range: KeyRange, { limit, reverse = false, bytesMax = Infinity }: PageOptions): Row[] {
    const first = this.#placeOf(textOf(range.gte));
    const end = this.#placeOf(textOf(range.lt));
    const rows: Row[] = [];
    let bytes = 0;
    for (let i = 0; i < end - first && rows.length < limit && bytes < bytesMax; i++) {
      const key = this.#keys[reverse ? end - 1 - i : first + i] ?? '';
      const row = { key: bytesOf(key), value: this.#rows.get(key)?.slice() ?? new Uint8Array() };
      rows.push(row);
      bytes += row.key.length + row.value.length;
    }
    return rows;
  }

  /** From now on it is there after a crash; rows are read as before until it is shown. */
  keep(changes: Changes): void {
    this.#batches.push(changes);
  }

  show(changes: Changes): void {
    this.#change(changes);
  }

  doubt(changes: Changes): void {
    this.#doubtful = changes;
  }

  /** The log is read: a batch that failed is there or is not. */
  recover(random: SeededRandom): void {
    const doubtful = this.#doubtful;
    this.#doubtful = undefined;
    if (doubtful !== undefined && random.chance(0.5)) this.#batches.push(doubtful);
    this.#reread();
  }

  /** Puts the rows back to where they were so many batches ago; the first stays. */
  goBack(batches: number): void {
    this.#doubtful = undefined;
    this.#batches = this.#batches.slice(0, Math.max(1, this.#batches.length - batches));
    this.#reread();
  }

  #reread(): void {
    this.#rows.clear();
    this.#keys = [];
    for (const changes of this.#batches) this.#change(changes);
  }

  get bytes(): number {
    let bytes = 0;
    for (const [key, value] of this.#rows) bytes += key.length + value.length;
    return bytes;
  }

  #change(changes: Changes): void {
    for (const { key, value } of changes) {
      const at = this.#placeOf(key);
      const isThere = this.#keys[at] === key;
      if (value === undefined) {
        this.#rows.delete(key);
        if (isThere) this.#keys.splice(at, 1);
      } else {
        this.#rows.set(key, value);
        if (!isThere) this.#keys.splice(at, 0, key);
      }
    }
  }

  /** Of the first key that is not below. */
  #placeOf(key: string): number {
    let low = 0;
    let high = this.#keys.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#keys[middle] ?? '') < key) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

export interface DiskOptions {
  readonly disk: SimDisk;
  readonly time: VirtualTime;
  readonly random: SeededRandom;
  /** Milliseconds to the disk, and as many until the writer hears of it; at most. */
  readonly commitMsMax: number;
}

/** What is on its way to the disk, which a crash loses or keeps. */
class Writes {
  readonly #options: DiskOptions;
  readonly #cut = new Set<() => void>();
  #isOver = false;

  constructor(options: DiskOptions) {
    this.#options = options;
  }

  /**
   * @param arrive puts it on the disk, or throws
   * @param cut what becomes of it in a crash before that
   * @param tell its writer is about to hear of it
   */
  write(arrive: () => void, cut: () => void, tell: () => void): Promise<void> {
    const { time, random, commitMsMax } = this.#options;
    return new Promise((resolve, reject) => {
      if (this.#isOver) return;
      this.#cut.add(cut);
      const later = (run: () => void): void => {
        time.after(random.between(0, commitMsMax), () => {
          time.touch();
          if (!this.#isOver) run();
        });
      };
      later(() => {
        this.#cut.delete(cut);
        try {
          arrive();
          later(() => {
            tell();
            resolve();
          });
        } catch (error) {
          later(() => {
            reject(error instanceof Error ? error : new Error(String(error)));
          });
        }
      });
    });
  }

  crash(): void {
    this.#isOver = true;
    for (const cut of this.#cut) cut();
    this.#cut.clear();
  }
}

/** The database of one life. */
export class SimDatabase implements Database {
  readonly #options: DiskOptions;
  readonly #writes: Writes;
  #failed = false;

  constructor(options: DiskOptions) {
    this.#options = options;
    this.#writes = new Writes(options);
    options.disk.recover(options.random);
  }

  get(key: Uint8Array): Promise<Uint8Array | undefined> {
    return Promise.resolve(this.#options.disk.get(key));
  }

  hasMany(keys: Uint8Array[]): Promise<readonly boolean[]> {
    return Promise.resolve(keys.map((key) => this.#options.disk.has(key)));
  }

  getMany(keys: Uint8Array[]): Promise<(Uint8Array | undefined)[]> {
    return Promise.resolve(keys.map((key) => this.#options.disk.get(key)));
  }

  page(range: KeyRange, options: PageOptions): Promise<Row[]> {
    return Promise.resolve(this.#options.disk.page(range, options));
  }

  async *scan(range: KeyRange): AsyncGenerator<Row> {
    let { gte } = range;
    for (;;) {
      const rows = await this.page({ gte, lt: range.lt }, { limit: 100 });
      yield* rows;
      const last = rows.at(-1);
      if (last === undefined) return;
      gte = concat(last.key, Uint8Array.of(0));
    }
  }

  write(fill: (batch: Batch) => void): Promise<void> {
    const { disk, random } = this.#options;
    const changes: Change[] = [];
    fill({
      put: (key, value) => changes.push({ key: textOf(key), value: value.slice() }),
      del: (key) => changes.push({ key: textOf(key), value: undefined }),
    });
    return this.#writes.write(
      () => {
        // LevelDB takes no more writes once one has failed.
        if (this.#failed) throw new SkychatError('store-failed', 'an earlier write has failed');
        if (!disk.isFull) disk.keep(changes);
        else {
          this.#failed = true;
          disk.doubt(changes);
          throw new SkychatError('disk-full', 'the simulated disk is full');
        }
      },
      () => {
        if (!this.#failed && random.chance(0.5)) disk.keep(changes);
      },
      () => {
        disk.show(changes);
      },
    );
  }

  reopen(): Promise<void> {
    const { disk, random } = this.#options;
    return this.#writes.write(
      () => {
        if (disk.isFull) throw new SkychatError('disk-full', 'the simulated disk is full');
        disk.recover(random);
        this.#failed = false;
      },
      () => undefined,
      () => undefined,
    );
  }

  snapshot(): AsyncGenerator<Row> {
    return this.scan({ gte: new Uint8Array(), lt: Uint8Array.of(255) });
  }

  approximateBytes(): Promise<number> {
    return Promise.resolve(0);
  }

  compact(): Promise<void> {
    return Promise.resolve();
  }

  bytes(): Promise<number> {
    return Promise.resolve(this.#options.disk.bytes);
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  crash(): void {
    this.#writes.crash();
  }
}

/** The own-head file of one life: the slots are written in turns, as in src/cxo/own-head.ts. */
export class SimOwnHead implements OwnHead {
  readonly #options: DiskOptions;
  readonly #writes: Writes;
  #newest: { readonly slot: 0 | 1; readonly write: number };
  #latest: Promise<void> = Promise.resolve();

  constructor(options: DiskOptions) {
    this.#options = options;
    this.#writes = new Writes(options);
    const [first, second] = options.disk.slots;
    const slot = (second?.write ?? 0) > (first?.write ?? 0) ? 1 : 0;
    this.#newest = { slot, write: Math.max(first?.write ?? 0, second?.write ?? 0) };
  }

  read(): OwnSegment | undefined {
    return this.#options.disk.slots[this.#newest.slot]?.segment;
  }

  write(segment: OwnSegment): Promise<void> {
    const written = this.#latest.then(() => this.#write(segment));
    this.#latest = written.catch(() => undefined);
    return written;
  }

  /** The new file takes the old one's place at once. */
  renew(erasures: readonly Erasure[]): Promise<void> {
    const { disk } = this.#options;
    const renewed = this.#latest.then(() =>
      this.#writes.write(
        () => {
          if (disk.isFull) throw new SkychatError('disk-full', 'the simulated disk is full');
          const segment = this.read();
          const write = this.#newest.write + 1;
          const erased = segment && { ...segment, bytes: bytesWithout(segment, erasures) };
          disk.slots[0] = erased && { write, segment: erased };
          disk.slots[1] = undefined;
          this.#newest = { slot: 0, write };
        },
        () => undefined,
        () => undefined,
      ),
    );
    this.#latest = renewed.catch(() => undefined);
    return renewed;
  }

  close(): Promise<void> {
    return this.#latest;
  }

  crash(): void {
    this.#writes.crash();
  }

  #write(segment: OwnSegment): Promise<void> {
    const { disk, random } = this.#options;
    const slot = this.#newest.slot === 0 ? 1 : 0;
    const write = this.#newest.write + 1;
    return this.#writes.write(
      () => {
        // What was there is gone as soon as its place is written to.
        disk.slots[slot] = disk.isFull ? undefined : { write, segment };
        if (disk.isFull) throw new SkychatError('disk-full', 'the simulated disk is full');
        this.#newest = { slot, write };
      },
      () => {
        const part = random.below(3);
        if (part === 1) disk.slots[slot] = undefined;
        else if (part === 2) disk.slots[slot] = { write, segment };
      },
      () => undefined,
    );
  }
}

function bytesWithout(segment: OwnSegment, erasures: readonly Erasure[]): Uint8Array {
  const ofFeed = erasures.filter(({ feed }) => feedKey(feed) === feedKey(segment.feed));
  return eraseObjects({ ...segment, signed: true }, ofFeed)?.bytes ?? segment.bytes;
}

/** One character a byte: strings compare as the bytes do. */
function textOf(bytes: Uint8Array): string {
  let text = '';
  for (const byte of bytes) text += String.fromCharCode(byte);
  return text;
}

function bytesOf(text: string): Uint8Array {
  return Uint8Array.from(text, (character) => character.charCodeAt(0));
}
