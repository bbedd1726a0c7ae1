// A text that a person wrote: what it may be, how it is written as the fields of an object, and read
// back. Knows nothing of edits or of who wrote it.
import { equal, utf8 } from '../../bytes.ts';
import type { Value } from '../../cxo/codec.ts';
import { idBytes, type MessageId } from '../../cxo/ids.ts';
import { findMapValue } from '../../cxo/scan.ts';
import { SkychatError } from '../../errors.ts';
import type { ContentFields } from './content-fields.ts';
import { contentLimits } from '../limits.ts';
import { cleanName } from '../people/names.ts';

/** How urgent; a text without one is neither. */
export const priorities = ['low', 'high', 'urgent'] as const;
export type Priority = (typeof priorities)[number];

export interface TextContent {
  readonly type: 'text';
  readonly text: string;
  readonly replyTo: MessageId | undefined;
  readonly priority: Priority | undefined;
  /** Whether the author asks for acknowledgements. */
  readonly ack: boolean;
  /** Set where a program wrote it by the author's node: see `BotMark`. */
  readonly bot: BotMark | undefined;
}

/**
 * What the author's node calls the program that wrote a text: a claim under the author's signature,
 * and nobody's but the author's.
 */
export interface BotMark {
  /** As it is shown; undefined where it has none. */
  readonly name: string | undefined;
}

/** What a text may have besides its words. */
export interface TextExtras {
  readonly replyTo?: MessageId | undefined;
  readonly priority?: Priority | undefined;
  readonly ack?: boolean | undefined;
  /** Name of the program that wrote it, where one did. */
  readonly bot?: string | undefined;
}

/** Priorities of a later version are left out, so that its texts are read all the same. */
export function textOfFields(fields: ContentFields): TextContent | undefined {
  const { text, reply_to: replyTo } = fields;
  if (typeof text !== 'string') return undefined;
  if (replyTo !== undefined && !isId(replyTo)) return undefined;
  const priority = priorities.find((one) => one === fields['priority']);
  const bot = botOfFields(fields);
  return { type: 'text', text, replyTo, priority, ack: fields['ack'] === true, bot };
}

/** A name without the mark would be shown as a person's: it counts for nothing. */
function botOfFields({ bot, name }: ContentFields): BotMark | undefined {
  if (bot !== true) return undefined;
  const shown = typeof name === 'string' ? cleanName(name) : '';
  return { name: shown === '' ? undefined : shown };
}

const kindKey = utf8('kind');
/** A text of four bytes, RFC 8949, section 3. */
const textValue = Uint8Array.of(0x64, ...utf8('text'));
const relatingKeys = ['ack', 'reply_to'].map(utf8);

/**
 * Whether a stored object is a text that answers nothing and asks for nothing, as most are: told from
 * its keys, at a tenth of what reading it costs.
 */
export function isBareText(object: Uint8Array): boolean {
  const at = findMapValue(object, kindKey);
  if (at === undefined || !equal(object.subarray(at, at + textValue.length), textValue))
    return false;
  return relatingKeys.every((key) => findMapValue(object, key) === undefined);
}

/** @throws SkychatError as `checkText` */
export function textFields(
  text: string,
  { replyTo, priority, ack, bot }: TextExtras,
): { readonly kind: 'text'; readonly [key: string]: Value } {
  checkText(text);
  return {
    ...{ kind: 'text', text },
    ...(replyTo !== undefined && { reply_to: replyTo }),
    ...(priority !== undefined && { priority }),
    ...(ack === true && { ack }),
    ...(bot !== undefined && { bot: true, name: bot }),
  };
}

/** @throws SkychatError `empty-text` or `text-too-large` */
export function checkText(text: string): void {
  if (text === '') throw new SkychatError('empty-text', 'the text is empty');
  const { textBytesMax } = contentLimits;
  if (isTextToSend(text)) return;
  throw new SkychatError('text-too-large', `the text has more than ${textBytesMax} bytes`, {
    hint: `A text has at most ${textBytesMax} bytes of UTF-8: send it in parts.`,
  });
}

/** UTF-8 has no fewer bytes than UTF-16 has units: what is far too long is not encoded at all. */
export function isTextToSend(text: string): boolean {
  const { textBytesMax } = contentLimits;
  if (text === '' || text.length > textBytesMax) return false;
  // Nor has it more than three times as many.
  return text.length * 3 <= textBytesMax || utf8(text).length <= textBytesMax;
}

function isId(value: Value | undefined): value is MessageId {
  return value instanceof Uint8Array && value.length === idBytes;
}
