// The example rows and files of the disk format in docs/PROTOCOL.md: written by a real store and a
// real own-head file, and read back as bytes.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { labelOf } from '../../src/chat/content/labels.ts';

import { emptyHead, tailOf } from '../../src/cxo/feed.ts';
import { LevelDatabase } from '../../src/cxo/level-database.ts';
import { feedRowKey, rowKinds } from '../../src/cxo/level-keys.ts';
import { openLevelStore } from '../../src/cxo/level-store.ts';
import { openOwnHead } from '../../src/cxo/own-head.ts';
import { buildRecord } from '../../src/cxo/record.ts';
import { feed, leftRun, run } from './protocol-examples.ts';

/** The first write goes to the second slot. */
export const ownHeadSlotBytes = 1_310_594;

const random = {
  bytes: (length: number): Uint8Array => new Uint8Array(length).fill(0x33),
  unit: (): number => 0,
};

const unexpected = (damage: unknown): never => {
  throw new Error(`unexpected damage: ${JSON.stringify(damage)}`);
};

/** Roots 1 and 2 as one record, and root 3 as a held one. */
async function writeStore(path: string): Promise<void> {
  const store = await openLevelStore(path, { random, onDamage: unexpected });
  await store.commit({
    records: [buildRecord(run, false, labelOf), buildRecord(leftRun, true, labelOf)],
    states: [{ feed, head: leftRun.head, forkedAt: undefined }],
    releases: [],
    local: [{ key: 'example', value: Uint8Array.of(1, 2, 3) }],
  });
  await store.close();
}

/** Root 3 alone, as a tail. */
async function writeTail(path: string): Promise<Uint8Array> {
  const store = await openLevelStore(path, { random, onDamage: unexpected });
  const state = { feed, head: emptyHead, forkedAt: undefined, tail: tailOf(leftRun) };
  const records = [buildRecord(leftRun, false, labelOf)];
  await store.commit({ records, states: [state], releases: [], local: [] });
  await store.close();
  const database = await LevelDatabase.open(path, unexpected);
  const row = await database.get(feedRowKey(1));
  await database.close();
  if (row === undefined) throw new Error('the store has a feed');
  return row;
}

/** The first row of each kind, that of a feed with a tail, and the file with the latest own segment. */
export async function diskExamples(directory: string): Promise<Record<string, Uint8Array>> {
  const path = join(directory, 'store');
  await writeStore(path);
  const examples: Record<string, Uint8Array> = {};
  const database = await LevelDatabase.open(path, unexpected);
  for (const [name, kind] of Object.entries(rowKinds)) {
    const range = { gte: Uint8Array.of(kind), lt: Uint8Array.of(kind + 1) };
    const [row] = await database.page(range, { limit: 1 });
    if (row === undefined) continue;
    examples[`row-${name}-key`] = row.key;
    examples[`row-${name}-value`] = row.value;
  }
  await database.close();
  examples['row-feed-tail-value'] = await writeTail(join(directory, 'store with a tail'));
  examples['own-head-slot'] = await writeOwnHead(directory);
  return examples;
}

async function writeOwnHead(directory: string): Promise<Uint8Array> {
  const file = openOwnHead(directory);
  const local = [{ key: 'example', value: Uint8Array.of(1, 2, 3) }];
  await file.write({ feed, from: 1, bytes: run.bytes, local });
  await file.close();
  const bytes = new Uint8Array(await readFile(join(directory, 'own-head')));
  return bytes.subarray(ownHeadSlotBytes);
}
