import { expect, test } from 'vitest';
import { FreshSeals } from '../../../src/chat/content/fresh-seals.ts';
import { freshSealsMax } from '../../../src/chat/limits.ts';
import type { Content } from '../../../src/chat/content/message.ts';
import type { GroupId } from '../../../src/cxo/ids.ts';
import type { Position } from '../../../src/cxo/store.ts';
import { testKey } from '../rig.ts';

const group = testKey(1) as string as GroupId;
const content: Content = { type: 'genesis' };

function at(seq: number, index = 0, head = 0): Position {
  return { feed: { group, author: testKey(2), head }, seq, index };
}

test('what was sealed for a place is known there once, from other bytes that are the same', () => {
  const fresh = new FreshSeals();
  fresh.put(at(1), Uint8Array.of(1, 2), content);
  expect(fresh.take(at(1, 1), Uint8Array.of(1, 2))).toBeUndefined();
  expect(fresh.take(at(1, 0, 1), Uint8Array.of(1, 2))).toBeUndefined();
  expect(fresh.take(at(1), Uint8Array.of(1, 2))).toBe(content);
  expect(fresh.take(at(1), Uint8Array.of(1, 2))).toBeUndefined();
});

test('another object that came to stand at the place is not taken for it', () => {
  const fresh = new FreshSeals();
  fresh.put(at(1), Uint8Array.of(1, 2), content);
  expect(fresh.take(at(1), Uint8Array.of(1, 3))).toBeUndefined();
});

test('what never came back is forgotten, the oldest first', () => {
  const fresh = new FreshSeals();
  for (let seq = 0; seq <= freshSealsMax; seq++) fresh.put(at(seq), Uint8Array.of(1), content);
  expect(fresh.take(at(0), Uint8Array.of(1))).toBeUndefined();
  expect(fresh.take(at(1), Uint8Array.of(1))).toBe(content);
});
