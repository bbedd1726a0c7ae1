// One node's notes over entries in memory: what reads, what says, and the hands to let others speak.
import type { Entry } from '../../src/cxo/archive.ts';
import { buildObject } from '../../src/cxo/object.ts';
import type { PublicKey } from '../../src/identity.ts';
import { Backlog } from '../../src/chat/news/backlog.ts';
import { PlainContents } from '../support/plain-contents.ts';
import { Conversation, type ConversationOptions } from '../../src/chat/timeline/conversation.ts';
import { noteLabels } from '../../src/chat/content/labels.ts';
import { LiveEdge } from '../../src/chat/news/live-edge.ts';
import { MessageViews } from '../../src/chat/timeline/message-views.ts';
import { MentionIndex } from '../../src/chat/content/mentions.ts';
import type { ContentFields } from '../../src/chat/notes/note-content.ts';
import { NoteEvents } from '../../src/chat/notes/note-events.ts';
import type { NoteRules } from '../../src/chat/notes/note-summary.ts';
import { Notes } from '../../src/chat/notes/notes.ts';
import { Noting } from '../../src/chat/notes/noting.ts';
import { textFields, type TextExtras } from '../../src/chat/content/text-content.ts';
import { Rig, room, testKey, testSalt, type Disk } from './rig.ts';

export const [self, alice, bob, carol] = [testKey(0), testKey(1), testKey(2), testKey(3)] as const;

/** Alice and carol are named so, and carol is an admin. */
const rules: NoteRules = {
  counts: () => true,
  mayPin: () => true,
  mayModerate: (_group, author) => author === carol,
};

export interface NotingWorldOptions {
  readonly self?: PublicKey;
  readonly disk?: Disk;
  readonly inFlightMax?: number;
  readonly limits?: NonNullable<ConversationOptions['limits']>;
}

export class NotingWorld {
  readonly rig: Rig;
  readonly notes: Notes;
  readonly conversation: Conversation;
  readonly noting: Noting;
  readonly #live: LiveEdge;
  #announced: number;

  constructor(options: NotingWorldOptions = {}) {
    const key = options.self ?? self;
    const rig = new Rig({ self: key, ...(options.disk !== undefined && { disk: options.disk }) });
    const { archive, store, delivery } = rig.options();
    const latest = rig.disk.entries.length;
    const contents = new PlainContents();
    const notes = new Notes({ self: key, contents, rules });
    const names = new Map([alice, carol].map((one, i) => [one, ['alice', 'carol'][i] ?? '']));
    const index = new MentionIndex([...names.keys()].sort(), (one) => names.get(one));
    const views = new MessageViews({
      ...{ self: key, contents, notes, delivery },
      people: {
        findName: () => undefined,
        mentions: (_group, text) => index.find(text),
        count: () => 4,
      },
      allows: () => true,
      isBlocked: () => false,
      isExpired: () => false,
      forkedAt: () => undefined,
    });
    this.#live = new LiveEdge(latest);
    this.#announced = latest;
    this.rig = rig;
    this.notes = notes;
    this.conversation = new Conversation({
      ...{ archive, store, views, notes, live: this.#live, groups: new Set([room.id]) },
      groupOf: () => room.id,
      events: new NoteEvents({ contents, notes, archive }),
      backlog: new Backlog({
        archive,
        labels: noteLabels,
        apply: (entries) => notes.apply(entries),
      }),
      ...(options.limits !== undefined && { limits: options.limits }),
    });
    this.noting = new Noting({
      ...{ self: key, conversation: this.conversation, contents, views, notes, rules },
      append: (_group, fields) => this.#append(fields),
      ...(options.inFlightMax !== undefined && { inFlightMax: options.inFlightMax }),
    });
  }

  /** What was said and noted so far, read by a node that starts now. */
  restart(key: PublicKey = this.rig.self): NotingWorld {
    return new NotingWorld({ self: key, disk: this.rig.disk });
  }

  say(author: PublicKey, text: string, extras: TextExtras = {}): Entry {
    return this.arrive(author, textFields(text, extras));
  }

  arrive(author: PublicKey, fields: ContentFields): Entry {
    const object = buildObject(fields, testSalt());
    const time = 1000 * (this.rig.disk.entries.length + 1);
    const entry = this.rig.arrive({ author, object, time });
    this.#announce();
    return entry;
  }

  async #append(fields: ContentFields): Promise<Entry> {
    this.rig.appends++;
    await this.rig.beforeCommit();
    return this.arrive(this.rig.self, fields);
  }

  #announce(): void {
    const entries = this.rig.disk.entries.slice(this.#announced);
    this.#announced = this.rig.disk.entries.length;
    this.notes.apply(entries);
    this.#live.arrived(entries);
  }
}
