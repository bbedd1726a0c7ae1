import { expect, test } from 'vitest';
import { readNamedGroup } from '../../../src/chat/groups/group-names.ts';
import type { GroupId } from '../../../src/cxo/ids.ts';

const idOf = (n: number): GroupId => n.toString(16).padStart(64, 'a') as GroupId;
const groups = [
  { id: idOf(1), name: 'ops' },
  { id: idOf(2), name: 'café' },
  { id: idOf(3), name: 'twins' },
  { id: idOf(4), name: 'twins' },
];

test('a group is found by its id in either case, and by its name in any composition', () => {
  expect(readNamedGroup(idOf(1).toUpperCase(), groups)).toBe(idOf(1));
  expect(readNamedGroup('ops', groups)).toBe(idOf(1));
  expect(readNamedGroup('cafe\u0301', groups)).toBe(idOf(2));
  expect(readNamedGroup(idOf(4), groups)).toBe(idOf(4));
});

test('a name that several groups have is refused with their ids', () => {
  expect(() => readNamedGroup('twins', groups)).toThrow(
    expect.objectContaining({
      code: 'bad-field',
      message: `2 groups have this name: ${idOf(3)}, ${idOf(4)}`,
    }),
  );
});

test('who may know of some groups alone learns of no other, whether it is there or not', () => {
  const within = [idOf(2), idOf(3)];
  expect(readNamedGroup('café', groups, within)).toBe(idOf(2));
  // There is only one that it knows of.
  expect(readNamedGroup('twins', groups, within)).toBe(idOf(3));
  for (const name of ['ops', idOf(1), 'nowhere', idOf(9)]) {
    expect(() => readNamedGroup(name, groups, within)).toThrow(
      expect.objectContaining({ code: 'not-permitted' }),
    );
  }
});

test('of very many groups of one name the refusal lists some', () => {
  const many = Array.from({ length: 100 }, (_, n) => ({ id: idOf(n), name: 'x' }));
  expect(() => readNamedGroup('x', many)).toThrow(
    /^100 groups have this name: (\w{64}, ){7}\w{64}$/,
  );
});

test.each(['Ops', '', idOf(9), 'ops '])('%j names none', (name) => {
  expect(() => readNamedGroup(name, groups)).toThrow(
    expect.objectContaining({ code: 'unknown-group' }),
  );
});

test('an id goes before a name that reads like it', () => {
  const named = [{ id: idOf(8), name: idOf(1) }, ...groups];
  expect(readNamedGroup(idOf(1), named)).toBe(idOf(1));
});
