// runtime.json in the data directory: where the node that runs there can be reached. It appears and
// changes in one step, so that a reader never sees half of it.
import { readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { runtimeFileBytesMax } from './limits.ts';

export interface Runtime {
  readonly pid: number;
  readonly pk: string;
  readonly listen: string | null;
  readonly http: string;
}

export function writeRuntimeFile(data: string, { pid, pk, listen, http }: Runtime): void {
  const path = pathIn(data);
  const draft = `${path}.${pid}.tmp`;
  writeFileSync(draft, `${JSON.stringify({ pid, pk, listen, http })}\n`, { mode: 0o600 });
  renameSync(draft, path);
}

/** Undefined where there is none, or none that makes sense. */
export function findRuntimeFile(data: string): Runtime | undefined {
  try {
    const path = pathIn(data);
    if (statSync(path).size > runtimeFileBytesMax) return undefined;
    const value = JSON.parse(readFileSync(path, 'utf8')) as Partial<Record<keyof Runtime, unknown>>;
    const { pid, pk, listen = null, http } = value;
    if (typeof pid !== 'number' || !Number.isSafeInteger(pid) || pid <= 0) return undefined;
    if (typeof pk !== 'string' || typeof http !== 'string') return undefined;
    return listen === null || typeof listen === 'string' ? { pid, pk, listen, http } : undefined;
  } catch {
    return undefined;
  }
}

/** Leaves the file of another process alone. */
export function removeRuntimeFile(data: string, pid: number): void {
  if (findRuntimeFile(data)?.pid === pid) rmSync(pathIn(data), { force: true });
}

export function isAlive({ pid }: Runtime): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // EPERM: it lives, and belongs to somebody else.
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}

function pathIn(data: string): string {
  return join(data, 'runtime.json');
}
