import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Addresses } from '../../../src/chat/people/addresses.ts';
import { addressLimits, contentLimits } from '../../../src/chat/limits.ts';
import { areAddresses, buildAddress } from '../../../src/chat/content/message.ts';
import type { Entry } from '../../../src/cxo/entry.ts';
import type { GroupId } from '../../../src/cxo/ids.ts';
import type { PublicKey } from '../../../src/identity.ts';
import { entryOf, objectOf, room, testKey, testSalt } from '../rig.ts';

const [self, other, third] = [testKey(0), testKey(1), testKey(2)] as const;
const now = 1_800_000_000_000_000;
const { lifetimeUs } = addressLimits;

function published(
  author: PublicKey,
  seq: number,
  addresses: readonly string[],
  expires = now + lifetimeUs,
): Entry {
  return entryOf({ author, seq, object: buildAddress(addresses, expires, testSalt()) });
}

function open(authorsMax?: number): Addresses {
  const bound = authorsMax === undefined ? {} : { authorsMax };
  return new Addresses({ group: room.id, self, ...bound });
}

test('the latest addresses of an author count, in whatever order they arrive', () => {
  const entries = [
    published(other, 1, ['a:1', 'b:1']),
    published(other, 2, ['c:1']),
    published(other, 3, ['d:1', 'e:1']),
  ];
  fc.assert(
    fc.property(fc.shuffledSubarray(entries, { minLength: 3 }), (shuffled) => {
      const addresses = open();
      for (const entry of shuffled) addresses.apply([entry]);
      expect(addresses.of(other, now)).toEqual(['d:1', 'e:1']);
    }),
  );
});

test('an address is given until the moment that it expires', () => {
  const addresses = open();
  addresses.apply([published(other, 1, ['a:1'], now + 5)]);
  expect(addresses.of(other, now + 4)).toEqual(['a:1']);
  expect(addresses.of(other, now + 5)).toEqual([]);
});

test('one that is expired still replaces what was published before it', () => {
  const addresses = open();
  addresses.apply([published(other, 1, ['a:1']), published(other, 2, ['b:1'], now - 1)]);
  expect(addresses.of(other, now)).toEqual([]);
});

test('an empty set withdraws the earlier ones', () => {
  const addresses = open();
  addresses.apply([published(other, 1, ['a:1']), published(other, 2, [])]);
  expect(addresses.of(other, now)).toEqual([]);
});

test('addresses in another group, and of authors that published none, are not given', () => {
  const addresses = open();
  const group = testKey(9) as string as GroupId;
  const object = buildAddress(['a:1'], now + 5, testSalt());
  addresses.apply([entryOf({ author: other, seq: 1, group, object })]);
  expect(addresses.of(other, now)).toEqual([]);
});

test.each<[string, readonly string[]]>([
  ['more than eight', Array.from({ length: 9 }, (_, i) => `h:${i}`)],
  ['one that is longer than any host and port', ['h'.repeat(262)]],
  ['an empty one', ['']],
  ['one with a space', ['a :1']],
  ['one with a control character', ['a:1\n']],
])('%s count as not written, and are counted', (_, malformed) => {
  const addresses = open();
  const object = objectOf('address', { addresses: [...malformed], expires: now + 5 });
  addresses.apply([published(other, 1, ['a:1']), entryOf({ author: other, seq: 2, object })]);
  expect(addresses.of(other, now)).toEqual(['a:1']);
  expect(addresses.counters['address-malformed']).toBe(1);
  expect(() => buildAddress(malformed, now, testSalt())).toThrow('too many or too long');
});

test('the longest host names with ports, eight of them, are carried', () => {
  const longest = Array.from({ length: 8 }, (_, i) => `${i}${'h'.repeat(254)}:65535`);
  expect(longest[0]).toHaveLength(contentLimits.addressCharactersMax);
  expect(areAddresses(longest)).toBe(true);
});

test('whatever is published, only bounded text without spaces is given', () => {
  const text = fc.oneof(fc.string(), fc.string({ unit: 'binary', maxLength: 300 }));
  fc.assert(
    fc.property(fc.array(text, { maxLength: 12 }), fc.integer(), (texts, expires) => {
      const encodable = texts.filter((each) => !/\p{Cs}/u.test(each) && !each.startsWith('\uFEFF'));
      const addresses = open();
      const object = objectOf('address', { addresses: encodable, expires });
      addresses.apply([entryOf({ author: other, seq: 1, object })]);
      const given = addresses.of(other, 0);
      expect(given.length).toBeLessThanOrEqual(8);
      for (const each of given) expect(each).toMatch(/^[!-~]{1,261}$/);
    }),
  );
});

test('the own addresses are needed when the set is another one, and not for its order', () => {
  const addresses = open();
  expect(addresses.needed([], now)).toBeUndefined();
  expect(addresses.needed(['a:1'], now)).toEqual(['a:1']);
  addresses.apply([published(self, 1, ['a:1', 'b:1'])]);
  expect(addresses.needed(['b:1', 'a:1'], now)).toBeUndefined();
  expect(addresses.needed(['b:1', 'c:1'], now)).toEqual(['b:1', 'c:1']);
  expect(addresses.needed(['b:1'], now)).toEqual(['b:1']);
});

test('the own addresses are needed again when half of their life is over', () => {
  const addresses = open();
  addresses.apply([published(self, 1, ['a:1'])]);
  expect(addresses.needed(['a:1'], now + lifetimeUs / 2)).toBeUndefined();
  expect(addresses.needed(['a:1'], now + lifetimeUs / 2 + 1)).toEqual(['a:1']);
});

test('addresses are withdrawn once, and not where they have expired by themselves', () => {
  const addresses = open();
  addresses.apply([published(self, 1, ['a:1'])]);
  expect(addresses.needed([], now)).toEqual([]);
  expect(addresses.needed([], now + lifetimeUs)).toBeUndefined();
  addresses.apply([published(self, 2, [])]);
  expect(addresses.needed([], now)).toBeUndefined();
});

test('the version grows with each publication, and with nothing else', () => {
  const addresses = open();
  const first = published(other, 1, ['a:1']);
  addresses.apply([first]);
  const { version } = addresses;
  addresses.apply([first, entryOf({ author: other, seq: 2, object: objectOf('text', {}) })]);
  expect(addresses.version).toBe(version);
  addresses.apply([published(other, 2, ['b:1'])]);
  expect(addresses.version).toBeGreaterThan(version);
});

test('authors beyond the bound are counted, and there is always room for the own addresses', () => {
  const addresses = open(1);
  addresses.apply([published(other, 1, ['a:1']), published(third, 1, ['b:1'])]);
  addresses.apply([published(self, 1, ['c:1'])]);
  expect(addresses.of(third, now)).toEqual([]);
  expect(addresses.of(self, now)).toEqual(['c:1']);
  expect(addresses.counters['addresses-full']).toBe(1);
  addresses.apply([published(other, 2, ['d:1'])]);
  expect(addresses.of(other, now)).toEqual(['d:1']);
});
