import fc from 'fast-check';
import { expect, test } from 'vitest';
import { utf8 } from '../../../src/bytes.ts';
import type { Value } from '../../../src/cxo/codec.ts';
import { sha256, type MessageId } from '../../../src/cxo/ids.ts';
import { buildObject, verifyObject } from '../../../src/cxo/object.ts';
import { labelOf } from '../../../src/chat/content/labels.ts';
import {
  buildAddress,
  buildProfile,
  buildText,
  buildVouch,
  isShown,
  parseContent,
} from '../../../src/chat/content/message.ts';
import { isBareText, priorities } from '../../../src/chat/content/text-content.ts';
import { objectOf, testKey, testSalt } from '../rig.ts';

const encodable = fc
  .string({ unit: 'binary', minLength: 1, maxLength: 200 })
  .filter((text) => !text.startsWith('\uFEFF'));
const messageId = sha256(utf8('some message')) as MessageId;

const extras = fc.record(
  {
    replyTo: fc.constant(messageId),
    priority: fc.constantFrom(...priorities),
    ack: fc.boolean(),
  },
  { requiredKeys: [] },
);

test('every text that can be sent is read back character for character', () => {
  fc.assert(
    fc.property(encodable, extras, (text, { replyTo, priority, ack = false }) => {
      const object = buildText(text, replyTo, testSalt(), { priority, ack });
      expect(verifyObject(object)).toEqual({ ok: true, kind: 'text' });
      expect(parseContent(object)).toEqual({ ...{ type: 'text', text, replyTo }, priority, ack });
    }),
  );
});

test('a bare text is told from one that answers or asks, and from every other kind', () => {
  fc.assert(
    fc.property(encodable, extras, (text, { replyTo, priority, ack = false }) => {
      const object = buildText(text, replyTo, testSalt(), { priority, ack });
      expect(isBareText(object)).toBe(replyTo === undefined && !ack);
    }),
  );
  expect(isBareText(objectOf('texts', { text: 'a' }))).toBe(false);
  expect(isBareText(objectOf('edit', { text: 'a', target: messageId }))).toBe(false);
});

test('a text of exactly 64 KiB of UTF-8 is sent, one of a byte more is not', () => {
  const text = 'é'.repeat(32 * 1024);
  expect(parseContent(buildText(text, undefined, testSalt()))).toMatchObject({ text });
  for (const longer of [`${text}a`, 'a'.repeat(65_537), '€'.repeat(21_846)]) {
    expect(() => buildText(longer, undefined, testSalt())).toThrow(
      expect.objectContaining({ code: 'text-too-large' }),
    );
  }
});

test('an empty text is refused, one of a space is not', () => {
  expect(() => buildText('', undefined, testSalt())).toThrow(
    expect.objectContaining({ code: 'empty-text' }),
  );
  expect(parseContent(buildText(' ', undefined, testSalt()))).toMatchObject({ text: ' ' });
});

test.each(['\uD800', 'a\uDC00b', '\uFEFFhello'])('the text %j cannot be carried', (text) => {
  expect(() => buildText(text, undefined, testSalt())).toThrow(
    expect.objectContaining({ code: 'bad-text' }),
  );
});

test('profiles, vouches and addresses are read back', () => {
  const keys = [testKey(2), testKey(1)];
  const profile = { ...{ type: 'profile', name: 'alice' }, note: undefined, bot: false };
  expect(parseContent(buildProfile('alice', testSalt()))).toEqual(profile);
  const more = { note: 'watches the disks', bot: true };
  expect(parseContent(buildProfile('alice', testSalt(), more))).toEqual({ ...profile, ...more });
  expect(parseContent(buildVouch(keys, testSalt()))).toEqual({ type: 'vouch', keys });
  expect(parseContent(buildVouch([], testSalt()))).toEqual({ type: 'vouch', keys: [] });
  const addresses = ['[fd00::1]:8870', 'host:1'];
  const expires = 1_800_000_000_000_000;
  expect(parseContent(buildAddress(addresses, expires, testSalt()))).toEqual({
    ...{ type: 'address', addresses, expires },
  });
});

test('a text with fields of a later version is still a text', () => {
  const object = objectOf('text', {
    text: 'hi',
    priority: 'soon',
    ack: 1,
    extra: { deep: [1, null] },
  });
  expect(parseContent(object)).toEqual({
    ...{ type: 'text', text: 'hi', replyTo: undefined },
    ...{ priority: undefined, ack: false },
  });
});

const wrong: [string, Record<string, Value>][] = [
  ['text', {}],
  ['text', { text: 5 }],
  ['text', { text: utf8('bytes') }],
  ['text', { text: 'hi', reply_to: 'aa' }],
  ['text', { text: 'hi', reply_to: new Uint8Array(31) }],
  ['text', { text: 'hi', reply_to: null }],
  ['profile', { name: null }],
  ['vouch', { keys: {} }],
  ['vouch', { keys: [new Uint8Array(31)] }],
  ['vouch', { keys: ['aa'] }],
  ['address', { addresses: [] }],
  ['address', { addresses: 'h:1', expires: 1 }],
  ['address', { addresses: [1], expires: 1 }],
  ['address', { addresses: ['h:1'], expires: '1' }],
  ['edit', { text: 'no target' }],
  ['delete', { target: new Uint8Array(31) }],
];

test.each(wrong)('a %s with the fields %j is shown as of an unknown kind', (kind, fields) => {
  const content = parseContent(objectOf(kind, fields));
  expect(content).toEqual({ type: 'unknown', kind });
  expect(isShown(content)).toBe(true);
});

test('a kind of a later version is shown; vouches, profiles, addresses and the genesis are not', () => {
  expect(parseContent(objectOf('poll'))).toEqual({ type: 'unknown', kind: 'poll' });
  expect(isShown(parseContent(objectOf('poll')))).toBe(true);
  expect(isShown(parseContent(buildVouch([], testSalt())))).toBe(false);
  expect(isShown(parseContent(buildProfile('a', testSalt())))).toBe(false);
  expect(isShown(parseContent(buildAddress([], 0, testSalt())))).toBe(false);
  expect(isShown(parseContent(objectOf('genesis')))).toBe(false);
});

test.each(['roster', 'epoch', 'keys', 'offer', 'sealed'])('a %s is in no list', (kind) => {
  const content = parseContent(objectOf(kind));
  expect(content).toEqual({ type: 'group', kind });
  expect(isShown(content)).toBe(false);
});

test('whatever fields an object has, reading it never fails', () => {
  const value: fc.Arbitrary<Value> = fc.oneof(
    fc.constant(null),
    fc.boolean(),
    fc.integer(),
    fc.string(),
    fc.uint8Array({ maxLength: 40 }),
    fc.array(fc.integer(), { maxLength: 3 }),
    fc.array(fc.uint8Array({ minLength: 32, maxLength: 32 }), { maxLength: 3 }),
  );
  const fields = fc.dictionary(
    fc.constantFrom('text', 'reply_to', 'name', 'keys', 'addresses', 'expires', 'x'),
    value,
  );
  const kinds = fc.constantFrom('text', 'profile', 'vouch', 'address', 'genesis', 'poll');
  fc.assert(
    fc.property(kinds, fields, (kind, given) => {
      const content = parseContent(objectOf(kind, given));
      expect([kind, 'unknown']).toContain(content.type);
    }),
  );
});

test('an erased object leaves a place that is shown', () => {
  expect(isShown(parseContent(undefined))).toBe(true);
});

test('every kind but text has a label of its own name', () => {
  const plain = buildText('hello', undefined, testSalt());
  expect(labelOf('text', plain)).toBeUndefined();
  expect(labelOf('vouch', plain)).toBe('vouch');
  expect(labelOf('poll', plain)).toBe('poll');
  expect(labelOf('sealed', plain)).toBe('locked');
});

test('a text that is about another, or asks to be acknowledged, is found again', () => {
  expect(labelOf('text', buildText('yes', messageId, testSalt()))).toBe('text-linked');
  const asking = buildText('who is there?', undefined, testSalt(), { ack: true });
  expect(labelOf('text', asking)).toBe('text-linked');
});

test('a text that a bot wrote says so, and who it is, beside all else', () => {
  const object = buildText('disk full', messageId, testSalt(), {
    priority: 'high',
    bot: 'grafana',
  });
  expect(parseContent(object)).toEqual({
    ...{ type: 'text', text: 'disk full', replyTo: messageId, priority: 'high', ack: false },
    bot: { name: 'grafana' },
  });
});

test('a text without a bot has the very bytes that it had before there were any', () => {
  const salt = testSalt();
  expect(buildText('a', undefined, salt, { bot: undefined })).toEqual(
    buildObject({ kind: 'text', text: 'a' }, salt),
  );
});

test('a name alone makes no bot, and what cannot be shown of a name is left out', () => {
  const botOf = (fields: Record<string, Value>) => {
    const content = parseContent(objectOf('text', { text: 'a', ...fields }));
    return content.type === 'text' ? content.bot : 'no text';
  };
  expect(botOf({ name: 'alice' })).toBeUndefined();
  expect(botOf({ name: 'alice', bot: 'yes' })).toBeUndefined();
  expect(botOf({ name: 'a\u202el\u0000ice\n', bot: true })).toEqual({ name: 'alice' });
  expect(botOf({ name: 'x'.repeat(9999), bot: true })).toEqual({ name: 'x'.repeat(64) });
  for (const name of ['', '\u200b', 7, null]) {
    expect(botOf({ name, bot: true })).toEqual({ name: undefined });
  }
});
