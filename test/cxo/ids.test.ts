import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { concat, toHex, utf8 } from '../../src/bytes.ts';
import {
  domainHash,
  domainPrefix,
  groupIdBytes,
  groupIdOfBytes,
  messageIdOf,
  objectIdOf,
  parseGroupId,
  parseMessageId,
  parseObjectId,
  parseRootId,
  rootIdOf,
  sha256,
  type ObjectId,
} from '../../src/cxo/ids.ts';

const id = fc.uint8Array({ minLength: 32, maxLength: 32 });

function reference(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

test('the digest of "abc" is that of FIPS 180-2, and a plain Uint8Array of its own', () => {
  const digest = sha256(utf8('abc'));
  expect(toHex(digest)).toBe('ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad');
  expect(Object.getPrototypeOf(digest)).toBe(Uint8Array.prototype);
  expect(digest.buffer.byteLength).toBe(32);
});

test('object and root ids are the SHA-256 of the bytes, whatever they are a view of', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), fc.nat(20), (bytes, before) => {
      const view = concat(new Uint8Array(before), bytes, new Uint8Array(5)).subarray(
        before,
        before + bytes.length,
      );
      expect(toHex(objectIdOf(view))).toBe(reference(bytes));
      expect(toHex(rootIdOf(view))).toBe(reference(bytes));
    }),
  );
});

test('a message id is the hash of domain, group, author and object id', () => {
  fc.assert(
    fc.property(id, id, id, (group, author, object) => {
      const expected = reference(concat(utf8('skychat/1 message\0'), group, author, object));
      const message = messageIdOf(group, author, object as ObjectId);
      expect(toHex(message)).toBe(expected);
      expect(toHex(domainHash('message', group, author, object))).toBe(expected);
    }),
  );
});

test('a message id stays as it is when the next one is computed', () => {
  const [one, two] = [sha256(utf8('one')) as ObjectId, sha256(utf8('two')) as ObjectId];
  const first = messageIdOf(one, one, one);
  const copy = toHex(first);
  expect(toHex(messageIdOf(two, two, two))).not.toBe(copy);
  expect(toHex(first)).toBe(copy);
});

test('F19 F41 one object in another group, or by another author, is another message', () => {
  const [a, b, object] = ['a', 'b', 'object'].map((name) => sha256(utf8(name)));
  if (a === undefined || b === undefined || object === undefined) throw new Error('three ids');
  const ids = [
    messageIdOf(a, a, object as ObjectId),
    messageIdOf(a, b, object as ObjectId),
    messageIdOf(b, a, object as ObjectId),
    messageIdOf(b, b, object as ObjectId),
  ];
  expect(new Set(ids.map(toHex)).size).toBe(4);
});

test('parts of another length than 32 bytes are a bug of the caller, though the sum be right', () => {
  const bytes = (length: number): Uint8Array => new Uint8Array(length);
  expect(() => messageIdOf(bytes(31), bytes(33), bytes(32) as ObjectId)).toThrow('32 bytes');
  expect(() => messageIdOf(bytes(32), bytes(31), bytes(33) as ObjectId)).toThrow('32 bytes');
  expect(() => messageIdOf(bytes(32), bytes(32), bytes(0) as ObjectId)).toThrow('32 bytes');
  expect(() => groupIdOfBytes(bytes(31))).toThrow('32 bytes');
});

test('one purpose never begins with the prefix of another', () => {
  expect(toHex(domainPrefix('root'))).toBe(toHex(utf8('skychat/1 root\0')));
  expect(toHex(domainHash('root', utf8('s')))).not.toBe(toHex(domainHash('roots', utf8(''))));
});

test('ids come back from their hex, of either case', () => {
  fc.assert(
    fc.property(id, fc.boolean(), (bytes, upper) => {
      const text = upper ? toHex(bytes).toUpperCase() : toHex(bytes);
      for (const parse of [parseObjectId, parseRootId, parseMessageId]) {
        expect(parse(text)).toEqual(bytes);
      }
      expect(parseGroupId(text)).toBe(toHex(bytes));
      expect(groupIdBytes(groupIdOfBytes(bytes))).toEqual(bytes);
    }),
  );
});

test.each([
  '',
  'a'.repeat(63),
  'a'.repeat(65),
  'a'.repeat(66),
  'g'.repeat(64),
  ` ${'a'.repeat(63)}`,
  `${'a'.repeat(64)}\n`,
  'ａ'.repeat(64),
  `0x${'a'.repeat(62)}`,
])('%j is no id', (text) => {
  for (const parse of [parseObjectId, parseRootId, parseMessageId, parseGroupId]) {
    expect(parse(text)).toBeUndefined();
  }
});
