// The mark on a data directory that was restored from a backup: others may know more of the own feeds
// than the backup does, so nothing is written to them before a peer has told. It stays over restarts,
// until that has happened.
import { closeSync, existsSync, fsyncSync, openSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';

const text = `This directory was restored from a backup. The node posts nothing until a peer has told
how far its own messages go; then it removes this file by itself.
`;

export function isRestored(data: string): boolean {
  return existsSync(pathIn(data));
}

/** On disk when it returns, once the directory's names are synced as well. */
export function markRestored(data: string): void {
  const file = openSync(pathIn(data), 'w', 0o600);
  try {
    writeSync(file, text);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}

export function clearRestored(data: string): void {
  rmSync(pathIn(data), { force: true });
}

function pathIn(data: string): string {
  return join(data, 'restored');
}
