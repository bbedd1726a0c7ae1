import { getEventListeners } from 'node:events';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Entry } from '../../../src/cxo/archive.ts';
import { LiveEdge } from '../../../src/chat/news/live-edge.ts';
import { entryOf, objectOf, testKey } from '../rig.ts';

const author = testKey(1);
const object = objectOf('text', { text: 'x' });

function entryAt(arrival: number): Entry {
  return entryOf({ arrival, author, seq: arrival, object });
}

test('what it gives behind a cursor is what arrived behind it, or that it does not know', () => {
  const arrivals = fc.uniqueArray(fc.integer({ min: 11, max: 60 }), { maxLength: 30 });
  const limits = { entriesMax: 8, bytesMax: 1e6 };
  fc.assert(
    fc.property(
      arrivals,
      fc.nat({ max: 70 }),
      fc.integer({ min: 1, max: 9 }),
      (list, cursor, n) => {
        const entries = list.sort((a, b) => a - b).map(entryAt);
        const live = new LiveEdge(10, limits);
        for (const entry of entries) live.arrived([entry]);
        const kept = entries.slice(-8);
        const lost = entries.at(-9)?.arrival ?? 10;
        const expected = kept.filter(({ arrival }) => arrival > cursor).slice(0, n);
        expect(live.after(cursor, n)).toEqual(cursor < lost ? undefined : expected);
      },
    ),
  );
});

test('it keeps a bounded number of entries and bytes, however much arrives at once', () => {
  const many = Array.from({ length: 1000 }, (_, i) => entryAt(i + 1));
  const byNumber = new LiveEdge(0, { entriesMax: 10, bytesMax: 1e9 });
  byNumber.arrived(many);
  expect(byNumber.size).toBe(10);
  const byBytes = new LiveEdge(0, { entriesMax: 1e9, bytesMax: 2000 });
  byBytes.arrived(many);
  expect(byBytes.size).toBe(3);
  expect(byBytes.after(997, 10)).toEqual(many.slice(997));
});

test('an entry that is greater than all the room there is is left to the store', () => {
  const live = new LiveEdge(0, { entriesMax: 10, bytesMax: 100 });
  live.arrived([entryAt(1)]);
  expect(live.size).toBe(0);
  expect(live.after(0, 1)).toBeUndefined();
  expect(live.after(1, 1)).toEqual([]);
});

test('an entry that arrives twice or late is a bug, and is said to be one', () => {
  const live = new LiveEdge(5);
  live.arrived([entryAt(6)]);
  expect(() => {
    live.arrived([entryAt(6)]);
  }).toThrow('order');
});

test('a wait ends with the next arrival, at once where there was one, or when it is given up', async () => {
  const live = new LiveEdge(0);
  const { signal } = new AbortController();
  const waiting = live.wait(0, signal);
  live.arrived([entryAt(1)]);
  await waiting;
  await live.wait(0, signal);
  await live.wait(1, AbortSignal.abort());
  const abandoned = new AbortController();
  const given = live.wait(1, abandoned.signal);
  abandoned.abort();
  await given;
  expect(live.waiting).toBe(0);
});

test('F09 a thousand waits of one reader leave no listener behind', async () => {
  const live = new LiveEdge(0);
  const reader = new AbortController();
  for (let arrival = 1; arrival <= 1000; arrival++) {
    const waiting = live.wait(arrival - 1, reader.signal);
    live.arrived([entryAt(arrival)]);
    await waiting;
  }
  expect(getEventListeners(reader.signal, 'abort')).toHaveLength(0);
  expect(live.waiting).toBe(0);
});
