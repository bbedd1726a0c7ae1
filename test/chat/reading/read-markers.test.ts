import { expect, test } from 'vitest';
import { ReadMarkers } from '../../../src/chat/reading/read-markers.ts';
import { roomOfName } from '../../../src/chat/room.ts';
import { LocalRows } from '../local-rows.ts';

const [a, b] = [roomOfName('a').id, roomOfName('b').id] as const;

function open(rows: LocalRows): Promise<ReadMarkers> {
  return ReadMarkers.open({ store: rows, writeLocal: rows.writeLocal });
}

test('a marker goes forward, back only where that is meant, and is there after a restart', async () => {
  const rows = new LocalRows();
  const markers = await open(rows);
  expect(markers.find(a)).toBeUndefined();
  expect(await markers.move(a, 5, false)).toBe(0);
  expect(await markers.move(a, 5, false)).toBeUndefined();
  expect(await markers.move(a, 3, false)).toBeUndefined();
  expect((await open(rows)).find(a)).toBe(5);
  expect(await markers.move(a, 3, true)).toBe(5);
  for (const each of [markers, await open(rows)]) {
    expect([each.find(a), each.find(b)]).toEqual([3, undefined]);
  }
});

test('a group begins once, and is on disk when it was saved', async () => {
  const rows = new LocalRows();
  const markers = await open(rows);
  markers.begin(a, 7);
  markers.begin(a, 9);
  expect([markers.find(a), rows.rows.size]).toEqual([7, 0]);
  await markers.save();
  const restarted = await open(rows);
  restarted.begin(a, 20);
  restarted.begin(b, 20);
  await restarted.save();
  expect([restarted.find(a), restarted.find(b), rows.rows.size]).toEqual([7, 20, 2]);
});

test('moves at once end on disk as they end in memory', async () => {
  const rows = new LocalRows();
  const markers = await open(rows);
  const moves = [9, 4, 6, 12].map((arrival) => markers.move(a, arrival, arrival === 6));
  expect(await Promise.all(moves)).toEqual([0, undefined, 9, 6]);
  expect([markers.find(a), (await open(rows)).find(a)]).toEqual([12, 12]);
});

test('after a write that failed the marker stands where it stood', async () => {
  const rows = new LocalRows();
  let isBroken = false;
  const markers = await ReadMarkers.open({
    store: rows,
    writeLocal: (changes) =>
      isBroken ? Promise.reject(new Error('full')) : rows.writeLocal(changes),
  });
  await markers.move(a, 5, false);
  isBroken = true;
  await expect(markers.move(a, 8, false)).rejects.toThrow('full');
  expect(markers.find(a)).toBe(5);
  isBroken = false;
  expect(await markers.move(a, 9, false)).toBe(5);
});
