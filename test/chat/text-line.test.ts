import fc from 'fast-check';
import { expect, test } from 'vitest';
import { buildTextLine, escapeLine } from '../../src/chat/text-line.ts';
import type { MessageView } from '../../src/chat/view.ts';

const message: MessageView = {
  id: '11'.repeat(32),
  cursor: '1',
  group: '22'.repeat(32),
  author: 'abcdef01'.repeat(8),
  name: 'alice',
  seq: 1,
  index: 0,
  time: '2026-11-22T05:10:00.123Z',
  kind: 'text',
  text: 'hello',
  reply_to: null,
  replies: 0,
  edited: false,
  deleted: false,
  hidden: false,
  pinned: false,
  priority: null,
  ack: null,
  reactions: {},
  mentions: [],
  mine: false,
  delivery: { stored: [], members: 1 },
};

test('a line is time, name and text', () => {
  expect(buildTextLine(message)).toBe('2026-11-22T05:10:00.123Z alice: hello');
});

test('the key stands in for a name that is not known', () => {
  expect(buildTextLine({ ...message, name: null })).toContain(' abcdef01: hello');
});

test('deleted messages and unknown kinds are shown as what they are', () => {
  expect(buildTextLine({ ...message, deleted: true, text: '' })).toMatch(/alice: \(deleted\)$/);
  expect(buildTextLine({ ...message, kind: 'po\nll', text: 'x' })).toMatch(/: \(po\\nll\) x$/);
});

test('F51 the name is escaped like the text', () => {
  expect(buildTextLine({ ...message, name: '\u001b[1m\u202eeve\n' })).toBe(
    '2026-11-22T05:10:00.123Z \\x1b[1m\\u{202e}eve\\n: hello',
  );
});

test.each([
  ['\n\t\r', '\\n\\t\\r'],
  ['\u0000\u001b\u007f\u0085\u009b', '\\x00\\x1b\\x7f\\x85\\x9b'],
  ['\u2028\u2029', '\\u{2028}\\u{2029}'],
  ['\u061c\u200e\u200f', '\\u{61c}\\u{200e}\\u{200f}'],
  ['\u202a\u202b\u202c\u202d\u202e', '\\u{202a}\\u{202b}\\u{202c}\\u{202d}\\u{202e}'],
  ['\u2066\u2067\u2068\u2069', '\\u{2066}\\u{2067}\\u{2068}\\u{2069}'],
  ['\u00ad\u200b\u2060\ufeff', '\\xad\\u{200b}\\u{2060}\\u{feff}'],
  ['\u3164\u115f\u034f', '\\u{3164}\\u{115f}\\u{34f}'],
  ['\u{e0041}\u{e0001}', '\\u{e0041}\\u{e0001}'],
  ['a\ud800b', 'a\\u{d800}b'],
  ['a\ufe0f\ufe0f', 'a\ufe0f\\u{fe0f}'],
  ['\u200da', '\\u{200d}a'],
])('F51 %j is shown as %s', (text, shown) => {
  expect(escapeLine(text)).toBe(shown);
});

test.each([
  'plain text, 100 %',
  'C:\\temp\\new',
  'äöü ß € 中文 العربية עברית',
  '👨‍👩‍👧‍👦',
  '👩🏽‍🚀 ❤️‍🔥 🏳️‍🌈 1️⃣ ☺️ ☺︎',
  '🏴󠁧󠁢󠁥󠁮󠁧󠁿 🇩🇪',
  'می‌خواهم क्‍ष',
  'e\u0301',
])('%s is shown as it is', (text) => {
  expect(escapeLine(text)).toBe(text);
});

test(
  'F51 whatever a text holds, its line has nothing that a terminal acts on',
  { timeout: 20_000 },
  () => {
    const hostile = fc.constantFrom(
      ...[
        '\n',
        '\r',
        '\u001b',
        '\u009b',
        '\u202e',
        '\u2067',
        '\u200d',
        '\ufe0f',
        '\u{e007f}',
        '🏴',
        'a',
        '👩',
      ],
    );
    const text = fc.string({
      unit: fc.oneof(hostile, fc.string({ unit: 'binary', maxLength: 1 })),
    });
    const acting = /[\p{Cc}\p{Zl}\p{Zp}\u061c\u200b\u200e\u200f\u202a-\u202e\u2060-\u2069\ufeff]/u;
    fc.assert(
      fc.property(text, (value) => {
        expect(escapeLine(value)).not.toMatch(acting);
      }),
      { numRuns: 500 },
    );
  },
);

test('F51 a hostile text of 64 KiB is escaped in linear time', () => {
  const length = 64 * 1024;
  for (const unit of ['\u200d', '\ufe0f', '🏴󠁧', 'a\ufe0f\u200d', '\u001b']) {
    const text = unit.repeat(Math.floor(length / unit.length));
    expect(escapeLine(text).length).toBeGreaterThanOrEqual(text.length);
  }
});

test('the name of a bot never stands without that of the node that speaks for it', () => {
  const line = (over: Partial<MessageView>): string =>
    buildTextLine({ ...message, name: 'grafana', bot: true, ...over });
  expect(line({ node_name: 'alice' })).toContain(' grafana (bot of alice): hello');
  expect(line({ node_name: null })).toContain(' grafana (bot of abcdef01): hello');
  expect(buildTextLine({ ...message, bot: true })).toContain(' alice (bot): hello');
});
