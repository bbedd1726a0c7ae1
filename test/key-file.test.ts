import {
  chmodSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { SkychatError, type ErrorCode } from '../src/errors.ts';
import {
  createKeyFile,
  findKeyFile,
  isUnusedKey,
  markKeyUsed,
  readKeyFile,
} from '../src/key-file.ts';

let folder: string;
let path: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'skychat-key-'));
  path = join(folder, 'identity.key');
});

afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

function failureOf(action: () => unknown): SkychatError {
  try {
    action();
  } catch (error) {
    if (error instanceof SkychatError) return error;
    throw error;
  }
  throw new Error('nothing was thrown');
}

test('a key that was made reads back as the same identity', () => {
  const made = createKeyFile(path);
  expect(readKeyFile(path).publicKey).toBe(made.publicKey);
  expect(readFileSync(path, 'utf8')).toMatch(/^[0-9a-f]{64}\n$/);
});

test('two keys that are made differ', () => {
  expect(createKeyFile(path).publicKey).not.toBe(createKeyFile(`${path}2`).publicKey);
});

test('the secret is readable by its owner only, and no draft of it stays behind', () => {
  createKeyFile(path);
  expect(statSync(path).mode & 0o777).toBe(0o600);
  expect(statSync(path).nlink).toBe(1);
  expect(readdirSync(folder).sort()).toEqual(['identity.key', 'identity.key.new']);
});

test('a key that exists is never overwritten, and keeps its marker', () => {
  const first = createKeyFile(path);
  const failure = failureOf(() => createKeyFile(path));
  expect(failure.code).toBe<ErrorCode>('key-file-exists');
  expect(readKeyFile(path).publicKey).toBe(first.publicKey);
  expect(isUnusedKey(path, first.publicKey)).toBe(true);
  expect(readdirSync(folder)).toHaveLength(2);
});

test('a new key is unused until it is marked as used', () => {
  const { publicKey } = createKeyFile(path);
  expect(isUnusedKey(path, publicKey)).toBe(true);
  markKeyUsed(path);
  expect(isUnusedKey(path, publicKey)).toBe(false);
  expect(existsSync(`${path}.new`)).toBe(false);
  markKeyUsed(path);
});

test('a marker that another key left behind says nothing of the key beside it', () => {
  const other = createKeyFile(join(folder, 'other.key'));
  const { publicKey } = createKeyFile(path);
  writeFileSync(`${path}.new`, `${other.publicKey}\n`);
  expect(isUnusedKey(path, publicKey)).toBe(false);
});

test('a key can be made where a start that was cut off left a marker', () => {
  writeFileSync(`${path}.new`, 'rest');
  expect(isUnusedKey(path, createKeyFile(path).publicKey)).toBe(true);
});

test.each([0o640, 0o604, 0o660, 0o644])('a key file with mode %o is refused', (mode) => {
  createKeyFile(path);
  chmodSync(path, mode);
  const failure = failureOf(() => readKeyFile(path));
  expect(failure.code).toBe<ErrorCode>('key-file-exposed');
  expect(failure.hint).toBe(`Run: chmod 600 ${path}`);
});

test('the chmod to run is safe to paste, whatever the path', () => {
  const odd = join(folder, "it's; $(x)");
  createKeyFile(odd);
  chmodSync(odd, 0o644);
  expect(failureOf(() => readKeyFile(odd)).hint).toBe(`Run: chmod 600 '${folder}/it'\\''s; $(x)'`);
});

test.each(['', 'abc', 'g'.repeat(64), 'ab'.repeat(31), 'ab'.repeat(33), 'ab'.repeat(5000)])(
  'a malformed key file is refused and its text is not shown (%#)',
  (text) => {
    writeFileSync(path, text, { mode: 0o600 });
    const failure = failureOf(() => readKeyFile(path));
    expect(failure.code).toBe<ErrorCode>('bad-key-file');
    if (text !== '') expect(failure.message).not.toContain(text);
  },
);

test('white space around the secret does not matter', () => {
  const { publicKey } = createKeyFile(path);
  writeFileSync(path, ` ${readFileSync(path, 'utf8').trim().toUpperCase()}\r\n\n`);
  expect(readKeyFile(path).publicKey).toBe(publicKey);
});

test('an absent key file is not found, and reading it fails', () => {
  expect(findKeyFile(path)).toBeUndefined();
  expect(failureOf(() => readKeyFile(path)).code).toBe<ErrorCode>('bad-key-file');
});

test('a folder in the place of the key file is refused', () => {
  expect(failureOf(() => readKeyFile(folder)).code).toMatch(/^(bad-key-file|key-file-exposed)$/);
});

test('a key cannot be made in a folder that does not exist, and nothing is left there', () => {
  const failure = failureOf(() => createKeyFile(join(folder, 'none', 'k')));
  expect(failure.code).toBe<ErrorCode>('bad-key-file');
  expect(readdirSync(folder)).toEqual([]);
});

test('a key that appears at the last moment is not overwritten, and no draft stays behind', () => {
  // A link that points nowhere: nothing seems to be there until the name is taken.
  symlinkSync(join(folder, 'nowhere'), path);
  expect(failureOf(() => createKeyFile(path)).code).toBe<ErrorCode>('key-file-exists');
  expect(readdirSync(folder).sort()).toEqual(['identity.key', 'identity.key.new']);
});
