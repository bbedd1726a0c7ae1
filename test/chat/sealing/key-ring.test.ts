import { expect, test } from 'vitest';
import { toHex } from '../../../src/bytes.ts';
import type { LocalRow } from '../../../src/cxo/store.ts';
import { KeyRing } from '../../../src/chat/sealing/key-ring.ts';
import { group, identityOf, last, Member } from './rig.ts';

const identity = identityOf('a');
const keys = [1, 2, 3].map((byte) => new Uint8Array(32).fill(byte));

function rowsOf(ring: KeyRing): LocalRow[] {
  return keys.map((key) => {
    const { key: name, value } = ring.add(group, key);
    if (value === undefined) throw new Error('a row has a value');
    return { key: name, value };
  });
}

test('a ring has its keys again from its rows', () => {
  const rows = rowsOf(new KeyRing(identity, []));
  const ring = new KeyRing(identity, rows);
  expect([...ring.keysOf(group).values()]).toEqual(keys);
  expect(ring.damaged).toBe(0);
  for (const { key, value } of rows) {
    expect(key).toMatch(new RegExp(`^ring/${group}/[0-9a-f]{32}$`));
    expect(value).toHaveLength(48);
    for (const each of keys) expect(toHex(value)).not.toContain(toHex(each).slice(0, 16));
  }
});

test('the same key gives the same row, so that writing it again changes nothing', () => {
  expect(rowsOf(new KeyRing(identity, []))).toEqual(rowsOf(new KeyRing(identity, [])));
});

test('rows do not open under another identity', () => {
  const ring = new KeyRing(identityOf('b'), rowsOf(new KeyRing(identity, [])));
  expect([ring.keysOf(group).size, ring.damaged]).toEqual([0, 3]);
});

test('a row opens under no other name, and one flipped bit never opens', () => {
  const [first, second] = rowsOf(new KeyRing(identity, []));
  if (first === undefined || second === undefined) throw new Error('two rows');
  const swapped = [
    { key: first.key, value: second.value },
    { key: second.key, value: first.value },
  ];
  const flipped = Array.from({ length: first.value.length * 8 }, (_, bit) => {
    const value = first.value.slice();
    value[bit >> 3] = (value[bit >> 3] ?? 0) ^ (1 << (bit & 7));
    return { key: first.key, value };
  });
  const misnamed = ['ring/', 'ring/x/y', `${first.key}0`, first.key.replace('ring', 'rung')];
  const renamed = misnamed.map((key) => ({ key, value: first.value }));
  const cut = [0, 15, 16, 47].map((length) => ({
    key: first.key,
    value: first.value.slice(0, length),
  }));
  const rows = [...swapped, ...flipped, ...renamed, ...cut];
  const ring = new KeyRing(identity, rows);
  expect([ring.keysOf(group).size, ring.damaged]).toEqual([0, rows.length]);
});

test('F26 keys whose rows are damaged or lost come again from the feeds, with their rows', () => {
  const [a, b] = [new Member('a'), new Member('b')];
  for (const node of [a, b]) node.sees(a, b);
  const sent = a.send('hello', { now: 1, objects: 0 });
  b.apply(sent);
  const rows = new Map(b.rows);
  for (const [key, value] of b.rows)
    b.rows.set(
      key,
      value.map((byte) => byte ^ 1),
    );
  b.restart();
  expect(b.ring.damaged).toBe(1);
  expect(b.reads(last(sent))).toBe('locked');
  expect(b.apply(sent)).toBe(true);
  expect(b.reads(last(sent))).toBe('hello');
  expect(b.rows).toEqual(rows);
  b.restart();
  expect([b.ring.damaged, b.reads(last(sent))]).toEqual([0, 'hello']);
});
