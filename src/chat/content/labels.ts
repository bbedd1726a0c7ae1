// The labels under which the store finds objects again without reading everything, and by which it
// tells how many are no messages of a person.
import { utf8 } from '../../bytes.ts';
import { textLabelPrefix } from '../../cxo/record.ts';
import { findMapValue } from '../../cxo/scan.ts';
import type { Content } from './message.ts';
import { noteTypes } from '../notes/note-content.ts';

/**
 * A text that answers another or asks to be acknowledged: it is found for the message's sake that it
 * is about. It begins with `textLabelPrefix`, since it is a message as well.
 */
export const linkedLabel = `${textLabelPrefix}linked`;

/** Sealed, and not to be read here when it came. */
export const lockedLabel = 'locked';

/** What was said about messages. */
export const noteLabels: readonly string[] = [...noteTypes, linkedLabel];

const [replyKey, ackKey] = [utf8('reply_to'), utf8('ack')];

/** Text is found by its order. @param object its canonical bytes */
export function labelOf(kind: string, object: Uint8Array): string | undefined {
  if (kind === 'sealed') return lockedLabel;
  if (kind !== 'text') return kind;
  const isLinked =
    findMapValue(object, ackKey) !== undefined || findMapValue(object, replyKey) !== undefined;
  return isLinked ? linkedLabel : undefined;
}

/** The same, of what was sealed. */
export function labelOfContent(content: Content): string | undefined {
  const { type } = content;
  if (type === 'text') {
    return content.ack || content.replyTo !== undefined ? linkedLabel : undefined;
  }
  return type === 'group' || type === 'unknown' ? content.kind : type;
}
