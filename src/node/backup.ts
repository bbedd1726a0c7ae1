// Backups of a node, and what is restored from them: the store as of one moment, and the secret key.
// The rows of the store come from a daemon or from the files; they stand in a database of their own.
//
// A backup is a directory: `store`, `identity.key`, and `backup.json`, which is written last, so that
// one without it is not whole. A restored directory gets its `store` last, for the same reason.
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { copyFile, open, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { openDataLock } from '../cxo/data-lock.ts';
import { LevelDatabase, syncFolder } from '../cxo/level-database.ts';
import { storeErrorOf } from '../cxo/level-errors.ts';
import type { Row } from '../cxo/level-rows.ts';
import { copyBatchBytes } from '../cxo/limits.ts';
import { verifyStore, type StoreVerdict } from '../cxo/verify-store.ts';
import { SkychatError } from '../errors.ts';
import { makeFolder } from '../folder.ts';
import { findKeyFile, readKeyFile } from '../key-file.ts';
import { labelInAnyHands, withLock } from './care.ts';
import { isRestored, markRestored } from './restored.ts';
import { makeDataFolder, storeFolder } from './storage.ts';

const [keyName, statementName] = ['identity.key', 'backup.json'];
const format = 'skychat-node backup';
export const backupVersion = 1;

/** What `backup.json` says. */
export interface Backup {
  readonly format: typeof format;
  readonly version: typeof backupVersion;
  readonly pk: string;
  /** ISO 8601. */
  readonly created: string;
  readonly rows: number;
}

export interface BackupSource {
  readonly keyFile: string;
  /** Every row of the store as of one moment. */
  readonly rows: AsyncIterable<Row>;
  readonly created: string;
}

/**
 * Writes a backup into a directory that is empty or not there, for its owner alone.
 * @throws SkychatError `bad-config` (the directory is in use), `disk-full`, `store-failed`
 */
export async function writeBackup(folder: string, source: BackupSource): Promise<Backup> {
  const { publicKey: pk } = readKeyFile(source.keyFile);
  if (existsSync(folder) && readdirSync(folder).length > 0) {
    throw inUse(`${folder} is not empty`, 'name a directory that is not there yet');
  }
  try {
    makeFolder(folder);
    const rows = await writeStore(join(folder, storeFolder), source.rows);
    await copySynced(source.keyFile, join(folder, keyName));
    const backup: Backup = { format, version: backupVersion, pk, created: source.created, rows };
    await writeSynced(join(folder, statementName), `${JSON.stringify(backup)}\n`);
    await syncFolder(folder);
    return backup;
  } catch (error) {
    throw storeErrorOf(error);
  }
}

/** Lets the rows of a stopped node be copied. @throws SkychatError `data-locked`, `bad-config` */
export function copyData<T>(
  data: string,
  copy: (rows: AsyncIterable<Row>) => Promise<T>,
): Promise<T> {
  return withLock(data, async (path) => {
    const source = await LevelDatabase.open(path, () => undefined, false);
    try {
      return await copy(source.snapshot());
    } finally {
      await source.close();
    }
  });
}

async function writeStore(path: string, rows: AsyncIterable<Row>): Promise<number> {
  const target = await LevelDatabase.open(path, () => undefined);
  let count = 0;
  let batch: Row[] = [];
  let bytes = 0;
  const flush = async (): Promise<void> => {
    const full = batch;
    [batch, bytes] = [[], 0];
    await target.write((write) => {
      for (const { key, value } of full) write.put(key, value);
    });
  };
  try {
    for await (const row of rows) {
      count++;
      batch.push(row);
      bytes += row.key.length + row.value.length;
      if (bytes >= copyBatchBytes) await flush();
    }
    await flush();
  } finally {
    await target.close();
  }
  return count;
}

export interface Restored {
  readonly backup: Backup;
  readonly verdict: StoreVerdict;
}

/**
 * Restores a backup into a data directory that has no store and no other key. Nothing is there where it
 * fails, or is broken off; then it may be begun again.
 * @throws SkychatError `bad-config`, `key-file-exists`, `store-damaged`, `data-locked`, `disk-full`, …
 */
export async function restoreBackup(
  folder: string,
  { data, keyFile }: { readonly data: string; readonly keyFile: string },
): Promise<Restored> {
  const backup = readBackup(folder);
  const { publicKey } = readKeyFile(join(folder, keyName));
  if (publicKey !== backup.pk) throw notWhole(folder, 'its key is not the one that it names');
  const found = findKeyFile(keyFile);
  if (found !== undefined && found.publicKey !== backup.pk) {
    throw new SkychatError('key-file-exists', `${keyFile} holds another key`, {
      hint: 'restore into another directory, with --data',
    });
  }
  makeDataFolder(data);
  const lock = await openDataLock(data);
  try {
    const store = join(data, storeFolder);
    if (existsSync(store)) throw inUse(`${data} has a store`, 'restore into another directory');
    const verdict = await fill(folder, data, store);
    if (found === undefined) await copySynced(join(folder, keyName), keyFile);
    if (!isRestored(data)) markRestored(data);
    await syncFolder(data);
    renameSync(`${store}.restoring`, store);
    await syncFolder(data);
    return { backup, verdict };
  } catch (error) {
    throw storeErrorOf(error);
  } finally {
    await lock.close();
  }
}

/** Copies the store beside its place and checks all of it there: the backup itself is only read. */
async function fill(folder: string, data: string, store: string): Promise<StoreVerdict> {
  const draft = `${store}.restoring`;
  rmSync(draft, { recursive: true, force: true });
  mkdirSync(draft, { mode: 0o700 });
  try {
    const source = join(folder, storeFolder);
    for (const name of await readdir(source)) {
      if (name !== 'LOCK') await copySynced(join(source, name), join(draft, name));
    }
    await syncFolder(draft);
    const verdict = await verifyStore(draft, labelInAnyHands);
    if (verdict.problemCount === 0) return verdict;
    const what = verdict.problems[0]?.what ?? '';
    throw new SkychatError(
      'store-damaged',
      `the backup has ${verdict.problemCount} faults: ${what}`,
      {
        hint: `restore an older one; nothing was changed in ${data}`,
      },
    );
  } catch (error) {
    rmSync(draft, { recursive: true, force: true });
    throw error;
  }
}

function readBackup(folder: string): Backup {
  let value: Partial<Backup>;
  try {
    value = JSON.parse(readFileSync(join(folder, statementName), 'utf8')) as Partial<Backup>;
  } catch {
    throw notWhole(folder, `${statementName} is missing or damaged`);
  }
  if (value.format !== format) throw notWhole(folder, `${statementName} is of something else`);
  if (value.version !== backupVersion) throw notWhole(folder, 'another version has written it');
  return value as Backup;
}

/** On disk when it resolves; for the owner alone. */
async function copySynced(from: string, to: string): Promise<void> {
  await copyFile(from, to);
  const file = await open(to, 'r+');
  try {
    await file.chmod(0o600);
    await file.sync();
  } finally {
    await file.close();
  }
}

async function writeSynced(path: string, text: string): Promise<void> {
  const file = await open(path, 'wx', 0o600);
  try {
    await file.writeFile(text);
    await file.sync();
  } finally {
    await file.close();
  }
}

function notWhole(folder: string, why: string): SkychatError {
  return new SkychatError('bad-config', `${folder} is not a whole backup: ${why}`, {
    hint: 'name the directory that `backup` has written',
  });
}

function inUse(what: string, hint: string): SkychatError {
  return new SkychatError('bad-config', what, { hint });
}
