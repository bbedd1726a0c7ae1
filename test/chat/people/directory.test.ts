import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Entry } from '../../../src/cxo/archive.ts';
import type { GroupId } from '../../../src/cxo/ids.ts';
import type { PublicKey } from '../../../src/identity.ts';
import { Directory, nameless } from '../../../src/chat/people/directory.ts';
import { buildProfile } from '../../../src/chat/content/message.ts';
import { entryOf, room, testKey, testSalt } from '../rig.ts';

const [self, other, third] = [testKey(0), testKey(1), testKey(2)] as const;

function profile(author: PublicKey, seq: number, name: string, head = 0): Entry {
  return entryOf({ author, seq, head, object: buildProfile(name, testSalt()) });
}

function directory(namesMax?: number): Directory {
  return new Directory({ group: room.id, self, ...(namesMax === undefined ? {} : { namesMax }) });
}

test('the latest profile of an author is its name, in whatever order profiles arrive', () => {
  const profiles = [
    profile(other, 1, 'one'),
    profile(other, 2, 'two'),
    profile(other, 1, 'three', 1),
  ];
  fc.assert(
    fc.property(fc.shuffledSubarray(profiles, { minLength: 3 }), (shuffled) => {
      const names = directory();
      for (const entry of shuffled) names.apply([entry]);
      expect(names.findName(other)).toBe('three');
    }),
  );
});

test('a name is clean before anybody sees it; one with nothing left is none', () => {
  const names = directory();
  names.apply([profile(other, 1, ' ev\u202Eil\n'), profile(third, 1, '\u200B')]);
  expect(names.findName(other)).toBe('evil');
  expect(names.findName(third)).toBeUndefined();
});

test('a profile in another group is not a name in this one', () => {
  const names = directory();
  const group = testKey(9) as string as GroupId;
  names.apply([entryOf({ author: other, seq: 1, group, object: buildProfile('x', testSalt()) })]);
  expect(names.findName(other)).toBeUndefined();
});

test('the own profile is needed exactly while the published one says something else', () => {
  const names = directory();
  const called = (name: string) => ({ ...nameless, name });
  expect(names.profileNeeded(nameless)).toBeUndefined();
  expect(names.profileNeeded(called('  '))).toBeUndefined();
  expect(names.profileNeeded(called(' alice '))).toEqual({ ...nameless, name: 'alice' });
  names.apply([profile(self, 1, 'alice')]);
  expect(names.profileNeeded(called('alice'))).toBeUndefined();
  expect(names.profileNeeded(called('bob'))).toMatchObject({ name: 'bob' });
  const note = 'watches the disks';
  expect(names.profileNeeded({ ...called('alice'), note })).toMatchObject({ note });
  expect(names.profileNeeded({ ...called('alice'), bot: true })).toMatchObject({ bot: true });
  // Who says nothing is called as before, and says so again to those who came later.
  expect(names.profileNeeded(nameless)).toBeUndefined();
  expect(names.profileNeeded(nameless, Number.MAX_SAFE_INTEGER)).toMatchObject({ name: 'alice' });
});

test('what members say of themselves is shown as they said it last', () => {
  const names = directory();
  const about = { note: 'watches\u0000 the disks ', bot: true };
  names.apply([
    entryOf({ author: other, seq: 1, object: buildProfile('disk', testSalt(), about) }),
  ]);
  expect(names.find(other)).toMatchObject({ note: 'watches the disks', bot: true });
  names.apply([profile(other, 2, 'disk')]);
  expect(names.find(other)).toMatchObject({ note: undefined, bot: false });
  expect(names.find(third)).toBeUndefined();
});

test('the version grows when a name changes, and only then', () => {
  const names = directory();
  names.apply([profile(other, 1, 'a')]);
  const { version } = names;
  names.apply([profile(other, 1, 'a'), profile(other, 2, 'a')]);
  expect(names.version).toBe(version);
  names.apply([profile(other, 3, 'b')]);
  expect(names.version).toBeGreaterThan(version);
});

test('names beyond the bound are counted, and the own one always has room', () => {
  const names = directory(1);
  names.apply([profile(other, 1, 'a'), profile(third, 1, 'b'), profile(self, 1, 'me')]);
  expect(names.findName(third)).toBeUndefined();
  expect(names.findName(self)).toBe('me');
  expect(names.counters['names-full']).toBe(1);
  names.apply([profile(other, 2, 'c')]);
  expect(names.findName(other)).toBe('c');
});
