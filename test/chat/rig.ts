// A room without a disk or links: entries in memory behind the ports of src/chat, and the hands to
// let messages arrive, be stored elsewhere, or wait in a commit.
import { toHex, utf8 } from '../../src/bytes.ts';
import type { Entry, TimelinePosition } from '../../src/cxo/archive.ts';
import { emptyHead, type FeedState } from '../../src/cxo/feed.ts';
import {
  groupIdBytes,
  messageIdOf,
  objectIdOf,
  sha256,
  type GroupId,
  type MessageId,
} from '../../src/cxo/ids.ts';
import { buildObject, verifyObject } from '../../src/cxo/object.ts';
import { feedKey } from '../../src/cxo/root.ts';
import type { Draft } from '../../src/cxo/draft.ts';
import type { Value } from '../../src/cxo/codec.ts';
import type { LocalChange, LocalRow } from '../../src/cxo/store.ts';
import { SkychatError } from '../../src/errors.ts';
import { identityOfSeed, publicKeyBytes, type PublicKey } from '../../src/identity.ts';
import { Backlog } from '../../src/chat/news/backlog.ts';
import { Chat, type ChatOptions } from '../../src/chat/chat.ts';
import { PlainContents } from '../support/plain-contents.ts';
import { Conversation, type ConversationOptions } from '../../src/chat/timeline/conversation.ts';
import { Directory } from '../../src/chat/people/directory.ts';
import { labelOf, noteLabels } from '../../src/chat/content/labels.ts';
import { LiveEdge } from '../../src/chat/news/live-edge.ts';
import { readNamedGroup } from '../../src/chat/groups/group-names.ts';
import { Membership } from '../../src/chat/people/membership.ts';
import { MentionIndex } from '../../src/chat/content/mentions.ts';
import { MessageViews } from '../../src/chat/timeline/message-views.ts';
import { NoteEvents } from '../../src/chat/notes/note-events.ts';
import type { NoteRules } from '../../src/chat/notes/note-summary.ts';
import { Notes } from '../../src/chat/notes/notes.ts';
import { roomOfName } from '../../src/chat/room.ts';
import { compareEntries } from '../../src/chat/timeline/timeline.ts';
import { compareTimeline } from '../../src/cxo/timeline-page.ts';
import { ManualTime } from '../support/net-time.ts';

export const room = roomOfName('lobby');

/** The same key for the same number; not a point of the curve, which src/chat does not ask for. */
export function testKey(number: number): PublicKey {
  return toHex(sha256(utf8(`key ${number}`))) as PublicKey;
}

/** Everybody may do everything. */
const rules: NoteRules = { counts: () => true, mayPin: () => true, mayModerate: () => true };

let salts = 0;

export function testSalt(): Uint8Array {
  return sha256(utf8(`salt ${salts++}`)).slice(0, 16);
}

export function objectOf(kind: string, fields: Record<string, Value> = {}): Uint8Array {
  return buildObject({ ...fields, kind }, testSalt());
}

export interface EntryFields {
  readonly arrival?: number;
  readonly author: PublicKey;
  readonly group?: GroupId;
  readonly head?: number;
  readonly seq: number;
  readonly index?: number;
  readonly time?: number;
  readonly object: Uint8Array | undefined;
}

export function entryOf(fields: EntryFields): Entry {
  const { arrival = 0, author, group = room.id, head = 0, seq, index = 0, object } = fields;
  const objectId = objectIdOf(object ?? testSalt());
  const id = messageIdOf(groupIdBytes(group), publicKeyBytes(author), objectId);
  const feed = { group, author, head };
  return { arrival, feed, seq, index, time: fields.time ?? 1000 * seq, id, objectId, object };
}

/** Of joining there are tests of its own. */
export const nobodyJoins: ReturnType<ChatOptions['joiner']> = {
  read: () => {
    throw new Error('nobody joins');
  },
  begin: () => Promise.reject(new Error('nobody joins')),
  cancel: () => Promise.resolve(),
  isJoining: () => false,
  view: () => undefined,
};

export interface RigOptions {
  readonly self?: PublicKey;
  readonly configured?: readonly PublicKey[];
  /** What a former life left on disk. */
  readonly disk?: Disk;
  /** How many entries the archive gives at once, at most. */
  readonly chunkMax?: number;
}

/** What survives a restart. */
export class Disk {
  readonly entries: Entry[] = [];
  readonly local = new Map<string, Uint8Array>();
  readonly states = new Map<string, FeedState>();
}

export class Rig {
  readonly self: PublicKey;
  readonly disk: Disk;
  readonly time = new ManualTime();
  readonly stored = new Map<string, PublicKey[]>();
  readonly storedListeners = new Set<() => void>();
  /** How often the archive was asked for arrivals. */
  archiveReads = 0;
  appends = 0;
  /** Set to fail or delay the next commits: called before anything is written. */
  beforeCommit: () => Promise<void> = () => Promise.resolve();
  /** Called each time that a read of the archive has its answer and not yet given it. */
  duringRead: () => void = () => undefined;
  /** Whether commits are announced to the chat at once. */
  isAnnouncing = true;
  readonly #options: RigOptions;
  #chat: Chat | undefined;
  #announced = 0;

  constructor(options: RigOptions = {}) {
    this.#options = options;
    this.self = options.self ?? testKey(0);
    this.disk = options.disk ?? new Disk();
  }

  static async open(options: RigOptions = {}): Promise<Rig> {
    const rig = new Rig(options);
    rig.#announced = rig.disk.entries.length;
    rig.#chat = await Chat.open(rig.options());
    return rig;
  }

  get chat(): Chat {
    if (this.#chat === undefined) throw new Error('the rig is open');
    return this.#chat;
  }

  options(): ChatOptions {
    return {
      // Nothing is signed or opened here, and the keys of the tests are no points of the curve.
      identity: { ...identityOfSeed(sha256(utf8('rig'))), publicKey: this.self },
      joiner: () => nobodyJoins,
      ownAddresses: () => [],
      room: room.name,
      configured: this.#options.configured ?? [],
      store: {
        feeds: () => [...this.disk.states.values()],
        find: (feed) => this.disk.states.get(feedKey(feed)),
        latestArrival: () => this.disk.entries.length,
        local: (prefix) => Promise.resolve(this.#rows(prefix)),
        findLocal: (key) => Promise.resolve(this.disk.local.get(key)),
      },
      archive: {
        after: (arrival, limit) => this.#after(arrival, limit),
        timeline: (group, before, limit) => this.#timeline(group, before, limit),
        timelineFrom: (group, from, limit) => this.#timelineFrom(group, from, limit),
        find: (id) => Promise.resolve(this.#find(id)),
        proof: () => Promise.resolve(undefined),
        labelled: (label) => Promise.resolve(this.#labelled(label)),
      },
      writer: {
        append: (group, draft) => this.#append(group, draft),
        writeLocal: async (local) => {
          await this.beforeCommit();
          this.#writeLocal(local);
        },
      },
      delivery: {
        storedBy: (feed, seq) => [...(this.stored.get(`${feedKey(feed)}/${seq}`) ?? [])],
        onStored: (listener) => {
          this.storedListeners.add(listener);
          return () => this.storedListeners.delete(listener);
        },
      },
      clock: this.time,
      random: { bytes: (length) => testSalt().slice(0, length), unit: () => 0.5 },
      timers: this.time,
    };
  }

  /** The reading side alone, with bounds of the test's own, over what is on disk by now. */
  conversation(
    limits: NonNullable<ConversationOptions['limits']>,
    latest = this.disk.entries.length,
  ): Conversation {
    const { self } = this;
    const { store, archive, delivery } = this.options();
    const membership = new Membership({ group: room.id, self, configured: [] });
    const directory = new Directory({ group: room.id, self });
    const people = {
      findName: (key: PublicKey) => directory.findName(key),
      count: () => membership.size,
      mentions: (_: GroupId, text: string) =>
        new MentionIndex(membership.members(), (key) => directory.findName(key)).find(text),
    };
    const forkedAt = (): undefined => undefined;
    const contents = new PlainContents();
    const notes = new Notes({ self, contents, rules });
    const views = new MessageViews({
      ...{ self, people, contents, notes, delivery, forkedAt },
      isBlocked: () => false,
      isExpired: () => false,
      allows: () => true,
    });
    const events = new NoteEvents({ contents, notes, archive });
    const backlog = new Backlog({
      archive,
      labels: noteLabels,
      apply: (entries) => notes.apply(entries),
    });
    const groups = new Set([room.id, ...store.feeds().map(({ feed }) => feed.group)]);
    const live = new LiveEdge(latest);
    return new Conversation({
      groupOf: (name) =>
        readNamedGroup(name, [room, ...[...groups].map((id) => ({ id, name: id }))]),
      ...{ groups, archive, store, views, notes, events, backlog, live, limits },
    });
  }

  /** One more entry on disk, as a commit would write it; announced where the rig does so. */
  arrive(fields: Omit<EntryFields, 'arrival' | 'seq'> & { readonly seq?: number }): Entry {
    const { author, group = room.id, head = 0 } = fields;
    const feed = { group, author, head };
    const seq = fields.seq ?? (this.disk.states.get(feedKey(feed))?.head.seq ?? 0) + 1;
    this.disk.states.set(feedKey(feed), { feed, head: { ...emptyHead, seq }, forkedAt: undefined });
    const entry = entryOf({ ...fields, seq, arrival: this.disk.entries.length + 1 });
    this.disk.entries.push(entry);
    if (this.isAnnouncing) this.announce();
    return entry;
  }

  say(author: PublicKey, text: string, time?: number, group?: GroupId): Entry {
    const object = objectOf('text', { text });
    return this.arrive({
      author,
      object,
      ...(time === undefined ? {} : { time }),
      ...(group === undefined ? {} : { group }),
    });
  }

  announce(): void {
    const entries = this.disk.entries.slice(this.#announced);
    this.#announced = this.disk.entries.length;
    this.#chat?.arrived(entries);
  }

  fork({ feed }: Entry, forkedAt: number): void {
    const state = this.disk.states.get(feedKey(feed));
    if (state !== undefined) this.disk.states.set(feedKey(feed), { ...state, forkedAt });
  }

  acknowledge(entry: Entry, ...keys: readonly PublicKey[]): void {
    this.stored.set(`${feedKey(entry.feed)}/${entry.seq}`, [...keys]);
    for (const listener of [...this.storedListeners]) listener();
  }

  async #append(group: GroupId, draft: Draft): Promise<Entry> {
    this.appends++;
    await this.beforeCommit();
    const feed = { group, author: this.self, head: 0 };
    const seq = (this.disk.states.get(feedKey(feed))?.head.seq ?? 0) + 1;
    const made = draft({ feed, seq, index: 0, time: 1000 * seq });
    if ('code' in made) throw new SkychatError(made.code, 'the draft was refused');
    this.#writeLocal(made.local);
    return this.arrive({ author: this.self, group, object: made.object });
  }

  #writeLocal(local: readonly LocalChange[]): void {
    for (const { key, value } of local) {
      if (value === undefined) this.disk.local.delete(key);
      else this.disk.local.set(key, value);
    }
  }

  #rows(prefix: string): LocalRow[] {
    return [...this.disk.local]
      .filter(([key]) => key.startsWith(prefix))
      .map(([key, value]) => ({ key, value }));
  }

  async #after(arrival: number, limit: number): Promise<Entry[]> {
    this.archiveReads++;
    const end = arrival + Math.min(limit, this.#options.chunkMax ?? limit);
    const entries = this.disk.entries.slice(arrival, end);
    await Promise.resolve();
    this.duringRead();
    return entries;
  }

  async #timeline(
    group: GroupId,
    before: TimelinePosition | undefined,
    limit: number,
  ): Promise<Entry[]> {
    const entries = this.disk.entries
      .filter(({ feed }) => feed.group === group)
      .filter((entry) => before === undefined || compareTimeline(entry, before) < 0)
      .sort((a, b) => compareEntries(b, a))
      .slice(0, Math.min(limit, this.#options.chunkMax ?? limit));
    await Promise.resolve();
    this.duringRead();
    return entries;
  }

  async #timelineFrom(
    group: GroupId,
    from: TimelinePosition | undefined,
    limit: number,
  ): Promise<Entry[]> {
    const entries = this.disk.entries
      .filter(({ feed }) => feed.group === group)
      .filter((entry) => from === undefined || compareTimeline(entry, from) >= 0)
      .sort(compareEntries)
      .slice(0, Math.min(limit, this.#options.chunkMax ?? limit));
    await Promise.resolve();
    this.duringRead();
    return entries;
  }

  #find(id: MessageId): Entry | undefined {
    return this.disk.entries.find((entry) => toHex(entry.id) === toHex(id));
  }

  #labelled(label: string): Entry[] {
    return this.disk.entries.filter(({ object }) => {
      if (object === undefined) return false;
      const verdict = verifyObject(object);
      return verdict.ok && labelOf(verdict.kind, object) === label;
    });
  }
}
