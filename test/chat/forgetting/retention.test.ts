import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { PlainContents } from '../../support/plain-contents.ts';
import {
  BytesCut,
  isBody,
  keepAll,
  Retention,
  stricter,
  type RetentionPolicy,
} from '../../../src/chat/forgetting/retention.ts';
import { toHex } from '../../../src/bytes.ts';
import type { Entry } from '../../../src/cxo/entry.ts';
import { messageIdOf, groupIdBytes, objectIdOf } from '../../../src/cxo/ids.ts';
import { objectBytesMax } from '../../../src/cxo/limits.ts';
import { buildObject } from '../../../src/cxo/object.ts';
import { publicKeyBytes } from '../../../src/identity.ts';
import { testGroup, testIdentity } from '../../support/feeds.ts';

const group = testGroup('retention');
const author = testIdentity(1).publicKey;
const feed = { group, author, head: 0 };
const now = 1_800_000_000_000_000;
const day = 86_400_000_000;

function entryOf(kind: string, time: number, more: Record<string, string> = {}): Entry {
  const object = buildObject({ kind, ...more }, new Uint8Array(16).fill(kind.length));
  const objectId = objectIdOf(object);
  const id = messageIdOf(groupIdBytes(group), publicKeyBytes(author), objectId);
  return { arrival: 1, feed, seq: 1, index: 0, time, id, objectId, object };
}

function retention(
  ofNode: RetentionPolicy,
  ofGroup: RetentionPolicy = keepAll,
  deleted: readonly string[] = [],
): Retention {
  return new Retention({
    ...{ ofNode, ofGroup: () => ofGroup, clock: { now: () => now } },
    contents: new PlainContents(),
    isDeleted: (of, by, id) => of === group && by === author && deleted.includes(id),
  });
}

const days = (count: number): RetentionPolicy => ({ ageS: count * 86_400, bytes: undefined });

test('of what a node and what a group says the stricter holds, each for itself', () => {
  expect(stricter(days(3), { ageS: 86_400, bytes: 5 })).toEqual({ ageS: 86_400, bytes: 5 });
  expect(stricter(keepAll, days(3))).toEqual(days(3));
  expect(stricter(keepAll, keepAll)).toEqual(keepAll);
});

test('bodies go with their time; what groups are made of and word of deletions stay', () => {
  const gone = ['text', 'edit', 'reaction', 'ack', 'pin', 'hide', 'read', 'locked'] as const;
  const kept = ['delete', 'vouch', 'profile', 'address', 'genesis', 'group', 'unknown'] as const;
  expect(gone.filter((type) => !isBody(type))).toEqual([]);
  expect([...kept, 'erased' as const].filter(isBody)).toEqual([]);
  const old = now - 2 * day;
  const policy = retention(days(1));
  expect(policy.sheds(entryOf('text', old, { text: 'x' }))).toBe(true);
  for (const kind of ['roster', 'epoch', 'keys', 'genesis', 'vouch', 'offer', 'future']) {
    expect([kind, policy.sheds(entryOf(kind, old))]).toEqual([kind, false]);
  }
});

test('by the age of either policy a message may lack its object, and one that is younger may not', () => {
  const { id } = entryOf('text', 0, { text: 'x' });
  for (const policy of [
    retention(days(1)),
    retention(keepAll, days(1)),
    retention(days(9), days(1)),
  ]) {
    expect(policy.mayLack(feed, now - day - 1, id)).toBe(true);
    expect(policy.mayLack(feed, now - day + 1, id)).toBe(false);
    expect(policy.isExpired(group, now - day - 1)).toBe(true);
  }
  expect(retention(keepAll).mayLack(feed, 0, id)).toBe(false);
});

test('what its author has deleted may be lacking and is not kept, however new; of others it is nothing', () => {
  const entry = entryOf('text', now, { text: 'x' });
  const policy = retention(keepAll, keepAll, [toHex(entry.id)]);
  expect([policy.mayLack(feed, now, entry.id), policy.sheds(entry)]).toEqual([true, true]);
  const other = { ...feed, author: testIdentity(2).publicKey };
  expect(policy.mayLack(other, now, entry.id)).toBe(false);
  const vouch = entryOf('vouch', now);
  expect(retention(keepAll, keepAll, [toHex(vouch.id)]).sheds(vouch)).toBe(false);
});

describe('a bound on the bytes of a group', () => {
  test('leaves the newest bodies that fit, and nothing that is older', () => {
    const sizes = fc.array(fc.nat(1000), { maxLength: 30 });
    fc.assert(
      fc.property(sizes, fc.nat(6000), (newestFirst, bytesMax) => {
        const cut = new BytesCut(bytesMax);
        for (const [i, bytes] of newestFirst.entries()) if (!cut.add(100 - i, bytes)) break;
        const { erase, lack } = cut.cutoffs;
        const left = newestFirst.filter((_, i) => 100 - i >= erase);
        const sum = left.reduce((all, bytes) => all + bytes, 0);
        expect(sum).toBeLessThanOrEqual(bytesMax);
        const next = newestFirst[left.length];
        if (next !== undefined) expect(sum + next).toBeGreaterThan(bytesMax);
        expect(lack).toBeGreaterThanOrEqual(erase);
      }),
    );
  });

  test('explains what another has erased that had one body more', () => {
    const cut = new BytesCut(2 * objectBytesMax);
    for (let time = 100; time > 0; time--) if (!cut.add(time, 1000)) break;
    expect(cut.cutoffs).toEqual({ erase: 0, lack: 0 });
    const full = new BytesCut(2 * objectBytesMax);
    for (let time = 600; time > 0; time--) if (!full.add(time, 1000)) break;
    const { erase, lack } = full.cutoffs;
    expect(lack).toBeGreaterThan(erase);
    const policy = retention({ ageS: undefined, bytes: 2 * objectBytesMax });
    policy.setCut(group, full.cutoffs);
    const { id } = entryOf('text', 0, { text: 'x' });
    expect(policy.mayLack(feed, lack - 1, id)).toBe(true);
    expect(policy.isExpired(group, lack - 1)).toBe(false);
    policy.setCut(group, undefined);
    expect(policy.mayLack(feed, lack - 1, id)).toBe(false);
  });
});
