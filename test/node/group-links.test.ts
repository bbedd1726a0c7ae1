import { expect, test } from 'vitest';
import { GroupLinks, reviewMs, type Reached } from '../../src/node/group-links.ts';
import { testGroup, testIdentity } from '../support/feeds.ts';
import { ManualTime } from '../support/net-time.ts';

const [one, two] = [testGroup('one'), testGroup('two')];
const [a, b] = [1, 2].map((n): Reached => {
  return { pk: testIdentity(n).publicKey, endpoints: [{ host: 'h', port: n }] };
}) as [Reached, Reached];

const settle = (): Promise<void> => Promise.resolve();

function open(reachable: Record<string, readonly Reached[]>, linked = new Set<string>()) {
  const time = new ManualTime();
  const dialed: string[] = [];
  let chance = 0;
  const links = new GroupLinks({
    timers: time,
    random: { unit: () => (chance = (chance + 0.5) % 1) },
    groups: () => [one, two].map((id) => ({ id, reachable: () => reachable[id] ?? [] })),
    isLinked: (group) => linked.has(group),
    dial: (key) => dialed.push(key),
  });
  links.start();
  return { time, dialed, links };
}

test('a member is dialed of each group that no peer is a member of, until one is', async () => {
  const linked = new Set<string>([two]);
  const { time, dialed } = open({ [one]: [a], [two]: [b] }, linked);
  await time.advance(2 * reviewMs, settle);
  expect(dialed).toEqual([a.pk, a.pk]);
  linked.add(one);
  await time.advance(5 * reviewMs, settle);
  expect(dialed).toHaveLength(2);
});

test('of several members each has its turn, and none is dialed for two groups at once', async () => {
  const { time, dialed, links } = open({ [one]: [a, b], [two]: [a, b] });
  await time.advance(reviewMs, settle);
  expect(new Set(dialed)).toEqual(new Set([a.pk, b.pk]));
  links.close();
  const alone = open({ [one]: [a], [two]: [a] });
  await alone.time.advance(reviewMs, settle);
  expect(alone.dialed).toEqual([a.pk]);
});

test('nothing is dialed where nobody can be, nor after the end', async () => {
  const { time, dialed, links } = open({ [two]: [b] });
  links.close();
  await time.advance(10 * reviewMs, settle);
  expect(dialed).toEqual([]);
});
