import fc from 'fast-check';
import { expect, test } from 'vitest';
import { MentionIndex } from '../../../src/chat/content/mentions.ts';
import type { PublicKey } from '../../../src/identity.ts';
import { testKey } from '../rig.ts';

const alice = `aaaaaaaa${testKey(1).slice(8)}` as PublicKey;
const alicia = `aaaaaaab${testKey(2).slice(8)}` as PublicKey;
const bob = `bbbbbbbb${testKey(3).slice(8)}` as PublicKey;
const bobby = `bbbbbbbb${testKey(4).slice(8)}` as PublicKey;
const carol = `cccccccc${testKey(5).slice(8)}` as PublicKey;
const names = new Map([
  [alice, 'Alice'],
  [alicia, 'Alice Cooper'],
  [bob, 'bob'],
  [bobby, 'Bob'],
]);
const index = new MentionIndex([alice, alicia, bob, bobby, carol].sort(), (key) => names.get(key));

test.each<[string, PublicKey[]]>([
  ['hello @alice', [alice]],
  ['@ALICE, look', [alice]],
  ['@alice cooper and @alice', [alicia, alice]],
  ['@alice cooperation', [alice]],
  ['@alicen', []],
  ['@alice_', []],
  ['mail@alice', []],
  ['@@alice', [alice]],
  ['(@alice)', [alice]],
  ['@bob', [bob, bobby].sort()],
  ['@alice @bob @alice', [alice, ...[bob, bobby].sort()]],
  ['@aaaaaaaa', [alice]],
  ['@AAAAAAAA!', [alice]],
  ['@aaaaaaa', []],
  ['@bbbbbbbb', []],
  ['@aaaaaaaag', []],
  ['@cccccccc', [carol]],
  ['@', []],
  ['no sign', []],
])('%j names the right members', (text, keys) => {
  expect(index.find(text)).toEqual(keys);
});

test('a whole key is named whether or not it is a member, in either case', () => {
  expect(index.find(`@${testKey(9).toUpperCase()}`)).toEqual([testKey(9)]);
  expect(index.find(`@${testKey(9)}0`)).toEqual([]);
});

test('a name that looks like the beginning of a key does not hide the key', () => {
  const impostor = new MentionIndex([alice, bob], (key) => (key === bob ? 'aaaaaaaa' : undefined));
  expect(impostor.find('@aaaaaaaa')).toEqual([alice]);
});

test('a text names at most 100 keys, and 1,000 signs are looked at', () => {
  const many = Array.from({ length: 101 }, (_, i) => `@${testKey(i)}`).join(' ');
  expect(index.find(many)).toHaveLength(100);
  expect(index.find(`${'@ '.repeat(999)}@alice`)).toEqual([alice]);
  expect(index.find(`${'@ '.repeat(1000)}@alice`)).toEqual([]);
});

test('whatever a text is, it names each key once', () => {
  const part = fc.constantFrom('@', 'alice', ' ', 'cooper', 'bob', alice, 'é', '\uD83D', 'İ');
  fc.assert(
    fc.property(fc.array(part), (parts) => {
      const found = index.find(parts.join(''));
      expect(new Set(found).size).toBe(found.length);
    }),
  );
});
