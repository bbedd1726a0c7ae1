// What members say that they have is remembered within bounds, and is never less than before.
import { describe, expect, test } from 'vitest';
import { feedKey, type FeedKey } from '../../src/cxo/root.ts';
import type { PublicKey } from '../../src/identity.ts';
import { Deliveries } from '../../src/sync/deliveries.ts';
import { syncLimits } from '../../src/sync/limits.ts';
import { testIdentity } from '../support/feeds.ts';
import { group } from './rig.ts';

const [a, b] = [testIdentity(1).publicKey, testIdentity(2).publicKey];
const author = testIdentity(3).publicKey;

function keyOf(head: number): FeedKey {
  return feedKey({ group, author, head });
}

function fakeMember(number: number): PublicKey {
  return number.toString(16).padStart(64, '0') as PublicKey;
}

function seqsOf(seq: number, feeds = 1): ReadonlyMap<FeedKey, number> {
  return new Map(Array.from({ length: feeds }, (_, head) => [keyOf(head), seq]));
}

test('a member has what it claims up to there, and a lower claim takes nothing back', () => {
  const deliveries = new Deliveries();
  expect(deliveries.learn(a, keyOf(0), true, 5)).toBe(true);
  expect(deliveries.learn(a, keyOf(0), true, 3)).toBe(false);
  expect(deliveries.learn(b, keyOf(0), true, 4)).toBe(true);
  expect(deliveries.storedBy(group, keyOf(0), 5)).toEqual([a]);
  expect(deliveries.storedBy(group, keyOf(0), 4)).toEqual([a, b]);
  expect(deliveries.storedBy(group, keyOf(0), 6)).toEqual([]);
  expect(deliveries.storedBy(group, keyOf(1), 1)).toEqual([]);
});

test('who has stated the digest that this node comes to has all that it has then', () => {
  const deliveries = new Deliveries();
  deliveries.state(group, a, 'same');
  deliveries.state(group, b, 'other');
  expect(deliveries.agree(group, 'mine', () => seqsOf(9))).toEqual([]);
  expect(deliveries.agree(group, 'same', () => seqsOf(7))).toEqual([a]);
  expect(deliveries.agree(group, 'same', () => seqsOf(7))).toEqual([]);
  expect(deliveries.storedBy(group, keyOf(0), 7)).toEqual([a]);
  expect(deliveries.storedBy(group, keyOf(0), 8)).toEqual([]);
  // What it states next is not known yet: it has what it had.
  deliveries.state(group, a, 'later');
  expect(deliveries.storedBy(group, keyOf(0), 7)).toEqual([a]);
  expect(deliveries.agree(group, 'later', () => seqsOf(8))).toEqual([a]);
  expect(deliveries.storedBy(group, keyOf(0), 8)).toEqual([a]);
});

test('a member is named once, by whatever it is known', () => {
  const deliveries = new Deliveries();
  deliveries.learn(a, keyOf(0), false, 5);
  deliveries.state(group, a, 'same');
  deliveries.agree(group, 'same', () => seqsOf(5));
  expect(deliveries.storedBy(group, keyOf(0), 5)).toEqual([a]);
});

describe('the bounds of what is remembered', () => {
  test('of too many claims those to feeds of others go first, the longest unheard before others', () => {
    const deliveries = new Deliveries();
    const max = syncLimits.receiptClaimsMax;
    deliveries.learn(a, keyOf(0), true, 1);
    for (let head = 1; head < max; head++) deliveries.learn(a, keyOf(head), false, 1);
    expect(deliveries.size.claims).toBe(max);
    deliveries.learn(b, keyOf(1), false, 1);
    expect(deliveries.size.claims).toBe(max);
    expect(deliveries.storedBy(group, keyOf(0), 1)).toEqual([a]);
    expect(deliveries.storedBy(group, keyOf(1), 1)).toEqual([a, b]);
    expect(deliveries.storedBy(group, keyOf(2), 1)).toEqual([]);
  });

  test('own feeds alone are bounded as well', () => {
    const deliveries = new Deliveries();
    const max = syncLimits.receiptClaimsMax;
    for (let head = 0; head <= max; head++) deliveries.learn(a, keyOf(head), true, 1);
    expect(deliveries.size.claims).toBe(max);
    expect(deliveries.storedBy(group, keyOf(0), 1)).toEqual([]);
    expect(deliveries.storedBy(group, keyOf(max), 1)).toEqual([a]);
  });

  test('members that agree share their rows, and too many rows are those of the latest state alone', () => {
    const deliveries = new Deliveries();
    const feeds = syncLimits.receiptClaimsMax / 2;
    const agree = (member: number, digest: string): void => {
      deliveries.state(group, fakeMember(member), digest);
      deliveries.agree(group, digest, () => seqsOf(1, feeds));
    };
    agree(1, 'one');
    agree(2, 'one');
    expect(deliveries.size.rows).toBe(feeds);
    agree(3, 'two');
    expect(deliveries.size.rows).toBe(2 * feeds);
    agree(4, 'three');
    expect(deliveries.size.rows).toBe(feeds);
    expect(deliveries.storedBy(group, keyOf(0), 1)).toEqual([fakeMember(4)]);
  });

  test('of too many members the one that was silent for longest is forgotten', () => {
    const deliveries = new Deliveries();
    const max = syncLimits.receiptMembersMax;
    for (let i = 0; i < max; i++) deliveries.state(group, fakeMember(i), 'same');
    deliveries.state(group, fakeMember(0), 'same');
    deliveries.state(group, fakeMember(max), 'same');
    const agreed = deliveries.agree(group, 'same', () => seqsOf(1));
    expect(agreed).toHaveLength(max);
    expect(agreed).toContain(fakeMember(0));
    expect(agreed).not.toContain(fakeMember(1));
  });
});
