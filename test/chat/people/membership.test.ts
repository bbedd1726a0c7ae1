import fc from 'fast-check';
import { expect, test, vi } from 'vitest';
import type { GroupId } from '../../../src/cxo/ids.ts';
import type { Entry } from '../../../src/cxo/archive.ts';
import type { PublicKey } from '../../../src/identity.ts';
import { Membership } from '../../../src/chat/people/membership.ts';
import { buildVouch } from '../../../src/chat/content/message.ts';
import { entryOf, objectOf, room, testKey, testSalt } from '../rig.ts';

const group = room.id;
const [a, b, c, d] = [testKey(0), testKey(1), testKey(2), testKey(3)] as const;

function vouch(author: PublicKey, seq: number, keys: readonly PublicKey[], head = 0): Entry {
  return entryOf({ author, head, seq, object: buildVouch(keys, testSalt()) });
}

function membershipOf(self: PublicKey, configured: readonly PublicKey[]): Membership {
  return new Membership({ group, self, configured });
}

test('A – B – C in a line: each of them counts all three as members', () => {
  const vouches = [vouch(a, 1, [b]), vouch(b, 1, [a, c]), vouch(c, 1, [b])];
  const configured = new Map([
    [a, [b]],
    [b, [a, c]],
    [c, [b]],
  ]);
  for (const [self, keys] of configured) {
    const membership = membershipOf(self, keys);
    membership.apply(vouches);
    expect(membership.members()).toEqual([a, b, c].sort());
  }
});

test('a vouch of somebody who is not a member counts for nothing, until its author is one', () => {
  const membership = membershipOf(a, [b]);
  membership.apply([vouch(c, 1, [d])]);
  expect(membership.isMember(d)).toBe(false);
  membership.apply([vouch(b, 1, [c])]);
  expect(membership.members()).toEqual([a, b, c, d].sort());
});

test('a later vouch replaces the earlier one, and those whom nobody else vouches for leave', () => {
  const membership = membershipOf(a, [b]);
  membership.apply([vouch(b, 1, [c]), vouch(c, 1, [d])]);
  expect(membership.size).toBe(4);
  membership.apply([vouch(b, 2, [])]);
  expect(membership.members()).toEqual([a, b].sort());
  membership.apply([vouch(b, 1, [c])]);
  expect(membership.size).toBe(2);
});

test('two that vouch for each other and are vouched for by nobody are no members', () => {
  const membership = membershipOf(a, [b]);
  membership.apply([vouch(b, 1, [c]), vouch(c, 1, [d]), vouch(d, 1, [c])]);
  membership.apply([vouch(b, 2, [])]);
  expect(membership.members()).toEqual([a, b].sort());
});

test('a vouch under a greater head number is the later one', () => {
  const membership = membershipOf(a, [b]);
  membership.apply([vouch(b, 1, [d], 1), vouch(b, 9, [c], 0)]);
  expect(membership.isMember(d)).toBe(true);
  expect(membership.isMember(c)).toBe(false);
});

test('F41 a vouch in another group counts for nothing in this one', () => {
  const membership = membershipOf(a, [b]);
  const object = buildVouch([c], testSalt());
  membership.apply([
    entryOf({ author: b, seq: 1, group: testKey(7) as string as GroupId, object }),
  ]);
  expect(membership.isMember(c)).toBe(false);
});

interface Sample {
  readonly configured: PublicKey[];
  readonly vouches: Entry[];
}

const samples: fc.Arbitrary<Sample> = fc.record({
  configured: fc.uniqueArray(fc.nat({ max: 7 }).map(testKey), { maxLength: 3 }),
  vouches: fc
    .uniqueArray(
      fc.tuple(
        fc.nat({ max: 7 }).map(testKey),
        fc.integer({ min: 1, max: 4 }),
        fc.uniqueArray(fc.nat({ max: 7 }).map(testKey), { maxLength: 3 }),
        fc.nat({ max: 1 }),
      ),
      { selector: ([author, seq, , head]) => `${author}/${head}/${seq}`, maxLength: 20 },
    )
    .map((list) => list.map(([author, seq, keys, head]) => vouch(author, seq, keys, head))),
});

test('in whatever order and batches the vouches arrive, the members are the same', () => {
  const orders = samples.chain((sample) =>
    fc.tuple(
      fc.constant(sample),
      fc.shuffledSubarray(sample.vouches, { minLength: sample.vouches.length }),
      fc.array(fc.integer({ min: 1, max: 5 }), { minLength: 20, maxLength: 20 }),
    ),
  );
  fc.assert(
    fc.property(orders, ([{ configured, vouches }, shuffled, batches]) => {
      const whole = membershipOf(a, configured);
      whole.apply(vouches);
      const piecemeal = membershipOf(a, []);
      let at = 0;
      for (const batch of batches) {
        piecemeal.apply(shuffled.slice(at, at + batch));
        at += batch;
        if (at > 3) piecemeal.setConfigured(configured);
      }
      piecemeal.apply(shuffled.slice(at));
      piecemeal.apply(shuffled);
      expect(piecemeal.members()).toEqual(whole.members());
    }),
  );
});

test('the members are the closure, as one computes it by hand', () => {
  fc.assert(
    fc.property(samples, ({ configured, vouches }) => {
      const membership = membershipOf(a, configured);
      for (const entry of vouches) membership.apply([entry]);
      expect(membership.members()).toEqual(closureOf(configured, vouches));
    }),
  );
});

/** Repeats over all vouches until nothing changes. */
function closureOf(configured: readonly PublicKey[], vouches: readonly Entry[]): PublicKey[] {
  const rank = (entry: Entry): number => 1000 * entry.feed.head + entry.seq;
  const latest = new Map<PublicKey, Entry>();
  for (const entry of vouches) {
    const other = latest.get(entry.feed.author);
    if (other === undefined || rank(other) < rank(entry)) latest.set(entry.feed.author, entry);
  }
  const members = new Set([a, ...configured]);
  for (let size = 0; size !== members.size;) {
    size = members.size;
    for (const [author, entry] of latest) {
      if (author === a || !members.has(author)) continue;
      for (const key of vouchedBy(entry)) members.add(key);
    }
  }
  return [...members].sort();
}

function vouchedBy(entry: Entry): readonly PublicKey[] {
  const probe = membershipOf(testKey(99), [entry.feed.author]);
  probe.apply([entry]);
  return probe.members().filter((key) => key !== testKey(99));
}

test('listeners hear of a change of the members, and only of a change', () => {
  const membership = membershipOf(a, [b]);
  const listener = vi.fn();
  const stop = membership.onChange(listener);
  membership.apply([vouch(b, 1, [c])]);
  expect(listener).toHaveBeenCalledTimes(1);
  membership.apply([vouch(b, 2, [c, a]), vouch(c, 1, [b])]);
  membership.setConfigured([b, c]);
  expect(listener).toHaveBeenCalledTimes(1);
  membership.apply([vouch(b, 3, [])]);
  expect(listener).toHaveBeenCalledTimes(1);
  membership.setConfigured([b]);
  expect(listener).toHaveBeenCalledTimes(2);
  stop();
  membership.setConfigured([]);
  expect(listener).toHaveBeenCalledTimes(2);
});

test('a vouch is needed exactly while the published one is not what is configured', () => {
  const membership = membershipOf(a, []);
  expect(membership.vouchNeeded()).toBeUndefined();
  membership.setConfigured([c, b, a]);
  expect(membership.vouchNeeded()).toEqual([b, c].sort());
  membership.apply([vouch(a, 1, [b, c])]);
  expect(membership.vouchNeeded()).toBeUndefined();
  membership.setConfigured([]);
  expect(membership.vouchNeeded()).toEqual([]);
});

test('what the operator takes out is out at once, before the new vouch is published', () => {
  const membership = membershipOf(a, [b]);
  membership.apply([vouch(a, 1, [b])]);
  membership.setConfigured([]);
  expect(membership.members()).toEqual([a]);
});

test('a vouch for more than 1,024 keys is counted and changes nothing', () => {
  const membership = membershipOf(a, [b]);
  const keys = Array.from({ length: 1025 }, (_, i) =>
    Uint8Array.from({ length: 32 }, () => i % 251),
  );
  membership.apply([
    vouch(b, 1, [c]),
    entryOf({ author: b, seq: 2, object: objectOf('vouch', { keys }) }),
  ]);
  expect(membership.members()).toEqual([a, b, c].sort());
  expect(membership.counters['vouch-too-large']).toBe(1);
});

test('more than 1,024 configured keys are refused with a hint', () => {
  const keys = Array.from({ length: 1025 }, (_, i) => testKey(i + 1));
  expect(() => membershipOf(a, keys)).toThrow(expect.objectContaining({ code: 'bad-config' }));
  expect(membershipOf(a, keys.slice(1)).size).toBe(1025);
});

test('a full room has the same members in whatever order the vouches arrive, and counts the rest', () => {
  const limits = { membersMax: 4, keysMax: 100 };
  const vouches = [vouch(b, 1, [testKey(4), testKey(5)]), vouch(c, 1, [testKey(6), testKey(7)])];
  const orders = [vouches, [...vouches].reverse()].map((order) => {
    const membership = new Membership({ group, self: a, configured: [b, c], limits });
    for (const entry of order) membership.apply([entry]);
    expect(membership.size).toBe(4);
    expect(membership.counters['members-full']).toBe(3);
    return membership.members();
  });
  expect(orders[0]).toEqual(orders[1]);
});

test('also a full room has members that do not depend on the order of arrival', () => {
  const limits = { membersMax: 4, keysMax: 1000 };
  const orders = samples.chain(({ configured, vouches }) =>
    fc.tuple(
      fc.constant({ configured, vouches }),
      fc.shuffledSubarray(vouches, { minLength: vouches.length }),
    ),
  );
  fc.assert(
    fc.property(orders, ([{ configured, vouches }, shuffled]) => {
      const [some, other] = [vouches, shuffled].map((order) => {
        const membership = new Membership({ group, self: a, configured, limits });
        for (const entry of order) membership.apply([entry]);
        return membership.members();
      });
      expect(other).toEqual(some);
    }),
    { numRuns: 500 },
  );
});

test('who is in a full room depends neither on the order of the configuration, nor on former paths', () => {
  const [v, e, x, y, z, w] = [4, 5, 6, 7, 8, 9].map(testKey).sort() as [
    ...[PublicKey, PublicKey, PublicKey, PublicKey, PublicKey, PublicKey],
  ];
  const few = [
    [x, y, z],
    [z, x, y],
  ].map((configured) => {
    return new Membership({ group, self: a, configured, limits: { membersMax: 3, keysMax: 9 } });
  });
  for (const membership of few) expect(membership.members()).toEqual([a, x, y].sort());
  // x – y – z – w, and behind w two of which only the first has room; then x vouches for w itself,
  // which brings both nearer than z.
  const vouches = [vouch(x, 1, [y]), vouch(y, 1, [z]), vouch(z, 1, [w]), vouch(w, 1, [v, e])];
  const limits = { membersMax: 6, keysMax: 99 };
  const membership = new Membership({ group, self: a, configured: [x], limits });
  membership.apply(vouches);
  expect(membership.members()).toEqual([a, x, y, z, w, v].sort());
  membership.apply([vouch(x, 2, [y, w])]);
  expect(membership.members()).toEqual([a, x, y, w, v, e].sort());
});

test('when memory for vouches is full, the earlier vouch stands and the new one is counted', () => {
  const limits = { membersMax: 100, keysMax: 2 };
  const membership = new Membership({ group, self: a, configured: [b], limits });
  membership.apply([vouch(b, 1, [c])]);
  membership.apply([vouch(b, 2, [c, d, testKey(4)])]);
  expect(membership.members()).toEqual([a, b, c].sort());
  expect(membership.counters['vouches-full']).toBe(1);
  membership.apply([vouch(b, 3, [c, d])]);
  expect(membership.isMember(d)).toBe(true);
});
