import { toHex } from '../../src/bytes.ts';
import { expect, test } from 'vitest';
import { objectIdOf } from '../../src/cxo/ids.ts';
import { parseObject, verifyObject } from '../../src/cxo/object.ts';
import { roomOfName } from '../../src/chat/room.ts';

test('the same name is the same room on every node, in every version', () => {
  expect(roomOfName('lobby').id).toBe(
    '706245f277c3f7487426c99d38b1cd69f3c1692fd4043d330b051b2a423b4e46',
  );
  expect(roomOfName('lobby').genesis).toEqual(roomOfName('lobby').genesis);
});

test('another name is another room', () => {
  expect(roomOfName('ops').id).not.toBe(roomOfName('lobby').id);
});

test('the id of a room is the id of its genesis, which is a valid object', () => {
  const { id, genesis } = roomOfName('café 2');
  expect(verifyObject(genesis)).toEqual({ ok: true, kind: 'genesis' });
  expect(toHex(objectIdOf(genesis))).toBe(id);
  expect(parseObject(genesis)).toMatchObject({
    ok: true,
    fields: { kind: 'genesis', name: 'café 2', encrypted: false, founder: null },
  });
});

test.each(['', 'a\nb', 'f'.repeat(64), 'x'.repeat(65)])('%j is no name of a room', (name) => {
  expect(() => roomOfName(name)).toThrow(expect.objectContaining({ code: 'bad-field' }));
});
