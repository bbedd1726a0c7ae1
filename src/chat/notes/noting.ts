// Says something about a message: corrects it, deletes it, reacts, acknowledges, pins, hides. What is
// not allowed is refused before anything is written, and what would change nothing is not written.
// Knows nothing of how an object reaches the group.
import { toHex } from '../../bytes.ts';
import type { Entry } from '../../cxo/archive.ts';
import { parseMessageId, type GroupId, type MessageId } from '../../cxo/ids.ts';
import { SkychatError } from '../../errors.ts';
import type { PublicKey } from '../../identity.ts';
import type { Contents } from '../content/contents.ts';
import type { Conversation } from '../timeline/conversation.ts';
import { parseEmoji } from '../content/emoji.ts';
import { noteLimits } from '../limits.ts';
import type { MessageViews } from '../timeline/message-views.ts';
import {
  buildAck,
  buildDeletion,
  buildEdit,
  buildHide,
  buildPin,
  buildReaction,
  type ContentFields,
} from './note-content.ts';
import type { NoteRules, NoteSummary } from './note-summary.ts';
import type { Notes } from './notes.ts';
import type { MessageView } from '../view.ts';

export interface NotingOptions {
  readonly self: PublicKey;
  readonly conversation: Pick<Conversation, 'message' | 'readEntry'>;
  readonly contents: Contents;
  readonly views: Pick<MessageViews, 'isShown'>;
  readonly notes: Notes;
  readonly rules: NoteRules;
  /**
   * Appends to the own feed in the group, as its members are to read it; resolves on disk. Rejects
   * where this node is no member.
   */
  readonly append: (group: GroupId, fields: ContentFields) => Promise<Entry>;
  /** For tests of the bound. */
  readonly inFlightMax?: number;
}

/** A message, and what is known of it. */
interface Subject {
  readonly entry: Entry;
  readonly target: MessageId;
  readonly group: GroupId;
  readonly noted: NoteSummary;
  readonly isDeleted: boolean;
}

export class Noting {
  readonly #options: NotingOptions;
  #inFlight = 0;

  constructor(options: NotingOptions) {
    this.#options = options;
  }

  /** @throws SkychatError `not-the-author`, `deleted`, or as for a text that is posted */
  edit(id: string, text: string): Promise<MessageView> {
    return this.#note(id, (subject) => {
      const { entry, target, noted } = subject;
      this.#assertMine(entry);
      assertThere(subject);
      const content = this.#options.contents.of(entry);
      const said = content.type === 'text' ? (noted.text ?? content.text) : undefined;
      const edit = buildEdit(target, text);
      return text === said ? undefined : edit;
    });
  }

  /** @throws SkychatError `not-the-author` */
  erase(id: string): Promise<MessageView> {
    const { notes, self } = this.#options;
    return this.#note(id, ({ entry, target, group, isDeleted }) => {
      this.#assertMine(entry);
      if (isDeleted) return undefined;
      const edits = notes.edits(group, toHex(target), self).flatMap((hex) => {
        const edit = parseMessageId(hex);
        return edit === undefined ? [] : [edit];
      });
      return buildDeletion(target, edits);
    });
  }

  /** @throws SkychatError `bad-field` for what is no emoji, `deleted` */
  react(id: string, text: string, on: boolean): Promise<MessageView> {
    const { notes, self } = this.#options;
    const emoji = parseEmoji(text);
    return this.#note(id, (subject) => {
      const { entry, target, isDeleted } = subject;
      if (!on && isDeleted) return undefined;
      assertThere(subject);
      const isOn = notes.hasReaction(entry, toHex(target), self, emoji);
      return isOn === on ? undefined : buildReaction(target, emoji, on);
    });
  }

  /** Of a message that asks for none, nothing is written. @throws SkychatError `deleted` */
  ack(id: string): Promise<MessageView> {
    const { contents, self } = this.#options;
    return this.#note(id, (subject) => {
      const { entry, target, noted } = subject;
      assertThere(subject);
      const content = contents.of(entry);
      const isAsked = content.type === 'text' && content.ack;
      return !isAsked || noted.acks.includes(self) ? undefined : buildAck(target);
    });
  }

  /** @throws SkychatError `not-an-admin`, `deleted` */
  pin(id: string, on: boolean): Promise<MessageView> {
    const { rules, self } = this.#options;
    return this.#note(id, (subject) => {
      const { target, group, noted } = subject;
      if (!rules.mayPin(group, self, undefined)) throw notAnAdmin('pins messages');
      if (on) assertThere(subject);
      return noted.pinned === on ? undefined : buildPin(target, on);
    });
  }

  /** @throws SkychatError `not-an-admin`, `deleted` */
  hide(id: string, on: boolean): Promise<MessageView> {
    const { rules, self } = this.#options;
    return this.#note(id, (subject) => {
      const { target, group, noted } = subject;
      if (!rules.mayModerate(group, self, undefined)) throw notAnAdmin('hides messages');
      if (on) assertThere(subject);
      return noted.hidden === on ? undefined : buildHide(target, on);
    });
  }

  /** @param build throws what is refused, and gives nothing where nothing would change */
  async #note(
    id: string,
    build: (subject: Subject) => ContentFields | undefined,
  ): Promise<MessageView> {
    const { conversation, notes, append, inFlightMax = noteLimits.inFlightMax } = this.#options;
    if (this.#inFlight >= inFlightMax) {
      throw new SkychatError('too-many-requests', 'too many changes of messages at once', {
        hint: 'Wait for some of the answers, then try again.',
      });
    }
    this.#inFlight++;
    try {
      // Read for its view, so that every older note is known.
      const { id: hex } = await conversation.message(id);
      const subject = await this.#subject(hex);
      const fields = build(subject);
      if (fields !== undefined) notes.apply([await append(subject.group, fields)]);
      return await conversation.message(hex);
    } finally {
      this.#inFlight--;
    }
  }

  async #subject(id: string): Promise<Subject> {
    const { conversation, contents, views, notes } = this.#options;
    const entry = await conversation.readEntry(id);
    if (!views.isShown(entry)) {
      throw new SkychatError('unknown-message', 'what has this id is no message', {
        hint: 'Use the "id" of a message.',
      });
    }
    const noted = notes.of(entry, id);
    const isDeleted = noted.deleted || contents.of(entry).type === 'erased';
    return { entry, target: entry.id, group: entry.feed.group, noted, isDeleted };
  }

  #assertMine(entry: Entry): void {
    if (entry.feed.author === this.#options.self) return;
    throw new SkychatError('not-the-author', 'the message is by somebody else', {
      hint: 'Only its author edits or deletes a message; an admin of the group can hide it.',
    });
  }
}

function assertThere({ isDeleted }: Subject): void {
  if (isDeleted) throw deleted();
}

function deleted(): SkychatError {
  return new SkychatError('deleted', 'the message is deleted', {
    hint: 'Nothing can be done with it any more; post a new one.',
  });
}

function notAnAdmin(what: string): SkychatError {
  return new SkychatError('not-an-admin', `nobody but an admin of the group ${what}`);
}
