// What is said about another message: edits, deletions, reactions, acknowledgements, pins, hides and
// marks of how far was read; how each is written as the fields of an object, and read back. Knows
// nothing of who may say what.
import { toHex } from '../../bytes.ts';
import type { Value } from '../../cxo/codec.ts';
import { idBytes, type MessageId } from '../../cxo/ids.ts';
import type { ContentFields } from '../content/content-fields.ts';
import { isEmoji } from '../content/emoji.ts';
import { contentLimits } from '../limits.ts';
import { checkText, isTextToSend } from '../content/text-content.ts';

export type NoteContent =
  | { readonly type: 'edit'; readonly target: MessageId; readonly text: string }
  | {
      readonly type: 'delete';
      readonly target: MessageId;
      /** The author's edits of it, whose bodies go with it: without them nothing tells what they were. */
      readonly edits: readonly MessageId[];
    }
  | {
      readonly type: 'reaction';
      readonly target: MessageId;
      readonly emoji: string;
      readonly on: boolean;
    }
  | { readonly type: 'ack'; readonly target: MessageId }
  | { readonly type: 'pin' | 'hide'; readonly target: MessageId; readonly on: boolean }
  | { readonly type: 'read'; readonly target: MessageId };

export type { ContentFields };

export const noteTypes = ['edit', 'delete', 'reaction', 'ack', 'pin', 'hide', 'read'] as const;

/** Undefined where the fields are not those of a note. */
export function noteOfFields(fields: ContentFields): NoteContent | undefined {
  const { kind, target, text, emoji, on } = fields;
  if (!isId(target)) return undefined;
  switch (kind) {
    case 'edit':
      if (typeof text !== 'string' || !isTextToSend(text)) return undefined;
      return { type: kind, target, text };
    case 'delete':
      return deletionOfFields(target, fields['edits']);
    case 'reaction':
      if (typeof emoji !== 'string' || !isEmoji(emoji) || typeof on !== 'boolean') return undefined;
      return { type: kind, target, emoji, on };
    case 'pin':
    case 'hide':
      return typeof on === 'boolean' ? { type: kind, target, on } : undefined;
    case 'ack':
    case 'read':
      return { type: kind, target };
    default:
      return undefined;
  }
}

function deletionOfFields(target: MessageId, edits: Value | undefined): NoteContent | undefined {
  if (edits === undefined) return { type: 'delete', target, edits: [] };
  if (!Array.isArray(edits) || edits.length > contentLimits.deletedEditsMax) return undefined;
  return edits.every(isId) ? { type: 'delete', target, edits } : undefined;
}

/** @throws SkychatError as for a text that is sent */
export function buildEdit(target: MessageId, text: string): ContentFields {
  checkText(text);
  return { kind: 'edit', target, text };
}

/** @param edits the author's own of that message; the latest where there are too many */
export function buildDeletion(target: MessageId, edits: readonly MessageId[]): ContentFields {
  const named = edits.slice(-contentLimits.deletedEditsMax);
  return { kind: 'delete', target, ...(named.length > 0 && { edits: named }) };
}

/** @param emoji as `parseEmoji` gives it */
export function buildReaction(target: MessageId, emoji: string, on: boolean): ContentFields {
  if (!isEmoji(emoji)) throw new Error(`not an emoji, in the reaction to ${toHex(target)}`);
  return { kind: 'reaction', target, emoji, on };
}

export function buildAck(target: MessageId): ContentFields {
  return { kind: 'ack', target };
}

export function buildPin(target: MessageId, on: boolean): ContentFields {
  return { kind: 'pin', target, on };
}

export function buildHide(target: MessageId, on: boolean): ContentFields {
  return { kind: 'hide', target, on };
}

/** Everything of the group up to the message, in the timeline, was read by the author. */
export function buildRead(target: MessageId): ContentFields {
  return { kind: 'read', target };
}

function isId(value: Value | undefined): value is MessageId {
  return value instanceof Uint8Array && value.length === idBytes;
}
