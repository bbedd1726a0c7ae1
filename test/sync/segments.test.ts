// Segments as they are put together from records: always signed, and never larger than a frame.
import { describe, expect, test } from 'vitest';
import { segmentLimits } from '../../src/cxo/limits.ts';
import { objectIdOf } from '../../src/cxo/ids.ts';
import { buildRecord } from '../../src/cxo/record.ts';
import { sliceRun, verifySegment, type Slot } from '../../src/cxo/segment.ts';
import type { StoredRecord } from '../../src/cxo/store.ts';
import { buildSegment } from '../../src/sync/outflow.ts';
import {
  FeedBuilder,
  testIdentity,
  textObject,
  type BuiltSegment,
  type TestRoot,
} from '../support/feeds.ts';
import { group } from './rig.ts';

const author = testIdentity(1);

function storedOf(built: BuiltSegment): StoredRecord {
  const { from, bytes, signed, feed } = built.record;
  return { feed, from, roots: built.run.entries.length, bytes, signed, arrival: 1, repeats: false };
}

/** A root whose objects are not there any more: 33 bytes for each. */
function erasedRoot(time: number, objects: number): TestRoot {
  const slots = Array.from({ length: objects }, (_, i): Slot => ({
    id: objectIdOf(Uint8Array.of(time & 255, time >> 8, i)),
  }));
  return { time, slots };
}

function largeRoot(time: number): TestRoot {
  return { time, slots: [1, 2].map(() => ({ object: textObject('l'.repeat(60_000)) })) };
}

test('records are joined up to the first signature behind the target', () => {
  const builder = new FeedBuilder(author, group);
  const records = Array.from({ length: 30 }, (_, i) =>
    storedOf(builder.segment([{ time: i, slots: [{ object: textObject('t'.repeat(10_000)) }] }])),
  );
  const built = buildSegment({ feed: builder.feed, seq: 1 }, records);
  if (built === undefined || built === 'unsigned') throw new Error('a segment');
  expect(built.last).toBe(7);
  expect(verifySegment(builder.feed, 1, built.bytes).ok).toBe(true);
});

test('a segment begins in the middle of a record', () => {
  const builder = new FeedBuilder(author, group);
  const record = storedOf(builder.segment([1, 2, 3, 4].map((time) => erasedRoot(time, 2))));
  for (const seq of [1, 2, 3, 4]) {
    const built = buildSegment({ feed: builder.feed, seq }, [record]);
    if (built === undefined || built === 'unsigned') throw new Error('a segment');
    expect(built.last).toBe(4);
    expect(verifySegment(builder.feed, seq, built.bytes).ok).toBe(true);
  }
  expect(buildSegment({ feed: builder.feed, seq: 5 }, [record])).toBeUndefined();
  expect(buildSegment({ feed: builder.feed, seq: 1 }, [])).toBeUndefined();
});

describe('F60 a segment is never too large for those that it is sent to', () => {
  test('in bytes', () => {
    const builder = new FeedBuilder(author, group);
    const small = storedOf(builder.segment([erasedRoot(1, 1)]));
    const large = storedOf(builder.segment([2, 3, 4, 5, 6, 7, 8].map(largeRoot)));
    expect(large.bytes.length).toBeGreaterThan(segmentLimits.bytesMax - 250_000);
    const larger = storedOf(builder.segment([9, 10].map(largeRoot)));
    const built = buildSegment({ feed: builder.feed, seq: 1 }, [small, large, larger], {
      bytesTarget: Infinity,
    });
    if (built === undefined || built === 'unsigned') throw new Error('a segment');
    expect(built.bytes.length).toBeLessThanOrEqual(segmentLimits.bytesMax);
    expect(built.last).toBe(8);
  });

  test('in roots and objects', () => {
    const builder = new FeedBuilder(author, group);
    const roots = (first: number, count: number) =>
      Array.from({ length: count }, (_, i) => erasedRoot(first + i, 1));
    const records = [
      storedOf(builder.segment(roots(1, 1500))),
      storedOf(builder.segment(roots(1501, segmentLimits.rootsMax - 1000))),
    ];
    const built = buildSegment({ feed: builder.feed, seq: 1 }, records);
    if (built === undefined || built === 'unsigned') throw new Error('a segment');
    expect(built.last).toBe(1500);
    expect(verifySegment(builder.feed, 1, built.bytes).ok).toBe(true);
  });

  test('and one that lists more objects than a proof of a fork has room for is no segment', () => {
    const builder = new FeedBuilder(author, group);
    const roots = Array.from({ length: 33 }, (_, i) => erasedRoot(i, 256));
    expect(() => builder.segment(roots)).toThrow('bad-segment');
    expect(() => builder.segment(roots.slice(1))).not.toThrow();
  });
});

test('records that were split because they were held are joined again, whatever they take', () => {
  const builder = new FeedBuilder(author, group);
  const whole = builder.segment(Array.from({ length: 8000 }, (_, i) => erasedRoot(i, 1)));
  const records = whole.run.entries.map((_, i): StoredRecord => {
    const run = sliceRun(whole.run, i, i + 1);
    const { bytes, signed } = buildRecord(run, true, () => undefined);
    return { feed: run.feed, from: run.from, roots: 1, bytes, signed, arrival: 0, repeats: false };
  });
  const built = buildSegment({ feed: builder.feed, seq: 1 }, records);
  if (built === undefined || built === 'unsigned') throw new Error('a segment');
  expect(built.bytes).toEqual(whole.bytes);
  expect(buildSegment({ feed: builder.feed, seq: 1 }, records.slice(0, -1))).toBe('unsigned');
});
