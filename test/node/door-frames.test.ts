import fc from 'fast-check';
import { expect, test } from 'vitest';
import { encode, type Value } from '../../src/cxo/codec.ts';
import type { GroupId } from '../../src/cxo/ids.ts';
import type { PublicKey } from '../../src/identity.ts';
import {
  encodeAnswer,
  encodeKnock,
  encodeStanding,
  knockCodes,
  knockTag,
  parseAnswer,
  parseKnock,
  parseStanding,
} from '../../src/node/door-frames.ts';
import { wordLimits } from '../../src/node/door-limits.ts';

const bytes = (length: number): Uint8Array => new Uint8Array(length).fill(7);
const knock = { tag: bytes(16), invite: '07'.repeat(32) as PublicKey, signature: bytes(64) };

test('a knock comes back as it was sent', () => {
  expect(parseKnock(encodeKnock(knock))).toEqual(knock);
});

test.each(knockCodes)('the answer %s comes back', (code) => {
  expect(parseAnswer(encodeAnswer(bytes(16), code))).toEqual({ tag: bytes(16), code });
});

test('an answer of a later version is an answer whose code is not known', () => {
  const payload = encode([bytes(16), 'try-the-founder']);
  expect(parseAnswer(payload)).toEqual({ tag: bytes(16), code: undefined });
});

test.each<[string, Value]>([
  ['a map', {}],
  ['too few fields', [bytes(16), bytes(32)]],
  ['too many fields', [bytes(16), bytes(32), bytes(64), null]],
  ['a short tag', [bytes(15), bytes(32), bytes(64)]],
  ['a short key', [bytes(16), bytes(31), bytes(64)]],
  ['a long signature', [bytes(16), bytes(32), bytes(65)]],
  ['texts', ['a', 'b', 'c']],
])('%s is no knock', (_, value) => {
  expect(parseKnock(encode(value))).toBeUndefined();
});

test.each<[string, Value]>([
  ['a text', 'admitted'],
  ['no code', [bytes(16)]],
  ['a number', [bytes(16), 1]],
  ['a short tag', [bytes(15), 'admitted']],
  ['an upper-case code', [bytes(16), 'Admitted']],
  ['an escape code', [bytes(16), 'a\u001b[2J']],
  ['a long code', [bytes(16), 'a'.repeat(33)]],
])('%s is no answer', (_, value) => {
  expect(parseAnswer(encode(value))).toBeUndefined();
});

test('no bytes make the parsers throw', () => {
  const any = fc.oneof(
    fc.uint8Array({ maxLength: 200 }),
    fc.tuple(fc.nat(120), fc.nat(255)).map(([at, byte]) => {
      const payload = encodeKnock(knock);
      payload[at % payload.length] = byte;
      return payload;
    }),
  );
  fc.assert(
    fc.property(any, (payload) => {
      const parsed = parseKnock(payload);
      if (parsed !== undefined) expect(encodeKnock(parsed)).toEqual(payload);
      parseAnswer(payload);
    }),
    { numRuns: 300 },
  );
});

test('a group is named by another tag on each link, and groups by different ones', () => {
  const group = (n: number): GroupId => n.toString(16).padStart(64, '0') as GroupId;
  const tags = [
    knockTag(bytes(32), group(1)),
    knockTag(bytes(32), group(2)),
    knockTag(new Uint8Array(32), group(1)),
  ];
  expect(new Set(tags.map(String)).size).toBe(3);
});

const proof = {
  object: bytes(9),
  root: bytes(8),
  signature: bytes(64),
  chain: [bytes(3), bytes(2)],
};

test('a word on a removal comes back as it was sent', () => {
  const word = { tag: bytes(16), proofs: [proof, { ...proof, chain: [] }] };
  expect(parseStanding(encodeStanding(word) ?? bytes(0))).toEqual(word);
});

test('a word on a removal that would be too large is not made', () => {
  const { proofsMax, chainMax, bytesMax } = wordLimits;
  const tooLarge = [
    [],
    new Array<typeof proof>(proofsMax + 1).fill(proof),
    [{ ...proof, chain: new Array<Uint8Array>(chainMax + 1).fill(bytes(1)) }],
    [{ ...proof, object: bytes(bytesMax) }],
  ];
  for (const proofs of tooLarge) {
    expect(encodeStanding({ tag: bytes(16), proofs })).toBeUndefined();
  }
});

const item: Value[] = [bytes(9), bytes(8), bytes(64), [bytes(3)]];

test.each<[string, Value]>([
  ['no proof', [bytes(16), []]],
  ['too many proofs', [bytes(16), new Array<Value>(17).fill(item)]],
  ['a short tag', [bytes(15), [item]]],
  ['a proof without a chain', [bytes(16), [item.slice(0, 3)]]],
  ['a short signature', [bytes(16), [item.with(2, bytes(63))]]],
  ['a chain of texts', [bytes(16), [item.with(3, ['a'])]]],
  ['a long chain', [bytes(16), [item.with(3, new Array<Value>(257).fill(bytes(1)))]]],
  ['an object that is a text', [bytes(16), [item.with(0, 'a')]]],
])('%s is no word on a removal', (_, value) => {
  expect(parseStanding(encode(value))).toBeUndefined();
});
