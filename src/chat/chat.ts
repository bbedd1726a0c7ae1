// The conversation of one node as a whole, in its room and its groups: opened over the archive, told of
// every arrival, asked for pages and posts. Knows nothing of links, and of HTTP only the shapes of its answers.
import { toHex } from '../bytes.ts';
import type { Entry } from '../cxo/archive.ts';
import type { Erasure } from '../cxo/erasure.ts';
import type { GroupId } from '../cxo/ids.ts';
import type { FeedId } from '../cxo/root.ts';
import type { LocalChange, Store } from '../cxo/store.ts';
import type { Clock, Random, Timers } from '../env.ts';
import type { Identity, PublicKey } from '../identity.ts';
import { Addresses } from './people/addresses.ts';
import { Announcements, announcementsOf } from './people/announcements.ts';
import { Backlog } from './news/backlog.ts';
import { Blocks } from './people/blocks.ts';
import { Conversation } from './timeline/conversation.ts';
import { Directory, type OwnProfile } from './people/directory.ts';
import { GroupBook, type GroupChanges } from './groups/group-book.ts';
import { groupRowPrefix } from './groups/group-row.ts';
import { GroupViews } from './groups/group-views.ts';
import { readNamedGroup } from './groups/group-names.ts';
import { Groups, type Joiner } from './groups/groups.ts';
import { Idempotency } from './idempotency.ts';
import { noteLabels } from './content/labels.ts';
import { LiveEdge } from './news/live-edge.ts';
import { Membership } from './people/membership.ts';
import { MessageViews } from './timeline/message-views.ts';
import { buildRead } from './notes/note-content.ts';
import { News } from './news/news.ts';
import { NoteEvents } from './notes/note-events.ts';
import { rulesOf } from './notes/note-rules.ts';
import { Notes } from './notes/notes.ts';
import { Noting } from './notes/noting.ts';
import { People, type Reachable } from './people/people.ts';
import type { Delivery, MessageSource, Writer } from './ports.ts';
import { Posting } from './posting.ts';
import { ReadMarkers } from './reading/read-markers.ts';
import { Reading } from './reading/reading.ts';
import { roomOfName, type Room } from './room.ts';
import { ringPrefix } from './sealing/key-ring.ts';
import { ShownGroups } from './groups/shown-groups.ts';
import type { GroupView, JoinView, MemberView, ReadView } from './view.ts';
import { Writing } from './writing.ts';

export interface ChatOptions {
  readonly identity: Identity;
  /** Name of the room. */
  readonly room: string;
  /** Keys that the operator configured: peers and allowed keys. */
  readonly configured: Iterable<PublicKey>;
  readonly store: Pick<Store, 'feeds' | 'find' | 'latestArrival' | 'local' | 'findLocal'>;
  readonly archive: MessageSource;
  readonly writer: Writer;
  readonly delivery: Delivery;
  readonly clock: Pick<Clock, 'now'>;
  readonly random: Random;
  readonly timers: Timers;
  readonly joiner: () => Joiner & { view(group: GroupId): JoinView | undefined };
  /** `host:port`, where others can dial this node at present. */
  readonly ownAddresses: () => readonly string[];
  /** Whether messages of this time, microseconds, are not kept any more; without it all are. */
  readonly isExpired?: (group: GroupId, time: number) => boolean;
}

export class Chat {
  readonly room: Room;
  readonly membership: Membership;
  readonly directory: Directory;
  readonly addresses: Addresses;
  readonly conversation: Conversation;
  readonly posting: Posting;
  readonly notes: Notes;
  readonly noting: Noting;
  readonly idempotency: Idempotency;
  readonly blocks: Blocks;
  readonly reading: Reading;
  readonly book: GroupBook;
  readonly people: People;
  readonly groups: Groups;
  readonly news: News;
  readonly #options: ChatOptions;
  readonly #live: LiveEdge;
  readonly #shown: ShownGroups;
  /** To be written: what a crash has lost is found at the start, when nothing can be written yet. */
  readonly #rows: LocalChange[] = [];
  readonly #views: GroupViews;
  readonly #writing: Writing;
  readonly #announcements: Announcements;
  readonly #listeners = new Set<() => void>();

  private constructor(options: ChatOptions, opened: Opened) {
    const { identity, store, archive, writer, delivery, random } = options;
    const { idempotency, blocks, markers, book, room, membership } = opened;
    const self = identity.publicKey;
    this.#options = options;
    this.room = room;
    this.membership = membership;
    this.book = book;
    this.idempotency = idempotency;
    this.blocks = blocks;
    this.directory = new Directory({ group: room.id, self });
    this.addresses = new Addresses({ group: room.id, self });
    const { directory, addresses } = this;
    this.people = new People({
      ...{ self, book, room: { id: room.id, membership, directory, addresses } },
    });
    this.#live = new LiveEdge(store.latestArrival());
    this.#shown = new ShownGroups({ room, store, book });
    const isBlocked = (key: PublicKey): boolean => blocks.isBlocked(key);
    const rules = rulesOf(book);
    const notes = new Notes({ self, contents: book, rules, isBlocked });
    this.notes = notes;
    const views = new MessageViews({
      ...{ self, people: this.people, contents: book, notes, delivery, isBlocked },
      allows: (entry) => book.allows(entry),
      isExpired: ({ feed, time }) => options.isExpired?.(feed.group, time) === true,
      forkedAt: (feed) => store.find(feed)?.forkedAt,
    });
    const backlog = new Backlog({
      archive,
      labels: noteLabels,
      apply: (entries) => {
        notes.apply(entries);
      },
    });
    this.conversation = new Conversation({
      ...{ groups: this.#shown.ids, archive, store, views, notes, backlog, live: this.#live },
      groupOf: (idOrName, within) => this.groupIdOf(idOrName, within),
      events: new NoteEvents({ contents: book, notes, archive }),
    });
    const { conversation } = this;
    const writing = new Writing({ writer, random, sealerOf: (id) => book.sealerOf(id) });
    this.#writing = writing;
    this.groups = this.#buildGroups();
    this.#announcements = new Announcements({
      ...{ self, book, writing, clock: options.clock },
      room: { id: room.id, membership, directory, addresses },
      describe: (group) => this.groups.describeAgain(group),
      apply: (entries) => {
        this.#apply(entries);
      },
    });
    this.noting = new Noting({
      ...{ self, conversation, contents: book, views, notes, rules },
      append: async (group, fields) => writing.append(this.groups.readWritable(group), fields),
    });
    this.reading = this.#buildReading(views, backlog, markers);
    this.#views = new GroupViews({
      ...{ self, room, book, people: this.people },
      counts: (group) => this.reading.counts(group),
      newest: async (group) => (await conversation.newest({ group }, 1)).messages[0] ?? null,
      join: (group) => options.joiner().view(group),
    });
    this.news = this.#buildNews(views);
    blocks.onChange(() => {
      notes.rulesChanged();
      this.reading.forget();
    });
    this.posting = this.#buildPosting(views);
  }

  /** Reads what the store has of members, names and keys; nothing may be committed meanwhile. */
  static async open(options: ChatOptions): Promise<Chat> {
    const { identity, store, archive, clock, writer, random, configured } = options;
    const self = identity.publicKey;
    const writeLocal = writer.writeLocal.bind(writer);
    const room = roomOfName(options.room);
    const membership = new Membership({ group: room.id, self, configured });
    const isMember = (key: PublicKey): boolean => membership.isMember(key);
    const book = new GroupBook({
      ...{ identity, store, clock, random, room: { id: room.id, isMember } },
      rows: await store.local(groupRowPrefix),
      ringRows: await store.local(ringPrefix),
      isJoining: (group) => options.joiner().isJoining(group),
    });
    const chat = new Chat(options, {
      ...{ room, membership, book },
      idempotency: await Idempotency.open({ store, clock, writeLocal }),
      blocks: await Blocks.open({ self, store, clock, writeLocal }),
      markers: await ReadMarkers.open({ store, writeLocal }),
    });
    // Who is a member comes before what members say of themselves, keys before what they open. The
    // row of a group may have been lost to a crash: then it is its offer that tells of it.
    for (const label of ['vouch', 'offer', ...holding, 'offer', ...holding, 'profile', 'address']) {
      const entries = await archive.labelled(label);
      // What is held back from view counts from the moment that it arrives.
      chat.#apply(entries.filter(({ arrival }) => arrival > 0));
    }
    chat.#shown.look();
    chat.news.begin();
    return chat;
  }

  /** Counters of what was not kept, by reason. */
  get counters(): Readonly<Record<string, number>> {
    const { membership, directory, addresses, notes, book, idempotency } = this;
    const parts = [membership, directory, addresses, notes, book, idempotency];
    return Object.assign({}, ...parts.map(({ counters }) => counters)) as Record<string, number>;
  }

  /** To be called after each commit: every entry that it made visible, in arrival order. */
  arrived(entries: readonly Entry[]): void {
    this.book.arrived(entries);
    this.#shown.arrived(entries);
    const { members, unlocked } = this.#apply(entries);
    this.news.arrived(entries);
    if (this.#rows.length > 0) {
      // The feeds bring them again.
      this.#options.writer.writeLocal(this.#rows.splice(0)).catch(() => undefined);
    }
    if (members) this.groupsChanged();
    const touched = this.notes.apply(entries);
    this.reading.arrived(entries);
    this.reading.touched(touched);
    this.#live.arrived(entries);
    if (unlocked) this.news.unlockSoon();
  }

  /** Calls back when groups, or members of any, are others than before. */
  onGroups(listener: () => void): void {
    this.#listeners.add(listener);
    this.membership.onChange(listener);
  }

  /** To be called when the bodies of messages are gone from the store. */
  erased(erased: readonly Pick<Erasure, 'feed' | 'id'>[]): void {
    this.#live.forget();
    this.reading.touched(erased.map(({ feed, id }) => ({ group: feed.group, id: toHex(id) })));
  }

  /** To be called when messages are gone from the store: what is shown is read from it again. */
  forgetRecent(): void {
    this.#live.forget();
    this.reading.forget();
  }

  /**
   * Publishes this node's vouch, profile and addresses where the published ones say something else:
   * in each group, since its members need not be in any other.
   * @param addresses `host:port`, where others can dial this node
   */
  async announce(profile: OwnProfile, addresses: readonly string[]): Promise<void> {
    await this.reading.save();
    await this.#announcements.announce(profile, addresses);
  }

  async groupViews(): Promise<readonly GroupView[]> {
    return Promise.all([...this.#shown.ids].map((group) => this.#views.group(group)));
  }

  async groupView(idOrName: string): Promise<GroupView> {
    return this.#views.group(this.groupIdOf(idOrName));
  }

  /** The other members of all groups that can be dialed. */
  reachable(): readonly Reachable[] {
    return this.people.reachable(this.#options.clock.now());
  }

  async #destination(group: string | undefined, to: string | undefined): Promise<GroupId> {
    if (to !== undefined) return this.groups.direct(to);
    return group === undefined ? this.room.id : this.groups.readWritable(group);
  }

  /** @throws SkychatError `unknown-group`, `bad-cursor` */
  markRead(idOrName: string, cursor: string, back: boolean): Promise<ReadView> {
    return this.reading.mark(this.groupIdOf(idOrName), cursor, back);
  }

  /** @param isOnline whether the member is this node or has a link to it */
  members(idOrName: string, isOnline: (key: PublicKey) => boolean): readonly MemberView[] {
    return this.#views.members(this.groupIdOf(idOrName), isOnline);
  }

  close(): void {
    this.news.close();
    this.posting.close();
    this.reading.close();
  }

  groupIdOf(idOrName: string, within?: readonly string[]): GroupId {
    const legacy = [...this.#shown.ids].map((id) => ({ id, name: id }));
    return readNamedGroup(idOrName, [...this.groups.named(), ...legacy], within);
  }

  /** To be called when the author of a feed was found to have signed two branches. */
  frozen(feed: FeedId, seq: number): void {
    if (this.book.retract(feed, seq)) this.groupsChanged();
  }

  /** To be called when a roster has changed by what did not arrive. */
  groupsChanged(): void {
    this.#shown.look();
    this.notes.rulesChanged();
    this.news.groupsChanged();
    for (const listener of this.#listeners) listener();
  }

  #buildNews(views: MessageViews): News {
    const { archive, timers, joiner } = this.#options;
    return new News({
      ...{ archive, timers, live: this.#live, groups: this.#shown.ids },
      ...{ book: this.book, people: this.people },
      join: (group) => joiner().view(group),
      view: (group) => this.#views.group(group),
      isShown: (entry) => views.isShown(entry),
      apply: (entries) => {
        this.#apply(entries);
        this.notes.apply(entries);
        this.reading.forget();
      },
    });
  }

  #buildGroups(): Groups {
    const { identity, store, writer, joiner, clock, random, ownAddresses } = this.#options;
    const { room, membership, book, people } = this;
    return new Groups({
      ...{ identity, room, book, store, writer, joiner, clock, random },
      writing: this.#writing,
      isInRoom: (key) => membership.isMember(key),
      addressesOf: (key) =>
        key === identity.publicKey ? ownAddresses() : people.addressesOf(key, clock.now()),
      onChange: () => {
        this.groupsChanged();
      },
      onEntered: (group) => this.reading.begin(group),
      view: (group) => this.#views.group(group),
    });
  }

  #buildPosting(views: MessageViews): Posting {
    const { identity, delivery, archive, timers } = this.#options;
    const { idempotency, conversation } = this;
    return new Posting({
      ...{ self: identity.publicKey, delivery, views, idempotency, conversation, timers },
      writing: this.#writing,
      finder: archive,
      destinationOf: async ({ group, to }) => {
        const id = await this.#destination(group, to);
        // Nobody waits for it, and where it fails it is owed on.
        this.#announcements.renew(id).catch(() => undefined);
        return id;
      },
    });
  }

  #buildReading(views: MessageViews, backlog: Backlog, markers: ReadMarkers): Reading {
    const { identity, store, archive, timers, clock } = this.#options;
    const { people, conversation } = this;
    return new Reading({
      ...{ self: identity.publicKey, groups: this.#shown.ids, store, archive, timers, clock },
      ...{ markers, views, people, backlog, live: this.#live },
      since: (group) => this.book.find(group)?.since ?? 0,
      groupOf: (idOrName, within) => this.groupIdOf(idOrName, within),
      findPlace: (position) => conversation.findPlace(position),
      onMoved: (data) => {
        this.news.readMoved(data);
      },
      publish: async (group, target) => {
        await this.#writing.append(this.groups.readWritable(group), buildRead(target));
      },
    });
  }

  #apply(entries: readonly Entry[]): GroupChanges {
    const changes = this.book.apply(entries);
    this.#rows.push(...changes.local);
    const { identity } = this.#options;
    const name = this.directory.findName(identity.publicKey);
    for (const [id, said] of announcementsOf(entries, this.book)) {
      const speakers = id === this.room.id ? this : this.book.find(id);
      if (id === this.room.id) this.membership.apply(said);
      speakers?.directory.apply(said);
      speakers?.addresses.apply(said);
    }
    // What names this node is another thing now.
    if (this.directory.findName(identity.publicKey) !== name) this.reading.forget();
    return changes;
  }
}

/** Labels of what holds a group together, in the order in which each needs the one before. */
const holding = ['roster', 'epoch', 'keys'] as const;

/** What was read before there can be a chat. */
interface Opened {
  readonly room: Room;
  readonly membership: Membership;
  readonly book: GroupBook;
  readonly idempotency: Idempotency;
  readonly blocks: Blocks;
  readonly markers: ReadMarkers;
}
