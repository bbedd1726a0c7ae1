// To whom a group is named, and what is kept of it, by what this node is to it.
import { expect, test } from 'vitest';
import type { Standing } from '../../src/chat/groups/group.ts';
import type { PublicKey } from '../../src/identity.ts';
import { groupRules } from '../../src/node/group-rules.ts';
import { testGroup, testIdentity } from '../support/feeds.ts';

const [room, id] = [testGroup('room'), testGroup('group')];
const [member, neighbour, stranger] = [1, 2, 3].map((n) => testIdentity(n).publicKey) as [
  PublicKey,
  PublicKey,
  PublicKey,
];

/** A group with one member, in a room with a neighbour. */
function rulesOf(standing: Standing, encrypted: boolean, version = 5) {
  const roster = { version, isMember: (key: PublicKey) => key === member };
  const group = { id, standing, roster, genesis: { encrypted }, isOffered: encrypted };
  const chat = {
    room: { id: room },
    membership: { isMember: (key: PublicKey) => key === neighbour },
    book: { find: () => group, groups: () => [group] },
  };
  return groupRules(() => chat as never);
}

test.each([
  ['active', [true, true]],
  ['joining', [true, true]],
  ['left', [true, true]],
  ['removed', [false, true]],
  ['carried', [false, true]],
] as const)('a group that this node is %s of is kept: open, encrypted', (standing, kept) => {
  const isKept = [false, true].map((encrypted) => rulesOf(standing, encrypted).all().includes(id));
  expect(isKept).toEqual(kept);
});

test('an open group is named to its members, also one that was left; an encrypted one to all who carry it', () => {
  for (const standing of ['active', 'left'] as const) {
    const named = [member, neighbour, stranger].map((key) =>
      [false, true].map((encrypted) => rulesOf(standing, encrypted).shares(id, key, false)),
    );
    expect(named).toEqual([
      [true, true],
      [false, true],
      [false, false],
    ]);
  }
});

test('one that is joined is named to everybody until there is anything of it, then to whoever brought that', () => {
  expect(rulesOf('joining', false, 0).shares(id, stranger, false)).toBe(true);
  expect(rulesOf('joining', false).shares(id, stranger, false)).toBe(false);
  expect(rulesOf('joining', false).shares(id, stranger, true)).toBe(true);
  expect(rulesOf('active', false).shares(id, stranger, true)).toBe(false);
});

test('nothing of a group that was left is missing', () => {
  expect(rulesOf('left', false).isAwaited(id)).toBe(false);
  expect(rulesOf('active', false).isAwaited(id)).toBe(true);
});
