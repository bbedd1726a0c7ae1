// Verifies and repairs what lies in a data directory that no node has open.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { labelOf } from '../chat/content/labels.ts';
import { unknownLabel } from '../cxo/record.ts';
import { openDataLock } from '../cxo/data-lock.ts';
import { openLevelStore } from '../cxo/level-store.ts';
import { openOwnHead } from '../cxo/own-head.ts';
import { repairStore, type RepairReport } from '../cxo/repair-store.ts';
import { verifyStore, type StoreProblem, type StoreVerdict } from '../cxo/verify-store.ts';
import { systemRandom } from '../env.ts';
import { SkychatError } from '../errors.ts';
import { storeFolder } from './storage.ts';

export type { RepairReport, StoreVerdict };

/**
 * Re-checks every hash, chain, signature and index row, and that the store has the latest own root.
 * SkychatError `data-locked`, `store-damaged`.
 */
export function verifyData(data: string): Promise<StoreVerdict> {
  return withLock(data, async (path) => {
    const verdict = await verifyStore(path, labelInAnyHands);
    const lost = await findLostOwnRoots(data, path);
    if (lost === undefined) return verdict;
    const { problems, problemCount } = verdict;
    return { ...verdict, problems: [lost, ...problems], problemCount: problemCount + 1 };
  });
}

/** Damage in the middle of LevelDB's log loses records without any other trace. */
async function findLostOwnRoots(data: string, path: string): Promise<StoreProblem | undefined> {
  const ownHead = openOwnHead(data);
  const store = await openLevelStore(path, { random: systemRandom, onDamage: () => undefined });
  try {
    const kept = ownHead.read();
    const seq = kept === undefined ? undefined : (store.find(kept.feed)?.head.seq ?? 0);
    if (kept === undefined || seq === undefined || seq >= kept.from) return undefined;
    const what = `own roots up to ${kept.from} were acknowledged and are not in the store`;
    return { feed: kept.feed, from: seq + 1, what };
  } finally {
    await store.close();
    await ownHead.close();
  }
}

export interface StoreGlance {
  /** What is damaged, in words. */
  readonly damage: readonly string[];
  /** The clock of this node at its latest own message, microseconds. */
  readonly latestOwn: number | undefined;
}

/** A store up to this size is verified within a second or two: it is when somebody only looks. */
const glanceBytesMax = 16 * 2 ** 20;

/**
 * What opening the store shows; where it is small, what verifying it does. SkychatError `data-locked`, `store-damaged`,
 * `store-newer`.
 */
export function glanceAtData(data: string): Promise<StoreGlance> {
  return withLock(data, async (path) => {
    if (!existsSync(path)) return { damage: [], latestOwn: undefined };
    const damage: string[] = [];
    const store = await openLevelStore(path, {
      random: systemRandom,
      onDamage: ({ what }) => damage.push(what),
    });
    const ownHead = openOwnHead(data);
    const kept = ownHead.read();
    const head = kept && store.find(kept.feed)?.head;
    const isSmall = (await store.bytes()) <= glanceBytesMax;
    await store.close();
    await ownHead.close();
    if (kept !== undefined && (head?.seq ?? 0) < kept.from) {
      damage.push('own messages that were acknowledged are not in the store');
    }
    if (isSmall) {
      const { problems } = await verifyStore(path, labelInAnyHands);
      for (const { what } of problems) if (!damage.includes(what)) damage.push(what);
    }
    return { damage, latestOwn: head?.time };
  });
}

/** Rebuilds the store from its roots and objects; the old one is kept. SkychatError `data-locked`. */
export function repairData(data: string): Promise<RepairReport> {
  return withLock(data, (store) => repairStore(store, { random: systemRandom, labelOf }));
}

export async function withLock<T>(data: string, work: (store: string) => Promise<T>): Promise<T> {
  if (!existsSync(data)) {
    throw new SkychatError('bad-config', `there is no data directory ${data}`, {
      hint: 'Name another one with --data.',
    });
  }
  const lock = await openDataLock(data);
  try {
    return await work(join(data, storeFolder));
  } finally {
    await lock.close();
  }
}

/** What was sealed has another label where it could be opened. */
export function labelInAnyHands(kind: string, object: Uint8Array): string | undefined {
  return kind === 'sealed' ? unknownLabel : labelOf(kind, object);
}
