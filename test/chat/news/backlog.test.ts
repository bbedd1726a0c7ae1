import { expect, test } from 'vitest';
import { Backlog } from '../../../src/chat/news/backlog.ts';
import type { Entry } from '../../../src/cxo/archive.ts';
import { objectOf, Rig, testKey } from '../rig.ts';

function openBacklog(...labels: readonly string[]) {
  const rig = new Rig();
  for (let i = 0; i < 6; i++) {
    rig.say(testKey(1), `text ${i}`);
    rig.arrive({ author: testKey(1), object: objectOf(i % 2 === 0 ? 'edit' : 'pin') });
  }
  const seen: number[] = [];
  const { archive } = rig.options();
  const apply = (entries: readonly Entry[]) => seen.push(...entries.map(({ arrival }) => arrival));
  return { archive, seen, backlog: new Backlog({ archive, labels, apply }) };
}

test('what has one of the labels is read once, however many wait for it, and nothing else', async () => {
  const { seen, backlog } = openBacklog('edit', 'pin');
  expect(seen).toEqual([]);
  await Promise.all([backlog.read(), backlog.read()]);
  await backlog.read();
  expect(backlog.isRead).toBe(true);
  expect(seen).toEqual([2, 6, 10, 4, 8, 12]);
});

test('where there are no labels everything is read', () => {
  expect(openBacklog().backlog.isRead).toBe(true);
});

test('where reading fails the next one goes on', async () => {
  const { archive, seen, backlog } = openBacklog('edit', 'pin');
  const { labelled } = archive;
  let reads = 0;
  archive.labelled = (label) => {
    if (++reads === 2) throw new Error('the disk hiccups');
    return labelled(label);
  };
  await expect(backlog.read()).rejects.toThrow('hiccups');
  expect(backlog.isRead).toBe(false);
  await backlog.read();
  expect(seen).toEqual([2, 6, 10, 4, 8, 12]);
});
