// Makes a folder with all above it. Not by the recursive mkdir of Node: before Node 22 that spins for
// ever below a folder which is there and takes no entries, such as /proc.
import { existsSync, mkdirSync, statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';

/** For the owner alone, as far as it was not there. Throws what the file system says. */
export function makeFolder(path: string): void {
  const folders = [resolve(path)];
  for (let above = dirname(folders[0] ?? path); !existsSync(above); above = dirname(above)) {
    folders.unshift(above);
  }
  for (const folder of folders) {
    try {
      mkdirSync(folder, { mode: 0o700 });
    } catch (error) {
      // It is there already, or another process was faster.
      if (statSync(folder, { throwIfNoEntry: false })?.isDirectory() !== true) throw error;
    }
  }
}
