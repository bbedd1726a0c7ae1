import { expect, test } from 'vitest';
import { Backlog } from '../../src/chat/backlog.ts';
import type { Entry } from '../../src/cxo/archive.ts';
import { Rig, testKey } from './rig.ts';

function openBacklog(count: number, latest: number) {
  const rig = new Rig();
  for (let i = 0; i < count; i++) rig.say(testKey(1), `text ${i}`);
  const seen: number[] = [];
  const { archive } = rig.options();
  const apply = (entries: readonly Entry[]) => seen.push(...entries.map(({ arrival }) => arrival));
  return { rig, seen, backlog: new Backlog({ archive, latest, apply }) };
}

test('everything up to the start is read once, however many wait for it, and nothing before', async () => {
  const { seen, backlog } = openBacklog(600, 500);
  expect(seen).toEqual([]);
  await Promise.all([backlog.read(), backlog.read()]);
  await backlog.read();
  expect(backlog.isRead).toBe(true);
  expect(seen).toEqual(Array.from({ length: 500 }, (_, i) => i + 1));
});

test('an empty store is read from the start', () => {
  expect(openBacklog(0, 0).backlog.isRead).toBe(true);
});

test('where reading fails the next one goes on', async () => {
  const { rig, seen, backlog } = openBacklog(600, 600);
  let reads = 0;
  rig.duringRead = () => {
    if (++reads === 2) throw new Error('the disk hiccups');
  };
  await expect(backlog.read()).rejects.toThrow('hiccups');
  await backlog.read();
  expect(seen).toEqual(Array.from({ length: 600 }, (_, i) => i + 1));
});
