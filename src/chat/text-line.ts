// One line of text for one message, safe to print: whatever could move a cursor, colour a terminal,
// reorder or hide what is read is shown as an escape. Knows nothing of where the line goes.
import type { MessageView } from './view.ts';

/** `time name: text`, without the line's end. */
export function buildTextLine(message: MessageView): string {
  return `${message.time} ${escapeLine(shownName(message))}: ${contentOf(message)}`;
}

/**
 * Who wrote it, in one line: the first 8 characters of the key where no name is. A bot is named with
 * the node that speaks for it, so that none passes for somebody else.
 */
export function shownName(
  message: Pick<MessageView, 'name' | 'author' | 'bot' | 'node_name'>,
): string {
  const key = message.author.slice(0, 8);
  const name = message.name ?? key;
  if (message.bot === undefined) return name;
  return message.node_name === undefined
    ? `${name} (bot)`
    : `${name} (bot of ${message.node_name ?? key})`;
}

function contentOf(message: MessageView): string {
  if (message.deleted) return '(deleted)';
  if (message.hidden) return '(hidden)';
  const text = escapeLine(message.text);
  return message.kind === 'text' ? text : `(${escapeLine(message.kind)}) ${text}`;
}

// What makes an emoji or a script legible survives: a joiner or one variation selector behind
// something visible, and the flags that are spelled in tag characters.
const visible = String.raw`[^\p{C}\p{Z}\p{Default_Ignorable_Code_Point}]`;
const survivors = [
  String.raw`\u{1F3F4}[\u{E0030}-\u{E0039}\u{E0061}-\u{E007A}]{3,6}\u{E007F}`,
  String.raw`(?<=${visible})\p{Variation_Selector}`,
  String.raw`(?<=${visible}\p{Variation_Selector}?)[\u200C\u200D]`,
];
const unsafe = String.raw`[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]`;
const pattern = new RegExp(`(${survivors.join('|')})|${unsafe}`, 'gu');

const shortEscapes: Readonly<Record<string, string>> = { '\n': '\\n', '\t': '\\t', '\r': '\\r' };

/** Escapes as `\n`, `\x1b` or `\u{202e}`. */
export function escapeLine(text: string): string {
  return text.replace(pattern, (match, survivor?: string) => survivor ?? escapeOf(match));
}

function escapeOf(character: string): string {
  const short = shortEscapes[character];
  if (short !== undefined) return short;
  const code = (character.codePointAt(0) ?? 0).toString(16);
  return character <= '\u00ff' ? `\\x${code.padStart(2, '0')}` : `\\u{${code}}`;
}
