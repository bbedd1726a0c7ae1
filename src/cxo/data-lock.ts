// The lock on a data directory: one process, and one holder in it. Knows nothing of what is inside.
//
// On Linux it is a listening socket in the abstract namespace: the kernel gives a name to one
// process and takes it back when that ends, however it ends, so no lock is ever left over and no
// process id is ever mistaken for another's. The name is made of the directory's own number and of
// a secret that lies in it: a copied directory has another number, and another user of the machine
// cannot take the name first. On other systems, and between containers with networks of their own,
// only LevelDB's lock inside the store keeps a second process out.
import { randomBytes } from 'node:crypto';
import {
  closeSync,
  linkSync,
  openSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { pid, platform } from 'node:process';
import { toHex, utf8 } from '../bytes.ts';
import { SkychatError } from '../errors.ts';
import { sha256 } from './ids.ts';
import { storeErrorOf } from './level-errors.ts';

export interface DataLock {
  close(): Promise<void>;
}

/** Directories that this process holds, by device and number. */
const heldHere = new Set<string>();

const holderCharacters = 10;

/**
 * Takes the lock of a directory that is there.
 * @throws SkychatError `data-locked`, naming the process that has it, or `store-failed`
 */
export async function openDataLock(directory: string): Promise<DataLock> {
  const name = nameOf(directory);
  if (heldHere.has(name)) throw locked(directory, pid);
  heldHere.add(name);
  try {
    const { secret, holder } = readLockFile(directory);
    const socket = platform === 'linux' ? await bind(`${name} ${secret}`) : undefined;
    if (socket === 'taken') throw locked(directory, holder);
    writeHolder(directory, secret);
    return {
      close: async () => {
        await new Promise<void>((resolve) => {
          if (socket === undefined) resolve();
          else
            socket.close(() => {
              resolve();
            });
        });
        heldHere.delete(name);
      },
    };
  } catch (error) {
    heldHere.delete(name);
    throw error instanceof SkychatError ? error : unusable(directory, error);
  }
}

function nameOf(directory: string): string {
  try {
    const { dev, ino } = statSync(directory, { bigint: true });
    return `${dev}:${ino}`;
  } catch (error) {
    throw unusable(directory, error);
  }
}

/** The name is taken until the server is closed or the process ends. */
async function bind(name: string): Promise<Server | 'taken'> {
  // Nobody has business here: whoever connects is turned away.
  const server = createServer((socket) => socket.destroy());
  const path = `\0skychat-node ${toHex(sha256(utf8(name)))}`;
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EADDRINUSE') resolve('taken');
      else reject(error);
    });
    server.listen({ path }, () => {
      server.unref();
      resolve(server);
    });
  });
}

interface LockFile {
  /** 32 hexadecimal characters, made once for each directory and never changed. */
  readonly secret: string;
  /** The process that took the lock last; undefined where it has not said so yet. */
  readonly holder: number | undefined;
}

function lockPath(directory: string): string {
  return join(directory, 'lock');
}

/** Makes the file where there is none: whole at once, so that two who start together read the same. */
function readLockFile(directory: string): LockFile {
  const path = lockPath(directory);
  const found = findLockFile(path);
  if (found !== undefined) return found;
  const draft = `${path}.${pid}`;
  try {
    const secret = randomBytes(16).toString('hex');
    writeFileSync(draft, `${secret}\n${' '.repeat(holderCharacters)}\n`, { mode: 0o600 });
    linkSync(draft, path);
  } catch (error) {
    // Another process was first.
    if (codeOf(error) !== 'EEXIST') throw error;
  } finally {
    rmSync(draft, { force: true });
  }
  return findLockFile(path) ?? { secret: '', holder: undefined };
}

/** A file that was cut short still gives every process the same secret. */
function findLockFile(path: string): LockFile | undefined {
  let text: string;
  try {
    text = readFileSync(path, 'latin1');
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined;
    throw error;
  }
  const [secret = '', holder = ''] = text.split('\n');
  return { secret, holder: /^\d+ *$/.test(holder) ? Number(holder) : undefined };
}

/** In place, behind the secret: whoever reads at this moment finds the secret whole. */
function writeHolder(directory: string, secret: string): void {
  const file = openSync(lockPath(directory), 'r+');
  try {
    writeSync(file, `\n${String(pid).padEnd(holderCharacters)}\n`, secret.length, 'latin1');
  } finally {
    closeSync(file);
  }
}

function codeOf(error: unknown): unknown {
  return error instanceof Error && 'code' in error ? error.code : undefined;
}

function locked(directory: string, holder: number | undefined): SkychatError {
  const name = holder === undefined ? 'another process' : `process ${holder}`;
  return new SkychatError('data-locked', `${directory} is in use by ${name}`, {
    hint: 'stop that process, or name another directory with --data',
  });
}

function unusable(directory: string, cause: unknown): SkychatError {
  const error = storeErrorOf(cause);
  if (error.code !== 'store-failed') return error;
  const words = cause instanceof Error ? cause.message : String(cause);
  return new SkychatError('store-failed', `cannot use ${directory}: ${words}`, { cause });
}
