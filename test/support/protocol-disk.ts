// The example rows and files of the disk format in docs/PROTOCOL.md: written by a real store and a
// real own-head file, and read back as bytes.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { labelOf } from '../../src/chat/message.ts';
import { LevelDatabase } from '../../src/cxo/level-database.ts';
import { rowKinds } from '../../src/cxo/level-keys.ts';
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

/** Roots 1 and 2 as one record, and root 3 as a held one. */
async function writeStore(path: string): Promise<void> {
  const store = await openLevelStore(path, {
    random,
    onDamage: ({ what }) => {
      throw new Error(what);
    },
  });
  await store.commit({
    records: [buildRecord(run, false, labelOf), buildRecord(leftRun, true, labelOf)],
    states: [{ feed, head: leftRun.head, forkedAt: undefined }],
    releases: [],
    local: [{ key: 'example', value: Uint8Array.of(1, 2, 3) }],
  });
  await store.close();
}

/** The first row of each kind, and the file with the latest own segment. */
export async function diskExamples(directory: string): Promise<Record<string, Uint8Array>> {
  const path = join(directory, 'store');
  await writeStore(path);
  const examples: Record<string, Uint8Array> = {};
  const database = await LevelDatabase.open(path, (what) => {
    throw new Error(what);
  });
  for (const [name, kind] of Object.entries(rowKinds)) {
    const range = { gte: Uint8Array.of(kind), lt: Uint8Array.of(kind + 1) };
    const [row] = await database.page(range, { limit: 1 });
    if (row === undefined) continue;
    examples[`row-${name}-key`] = row.key;
    examples[`row-${name}-value`] = row.value;
  }
  await database.close();
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
