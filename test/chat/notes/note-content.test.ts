import { expect, test } from 'vitest';
import type { Value } from '../../../src/cxo/codec.ts';
import { utf8 } from '../../../src/bytes.ts';
import { sha256, type MessageId } from '../../../src/cxo/ids.ts';
import { buildObject } from '../../../src/cxo/object.ts';
import { contentLimits } from '../../../src/chat/limits.ts';
import { labelOf } from '../../../src/chat/content/labels.ts';
import { isShown, parseContent } from '../../../src/chat/content/message.ts';
import {
  buildAck,
  buildDeletion,
  buildEdit,
  buildHide,
  buildPin,
  buildReaction,
  buildRead,
  type ContentFields,
} from '../../../src/chat/notes/note-content.ts';
import { objectOf, testSalt } from '../rig.ts';

const target = sha256(utf8('target')) as MessageId;
const edit = sha256(utf8('an edit')) as MessageId;

const notes: [ContentFields, object][] = [
  [buildEdit(target, 'better'), { type: 'edit', text: 'better' }],
  [buildDeletion(target, []), { type: 'delete', edits: [] }],
  [buildDeletion(target, [edit]), { type: 'delete', edits: [edit] }],
  [buildReaction(target, '👍', true), { type: 'reaction', emoji: '👍', on: true }],
  [buildReaction(target, '👍', false), { type: 'reaction', emoji: '👍', on: false }],
  [buildAck(target), { type: 'ack' }],
  [buildPin(target, true), { type: 'pin', on: true }],
  [buildHide(target, false), { type: 'hide', on: false }],
  [buildRead(target), { type: 'read' }],
];

test.each(notes)('%j is read back, has a label, and is in no list', (fields, content) => {
  const object = buildObject(fields, testSalt());
  const parsed = parseContent(object);
  expect(parsed).toEqual({ target, ...content });
  expect(isShown(parsed)).toBe(false);
  expect(labelOf(fields.kind, object)).toBe(fields.kind);
});

const many = Array.from({ length: contentLimits.deletedEditsMax + 1 }, (_, i) =>
  sha256(Uint8Array.of(i >> 8, i)),
);

test.each<[string, Record<string, Value>]>([
  ['edit', { target }],
  ['edit', { target, text: '' }],
  ['edit', { target, text: 'x'.repeat(contentLimits.textBytesMax + 1) }],
  ['edit', { target, text: '€'.repeat(21_846) }],
  ['delete', { target, edits: [new Uint8Array(31)] }],
  ['delete', { target, edits: 'all' }],
  ['delete', { target, edits: many }],
  ['reaction', { target, emoji: 'e\u0301', on: true }],
  ['reaction', { target, emoji: '', on: true }],
  ['reaction', { target, emoji: '👍' }],
  ['pin', { target, on: 1 }],
  ['hide', { target }],
  ['ack', { target: 'aa' }],
  ['read', {}],
])('a %s whose fields are not those of one is no note', (kind, fields) => {
  expect(parseContent(objectOf(kind, fields))).toEqual({ type: 'unknown', kind });
});

test('a deletion names as many edits as it has room for, the latest', () => {
  const parsed = parseContent(buildObject(buildDeletion(target, many as MessageId[]), testSalt()));
  expect(parsed).toMatchObject({ type: 'delete', edits: many.slice(1) });
});
