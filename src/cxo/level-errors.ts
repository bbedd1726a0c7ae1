// Errors of LevelDB and of the file system as what an operator can act on. Knows no rows.
import { SkychatError } from '../errors.ts';

/** LevelDB met bytes that it cannot read as its own: damage, not an operating fault. */
export function isCorruption(error: unknown): boolean {
  return causesOf(error).some(({ code }) => code === 'LEVEL_CORRUPTION');
}

export function storeErrorOf(error: unknown): SkychatError {
  if (error instanceof SkychatError) return error;
  const causes = causesOf(error);
  const words = causes.at(-1)?.message ?? String(error);
  if (causes.some(isFull)) {
    return new SkychatError('disk-full', `the disk is full: ${words}`, {
      hint: 'make room; the store goes on by itself then',
      cause: error,
    });
  }
  if (causes.some(({ code }) => code === 'LEVEL_LOCKED')) {
    return new SkychatError('data-locked', `another process has the store open: ${words}`, {
      hint: 'stop the other process, or name another directory with --data',
      cause: error,
    });
  }
  if (isCorruption(error)) {
    return new SkychatError('store-damaged', `the store is damaged: ${words}`, {
      hint: 'stop the node and run: skychat-node repair',
      cause: error,
    });
  }
  return new SkychatError('store-failed', `the store failed: ${words}`, { cause: error });
}

interface Cause {
  readonly code: unknown;
  readonly message: string;
}

/** Causes are nested a few deep; the bound is against a circle. */
const causesMax = 8;

/** The error and its causes, outermost first. */
function causesOf(error: unknown): Cause[] {
  const causes: Cause[] = [];
  let at = error;
  while (at instanceof Error && causes.length < causesMax) {
    causes.push({ code: 'code' in at ? at.code : undefined, message: at.message });
    at = at.cause;
  }
  return causes;
}

function isFull({ code, message }: Cause): boolean {
  if (code === 'ENOSPC' || code === 'EDQUOT') return true;
  return /no space left on device|disk quota exceeded/i.test(message);
}
