// What the notes about one message come to: a function of the set of them, of the message's author
// and of who may moderate. Knows nothing of how they are kept.
import type { GroupId } from '../../cxo/ids.ts';
import type { TimelinePosition } from '../../cxo/timeline-page.ts';
import type { PublicKey } from '../../identity.ts';
import { noteLimits } from '../limits.ts';

/** Whose notes count. All three have to be functions of what is in the groups, the same everywhere. */
export interface NoteRules {
  /** Whether what stands there counts in its group: its author belonged to it then and there. */
  counts(place: TimelinePosition): boolean;
  /** @param place where the author says it; undefined: now */
  mayPin(group: GroupId, author: PublicKey, place: TimelinePosition | undefined): boolean;
  /** Whether the author may hide what others said. */
  mayModerate(group: GroupId, author: PublicKey, place: TimelinePosition | undefined): boolean;
}

export interface Note extends TimelinePosition {
  readonly type: 'edit' | 'delete' | 'reaction' | 'ack' | 'pin' | 'hide';
  /** Of the note itself, hex; empty where nobody asks for it. */
  readonly id: string;
  /** The new text, or the emoji. */
  readonly text: string;
  readonly on: boolean;
}

export interface NoteSummary {
  /** That of the latest edit. */
  readonly text: string | undefined;
  readonly deleted: boolean;
  readonly hidden: boolean;
  readonly pinned: boolean;
  /** By emoji the keys, in their order. */
  readonly reactions: Readonly<Record<string, readonly PublicKey[]>>;
  readonly acks: readonly PublicKey[];
}

export const nothingNoted: NoteSummary = Object.freeze({
  ...{ text: undefined, deleted: false, hidden: false, pinned: false },
  ...{ reactions: Object.freeze({}), acks: Object.freeze([]) },
});

/** Whether the note counts, though a later one may say something else. */
export function isValidNote(
  note: TimelinePosition & Pick<Note, 'type'>,
  author: PublicKey,
  rules: NoteRules,
): boolean {
  const { group, author: by } = note.feed;
  if (!rules.counts(note)) return false;
  switch (note.type) {
    case 'edit':
    case 'delete':
      return by === author;
    case 'pin':
      return rules.mayPin(group, by, note);
    case 'hide':
      return rules.mayModerate(group, by, note);
    case 'reaction':
    case 'ack':
      return true;
  }
}

/**
 * @param notes in the order of the timeline, the oldest first
 * @param author of the message that they are about
 */
export function summarize(
  notes: readonly Note[],
  author: PublicKey,
  rules: NoteRules,
): NoteSummary {
  const latest = new Map<string, Note>();
  const signs = new Map<string, Note>();
  for (let i = notes.length - 1; i >= 0; i--) {
    const note = notes[i] as Note;
    const { type } = note;
    const isSign = type === 'reaction' || type === 'ack';
    const slot = isSign ? `${note.feed.author} ${type} ${note.text}` : type;
    const slots = isSign ? signs : latest;
    if (slots.has(slot) || !isValidNote(note, author, rules)) continue;
    slots.set(slot, note);
  }
  const deleted = latest.has('delete');
  const acks = [...signs.values()].filter(({ type }) => type === 'ack');
  return {
    text: latest.get('edit')?.text,
    deleted,
    hidden: latest.get('hide')?.on === true,
    pinned: latest.get('pin')?.on === true && !deleted,
    reactions: deleted ? {} : reactionsOf([...signs.values()]),
    acks: acks.map(({ feed }) => feed.author).sort(),
  };
}

/** The emoji with the most keys first: beyond the bound the rest is left out. */
function reactionsOf(signs: readonly Note[]): Record<string, PublicKey[]> {
  const keys = new Map<string, PublicKey[]>();
  for (const { type, text, on, feed } of signs) {
    if (type !== 'reaction' || !on) continue;
    const others = keys.get(text);
    if (others === undefined) keys.set(text, [feed.author]);
    else others.push(feed.author);
  }
  const sorted = [...keys].sort(([a, some], [b, others]) => {
    return others.length - some.length || (a < b ? -1 : 1);
  });
  const shown: Record<string, PublicKey[]> = {};
  let room: number = noteLimits.reactionsShownMax;
  for (const [emoji, authors] of sorted) {
    if (room <= 0) break;
    shown[emoji] = authors.sort().slice(0, room);
    room -= authors.length;
  }
  return shown;
}
