import fc from 'fast-check';
import { expect, test } from 'vitest';
import { parseText, type Piece } from '../../src/web/model/format.ts';
import { hostileTexts } from '../support/hostile-texts.ts';

/** Texts that are made of what means something to the formatter. */
const marked = fc
  .array(
    fc.oneof(
      fc.constantFrom('`', '**', '```', '> ', '\n', 'https://', 'http://a.b/', '@', 'alice', '('),
      fc.constantFrom(')', '.', ' ', '\u202e', 'x', '\u{1f600}', 'javascript:', '"', '<'),
      fc.string({ maxLength: 6 }),
    ),
    { maxLength: 60 },
  )
  .map((parts) => parts.join(''));

function kindsOf(pieces: readonly Piece[]): string[] {
  return pieces.map(({ kind, source }) => `${kind}:${source}`);
}

function all(pieces: readonly Piece[]): Piece[] {
  return pieces.flatMap((piece) => [piece, ...('pieces' in piece ? all(piece.pieces) : [])]);
}

test('the sources of the pieces together are the text, whatever it is', () => {
  fc.assert(
    fc.property(marked, (text) => {
      const pieces = parseText(text, ['alice', 'al']);
      expect(pieces.map(({ source }) => source).join('')).toBe(text);
    }),
  );
});

test('a link leads where it says, over http or https, and holds nothing that is not seen', () => {
  fc.assert(
    fc.property(fc.oneof(marked, fc.constantFrom(...hostileTexts)), (text) => {
      for (const piece of all(parseText(text))) {
        if (piece.kind !== 'link') continue;
        const url = new URL(piece.href);
        expect(['http:', 'https:']).toContain(url.protocol);
        expect(url.href).toBe(new URL(piece.source).href);
        expect(url.username + url.password).toBe('');
        expect(piece.source).not.toMatch(/[\s\p{Cc}\p{Cf}<>"`]/u);
        expect(text).toContain(piece.source);
      }
    }),
  );
});

test.each([
  ['a `b` c', ['text:a ', 'code:`b`', 'text: c']],
  ['**b** **b', ['bold:**b**', 'text: **b']],
  ['2 ** 3 ** 4', ['text:2 ** 3 ** 4']],
  ['see https://a.b/c.', ['text:see ', 'link:https://a.b/c', 'text:.']],
  ['(https://a.b/(c))', ['text:(', 'link:https://a.b/(c)', 'text:)']],
  ['https://', ['text:https://']],
  ['xhttps://a.b', ['text:xhttps://a.b']],
  ['https://u:p@a.b/', ['text:https://u:p@a.b/']],
  ['`https://a.b`', ['code:`https://a.b`']],
  ['> a\n> b\nc', ['quote:> a\n> b\n', 'text:c']],
  ['```js\na\n```\nb', ['block:```js\na\n```\n', 'text:b']],
  ['```\nnot closed', ['text:```\nnot closed']],
  ['> ```\na\n```', ['quote:> ```\n', 'text:a\n```']],
  ['hi @alice!', ['text:hi ', 'mention:@alice', 'text:!']],
  ['hi @alicex @al', ['text:hi @alicex ', 'mention:@al']],
  ['mail a@b.c', ['text:mail a@b.c']],
  ['', []],
])('%j is %j', (text, expected) => {
  expect(kindsOf(parseText(text, ['alice', 'al']))).toEqual(expected);
});

test('a text of 64 KiB takes no longer than its length allows', () => {
  for (const unit of [
    '`',
    '**',
    '**a',
    '@',
    'https://',
    '```\n',
    '> ',
    'http://a(',
    '**`',
    '[]()',
  ]) {
    const text = unit.repeat(65_536 / unit.length);
    const start = performance.now();
    expect(
      parseText(text, ['alice'])
        .map(({ source }) => source)
        .join(''),
    ).toBe(text);
    // A bound on what grows with the square: that would take minutes.
    expect(performance.now() - start).toBeLessThan(10_000);
  }
});
