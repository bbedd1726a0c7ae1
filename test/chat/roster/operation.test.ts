import fc from 'fast-check';
import { expect, test } from 'vitest';
import { buildObject, parseObject } from '../../../src/cxo/object.ts';
import {
  buildOperation,
  parseOperation,
  type RosterOperation,
} from '../../../src/chat/roster/operation.ts';
import { buildSeen, Seen } from '../../../src/chat/roster/seen.ts';
import { rosterLimits } from '../../../src/chat/limits.ts';
import { publicKeyBytes } from '../../../src/identity.ts';
import { keyOf } from './world.ts';

const salt = new Uint8Array(16);
const seen = buildSeen([{ key: keyOf(1), head: 0, seq: 7 }]);
const key = keyOf(2);
const invite = publicKeyBytes(keyOf(3));
const signature = new Uint8Array(64);
const operations: RosterOperation[] = [
  { op: 'add', key, history: true, seen },
  { op: 'remove', key, seen },
  { op: 'promote', key, seen },
  { op: 'demote', key, seen },
  { op: 'leave', seen },
  { op: 'invite', invite, expires: null, uses: 3, history: false, seen },
  { op: 'revoke', invite, seen },
  { op: 'admit', key, invite, signature, seen },
  { op: 'describe', name: 'team', seen },
  { op: 'describe', name: 'team', topic: 'all of it', seen },
  { op: 'describe', sealed: new Uint8Array(40), seen },
  { op: 'retain', age_s: 3600, bytes: null, seen },
];

test.each(operations)('$op is read back as it was written', (operation) => {
  expect(parseOperation(buildOperation(operation, salt))).toEqual(operation);
});

test('F40 the bytes of an addition never read as a promotion, whatever its fields say besides', () => {
  const fields = { kind: 'roster', op: 'add', key: publicKeyBytes(key), history: true, seen };
  const addition = buildObject(fields, salt);
  const { history, ...promotion } = { ...fields, op: 'promote' };
  expect(history).toBe(true);
  expect(parseOperation(addition)?.op).toBe('add');
  expect(parseOperation(buildObject(promotion, salt))?.op).toBe('promote');
  expect(parseOperation(buildObject({ ...fields, op: 'promote' }, salt))).toBeUndefined();
  expect(parseOperation(buildObject({ ...promotion, op: 'add' }, salt))).toBeUndefined();
});

test.each(operations)(
  '$op with a field more or less, or one of another type, is none',
  (operation) => {
    const parsed = parseObject(buildOperation(operation, salt));
    if (!parsed.ok) throw new Error('an object');
    const { salt: own, ...fields } = parsed.fields;
    expect(parseOperation(buildObject({ ...fields, more: 1 }, own))).toBeUndefined();
    for (const name of Object.keys(fields)) {
      const { [name]: value, ...rest } = fields;
      if (name === 'kind' || (operation.op === 'describe' && name !== 'seen')) continue;
      expect(parseOperation(buildObject({ ...rest, kind: 'roster' }, own))).toBeUndefined();
      const wrong = typeof value === 'string' ? 1 : 'text';
      expect(parseOperation(buildObject({ ...fields, [name]: wrong }, own))).toBeUndefined();
    }
  },
);

test.each([
  { op: 'invite', invite, expires: null, uses: 0, history: false },
  { op: 'invite', invite, expires: null, uses: rosterLimits.usesMax + 1, history: false },
  { op: 'invite', invite, expires: -1, uses: null, history: false },
  { op: 'describe' },
  { op: 'describe', sealed: new Uint8Array(rosterLimits.sealedBytesMax + 1) },
  { op: 'describe', sealed: new Uint8Array(1), name: 'team' },
  { op: 'describe', topic: 'x'.repeat(2 * rosterLimits.topicCharactersMax + 1) },
  { op: 'retain', age_s: -1, bytes: null },
  { op: 'leave', seen: new Uint8Array(rosterLimits.seenBytesMax + 1) },
  { op: 'crown', key: publicKeyBytes(key) },
])('%o is no operation', (fields) => {
  expect(parseOperation(buildObject({ seen, ...fields, kind: 'roster' }, salt))).toBeUndefined();
  expect(() => buildOperation({ seen, ...fields } as RosterOperation, salt)).toThrow();
});

const feeds = fc.uniqueArray(
  fc.record({
    key: fc.nat({ max: 5 }).map(keyOf),
    head: fc.nat({ max: 300 }),
    seq: fc.integer({ min: 1, max: 2 ** 48 }),
  }),
  { selector: (feed) => `${feed.key}/${feed.head}`, maxLength: 20 },
);

test('what was seen is looked up as it was written', () => {
  fc.assert(
    fc.property(feeds, (given) => {
      const parsed = Seen.parse(buildSeen(given));
      for (const { key: author, head, seq } of given) {
        expect(parsed?.seqOf(publicKeyBytes(author), head)).toBe(seq);
        expect(parsed?.headsOf(publicKeyBytes(author)).get(head)).toBe(seq);
        expect(parsed?.seqOf(publicKeyBytes(author), 301)).toBe(0);
      }
      expect(parsed?.headsOf(publicKeyBytes(keyOf(6))).size).toBe(0);
    }),
  );
});

test('bytes that say it in another way, or too much, say nothing', () => {
  const [a, b] = [keyOf(1), keyOf(2)].sort() as [typeof key, typeof key];
  const one = buildSeen([{ key: a, head: 1, seq: 1 }]);
  const two = buildSeen([{ key: b, head: 1, seq: 1 }]);
  const lower = buildSeen([{ key: a, head: 0, seq: 1 }]);
  const join = (...parts: Uint8Array[]): Uint8Array =>
    Uint8Array.from(parts.flatMap((part) => [...part]));
  expect(Seen.parse(join(lower, one, two))).toBeDefined();
  for (const wrong of [join(two, one), join(one, one), join(one, lower), one.slice(0, -1)]) {
    expect(Seen.parse(wrong)).toBeUndefined();
  }
  expect(Seen.parse(Uint8Array.from([...one.slice(0, -1), 0]))).toBeUndefined();
  expect(Seen.parse(Uint8Array.from([...one.slice(0, -1), 0x81, 0]))).toBeUndefined();
  const many = Array.from({ length: rosterLimits.seenFeedsMax }, (_, head) => ({
    key: a,
    head,
    seq: 1,
  }));
  expect(Seen.parse(buildSeen(many))).toBeDefined();
  expect(Seen.parse(join(buildSeen(many), two))).toBeUndefined();
  expect(() => buildSeen([...many, { key: b, head: 0, seq: 1 }])).toThrow('too many');
});
