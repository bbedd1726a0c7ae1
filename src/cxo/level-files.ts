// The files of a LevelDB database: how large they are, and whether the disk has room for more.
import { open, readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { storeLimits } from './limits.ts';

export async function filesOf(path: string): Promise<{ name: string; size: number }[]> {
  const files: { name: string; size: number }[] = [];
  for (const name of await readdir(path)) {
    // LevelDB removes files in the background.
    const found = await stat(join(path, name)).catch(() => undefined);
    if (found?.isFile() === true) files.push({ name, size: found.size });
  }
  return files;
}

const probeChunk = new Uint8Array(64 * 1024).fill(0x5a);

/**
 * Throws where the disk has no room for what an opening writes: the tables of the logs that are
 * there, and a new log and manifest.
 */
export async function checkRoom(path: string): Promise<void> {
  let needed = storeLimits.roomBytesMin;
  for (const { name, size } of await filesOf(path)) if (name.endsWith('.log')) needed += size;
  const probe = join(path, 'room.probe');
  const file = await open(probe, 'w');
  try {
    for (let written = 0; written < needed; written += probeChunk.length) {
      await file.write(probeChunk);
    }
    await file.datasync();
  } finally {
    await file.close();
    await rm(probe, { force: true });
  }
}
