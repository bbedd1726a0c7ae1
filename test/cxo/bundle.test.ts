import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { concat } from '../../src/bytes.ts';
import {
  BundleWriter,
  readBundle,
  readBundleItem,
  type BundleItem,
  type ReadAt,
} from '../../src/cxo/bundle.ts';
import { groupIdOfBytes } from '../../src/cxo/ids.ts';
import type { Row } from '../../src/cxo/level-rows.ts';
import { decodeRows, encodeRows } from '../../src/cxo/row-stream.ts';
import { publicKeyOfBytes } from '../../src/identity.ts';

const bytes = fc.uint8Array({ maxLength: 300 });
const id = fc.uint8Array({ minLength: 32, maxLength: 32 });
const feed = fc
  .record({ group: id, author: id, head: fc.maxSafeNat() })
  .map(({ group, author, head }) => ({
    ...{ group: groupIdOfBytes(group), author: publicKeyOfBytes(author), head },
  }));
const feeds = fc.array(feed, { minLength: 1, maxLength: 3 });
const item = feeds.chain((few) =>
  fc.oneof(
    fc.record({
      ...{ type: fc.constant('segment' as const), feed: fc.constantFrom(...few) },
      ...{ from: fc.maxSafeNat(), bytes },
    }),
    fc.record({ type: fc.constant('fork' as const), feed: fc.constantFrom(...few), proof: bytes }),
  ),
);

function bundleOf(items: readonly BundleItem[], cut = 0): Uint8Array {
  const writer = new BundleWriter();
  const begin = writer.begin();
  const parts = items.map((each) => writer.item(each));
  return concat(begin, ...parts, writer.end(cut));
}

const readerOf =
  (bundle: Uint8Array): ReadAt =>
  (offset, length) =>
    Promise.resolve(bundle.subarray(offset, offset + length));

async function read(bundle: Uint8Array): Promise<{ items: BundleItem[]; cut: number }> {
  const items: BundleItem[] = [];
  const steps = readBundle(readerOf(bundle));
  for (;;) {
    const step = await steps.next();
    if (step.done === true) {
      expect(step.value.bytes).toBe(bundle.length);
      return { items, cut: step.value.cut };
    }
    const { offset, length, ...rest } = step.value;
    expect(await readBundleItem(readerOf(bundle), { feed: rest.feed, offset, length })).toEqual(
      rest,
    );
    items.push(rest);
  }
}

describe('a bundle', () => {
  test('is read back as it was written', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(item, { maxLength: 10 }), fc.nat(9), async (items, cut) => {
        expect(await read(bundleOf(items, cut))).toEqual({ items, cut });
      }),
    );
  });

  test('F55 with any byte altered, cut off or added it is refused', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(item, { maxLength: 5 }),
        fc.nat(),
        fc.integer({ min: 1, max: 255 }),
        async (items, place, bits) => {
          const whole = bundleOf(items);
          const at = place % whole.length;
          const altered = whole.slice();
          altered[at] = (altered[at] ?? 0) ^ bits;
          for (const bad of [altered, whole.subarray(0, at), concat(whole, Uint8Array.of(bits))]) {
            await expect(read(bad)).rejects.toMatchObject({ code: 'bad-bundle' });
          }
        },
      ),
    );
  });

  test('anything else is refused, and takes no more memory than it has', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 500 }), async (junk) => {
        const begun = concat(bundleOf([]).subarray(0, 21), junk);
        for (const bad of [junk, begun]) {
          await expect(read(bad)).rejects.toMatchObject({ code: 'bad-bundle' });
        }
      }),
    );
  });

  test('a frame that announces more than the bound is refused before it is read', async () => {
    const begun = bundleOf([]).subarray(0, 21);
    const huge = concat(begun, Uint8Array.of(2, 0xff, 0xff, 0xff, 0x7f));
    await expect(read(huge)).rejects.toThrow('too long');
  });
});

async function* piecesOf(whole: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < whole.length; at += size) {
    yield await Promise.resolve(whole.subarray(at, at + size));
  }
}

async function* each<T>(values: readonly T[]): AsyncGenerator<T> {
  for (const value of values) yield await Promise.resolve(value);
}

async function all<T>(values: AsyncIterable<T>): Promise<T[]> {
  const found: T[] = [];
  for await (const value of values) found.push(value);
  return found;
}

const row = fc.record({
  key: fc.uint8Array({ minLength: 1, maxLength: 40 }),
  value: fc.uint8Array({ maxLength: 200 }),
});

async function encoded(rows: readonly Row[]): Promise<Uint8Array> {
  return concat(...(await all(encodeRows(each(rows)))));
}

describe('the rows of a store', () => {
  test('come out as they went in, in pieces of any size', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(row), fc.integer({ min: 1, max: 100 }), async (rows, size) => {
        expect(await all(decodeRows(piecesOf(await encoded(rows), size)))).toEqual(rows);
      }),
    );
  });

  test('with any byte altered or cut off they are refused', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(row), fc.nat(), async (rows, place) => {
        const whole = await encoded(rows);
        const at = place % whole.length;
        const altered = whole.slice();
        altered[at] = (altered[at] ?? 0) ^ 1;
        for (const bad of [altered, whole.subarray(0, at)]) {
          await expect(all(decodeRows(piecesOf(bad, 64)))).rejects.toMatchObject({
            code: 'store-failed',
          });
        }
      }),
    );
  });
});
