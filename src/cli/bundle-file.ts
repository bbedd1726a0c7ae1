// The file of a bundle: written whole or not at all, and read from any place.
import { open, link, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { ReadAt } from '../cxo/bundle.ts';
import { storeErrorOf } from '../cxo/level-errors.ts';
import { SkychatError } from '../errors.ts';
import { Problem } from './failures.ts';

/**
 * Writes the pieces to a file that is not there yet, readable by its owner alone; it appears once all of
 * it is on disk.
 */
export async function writeNewFile(path: string, pieces: AsyncIterable<Uint8Array>): Promise<void> {
  const draft = `${path}.${process.pid}.tmp`;
  try {
    const file = await open(draft, 'wx', 0o600);
    try {
      for await (const piece of pieces) await file.writeFile(piece);
      await file.sync();
    } finally {
      await file.close();
    }
    await link(draft, path);
    const folder = await open(dirname(path), 'r');
    await folder.sync().finally(() => folder.close());
  } catch (error) {
    throw failureOf(path, error);
  } finally {
    await rm(draft, { force: true });
  }
}

function failureOf(path: string, error: unknown): unknown {
  if (error instanceof SkychatError || error instanceof Problem) return error;
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  if (code === 'EEXIST') {
    const hint = 'Name another file, or remove that one first.';
    return new Problem(409, `${path} exists and is never overwritten`, undefined, hint);
  }
  if (code === 'ENOENT' || code === 'EACCES' || code === 'ENOTDIR' || code === 'EROFS') {
    return new Problem(0, `cannot write ${path}: ${(error as Error).message}`);
  }
  return typeof code === 'string' ? storeErrorOf(error) : error;
}

/** Lets a file be read from any place while `use` runs. */
export async function withFile<T>(path: string, use: (readAt: ReadAt) => Promise<T>): Promise<T> {
  const file = await open(path, 'r').catch((error: unknown) => {
    const words = error instanceof Error ? error.message : String(error);
    throw new Problem(404, `cannot read ${path}: ${words}`);
  });
  try {
    return await use(async (offset, length) => {
      const bytes = new Uint8Array(length);
      let done = 0;
      while (done < length) {
        const { bytesRead } = await file.read(bytes, done, length - done, offset + done);
        if (bytesRead === 0) break;
        done += bytesRead;
      }
      return bytes.subarray(0, done);
    });
  } finally {
    await file.close();
  }
}
