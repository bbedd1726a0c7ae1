import { cp, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { openDataLock } from '../../src/cxo/data-lock.ts';
import { nextLine, startChild } from '../support/child.ts';
import { removeDirectory, temporaryDirectory } from '../support/temporary.ts';

const child = 'test/support/store-child.ts';
// Elsewhere only LevelDB's own lock keeps a second process out, which level-store.test.ts shows.
const onLinux = describe.runIf(process.platform === 'linux');

describe('the lock on a data directory', () => {
  let directory = '';
  beforeEach(async () => {
    directory = await temporaryDirectory();
  });
  afterEach(async () => {
    await removeDirectory(directory);
  });

  test('a second open in the same process is refused, and costs the first nothing', async () => {
    const lock = await openDataLock(directory);
    for (let i = 0; i < 3; i++) {
      await expect(openDataLock(directory)).rejects.toMatchObject({ code: 'data-locked' });
    }
    await lock.close();
    await (await openDataLock(directory)).close();
  });

  test('two who open at the same moment: one of them has it', async () => {
    const both = await Promise.allSettled([openDataLock(directory), openDataLock(directory)]);
    const held = both.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []));
    expect(held).toHaveLength(1);
    await held[0]?.close();
  });

  test('a directory that is not there is said to be unusable', async () => {
    await expect(openDataLock(join(directory, 'none'))).rejects.toMatchObject({
      code: 'store-failed',
    });
  });

  test('a copied directory has a lock of its own', async () => {
    const [original, copy] = [join(directory, 'original'), join(directory, 'copy')];
    await mkdir(original);
    const lock = await openDataLock(original);
    await cp(original, copy, { recursive: true });
    const other = await openDataLock(copy);
    await other.close();
    await lock.close();
  });

  onLinux('between processes', () => {
    test('a second process is told which one has it', async () => {
      const lock = await openDataLock(directory);
      const other = startChild(child, 'lock', directory);
      expect(await nextLine(other)).toBe(
        `data-locked ${directory} is in use by process ${process.pid}`,
      );
      await other.kill();
      await lock.close();
    });

    test('F57 the lock of a process that was killed is free at once', async () => {
      const other = startChild(child, 'lock', directory);
      expect(await nextLine(other)).toBe('held');
      await expect(openDataLock(directory)).rejects.toThrow(`process ${other.pid}`);
      await other.kill();
      await (await openDataLock(directory)).close();
    });

    test('a process that has the number of a dead holder does not keep the directory', async () => {
      await (await openDataLock(directory)).close();
      const text = await readFile(join(directory, 'lock'), 'latin1');
      // The parent of this process lives, and does not hold the lock.
      await writeFile(join(directory, 'lock'), text.replace(/\n\d+/, `\n${process.ppid}`));
      await (await openDataLock(directory)).close();
    });

    test.each(['', 'damaged', '\n\n\n'])('a lock file of %j is no obstacle', async (text) => {
      await writeFile(join(directory, 'lock'), text);
      const lock = await openDataLock(directory);
      const other = startChild(child, 'lock', directory);
      expect(await nextLine(other)).toMatch(/^data-locked/);
      await other.kill();
      await lock.close();
    });
  });
});
