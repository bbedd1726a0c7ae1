// What of a simulated node outlives a crash, and how it is opened again: the production store over a
// simulated disk, with the own-head file beside it; or a store in memory, for meshes that are large.
import { Archive } from '../../src/cxo/archive.ts';
import { MemoryStore } from '../../src/cxo/memory-store.ts';
import { openStoreOn } from '../../src/cxo/level-store.ts';
import type { Commit, CommitArrivals, Store } from '../../src/cxo/store.ts';
import { silentLogger, type Logger, type Timers } from '../../src/env.ts';
import { SkychatError } from '../../src/errors.ts';
import type { PublicKey } from '../../src/identity.ts';
import { knowsOwnFeed, renewOwnHead } from '../../src/node/own-feed.ts';
import type { OwnSegment } from '../../src/sync/events.ts';
import { OwnHeadKeeper } from '../../src/sync/own-head-keeper.ts';
import { SimDatabase, SimDisk, SimOwnHead } from './disk.ts';
import { LeanStore } from './lean-store.ts';
import type { SeededRandom } from './random.ts';
import type { VirtualTime } from './timeline.ts';

export type StoreKind = 'level' | 'memory' | 'lean';

/** How a disk comes back from a backup. */
export interface Backup {
  /** Batches that the disk has lost. */
  readonly lost: number;
  /** Whether the own-head file was put back as well; else it knows of later roots. */
  readonly ownHeadToo: boolean;
  /** Whether the operator says so: posting waits for a peer then. */
  readonly isTold: boolean;
}

/** The storage of one life. */
export interface OpenStorage {
  readonly store: Store;
  readonly ownFeedsKnown: boolean;
  /** As of the store, which tells when it is on the disk. */
  commit(change: Commit): Promise<CommitArrivals>;
  /** What was erased goes from beside the store as well. */
  reclaim(): Promise<void>;
  /** Keeps own segments that the store has beside it. */
  keep(own: readonly OwnSegment[]): void;
  /** Ends the life: what is on its way to the disk is lost or not. */
  crash(): void;
  /** Resolves once nothing is on its way. */
  close(): Promise<void>;
}

export interface StorageOptions {
  readonly self: PublicKey;
  readonly time: VirtualTime;
  readonly random: SeededRandom;
  readonly commitMsMax: number;
  readonly labelOf: (kind: string) => string | undefined;
  /** Told of damage that the store has found: there is none to find. */
  readonly onDamage: (what: string) => void;
}

export interface SimStorage {
  isFull: boolean;
  /** @throws SkychatError `disk-full` or `store-failed` */
  open(timers: Timers, unusedKey: boolean): Promise<OpenStorage>;
  /** Takes the disk of a node that is down back to an older state. */
  restore(backup: Backup): Promise<void>;
}

export function makeStorage(kind: StoreKind, options: StorageOptions): SimStorage {
  if (kind === 'level') return new LevelStorage(options);
  return new MemoryStorage(options, kind === 'lean');
}

class LevelStorage implements SimStorage {
  readonly #options: StorageOptions;
  readonly #disk = new SimDisk();
  #isTold = false;

  constructor(options: StorageOptions) {
    this.#options = options;
  }

  get isFull(): boolean {
    return this.#disk.isFull;
  }

  set isFull(isFull: boolean) {
    this.#disk.isFull = isFull;
  }

  async open(timers: Timers, unusedKey: boolean): Promise<OpenStorage> {
    const { self, random, labelOf, onDamage } = this.#options;
    const options = { ...this.#options, disk: this.#disk };
    const database = new SimDatabase(options);
    const ownHead = new SimOwnHead(options);
    const logger = listeningLogger(onDamage);
    const store = await openStoreOn(database, {
      random,
      onDamage: ({ what }) => {
        onDamage(what);
      },
    });
    const signs = { self, unusedKey, hasPeers: true };
    const ownFeedsKnown = (await knowsOwnFeed(store, ownHead, labelOf, signs)) && !this.#isTold;
    const keeper = new OwnHeadKeeper(ownHead, timers, logger);
    return {
      ...{ store, ownFeedsKnown },
      commit: (change) => store.commit(change),
      reclaim: () => renewOwnHead(new Archive(store), ownHead),
      keep: (own) => {
        for (const segment of own) keeper.keep(segment);
      },
      crash: () => {
        database.crash();
        ownHead.crash();
      },
      close: () => keeper.close(),
    };
  }

  restore({ lost, ownHeadToo, isTold }: Backup): Promise<void> {
    this.#isTold = isTold;
    this.#disk.goBack(lost);
    if (ownHeadToo) this.#disk.slots.fill(undefined);
    return Promise.resolve();
  }
}

/** That the own head could not be written is no damage; everything else would be. */
function listeningLogger(onDamage: (what: string) => void): Logger {
  return {
    ...silentLogger,
    error: (_, message) => {
      onDamage(message);
    },
  };
}

class MemoryStorage implements SimStorage {
  readonly #options: StorageOptions;
  readonly #isLean: boolean;
  isFull = false;
  #store: Store;
  #commits: Commit[] = [];
  #isTold = false;

  constructor(options: StorageOptions, isLean: boolean) {
    this.#options = options;
    this.#isLean = isLean;
    this.#store = this.#empty();
  }

  open(): Promise<OpenStorage> {
    let isOver = false;
    return Promise.resolve({
      ...{ store: this.#store, ownFeedsKnown: !this.#isTold },
      commit: (change) => this.#commit(change, () => isOver),
      reclaim: () => Promise.resolve(),
      keep: () => undefined,
      crash: () => {
        isOver = true;
      },
      close: () => Promise.resolve(),
    });
  }

  /** It is there at some moment before the engine hears of it; a crash may come before either. */
  #commit(change: Commit, isOver: () => boolean): Promise<CommitArrivals> {
    const { time, random, commitMsMax } = this.#options;
    return new Promise((resolve, reject) => {
      time.after(random.between(0, commitMsMax), () => {
        if (isOver()) return;
        time.touch();
        const isFull = this.isFull;
        const written = isFull ? undefined : this.#store.commit(change);
        // Whoever waits hears of it a moment later.
        written?.catch(() => undefined);
        if (!isFull && !this.#isLean) this.#commits.push(change);
        time.after(random.between(0, commitMsMax), () => {
          if (isOver()) return;
          time.touch();
          if (written !== undefined) resolve(written);
          else reject(new SkychatError('disk-full', 'the simulated disk is full'));
        });
      });
    });
  }

  async restore({ lost, isTold }: Backup): Promise<void> {
    this.#isTold = isTold;
    this.#commits = this.#commits.slice(0, Math.max(0, this.#commits.length - lost));
    this.#store = this.#empty();
    for (const commit of this.#commits) await this.#store.commit(commit);
  }

  #empty(): Store {
    return this.#isLean ? new LeanStore() : new MemoryStore();
  }
}
