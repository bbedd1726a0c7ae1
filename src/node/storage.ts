// Everything of a node that lies in its data directory: the key, the lock, the store, and the file
// with the latest own segment. Opened together, so that a refusal leaves nothing behind.
import { join } from 'node:path';
import { labelOf } from '../chat/content/labels.ts';
import { Archive } from '../cxo/archive.ts';
import { openDataLock } from '../cxo/data-lock.ts';
import { openLevelStore, type LevelStore } from '../cxo/level-store.ts';
import { storeErrorOf } from '../cxo/level-errors.ts';
import { openOwnHead, type OwnHead } from '../cxo/own-head.ts';
import type { Logger, Random } from '../env.ts';
import { SkychatError } from '../errors.ts';
import { makeFolder } from '../folder.ts';
import type { Identity } from '../identity.ts';
import { knowsOwnFeed } from './own-feed.ts';
import { clearRestored, isRestored } from './restored.ts';
import {
  createKeyFile,
  findKeyFile,
  isUnusedKey,
  makeKeyFolder,
  markKeyUsed,
} from '../key-file.ts';

/** The store's folder in the data directory. */
export const storeFolder = 'store';

export interface StorageOptions {
  readonly data: string;
  readonly keyFile: string;
  readonly random: Random;
  readonly logger: Logger;
  /** Runs once the key file was found good, and before anything is written. */
  readonly beforeWriting: () => Promise<void>;
}

export interface Storage {
  readonly identity: Identity;
  readonly store: LevelStore;
  readonly archive: Archive;
  readonly ownHead: OwnHead;
  /** Parts of the store that could not be read since the start. */
  damaged(): number;
  /**
   * Whether the own feed ends where the store says; to be called before anything is read from it.
   * @param hasPeers whether there is anybody who could know more of it
   */
  knowsOwnFeed(hasPeers: boolean): Promise<boolean>;
  /** To be called once something was written with the key. */
  announced(runner: OwnFeedWatch): void;
  /** The engine is given where there was one. */
  close(runner?: OwnFeedWatch): Promise<void>;
}

/** What the engine knows of the own feeds. */
export interface OwnFeedWatch {
  readonly areOwnFeedsKnown: boolean;
}

/** @throws SkychatError `key-file-exposed`, `bad-key-file`, `data-locked`, `store-newer`, … */
export async function openStorage(options: StorageOptions): Promise<Storage> {
  const { data, keyFile, random, logger } = options;
  const found = findKeyFile(keyFile);
  await options.beforeWriting();
  makeDataFolder(data);
  const lock = await openDataLock(data);
  try {
    const identity = found ?? makeKey(keyFile, random);
    let damaged = 0;
    const store = await openLevelStore(join(data, storeFolder), {
      random,
      onDamage: ({ feed, from, what }) => {
        damaged++;
        logger.error({ author: feed?.author, from, what }, 'the store is damaged here');
      },
    });
    const ownHead = openOwnHead(data);
    return {
      ...{ identity, store, ownHead },
      archive: new Archive(store),
      damaged: () => damaged,
      knowsOwnFeed: (hasPeers) => {
        const self = identity.publicKey;
        const signs = { self, unusedKey: isUnusedKey(keyFile, self), isRestored: isRestored(data) };
        return knowsOwnFeed(store, ownHead, labelOf, { ...signs, hasPeers });
      },
      announced: (runner) => {
        markKeyUsed(keyFile);
        forgetBackup(data, runner);
      },
      close: async (runner) => {
        forgetBackup(data, runner);
        await ownHead.close();
        await store.close();
        await lock.close();
      },
    };
  } catch (error) {
    await lock.close();
    throw error;
  }
}

/** Once peers have told where the own feeds stand, it does not matter where the store came from. */
function forgetBackup(data: string, runner: OwnFeedWatch | undefined): void {
  if (isRestored(data) && runner?.areOwnFeedsKnown === true) clearRestored(data);
}

function makeKey(path: string, random: Random): Identity {
  makeKeyFolder(path);
  return createKeyFile(path, random);
}

/** @throws SkychatError `store-failed`, `disk-full` */
export function makeDataFolder(path: string): void {
  try {
    makeFolder(path);
  } catch (error) {
    const failure = storeErrorOf(error);
    if (failure.code !== 'store-failed') throw failure;
    throw new SkychatError(
      'store-failed',
      `cannot make the data directory ${path}: ${failure.message.replace(/^the store failed: /, '')}`,
      { hint: 'Name another one with --data.', cause: error },
    );
  }
}
