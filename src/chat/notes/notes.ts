// What was said about messages: an index over the notes and replies of all groups, by the message that
// they are about. Fed in any order and any again; what it answers is a function of the set. Knows
// nothing of pages, and of who may do what only by its rules.
import { toHex } from '../../bytes.ts';
import type { Entry } from '../../cxo/archive.ts';
import type { GroupId } from '../../cxo/ids.ts';
import type { FeedId } from '../../cxo/root.ts';
import type { TimelinePosition } from '../../cxo/timeline-page.ts';
import type { PublicKey } from '../../identity.ts';
import type { Contents } from '../content/contents.ts';
import { isBareText } from '../content/text-content.ts';
import { noteLimits } from '../limits.ts';
import type { NoteContent } from './note-content.ts';
import { NoteList } from './note-list.ts';
import {
  isValidNote,
  nothingNoted,
  summarize,
  type Note,
  type NoteRules,
  type NoteSummary,
} from './note-summary.ts';

export interface NotesOptions {
  readonly self: PublicKey;
  readonly contents: Contents;
  readonly rules: NoteRules;
  /** Whose notes count for nothing on this node. */
  readonly isBlocked?: (key: PublicKey) => boolean;
  /** For tests of the bounds. */
  readonly limits?: { readonly notesMax: number; readonly textBytesMax: number };
}

/** Where a message stands that is listed here, and its id in hex. */
export interface Listed extends TimelinePosition {
  readonly id: string;
}

export interface Target {
  readonly group: GroupId;
  /** Of the message, hex. */
  readonly id: string;
}

/** Bodies that are to go, where the message at the head of them is really by that author. */
export interface Erasable {
  readonly group: GroupId;
  readonly author: PublicKey;
  /** The deleted message first, then its edits; hex. */
  readonly ids: readonly string[];
}

/** All that is known about one message, which need not be here. */
interface About {
  readonly notes: NoteList<Note>;
  replies: NoteList<Listed> | undefined;
  summary:
    { readonly author: PublicKey; readonly version: number; readonly of: NoteSummary } | undefined;
  shown: { readonly length: number; readonly version: number; readonly count: number } | undefined;
}

interface GroupNotes {
  readonly about: Map<string, About>;
  /** Messages that somebody pinned once. */
  readonly pinned: Set<string>;
  /** Messages that ask for acknowledgements. */
  readonly requests: NoteList<Listed>;
  /** Edits that deletions name, each as its id and the key that says so. */
  readonly gone: Set<string>;
}

interface Spent {
  notes: number;
  textBytes: number;
}

export class Notes {
  readonly #options: NotesOptions;
  /** By which is told what is shown; what is erased is the same on every node. */
  readonly #shownBy: NoteRules;
  readonly #limits: { readonly notesMax: number; readonly textBytesMax: number };
  readonly #groups = new Map<GroupId, GroupNotes>();
  readonly #all: Spent = { notes: 0, textBytes: 0 };
  readonly #spent = new Map<PublicKey, Spent>();
  readonly #feeds = new Map<PublicKey, FeedId[]>();
  readonly #counters = { 'notes-full': 0 };
  /** Grows when the rules, or which messages are deleted, may have changed. */
  #version = 0;

  constructor(options: NotesOptions) {
    this.#options = options;
    const { rules, isBlocked = () => false } = options;
    this.#shownBy = {
      mayPin: (group, author, place) => rules.mayPin(group, author, place),
      mayModerate: (group, author, place) => rules.mayModerate(group, author, place),
      counts: (place) => !isBlocked(place.feed.author) && rules.counts(place),
    };
    this.#limits = options.limits ?? noteLimits;
  }

  /** Notes for which there was no room in memory. */
  get counters(): { readonly 'notes-full': number } {
    return this.#counters;
  }

  get size(): number {
    return this.#all.notes;
  }

  /** To be called when the rules may answer something else. */
  rulesChanged(): void {
    this.#version++;
  }

  /** Takes what the entries say about messages into account. Returns about which. */
  apply(entries: Iterable<Entry>): readonly Target[] {
    const touched: Target[] = [];
    for (const entry of entries) {
      const id = this.#take(entry);
      if (id !== undefined) touched.push({ group: entry.feed.group, id });
    }
    return touched;
  }

  /** @param id of the message, hex */
  of(message: Entry, id: string): NoteSummary {
    const about = this.#groups.get(message.feed.group)?.about.get(id);
    if (about === undefined) return nothingNoted;
    const { author } = message.feed;
    const known = about.summary;
    if (known?.author === author && known.version === this.#version) return known.of;
    const of = summarize(about.notes.all(), author, this.#shownBy);
    about.summary = { author, version: this.#version, of };
    return of;
  }

  /** How many answers the message has that are shown. */
  countReplies(group: GroupId, id: string): number {
    const about = this.#groups.get(group)?.about.get(id);
    if (about?.replies === undefined) return 0;
    const { length } = about.replies.all();
    if (about.shown?.length === length && about.shown.version === this.#version) {
      return about.shown.count;
    }
    const count = this.replies(group, id).length;
    about.shown = { length, version: this.#version, count };
    return count;
  }

  /** Answers to the message that are not deleted, in the order of the timeline. */
  replies(group: GroupId, id: string): readonly Listed[] {
    const replies = this.#groups.get(group)?.about.get(id)?.replies?.all() ?? [];
    return replies.filter((reply) => this.#stands(reply));
  }

  /** Messages that ask for acknowledgements and are not deleted, in the order of the timeline. */
  requests(group: GroupId): readonly Listed[] {
    const requests = this.#groups.get(group)?.requests.all() ?? [];
    return requests.filter((request) => this.#stands(request));
  }

  /** Ids of messages that somebody pinned once; whether it holds is for `of`. */
  pinned(group: GroupId): readonly string[] {
    return [...(this.#groups.get(group)?.pinned ?? [])];
  }

  /** Whether the note of the entry says something about the message that counts. */
  isValid(entry: Entry, message: Entry): boolean {
    const content = this.#options.contents.of(entry);
    if (!isAbout(content) || entry.feed.group !== message.feed.group) return false;
    const place = { ...positionOf(entry, entry.feed), type: content.type };
    return isValidNote(place, message.feed.author, this.#shownBy);
  }

  /** Whether the entry, whose body is gone, was an edit of a message that its author deleted. */
  isGone({ feed, id }: Entry): boolean {
    return this.#groups.get(feed.group)?.gone.has(`${toHex(id)} ${feed.author}`) === true;
  }

  /** Ids of the edits of the message by the author, hex, the oldest first. */
  edits(group: GroupId, id: string, author: PublicKey): string[] {
    const notes = this.#groups.get(group)?.about.get(id)?.notes.all() ?? [];
    return notes
      .filter((note) => note.type === 'edit' && note.feed.author === author)
      .map((note) => note.id);
  }

  /** Whether the reaction of the author holds, however few are shown. */
  hasReaction(message: Entry, id: string, author: PublicKey, emoji: string): boolean {
    const { rules } = this.#options;
    const notes = this.#groups.get(message.feed.group)?.about.get(id)?.notes.all() ?? [];
    const own = notes.filter(
      ({ type, text, feed }) => type === 'reaction' && text === emoji && feed.author === author,
    );
    return own.filter((note) => rules.counts(note)).at(-1)?.on === true;
  }

  /** What is to be erased now that the targets were touched. */
  erasable(touched: Iterable<Target>): Erasable[] {
    const found: Erasable[] = [];
    for (const { group, id } of touched) {
      const kept = this.#groups.get(group);
      const notes = kept?.about.get(id)?.notes.all() ?? [];
      const deletions = notes.filter(
        (note) => note.type === 'delete' && this.#options.rules.counts(note),
      );
      for (const author of new Set(deletions.map(({ feed }) => feed.author))) {
        const edits = this.edits(group, id, author);
        found.push({ group, author, ids: [id, ...edits] });
      }
    }
    return found;
  }

  /** @returns the id of the message that it is about, hex */
  #take(entry: Entry): string | undefined {
    if (entry.object === undefined || isBareText(entry.object)) return undefined;
    const content = this.#options.contents.of(entry);
    if (content.type === 'text') {
      if (content.ack) this.#addRequest(entry);
      if (content.replyTo === undefined) return undefined;
      const target = toHex(content.replyTo);
      this.#addReply(entry, target);
      return target;
    }
    if (!isAbout(content)) return undefined;
    const target = toHex(content.target);
    this.#addNote(entry, target, content);
    return target;
  }

  #addNote(entry: Entry, target: string, content: AboutContent): void {
    const { type } = content;
    const text = type === 'edit' ? content.text : type === 'reaction' ? content.emoji : '';
    const textBytes = type === 'edit' ? 2 * text.length : 0;
    const { author, group } = entry.feed;
    const deleted = type === 'delete' ? content.edits : [];
    if (!this.#spend(author, 1 + deleted.length, textBytes)) return;
    const note: Note = {
      ...positionOf(entry, this.#shared(entry.feed)),
      ...{ type, text, id: type === 'edit' ? toHex(entry.id) : '' },
      on: type === 'reaction' || type === 'pin' || type === 'hide' ? content.on : true,
    };
    const kept = this.#groupOf(group);
    const about = this.#aboutOf(kept, target);
    if (!about.notes.add(note)) this.#dropped(note);
    about.summary = undefined;
    if (type === 'pin') kept.pinned.add(target);
    if (type !== 'delete') return;
    this.#version++;
    for (const edit of deleted.map((each) => `${toHex(each)} ${author}`)) {
      if (kept.gone.has(edit)) this.#spend(author, -1, 0);
      kept.gone.add(edit);
    }
  }

  #addReply(entry: Entry, target: string): void {
    const about = this.#aboutOf(this.#groupOf(entry.feed.group), target);
    about.replies ??= this.#newList();
    this.#list(entry, about.replies);
  }

  #addRequest(entry: Entry): void {
    this.#list(entry, this.#groupOf(entry.feed.group).requests);
  }

  #list(entry: Entry, list: NoteList<Listed>): void {
    if (!this.#spend(entry.feed.author, 1, 0)) return;
    const listed = { ...positionOf(entry, this.#shared(entry.feed)), id: toHex(entry.id) };
    if (!list.add(listed)) this.#spend(entry.feed.author, -1, 0);
  }

  #stands(listed: Listed): boolean {
    const rules = this.#shownBy;
    if (!rules.counts(listed)) return false;
    const about = this.#groups.get(listed.feed.group)?.about.get(listed.id);
    if (about === undefined) return true;
    return !about.notes
      .all()
      .some((note) => note.type === 'delete' && isValidNote(note, listed.feed.author, rules));
  }

  /** False where there is no room; there always is for what this node says itself. */
  #spend(author: PublicKey, notes: number, textBytes: number): boolean {
    let spent = this.#spent.get(author);
    if (spent === undefined) this.#spent.set(author, (spent = { notes: 0, textBytes: 0 }));
    if (notes > 0 && author !== this.#options.self && this.#isFull(spent, notes, textBytes)) {
      this.#counters['notes-full']++;
      return false;
    }
    for (const sum of [spent, this.#all]) {
      sum.notes += notes;
      sum.textBytes += textBytes;
    }
    return true;
  }

  #isFull(spent: Spent, notes: number, textBytes: number): boolean {
    const { notesMax, textBytesMax } = this.#limits;
    const { authorShare } = noteLimits;
    return (
      this.#all.notes + notes > notesMax ||
      this.#all.textBytes + textBytes > textBytesMax ||
      spent.notes + notes > notesMax * authorShare ||
      spent.textBytes + textBytes > textBytesMax * authorShare
    );
  }

  readonly #dropped = (note: Note): void => {
    this.#spend(note.feed.author, -1, note.type === 'edit' ? -2 * note.text.length : 0);
  };

  readonly #unlisted = (listed: Listed): void => {
    this.#spend(listed.feed.author, -1, 0);
  };

  #newList(): NoteList<Listed> {
    return new NoteList<Listed>(Infinity, authorOf, this.#unlisted);
  }

  #groupOf(group: GroupId): GroupNotes {
    let kept = this.#groups.get(group);
    if (kept === undefined) {
      kept = { about: new Map(), pinned: new Set(), requests: this.#newList(), gone: new Set() };
      this.#groups.set(group, kept);
    }
    return kept;
  }

  #aboutOf(kept: GroupNotes, target: string): About {
    let about = kept.about.get(target);
    if (about === undefined) {
      const notes = new NoteList<Note>(noteLimits.perAuthorMax, slotOf, this.#dropped);
      about = { notes, replies: undefined, summary: undefined, shown: undefined };
      kept.about.set(target, about);
    }
    return about;
  }

  /** One object for each feed, however many notes name it. */
  #shared(feed: FeedId): FeedId {
    const known = this.#feeds.get(feed.author);
    const same = known?.find(({ group, head }) => group === feed.group && head === feed.head);
    if (same !== undefined) return same;
    if (known === undefined) this.#feeds.set(feed.author, [feed]);
    else known.push(feed);
    return feed;
  }
}

type AboutContent = Exclude<NoteContent, { readonly type: 'read' }>;

function isAbout(content: { readonly type: string }): content is AboutContent {
  switch (content.type) {
    case 'edit':
    case 'delete':
    case 'reaction':
    case 'ack':
    case 'pin':
    case 'hide':
      return true;
    default:
      return false;
  }
}

function positionOf({ time, seq, index }: Entry, feed: FeedId): TimelinePosition {
  return { time, feed, seq, index };
}

function slotOf({ type, feed }: Note): string {
  return `${type} ${feed.author}`;
}

function authorOf({ feed }: Listed): string {
  return feed.author;
}
