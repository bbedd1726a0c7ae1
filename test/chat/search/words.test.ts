import { expect, test } from 'vitest';
import { fold, wordsOf } from '../../../src/chat/search/words.ts';

test.each([
  ['Café CAFÉ Cafe\u0301', 'cafe cafe cafe'],
  ['Straße ΟΔΟΣ οδός', 'strasse οδοσ οδοσ'],
  ['ﬁne ｆｕｌｌ １２', 'fine full 12'],
  ['Ёлка й', 'елка и'],
  ['が か', 'が か'],
  ['한글', '한글'],
])('%s is compared as %s', (text, folded) => {
  expect(fold(text)).toBe(folded);
});

test.each([
  ['Disk full: /var/log (98%)', ['disk', 'full', 'var', 'log', '98']],
  ['日本語 ok', ['日本', '本語', '語', 'ok']],
  ['サーバー', ['サー', 'ーバ', 'バー', 'ー']],
  ['a日b', ['a', '日', 'b']],
  ['done 👍🏽!', ['done', '👍']],
  ['स्थिति', ['स्थिति']],
  ['... !', []],
])('%s has the words %j', (text, words) => {
  expect(wordsOf(fold(text)).map((word) => word.text)).toEqual(words);
});

test('words are counted in their order, and long ones are cut', () => {
  const words = wordsOf(`a ${'b'.repeat(100)} c`);
  expect(words.map(({ at }) => at)).toEqual([0, 1, 2]);
  expect(words[1]?.text).toHaveLength(64);
});
