// How the chat shows messages and what is said about them, as rows of a terminal. Pure: the same view,
// size and look give the same rows. Everything that others wrote is escaped.
import type { MessageView } from '../../chat/view.ts';
import { clipped, shown, type Look } from '../look.ts';
import { wrap } from './wrap.ts';

export interface LineContext {
  readonly look: Look;
  readonly cells: number;
  /** The number by which commands name the message. */
  readonly ref: number;
  /** That of the message that it answers; undefined where it is not on the screen. */
  readonly answeredRef: number | undefined;
  /** Whether somebody else goes by the same name. */
  readonly isAmbiguous: boolean;
  /** This node's key. */
  readonly self: string;
}

/** One text may not push everything else off the screen. */
const rowsMax = 60;
/** Of what a reply or a note is about. */
const excerptCells = 40;
const nameCells = 24;

export function messageRows(message: MessageView, context: LineContext): string[] {
  const { look, ref } = context;
  const marks = [
    message.mentions.includes(context.self) && !message.mine ? painted('»', 33, look) : '',
    message.priority === 'urgent' || message.priority === 'high' ? painted('!', 31, look) : '',
    message.ack === null ? '' : painted('(ack?)', 33, look),
    message.disputed === true ? painted('(disputed)', 31, look) : '',
  ];
  const answered = message.reply_to === null ? '' : `re ${refWords(context.answeredRef)}`;
  const head = [
    painted(clockOf(message.time), 2, look),
    painted(String(ref), 2, look),
    ...marks,
    `${nameOf(message, context)}:`,
    painted(answered, 2, look),
    '',
  ];
  const first = head.filter((part, i) => part !== '' || i === head.length - 1).join(' ');
  const gutter = look.unicode ? '      │ ' : '      | ';
  const edited = message.edited ? ' (edited)' : '';
  const body = wrap(bodyOf(message, look) + edited, {
    first,
    gutter,
    cells: context.cells,
    rowsMax,
  });
  const reactions = reactionWords(message, look);
  return reactions === '' ? body : [...body, clipped(gutter + reactions, context.cells, look)];
}

/** A note about a message that was shown before, or not. */
export function noteRows(kind: string, message: MessageView, context: LineContext): string[] {
  const { look, cells, ref } = context;
  const about = clipped(shown(bodyOf(message, look), look), excerptCells, look);
  const words: Partial<Record<string, string>> = {
    edit: `${ref} is edited: ${shown(bodyOf(message, look), look)}`,
    delete: `${ref} is deleted`,
    hide: message.hidden ? `${ref} is hidden` : `${ref} is shown again`,
    pin: message.pinned ? `${ref} is pinned: ${about}` : `${ref} is not pinned any more`,
    ack: `${ref} is acknowledged by ${message.ack?.by.length ?? 0}: ${about}`,
    reaction: `${ref} ${reactionWords(message, look) || 'has no reactions any more'}: ${about}`,
  };
  const gutter = look.unicode ? '      │ ' : '      | ';
  const text = words[kind] ?? `${ref} has changed`;
  return wrap(text, { first: painted('    ~ ', 2, look), gutter, cells, rowsMax });
}

/** A day's beginning, in the local time zone. */
export function dayRow(time: Date, { unicode }: Look): string {
  const bar = unicode ? '──' : '--';
  const days = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday'];
  const date = `${time.getFullYear()}-${pad(time.getMonth() + 1)}-${pad(time.getDate())}`;
  return `${bar} ${days[time.getDay()] ?? ''} ${date} ${bar}`;
}

/** The same on one day, in the local time zone. */
export function dayOf(time: Date): string {
  return `${time.getFullYear()}-${time.getMonth()}-${time.getDate()}`;
}

export function clockOf(time: string): string {
  const date = new Date(time);
  return Number.isNaN(date.getTime())
    ? '--:--'
    : `${pad(date.getHours())}:${pad(date.getMinutes())}`;
}

export function painted(text: string, code: number, { colors }: Look): string {
  return colors && text !== '' ? `\u001b[${code}m${text}\u001b[0m` : text;
}

/** Eleven colours that can be read on light and on dark ground. */
const nameColours = [31, 32, 33, 34, 35, 36, 91, 92, 94, 95, 96];

/** The same for a key everywhere and always. */
export function colourOf(key: string): number {
  const number = Number.parseInt(key.slice(0, 8), 16);
  return nameColours[(Number.isNaN(number) ? 0 : number) % nameColours.length] ?? 36;
}

function nameOf(message: MessageView, { look, isAmbiguous }: LineContext): string {
  const short = message.author.slice(0, 8);
  const name = message.name === null ? short : clipped(shown(message.name, look), nameCells, look);
  const full = isAmbiguous && message.name !== null ? `${name} (${short})` : name;
  return painted(full, colourOf(message.author), look);
}

function bodyOf(message: MessageView, { unicode }: Look): string {
  if (message.deleted) return '(deleted)';
  if (message.hidden) return '(hidden)';
  const text = message.kind === 'text' ? message.text : `(${message.kind}) ${message.text}`;
  return unicode ? text : text.replaceAll(/[^\n\u0020-\u007e]/gu, '?');
}

function reactionWords({ reactions }: MessageView, look: Look): string {
  return Object.entries(reactions)
    .map(([emoji, keys]) => `${shown(emoji, look)} ${keys.length}`)
    .join('  ');
}

function refWords(ref: number | undefined): string {
  return ref === undefined ? 'an older one:' : `${ref}:`;
}

function pad(value: number): string {
  return String(value).padStart(2, '0');
}
