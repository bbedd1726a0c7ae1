import fc from 'fast-check';
import { expect, test } from 'vitest';
import { commandShapes, helpLines, parseInput } from '../../../src/cli/chat/commands.ts';
import { complete } from '../../../src/cli/chat/complete.ts';

const known = { groups: ['ops', 'ops-night', 'dev team'], names: ['alice', 'bob', 'Ann Lee'] };

test('what does not begin with a slash is a text, every character of it', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      fc.pre(text.trim() !== '' && !text.startsWith('/'));
      expect(parseInput(text)).toEqual({ type: 'text', text });
      expect(parseInput(`//${text}`)).toEqual({ type: 'text', text: `/${text}` });
    }),
  );
});

test('any line means something, and never throws', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      const { type } = parseInput(`/${text}`);
      expect(['command', 'mistake', 'text']).toContain(type);
    }),
  );
});

test('the number of a message may be left out', () => {
  expect(parseInput('/reply 12 yes, 3 of them')).toMatchObject({
    ...{ name: 'reply', ref: 12, text: 'yes, 3 of them' },
  });
  expect(parseInput('/reply yes')).toMatchObject({ name: 'reply', ref: undefined, text: 'yes' });
  expect(parseInput('/ack #7')).toMatchObject({ name: 'ack', ref: 7 });
  expect(parseInput('/to bob are you there?')).toMatchObject({
    ...{ name: 'to', word: 'bob', text: 'are you there?' },
  });
});

test('what is misspelt or lacks its words is answered with what to write', () => {
  expect(parseInput('/replay x')).toMatchObject({
    words: 'there is no /replay: did you mean /reply?',
  });
  expect(parseInput('/reply')).toMatchObject({ words: 'write /reply [N] TEXT' });
  expect(parseInput('/quit now')).toMatchObject({ words: 'write /quit' });
  expect(parseInput('/who')).toMatchObject({ name: 'members' });
  expect(parseInput('/constructor')).toMatchObject({ type: 'mistake' });
});

test('help has every command', () => {
  const help = helpLines().join('\n');
  for (const { usage } of Object.values(commandShapes)) expect(help).toContain(usage);
});

test('the tab key goes on with commands, groups and names', () => {
  expect(complete('/re', known)).toEqual([['/react ', '/reply '], '/re']);
  expect(complete('/group o', known)).toEqual([['ops', 'ops-night'], 'o']);
  expect(complete('/switch de', known)).toEqual([['dev team'], 'de']);
  expect(complete('/to A', known)).toEqual([['alice '], 'A']);
  expect(complete('is @an', known)).toEqual([['@Ann Lee '], '@an']);
  expect(complete('mail@b', known)).toEqual([[], 'mail@b']);
});

test('F51 a name that could not be shown as it is is not offered', () => {
  const names = ['bob\u001b[31m', 'bo\u202eb'];
  expect(complete('@bo', { groups: names, names })).toEqual([[], '@bo']);
});
