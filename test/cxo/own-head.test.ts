import { open, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { openOwnHead, type OwnSegment } from '../../src/cxo/own-head.ts';
import { verifySegment } from '../../src/cxo/segment.ts';
import { FeedBuilder, testGroup, testIdentity, textRoot } from '../support/feeds.ts';
import { removeDirectory, temporaryDirectory } from '../support/temporary.ts';

const feed = new FeedBuilder(testIdentity(1), testGroup('own'), 3);
const rows: OwnSegment['local'] = [
  { key: 'idempotency/\u00e9', value: new Uint8Array(300).fill(7) },
  { key: 'gone', value: undefined },
  { key: 'empty', value: new Uint8Array() },
];
const segments: OwnSegment[] = [200, 10, 3000, 1, 50].map((length, i) => {
  const { record, bytes } = feed.segment([textRoot(i, 'x'.repeat(length))]);
  return { feed: feed.feed, from: record.from, bytes, local: rows.slice(0, i) };
});

describe('the file with the last own segments', () => {
  let directory = '';
  beforeEach(async () => {
    directory = await temporaryDirectory();
  });
  afterEach(async () => {
    await removeDirectory(directory);
  });

  test('a new file has nothing, and others may not read it', async () => {
    const file = openOwnHead(directory);
    expect(file.read()).toBeUndefined();
    await file.close();
    expect((await stat(join(directory, 'own-head'))).mode & 0o077).toBe(0);
  });

  test('gives the segment that was written last, also after a restart', async () => {
    let file = openOwnHead(directory);
    for (const segment of segments) {
      await file.write(segment);
      expect(file.read()).toEqual(segment);
      await file.close();
      file = openOwnHead(directory);
      expect(file.read()).toEqual(segment);
    }
    await file.close();
  });

  test('writes that are asked for at once are done in their order', async () => {
    const file = openOwnHead(directory);
    await Promise.all(segments.map((segment) => file.write(segment)));
    expect(file.read()).toEqual(segments.at(-1));
    await file.close();
  });

  test('the file that is made anew has the newest segment without what was erased, and nothing older', async () => {
    const file = openOwnHead(directory);
    const path = join(directory, 'own-head');
    const author = new FeedBuilder(testIdentity(2), testGroup('own'));
    const secrets = ['one secret', 'two secrets', 'three'].map((words) => `${words} `.repeat(40));
    const built = secrets.map((words, i) =>
      author.segment([textRoot(i, words), textRoot(i, 'and more')]),
    );
    for (const { record, bytes } of built) {
      await file.write({ feed: author.feed, from: record.from, bytes, local: rows });
    }
    const [last] = built.slice(-1);
    const [message] = last?.record.messages ?? [];
    if (last === undefined || message === undefined) throw new Error('there is a message');
    expect(await readFile(path, 'latin1')).toContain('two secrets');
    await file.renew([{ feed: author.feed, ...message }]);
    for (const words of secrets) {
      expect(await readFile(path, 'latin1')).not.toContain(words.slice(0, 9));
    }
    const kept = file.read();
    const verified = verifySegment(author.feed, last.record.from, kept?.bytes ?? new Uint8Array());
    expect(verified).toMatchObject({ ok: true, run: { head: last.run.head } });
    expect(kept?.local).toEqual(rows);
    expect(await readFile(path, 'latin1')).toContain('and more');
    // It goes on in turns, and a slot that is torn leaves the one before it.
    for (const segment of segments.slice(0, 3)) await file.write(segment);
    expect(file.read()).toEqual(segments[2]);
    await file.close();
    const again = openOwnHead(directory);
    expect(again.read()).toEqual(segments[2]);
    await again.close();
  });

  test('F57 whatever of the last write is damaged, the one before it is given', async () => {
    const file = openOwnHead(directory);
    for (const segment of segments.slice(0, 4)) await file.write(segment);
    await file.close();
    const path = join(directory, 'own-head');
    const { size } = await stat(path);
    // Four writes: the last one is in the first slot.
    const last = segments[3]?.bytes.length ?? 0;
    await fc.assert(
      fc.asyncProperty(
        fc.nat(32 + 4 + 6 + 67 + last - 1),
        fc.integer({ min: 1, max: 255 }),
        async (at, flip) => {
          await flipByte(path, at, flip);
          const damaged = openOwnHead(directory);
          expect(damaged.read()).toEqual(segments[2]);
          await damaged.close();
          await flipByte(path, at, flip);
        },
      ),
      { numRuns: 60 },
    );
    expect((await stat(path)).size).toBe(size);
    const whole = openOwnHead(directory);
    expect(whole.read()).toEqual(segments[3]);
    await whole.close();
  });

  test('a write behind a damaged slot goes into that slot, not over the good one', async () => {
    const file = openOwnHead(directory);
    for (const segment of segments.slice(0, 2)) await file.write(segment);
    await file.close();
    await flipByte(join(directory, 'own-head'), 50, 1);
    const damaged = openOwnHead(directory);
    expect(damaged.read()).toEqual(segments[0]);
    await damaged.write(segments[2] as OwnSegment);
    await damaged.close();
    await flipByte(join(directory, 'own-head'), 50, 1);
    const again = openOwnHead(directory);
    expect(again.read()).toEqual(segments[0]);
    await again.close();
  });

  test('a file that was cut short is read as far as it is whole', async () => {
    const path = join(directory, 'own-head');
    const file = openOwnHead(directory);
    await file.write(segments[0] as OwnSegment);
    await file.close();
    const handle = await open(path, 'r+');
    await handle.truncate(100);
    await handle.close();
    const cut = openOwnHead(directory);
    expect(cut.read()).toBeUndefined();
    await cut.write(segments[1] as OwnSegment);
    expect(cut.read()).toEqual(segments[1]);
    await cut.close();
  });
});

async function flipByte(path: string, at: number, bits: number): Promise<void> {
  const file = await open(path, 'r+');
  const byte = new Uint8Array(1);
  await file.read(byte, 0, 1, at);
  byte[0] = (byte[0] ?? 0) ^ bits;
  await file.write(byte, 0, 1, at);
  await file.close();
}
