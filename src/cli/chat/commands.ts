// What a typed line means: a text, or a command of the chat. Pure; knows nothing of what commands do.
import { nearest } from '../../settings.ts';

/** `ref`: the number that stands beside a message, which may be left out for the latest. */
interface Shape {
  readonly usage: string;
  readonly about: string;
  readonly takes: 'nothing' | 'ref' | 'ref-text' | 'text' | 'word' | 'word-text';
}

export const commandShapes = {
  help: { usage: '/help', about: 'this list', takes: 'nothing' },
  group: { usage: '/group NAME', about: 'go to another group', takes: 'text' },
  groups: { usage: '/groups', about: 'the groups, and what is unread in them', takes: 'nothing' },
  members: { usage: '/members', about: 'who is in this group', takes: 'nothing' },
  reply: { usage: '/reply [N] TEXT', about: 'answer message N', takes: 'ref-text' },
  react: { usage: '/react [N] EMOJI', about: 'put an emoji to message N', takes: 'ref-text' },
  ack: { usage: '/ack [N]', about: 'acknowledge message N', takes: 'ref' },
  edit: { usage: '/edit [N] TEXT', about: 'change what you wrote', takes: 'ref-text' },
  delete: { usage: '/delete [N]', about: 'take back what you wrote', takes: 'ref' },
  pin: { usage: '/pin [N]', about: 'pin message N', takes: 'ref' },
  unpin: { usage: '/unpin [N]', about: 'unpin it', takes: 'ref' },
  thread: { usage: '/thread [N]', about: 'message N and its answers', takes: 'ref' },
  to: { usage: '/to NAME TEXT', about: 'write to one member alone', takes: 'word-text' },
  search: { usage: '/search WORDS', about: 'find messages', takes: 'text' },
  older: { usage: '/older', about: 'what was said before', takes: 'nothing' },
  join: { usage: '/join LINK', about: 'join a group by its invite', takes: 'word' },
  invite: { usage: '/invite', about: 'a link to this group, for one day', takes: 'nothing' },
  status: { usage: '/status', about: 'how this node gets on', takes: 'nothing' },
  peers: { usage: '/peers', about: 'the links of this node', takes: 'nothing' },
  quit: { usage: '/quit', about: 'leave, as Ctrl-D does', takes: 'nothing' },
} as const satisfies Record<string, Shape>;

export type CommandName = keyof typeof commandShapes;

const aliases: Readonly<Record<string, CommandName>> = {
  switch: 'group',
  who: 'members',
  msg: 'to',
  exit: 'quit',
};

export type Input =
  | { readonly type: 'nothing' }
  | { readonly type: 'text'; readonly text: string }
  | {
      readonly type: 'command';
      readonly name: CommandName;
      readonly ref: number | undefined;
      readonly word: string;
      readonly text: string;
    }
  /** In words, for the person who typed it. */
  | { readonly type: 'mistake'; readonly words: string };

/** A text that begins with a slash is written with two. */
export function parseInput(line: string): Input {
  if (line.trim() === '') return { type: 'nothing' };
  if (!line.startsWith('/')) return { type: 'text', text: line };
  if (line.startsWith('//')) return { type: 'text', text: line.slice(1) };
  const [, word = '', rest = ''] = /^\/(\S*)\s*(.*)$/su.exec(line) ?? [];
  const name = findCommand(word);
  if (name === undefined) {
    const names = Object.keys(commandShapes);
    const near = names.find((each) => each.startsWith(word)) ?? nearest(word, names);
    const hint = near === undefined ? '/help lists them' : `did you mean /${near}?`;
    return { type: 'mistake', words: `there is no /${word}: ${hint}` };
  }
  return parseRest(name, rest.trim());
}

export function findCommand(word: string): CommandName | undefined {
  if (Object.hasOwn(commandShapes, word)) return word as CommandName;
  return Object.hasOwn(aliases, word) ? aliases[word] : undefined;
}

function parseRest(name: CommandName, rest: string): Input {
  const { takes, usage }: Shape = commandShapes[name];
  const mistake: Input = { type: 'mistake', words: `write ${usage}` };
  const command = (parts: { ref?: number; word?: string; text?: string }): Input => ({
    ...{ type: 'command', name, ref: parts.ref, word: parts.word ?? '', text: parts.text ?? '' },
  });
  switch (takes) {
    case 'nothing':
      return rest === '' ? command({}) : mistake;
    case 'word':
      return /^\S+$/.test(rest) ? command({ word: rest }) : mistake;
    case 'text':
      return rest === '' ? mistake : command({ text: rest });
    case 'word-text': {
      const [, word, text] = /^(\S+)\s+(.+)$/su.exec(rest) ?? [];
      return word === undefined || text === undefined ? mistake : command({ word, text });
    }
    case 'ref':
      if (rest === '') return command({});
      return /^#?\d{1,9}$/.test(rest) ? command({ ref: refOf(rest) }) : mistake;
    case 'ref-text': {
      const [, ref, text = rest] = /^(#?\d{1,9})\s+(.+)$/su.exec(rest) ?? [];
      if (text === '') return mistake;
      return ref === undefined ? command({ text }) : command({ ref: refOf(ref), text });
    }
  }
}

function refOf(text: string): number {
  return Number(text.replace('#', ''));
}

/** The list of /help, a line each. */
export function helpLines(): string[] {
  const shapes: readonly Shape[] = Object.values(commandShapes);
  const width = Math.max(...shapes.map(({ usage }) => usage.length));
  return [
    ...shapes.map(({ usage, about }) => `${usage.padEnd(width)}  ${about}`),
    'N is the number beside a message; without it the latest is meant. // begins a text with a slash.',
  ];
}
