import { expect, test } from 'vitest';
import { GroupLinks, groupLinkLimits, type Reached } from '../../src/node/group-links.ts';
import { testGroup, testIdentity } from '../support/feeds.ts';
import { ManualTime } from '../support/net-time.ts';

const [one, two] = [testGroup('one'), testGroup('two')];
const [a, b] = [1, 2].map((n): Reached => {
  return { pk: testIdentity(n).publicKey, endpoints: [{ host: 'h', port: n }] };
}) as [Reached, Reached];

const { reviewMs, reviewsOfWalk } = groupLinkLimits;

const settle = (): Promise<void> => Promise.resolve();

/** @param chances drawn one after the other, again and again; at or above 0.05 nobody walks */
function open(
  reachable: Record<string, readonly Reached[]>,
  links: Record<string, number> = {},
  chances: readonly number[] = [0.5, 0.9],
) {
  const time = new ManualTime();
  const dialed: string[] = [];
  const linked = new Set<string>();
  let drawn = 0;
  const parts = new GroupLinks({
    timers: time,
    random: { unit: () => chances[drawn++ % chances.length] ?? 0 },
    groups: () => [one, two].map((id) => ({ id, reachable: () => reachable[id] ?? [] })),
    linkCount: (group) => links[group] ?? 0,
    isLinked: (key) => linked.has(key),
    dial: (key) => dialed.push(key),
  });
  parts.start();
  return { time, dialed, linked, links: parts };
}

test('members are dialed of each group until two are linked', async () => {
  const links: Record<string, number> = { [one]: 0, [two]: groupLinkLimits.linksMin };
  const { time, dialed } = open({ [one]: [a], [two]: [b] }, links);
  await time.advance(reviewMs, settle);
  links[one] = 1;
  await time.advance(reviewMs, settle);
  expect(dialed).toEqual([a.pk, a.pk]);
  links[one] = 2;
  await time.advance(5 * reviewMs, settle);
  expect(dialed).toHaveLength(2);
});

test('of several members each has its turn, none is dialed for two groups at once, and none that is linked', async () => {
  const { time, dialed, links, linked } = open(
    { [one]: [a, b], [two]: [a, b] },
    {},
    [0.1, 0.9, 0.9],
  );
  await time.advance(reviewMs, settle);
  expect(new Set(dialed)).toEqual(new Set([a.pk, b.pk]));
  linked.add(a.pk);
  await time.advance(reviewMs, settle);
  expect(dialed.slice(2)).toEqual([b.pk]);
  links.close();
  const alone = open({ [one]: [a], [two]: [a] });
  await alone.time.advance(reviewMs, settle);
  expect(alone.dialed).toEqual([a.pk]);
});

test('F38 parts of a group that have links enough find each other: now and then one more is dialed', async () => {
  const enough = { [one]: groupLinkLimits.linksMin, [two]: groupLinkLimits.linksMin };
  const chances = Array.from({ length: reviewsOfWalk }, (_, i) => i / reviewsOfWalk);
  const { time, dialed } = open({ [one]: [a], [two]: [b] }, enough, chances);
  await time.advance(2 * reviewsOfWalk * reviewMs, settle);
  expect(dialed.length).toBeGreaterThan(0);
  expect(dialed.length).toBeLessThan(2 * reviewsOfWalk);
});

test('nothing is dialed where nobody can be, nor after the end', async () => {
  const { time, dialed, links } = open({ [two]: [b] });
  links.close();
  await time.advance(10 * reviewMs, settle);
  expect(dialed).toEqual([]);
});
