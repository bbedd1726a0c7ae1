// The file that holds a secret seed: 64 hex characters and a newline, readable by its owner only.
// Beside a key that no node has used yet lies a marker, `<FILE>.new`, that names the public key: a
// node that meets such a key with an empty store knows that the key's feed is empty everywhere.
import {
  closeSync,
  existsSync,
  fstatSync,
  fsyncSync,
  linkSync,
  openSync,
  readFileSync,
  readSync,
  rmSync,
  writeSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { parseHex, toHex } from './bytes.ts';
import { systemRandom, type Random } from './env.ts';
import { SkychatError } from './errors.ts';
import { makeFolder } from './folder.ts';
import { identityOfSeed, type Identity, type PublicKey } from './identity.ts';

const seedLength = 32;
/** More than any key file needs, with room for white space; what is behind it is never read. */
const keyFileBytesMax = 256;
/** The permission bits of the group and of all others. */
const exposedBits = 0o077;

/** The identity in the file; undefined where there is no such file. Throws as `readKeyFile`. */
export function findKeyFile(path: string): Identity | undefined {
  let text: string;
  try {
    text = readOwnersText(path);
  } catch (error) {
    if (error instanceof SkychatError) throw error;
    if (codeOf(error) === 'ENOENT') return undefined;
    throw unreadable(path, error);
  }
  const seed = parseHex(text.trim());
  if (seed?.length !== seedLength) {
    throw new SkychatError('bad-key-file', `${path} does not hold 64 hex characters`, {
      hint: 'Name another file with --key, or put the secret back from a copy.',
    });
  }
  return identityOfSeed(seed);
}

/**
 * Throws SkychatError `bad-key-file` (absent, unreadable or malformed) or `key-file-exposed`
 * (the group or others may read it).
 */
export function readKeyFile(path: string): Identity {
  const identity = findKeyFile(path);
  if (identity !== undefined) return identity;
  throw new SkychatError('bad-key-file', `there is no key file ${path}`, {
    hint: 'Make one with: skychat-node keygen FILE',
  });
}

/** Makes the folder that a key file is to be in. Throws SkychatError `bad-key-file`. */
export function makeKeyFolder(path: string): void {
  try {
    makeFolder(dirname(path));
  } catch (error) {
    throw new SkychatError('bad-key-file', `cannot make ${dirname(path)}: ${wordsOf(error)}`, {
      hint: 'Name another file with --key, or another directory with --data.',
      cause: error,
    });
  }
}

/**
 * Makes a key and writes it with its marker, both on disk when this returns. The folder must exist.
 * Throws SkychatError `key-file-exists` or `bad-key-file` (the file cannot be written).
 */
export function createKeyFile(path: string, random: Random = systemRandom): Identity {
  const seed = random.bytes(seedLength);
  const identity = identityOfSeed(seed);
  const draft = `${path}.${toHex(random.bytes(4))}.tmp`;
  try {
    // A refusal leaves the older key's marker alone. Of two that get past this line only one links
    // its key, and the marker names the key that it belongs to.
    if (existsSync(path)) throw keyFileExists(path);
    writeSynced(markerOf(path), identity.publicKey);
    writeSynced(draft, toHex(seed));
    // Unlike a write in place, a link appears whole or not at all, and never replaces a file.
    linkSync(draft, path);
    rmSync(draft);
    syncFolder(dirname(path));
  } catch (error) {
    rmSync(draft, { force: true });
    if (error instanceof SkychatError) throw error;
    if (codeOf(error) === 'EEXIST') throw keyFileExists(path);
    throw new SkychatError('bad-key-file', `cannot write ${path}: ${wordsOf(error)}`, {
      cause: error,
    });
  }
  return identity;
}

/** Whether the marker beside the key file says that no node has used this very key yet. */
export function isUnusedKey(path: string, key: PublicKey): boolean {
  try {
    return readFileSync(markerOf(path), 'utf8').trim() === key;
  } catch {
    return false;
  }
}

/** Takes the marker away, for good when this returns. Does nothing where there is none. */
export function markKeyUsed(path: string): void {
  rmSync(markerOf(path), { force: true });
  syncFolder(dirname(path));
}

function markerOf(path: string): string {
  return `${path}.new`;
}

function writeSynced(path: string, line: string): void {
  const file = openSync(path, 'w', 0o600);
  try {
    writeSync(file, `${line}\n`);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}

/** Checks the mode of the file that was opened, not of whatever the path names a moment later. */
function readOwnersText(path: string): string {
  const file = openSync(path, 'r');
  try {
    const { mode } = fstatSync(file);
    if (process.platform !== 'win32' && (mode & exposedBits) !== 0) {
      throw new SkychatError('key-file-exposed', `others than its owner may use ${path}`, {
        hint: `Run: chmod 600 ${quoted(path)}`,
      });
    }
    const bytes = new Uint8Array(keyFileBytesMax);
    return new TextDecoder().decode(bytes.subarray(0, readSync(file, bytes)));
  } finally {
    closeSync(file);
  }
}

/** A name that was made is lost in a power cut until its folder is synced. */
function syncFolder(path: string): void {
  if (process.platform === 'win32') return;
  const folder = openSync(path, 'r');
  try {
    fsyncSync(folder);
  } finally {
    closeSync(folder);
  }
}

function keyFileExists(path: string): SkychatError {
  return new SkychatError('key-file-exists', `${path} exists and is never overwritten`, {
    hint: 'Name another file.',
  });
}

function unreadable(path: string, error: unknown): SkychatError {
  return new SkychatError('bad-key-file', `cannot read ${path}: ${wordsOf(error)}`, {
    cause: error,
  });
}

function codeOf(error: unknown): unknown {
  return error instanceof Error && 'code' in error ? error.code : undefined;
}

function wordsOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** As one word of a shell. */
function quoted(path: string): string {
  return /^[\w./-]+$/.test(path) ? path : `'${path.replaceAll("'", `'\\''`)}'`;
}
