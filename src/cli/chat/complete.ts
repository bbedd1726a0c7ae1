// What the tab key makes of a line: commands, groups and names that go on as it does. Pure.
import { escapeLine } from '../../chat/text-line.ts';
import { commandShapes, findCommand } from './commands.ts';

export interface Known {
  readonly groups: readonly string[];
  /** Members of the group that is shown. */
  readonly names: readonly string[];
}

/** Candidates, and the part of the line that each of them replaces: as readline wants it. */
export type Completion = [candidates: string[], part: string];

export function complete(line: string, known: Known): Completion {
  const [, word = '', gap, rest = ''] = /^\/(\S*)(\s*)(.*)$/su.exec(line) ?? [];
  if (line.startsWith('/') && !line.startsWith('//')) {
    if (gap === '') return among(Object.keys(commandShapes), word, '/', ' ');
    const name = findCommand(word);
    if (name === 'group') return among(known.groups, rest);
    // Who has a space in the name is written to by a key.
    const single = known.names.filter((each) => !/\s/.test(each));
    if (name === 'to' && !/\s/.test(rest)) return among(single, rest, '', ' ');
  }
  const mention = /(?:^|\s)@([^@]*)$/u.exec(line)?.[1];
  if (mention !== undefined) return among(known.names, mention, '@', ' ');
  return [[], line];
}

function among(words: readonly string[], begun: string, before = '', behind = ''): Completion {
  const wanted = begun.toLowerCase();
  const found = words
    .filter((word) => word.toLowerCase().startsWith(wanted))
    // What would have to be escaped to be shown cannot be typed either.
    .filter((word) => escapeLine(word) === word)
    .map((word) => before + word + behind);
  return [[...new Set(found)].sort(), before + begun];
}
