import { expect, test } from 'vitest';
import type { MessageView } from '../../../src/chat/view.ts';
import { colourOf, messageRows, noteRows, type LineContext } from '../../../src/cli/chat/lines.ts';
import { Rooms } from '../../../src/cli/chat/rooms.ts';
import { Seen } from '../../../src/cli/chat/seen.ts';
import { exampleMessage } from '../../../src/http/examples.ts';

const key = 'ab'.repeat(32);
const plain: LineContext = {
  ...{ look: { unicode: true, colors: false }, cells: 60, ref: 7, answeredRef: undefined },
  ...{ isAmbiguous: false, self: key },
};

function message(fields: Partial<MessageView> = {}): MessageView {
  return {
    ...exampleMessage,
    ...{ name: 'alice', author: key, reply_to: null, mentions: [] },
    ...fields,
  };
}

const withoutClock = (row = ''): string => row.replace(/^\d\d:\d\d /, '');

test('a message is a row: time, number, name, text', () => {
  const [row] = messageRows(
    message({ text: 'hello', reactions: {}, edited: false, ack: null }),
    plain,
  );
  expect(withoutClock(row)).toBe('7 alice: hello');
});

test('what is deleted, hidden, edited or of another kind says so', () => {
  const of = (fields: Partial<MessageView>): string =>
    withoutClock(
      messageRows(message({ reactions: {}, ack: null, text: 'x', ...fields }), plain)[0],
    );
  expect(of({ deleted: true })).toContain('(deleted)');
  expect(of({ hidden: true })).toContain('(hidden)');
  expect(of({ edited: true })).toBe('7 alice: x (edited)');
  expect(of({ kind: 'poll' })).toBe('7 alice: (poll) x');
});

test('colours are stable for a key, and absent without them', () => {
  expect(colourOf(key)).toBe(colourOf(key));
  const coloured = messageRows(message(), { ...plain, look: { unicode: true, colors: true } });
  expect(coloured.join('\n')).toContain(`\u001b[${colourOf(key)}malice\u001b[0m`);
  expect(messageRows(message(), plain).join('\n')).not.toContain('\u001b');
});

test('F51 names and emoji of others are escaped as well', () => {
  const evil = message({ name: 'a\u001b[2J\nb', reactions: { '\u001b[31m': [key] } });
  const rows = [...messageRows(evil, plain), ...noteRows('reaction', evil, plain)].join('');
  expect(rows).not.toContain('\u001b');
  expect(rows).toContain('\\x1b[2J');
});

test('two keys of one name are told apart', () => {
  const seen = new Seen();
  seen.note(message({ id: '1'.repeat(64) }));
  expect(seen.isAmbiguous(message())).toBe(false);
  seen.note(message({ id: '2'.repeat(64), author: 'cd'.repeat(32), name: 'Alice' }));
  expect(seen.isAmbiguous(message())).toBe(true);
  expect(messageRows(message(), { ...plain, isAmbiguous: true })[0]).toContain('alice (abababab)');
});

test('a message keeps its number, and the oldest are forgotten', () => {
  const seen = new Seen();
  const idOf = (i: number): string => String(i).padStart(64, '0');
  expect(seen.note(message({ id: idOf(1) }))).toBe(1);
  expect(seen.note(message({ id: idOf(2) }))).toBe(2);
  expect(seen.note(message({ id: idOf(1), text: 'changed' }))).toBe(1);
  expect(seen.find(1, '', () => true)?.text).toBe('changed');
  for (let i = 3; i < 2100; i++) seen.note(message({ id: idOf(i) }));
  expect(seen.find(1, '', () => true)).toBeUndefined();
  expect(seen.refOf(idOf(1))).toBeUndefined();
});

test('the prompt has marks for other groups, what is unsent and how far the latest got', () => {
  const rooms = new Rooms();
  const group = {
    topic: null,
    encrypted: false,
    role: 'member',
    state: 'active',
    members: 2,
  } as const;
  const more = {
    kind: 'group',
    last_message: null,
    founder: null,
    history: true,
    join: null,
  } as const;
  const retention = { age_s: null, bytes: null };
  const counts = { unread: 0, mentions: 0 };
  const of = (id: string, name: string) => ({ id, name, ...group, ...more, ...counts, retention });
  rooms.update([of('1', 'lobby'), of('2', 'ops')]);
  rooms.enter('1');
  rooms.note(message({ group: '2', mine: false, mentions: [key] }), key);
  const state = { isOpen: false, unsent: 2, delivery: { stored: 1, others: 3 } };
  expect(rooms.prompt(state, plain.look, 200)).toBe('lobby [ops 1»] ✓1/3 (2 unsent) (no daemon)> ');
  expect(rooms.find('OP')?.id).toBe('2');
  rooms.enter('2');
  const quiet = { isOpen: true, unsent: 0, delivery: undefined };
  expect(rooms.prompt(quiet, plain.look, 200)).toBe('ops> ');
});
