// Reaches behind a store's back: reads and changes the rows of its LevelDB, and the bytes of its files.
import { open, readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { Level } from 'level';

export type RawLevel = Level<Uint8Array, Uint8Array>;

/** Works on the rows of a store that nothing has open. */
export async function withRows<T>(path: string, work: (level: RawLevel) => Promise<T>): Promise<T> {
  const level: RawLevel = new Level(path, { keyEncoding: 'view', valueEncoding: 'view' });
  await level.open();
  try {
    return await work(level);
  } finally {
    await level.close();
  }
}

/** The keys of one kind of row, in order. */
export async function keysOf(level: RawLevel, kind: number): Promise<Uint8Array[]> {
  return level.keys({ gte: Uint8Array.of(kind), lt: Uint8Array.of(kind + 1) }).all();
}

/** Flips a bit in the middle of a row's value. */
export async function damageRow(level: RawLevel, key: Uint8Array): Promise<void> {
  const value = Uint8Array.from(await level.get(key));
  const middle = value.length >> 1;
  value[middle] = (value[middle] ?? 0) ^ 4;
  await level.put(key, value);
}

export interface DataFile {
  readonly path: string;
  readonly size: number;
}

/** Tables, logs and manifests of a LevelDB. */
export async function dataFiles(path: string): Promise<DataFile[]> {
  const names = (await readdir(path)).filter((name) =>
    /\.(ldb|log)$|^MANIFEST|^CURRENT/.test(name),
  );
  const files = names.sort().map(async (name) => {
    const file = join(path, name);
    return { path: file, size: (await stat(file)).size };
  });
  return (await Promise.all(files)).filter(({ size }) => size > 0);
}

export async function flipByte(path: string, at: number, bits: number): Promise<void> {
  const file = await open(path, 'r+');
  const byte = new Uint8Array(1);
  await file.read(byte, 0, 1, at);
  byte[0] = (byte[0] ?? 0) ^ bits;
  await file.write(byte, 0, 1, at);
  await file.close();
}
