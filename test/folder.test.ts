import { mkdirSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { makeFolder } from '../src/folder.ts';
import { removeDirectory, temporaryDirectory } from './support/temporary.ts';

async function emptyFolder(): Promise<string> {
  const folder = await temporaryDirectory();
  onTestFinished(() => removeDirectory(folder));
  return folder;
}

function modeOf(path: string): number {
  return statSync(path).mode & 0o777;
}

test('a folder is made with all above it, for its owner alone', async () => {
  const folder = await emptyFolder();
  makeFolder(join(folder, 'a/b/c'));
  for (const path of ['a', 'a/b', 'a/b/c']) expect(modeOf(join(folder, path)), path).toBe(0o700);
});

test('what is there stays as it is, also behind a link', async () => {
  const folder = await emptyFolder();
  mkdirSync(join(folder, 'open'), { mode: 0o755 });
  symlinkSync(join(folder, 'open'), join(folder, 'link'));
  for (const path of ['open', 'link', 'link/below']) makeFolder(join(folder, path));
  expect(modeOf(join(folder, 'open'))).toBe(0o755);
  expect(modeOf(join(folder, 'open/below'))).toBe(0o700);
});

test.each(['file', 'file/below', 'nowhere', 'nowhere/below'])(
  'where %s is in the way it is said, and nothing is made',
  async (path) => {
    const folder = await emptyFolder();
    writeFileSync(join(folder, 'file'), 'mine');
    symlinkSync(join(folder, 'not there'), join(folder, 'nowhere'));
    expect(() => {
      makeFolder(join(folder, path));
    }).toThrow(/EEXIST|ENOTDIR|ENOENT/);
  },
);
