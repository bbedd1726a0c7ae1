import { execFileSync } from 'node:child_process';
import { mkdir, rm, statfs, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { Archive } from '../../src/cxo/archive.ts';
import { openLevelStore, type LevelStore } from '../../src/cxo/level-store.ts';
import { openOwnHead } from '../../src/cxo/own-head.ts';
import type { Commit } from '../../src/cxo/store.ts';
import { verifyStore } from '../../src/cxo/verify-store.ts';
import { systemRandom } from '../../src/env.ts';
import { commitOf, FeedBuilder, testGroup, testIdentity, textRoot } from '../support/feeds.ts';
import { removeDirectory, temporaryDirectory } from '../support/temporary.ts';

/** A file system of its own, which takes the rights of root; undefined where it cannot be had. */
async function mountSmall(directory: string): Promise<string | undefined> {
  const path = join(directory, 'small');
  await mkdir(path);
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=24m', 'tmpfs', path], { stdio: 'pipe' });
    return path;
  } catch (error) {
    process.stdout.write(
      `skipped: no tmpfs can be mounted here for a full disk (${String(error)})\n`,
    );
    return undefined;
  }
}

const probe = await temporaryDirectory();
const canMount = (await mountSmall(probe)) !== undefined;
if (canMount) execFileSync('umount', [join(probe, 'small')]);
await removeDirectory(probe);

describe.runIf(canMount)('F56 a full disk', () => {
  let directory = '';
  let small = '';
  beforeEach(async () => {
    directory = await temporaryDirectory();
    small = (await mountSmall(directory)) ?? '';
  });
  afterEach(async () => {
    // Lazily: a test that fails leaves files open.
    execFileSync('umount', ['-l', small]);
    await removeDirectory(directory);
  });

  /** Leaves only so many bytes free. */
  async function fill(left: number): Promise<string> {
    const { bavail, bsize } = await statfs(small);
    const path = join(small, 'filler');
    await writeFile(path, new Uint8Array(Math.max(0, bavail * bsize - left)));
    return path;
  }

  const open = (): Promise<LevelStore> =>
    openLevelStore(join(small, 'store'), {
      random: systemRandom,
      onDamage: ({ what }) => {
        throw new Error(what);
      },
    });

  test('a commit is refused as a whole, reads go on, and with room it goes on by itself', async () => {
    const store = await open();
    const archive = new Archive(store);
    const feed = new FeedBuilder(testIdentity(1), testGroup('full'));
    const big = (i: number): Commit => {
      const segment = feed.segment([textRoot(i, 'x'.repeat(60_000))], { label: () => 'l' });
      return { ...commitOf(segment), local: [{ key: 'last', value: Uint8Array.of(i) }] };
    };
    await store.commit(big(1));
    const filler = await fill(512 * 1024);
    let stored = 1;
    let failed: Commit | undefined;
    while (failed === undefined) {
      const commit = big(stored + 1);
      await store.commit(commit).then(
        () => stored++,
        (error: unknown) => {
          expect(error).toMatchObject({ code: 'disk-full' });
          failed = commit;
        },
      );
    }
    expect(stored).toBeGreaterThan(1);
    // A second try, and all that can be asked, still without room.
    await expect(store.commit(failed)).rejects.toMatchObject({ code: 'disk-full' });
    const expectUnchanged = async (): Promise<void> => {
      expect(store.latestArrival()).toBe(stored);
      expect(store.find(feed.feed)?.head.seq).toBe(stored);
      expect(store.labelledCount()).toBe(stored);
      expect(await store.labelled('l')).toHaveLength(stored);
      expect(await archive.after(0, 1000)).toHaveLength(stored);
      expect(await archive.timeline(feed.feed.group, undefined, 1000)).toHaveLength(stored);
      expect(await store.findLocal('last')).toEqual(Uint8Array.of(stored));
    };
    await expectUnchanged();
    await rm(filler);
    // Something else comes first: the failed commit must not have left anything.
    expect((await store.commit({ ...failed, records: [], states: [], local: [] })).records).toEqual(
      [],
    );
    await expectUnchanged();
    expect((await store.commit(failed)).records).toEqual([stored + 1]);
    stored++;
    await expectUnchanged();
    await store.close();
    const again = await open();
    expect(again.latestArrival()).toBe(stored);
    await again.close();
    const verdict = await verifyStore(join(small, 'store'), () => 'l');
    expect(verdict.problems).toEqual([]);
    expect(verdict.messages).toBe(stored);
  });

  test('the file with the own head keeps what it had', async () => {
    const file = openOwnHead(small);
    const feed = new FeedBuilder(testIdentity(1), testGroup('full'));
    const segment = (length: number) => {
      const { record, bytes } = feed.segment([textRoot(1, 'x'.repeat(length))]);
      return { feed: feed.feed, from: record.from, bytes, local: [] };
    };
    const kept = segment(10);
    await file.write(segment(10));
    await file.write(kept);
    const filler = await fill(0);
    const large = segment(200_000);
    await expect(file.write(large)).rejects.toMatchObject({ code: 'disk-full' });
    expect(file.read()).toEqual(kept);
    await rm(filler);
    await file.write(large);
    expect(file.read()).toEqual(large);
    await file.close();
  });
});
