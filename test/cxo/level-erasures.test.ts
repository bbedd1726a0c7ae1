// What is erased is gone from the files of a LevelDB store, the files shrink, and nothing of the store
// breaks by it.
import { execFileSync } from 'node:child_process';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { utf8 } from '../../src/bytes.ts';
import { Archive } from '../../src/cxo/archive.ts';
import type { Erasure } from '../../src/cxo/erasure.ts';
import { LevelDatabase, type Batch } from '../../src/cxo/level-database.ts';
import { sha256 } from '../../src/cxo/ids.ts';
import { checkSchema, loadState } from '../../src/cxo/level-load.ts';
import { LevelStore, openLevelStore } from '../../src/cxo/level-store.ts';
import { storeLimits } from '../../src/cxo/limits.ts';
import { repairStore } from '../../src/cxo/repair-store.ts';
import { verifyStore } from '../../src/cxo/verify-store.ts';
import { systemRandom } from '../../src/env.ts';
import { SkychatError } from '../../src/errors.ts';
import { erasing } from '../contract/store-erasures.ts';
import { commitOf, FeedBuilder, testGroup, testIdentity, textRoot } from '../support/feeds.ts';
import { removeDirectory, temporaryDirectory } from '../support/temporary.ts';

const group = testGroup('erasures');
const labelOf = (kind: string): string | undefined => (kind === 'text' ? 'texts' : undefined);
const label = () => 'texts';

let directory = '';
let path = '';
beforeEach(async () => {
  directory = await temporaryDirectory();
  path = join(directory, 'store');
});
afterEach(async () => {
  await removeDirectory(directory);
});

function open(): Promise<LevelStore> {
  const onDamage = (damage: unknown): never => {
    throw new Error(`unexpected damage: ${JSON.stringify(damage)}`);
  };
  return openLevelStore(path, { random: systemRandom, onDamage });
}

/** Texts that do not shrink when tables are compressed. */
function noise(bytes: number): string {
  return Buffer.from(systemRandom.bytes(bytes)).toString('base64');
}

async function fill(store: LevelStore, records: number, perRecord: number): Promise<Erasure[]> {
  const feeds = [1, 2, 3].map((author) => new FeedBuilder(testIdentity(author), group));
  const erasures: Erasure[] = [];
  for (let i = 0; i < records; i++) {
    for (const feed of feeds) {
      const texts = Array.from(
        { length: perRecord },
        (_, at) => secretOf(i * perRecord + at) + noise(300),
      );
      const built = feed.segment([textRoot(i + 1, ...texts)], { label });
      await store.commit(commitOf(built));
      erasures.push(...built.record.messages.map((message) => ({ feed: feed.feed, ...message })));
    }
  }
  return erasures;
}

async function eraseAll(store: LevelStore, erasures: readonly Erasure[]): Promise<void> {
  for (let done = 0; done < erasures.length;) {
    const step = erasures.slice(done, done + storeLimits.erasuresMax);
    done += (await store.commit(erasing(...step))).erased ?? 0;
  }
}

function diskUse(): number {
  return Number(execFileSync('du', ['-sk', path], { encoding: 'utf8' }).split('\t')[0]);
}

/** Not to be compressed away: what is found nowhere is not there. */
function secretOf(i: number): string {
  return Buffer.from(sha256(utf8(`secret ${i}`))).toString('base64');
}

async function filesHold(words = secretOf(7)): Promise<boolean> {
  for (const name of await readdir(path)) {
    const text = await readFile(join(path, name), 'latin1');
    // Compression may replace a few characters of any text by those of another.
    if ([0, 12, 24].some((at) => text.includes(words.slice(at, at + 12)))) return true;
  }
  return false;
}

test('F23 after a sweep and its compaction the disk has shrunk, and no file has the texts', async () => {
  const store = await open();
  const erasures = await fill(store, 50, 60);
  expect(diskUse()).toBeGreaterThan(4_000);
  await eraseAll(store, erasures);
  // The old bytes are in the files still: that is why there is a compaction.
  expect(diskUse()).toBeGreaterThan(4_000);
  expect(await filesHold()).toBe(true);
  await store.reclaim();
  expect(diskUse()).toBeLessThan(1_500);
  expect(await filesHold()).toBe(false);
  expect(store.latestArrival()).toBe(erasures.length);
  await store.close();
}, 20_000);

test('a sweep that was broken off before its compaction is completed after the next start', async () => {
  let store = await open();
  await eraseAll(store, await fill(store, 3, 5));
  await store.close();
  store = await open();
  expect(await filesHold()).toBe(true);
  await store.reclaim(true);
  expect(await filesHold()).toBe(false);
  await store.close();
});

test('verify finds nothing wrong with erased objects, and repair keeps what is left', async () => {
  let store = await open();
  const erasures = await fill(store, 3, 4);
  await eraseAll(
    store,
    erasures.filter((_, i) => i % 3 > 0),
  );
  const before = await new Archive(store).after(0, 100);
  await store.close();
  expect(await verifyStore(path, labelOf)).toMatchObject({ messages: 36, problems: [] });
  await repairStore(path, { random: systemRandom, labelOf });
  expect(await verifyStore(path, labelOf)).toMatchObject({ messages: 36, problems: [] });
  store = await open();
  expect(await new Archive(store).after(0, 100)).toEqual(before);
  expect(before.filter(({ object }) => object === undefined)).toHaveLength(24);
  expect(store.labelledCount()).toBe(12);
  await store.close();
});

test('F56 an erasure whose sync failed is taken back whole, and can be asked for again', async () => {
  const first = await open();
  const erasures = await fill(first, 2, 3);
  await first.close();
  const database = await LevelDatabase.open(path, () => undefined);
  const state = await loadState(
    database,
    await checkSchema(database, systemRandom),
    () => undefined,
  );
  const store = new LevelStore(database, state, () => undefined);
  const write = database.write.bind(database);
  database.write = async (fillBatch: (batch: Batch) => void) => {
    database.write = write;
    await write(fillBatch);
    throw new SkychatError('store-failed', 'the sync failed');
  };
  const before = await new Archive(store).after(0, 100);
  await expect(store.commit(erasing(...erasures))).rejects.toMatchObject({ code: 'store-failed' });
  // The next commit takes it back first.
  await store.commit(erasing());
  expect(await new Archive(store).after(0, 100)).toEqual(before);
  expect(store.labelledCount()).toBe(18);
  expect(await store.labelled('texts')).toHaveLength(18);
  await store.commit(erasing(...erasures));
  const after = await new Archive(store).after(0, 100);
  expect(after.every(({ object }) => object === undefined)).toBe(true);
  expect(await store.labelled('texts')).toEqual([]);
  await store.close();
});
