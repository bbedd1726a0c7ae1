// The room of one node as a whole: opened over the archive, told of every arrival, asked for pages
// and posts. Knows nothing of links, and of HTTP only the shapes of its answers.
import type { Entry } from '../cxo/archive.ts';
import type { GroupId } from '../cxo/ids.ts';
import { saltBytes } from '../cxo/limits.ts';
import { verifyObject } from '../cxo/object.ts';
import type { Store } from '../cxo/store.ts';
import type { Clock, Random, Timers } from '../env.ts';
import type { PublicKey } from '../identity.ts';
import { Addresses } from './addresses.ts';
import { Conversation } from './conversation.ts';
import { Directory } from './directory.ts';
import { Idempotency } from './idempotency.ts';
import { addressLimits } from './limits.ts';
import { LiveEdge } from './live-edge.ts';
import { Membership } from './membership.ts';
import { MessageViews } from './message-views.ts';
import { buildAddress, buildProfile, buildVouch, labelOf } from './message.ts';
import type { Delivery, MessageSource, Writer } from './ports.ts';
import { Posting } from './posting.ts';
import { readGroup, roomOfName, type Room } from './room.ts';
import type { GroupView, MemberView } from './view.ts';

export interface ChatOptions {
  readonly self: PublicKey;
  /** Name of the room. */
  readonly room: string;
  /** Keys that the operator configured: peers and allowed keys. */
  readonly configured: Iterable<PublicKey>;
  readonly store: Pick<Store, 'feeds' | 'find' | 'latestArrival' | 'local' | 'findLocal'>;
  readonly archive: MessageSource;
  readonly writer: Writer;
  readonly delivery: Delivery;
  readonly clock: Pick<Clock, 'now'>;
  readonly random: Pick<Random, 'bytes'>;
  readonly timers: Timers;
}

export class Chat {
  readonly room: Room;
  readonly membership: Membership;
  readonly directory: Directory;
  readonly addresses: Addresses;
  readonly conversation: Conversation;
  readonly posting: Posting;
  readonly idempotency: Idempotency;
  readonly #options: ChatOptions;
  readonly #live: LiveEdge;
  readonly #groups: Set<GroupId>;

  private constructor(options: ChatOptions, idempotency: Idempotency) {
    const { self, store, archive, writer, delivery } = options;
    this.#options = options;
    this.room = roomOfName(options.room);
    const group = this.room.id;
    this.#groups = new Set([group, ...store.feeds().map(({ feed }) => feed.group)]);
    this.membership = new Membership({ group, self, configured: options.configured });
    this.directory = new Directory({ group, self });
    this.addresses = new Addresses({ group, self });
    this.#live = new LiveEdge(store.latestArrival());
    const { room, membership, directory } = this;
    const views = new MessageViews({
      ...{ self, room, membership, directory, delivery },
      forkedAt: (feed) => store.find(feed)?.forkedAt,
    });
    const groups = this.#groups;
    this.conversation = new Conversation({ room, groups, archive, store, views, live: this.#live });
    this.idempotency = idempotency;
    this.posting = new Posting({
      ...{ self, room, writer, delivery, views, idempotency },
      conversation: this.conversation,
      finder: archive,
      random: options.random,
      timers: options.timers,
    });
  }

  /** Reads what the store has of vouches, profiles and addresses; nothing may be committed meanwhile. */
  static async open(options: ChatOptions): Promise<Chat> {
    const { store, archive, clock, writer } = options;
    const writeLocal = writer.writeLocal.bind(writer);
    const chat = new Chat(options, await Idempotency.open({ store, clock, writeLocal }));
    for (const label of ['vouch', 'profile', 'address']) {
      const entries = await archive.labelled(label);
      // What is held back from view counts from the moment that it arrives.
      chat.#apply(entries.filter(({ arrival }) => arrival > 0));
    }
    return chat;
  }

  /** Counters of what was not kept, by reason. */
  get counters(): Readonly<Record<string, number>> {
    return {
      ...this.membership.counters,
      ...this.directory.counters,
      ...this.addresses.counters,
      ...this.idempotency.counters,
    };
  }

  /** To be called after each commit: every entry that it made visible, in arrival order. */
  arrived(entries: readonly Entry[]): void {
    for (const { feed } of entries) this.#groups.add(feed.group);
    this.#apply(entries);
    this.#live.arrived(entries);
  }

  /** To be called when messages are gone from the store: what is shown is read from it again. */
  forgetRecent(): void {
    this.#live.forget();
  }

  /**
   * Publishes this node's vouch, profile and addresses where the published ones say something else.
   * @param addresses `host:port`, where others can dial this node
   */
  async announce(name: string | undefined, addresses: readonly string[]): Promise<void> {
    const { writer, random, clock } = this.#options;
    const salt = (): Uint8Array => random.bytes(saltBytes);
    const now = clock.now();
    const keys = this.membership.vouchNeeded();
    const profile = this.directory.profileNeeded(name);
    // A node alone has nobody to tell.
    const told = this.membership.size > 1 ? addresses : [];
    const needed = this.addresses.needed(told, now);
    const expires = now + addressLimits.lifetimeUs;
    const objects = [
      ...(keys === undefined ? [] : [buildVouch(keys, salt())]),
      ...(profile === undefined ? [] : [buildProfile(profile, salt())]),
      ...(needed === undefined ? [] : [buildAddress(needed, expires, salt())]),
    ];
    const entries = objects.map((object) => writer.append(this.room.id, object, []));
    this.#apply(await Promise.all(entries));
  }

  async groups(): Promise<readonly GroupView[]> {
    return Promise.all([...this.#groups].map((group) => this.#groupView(group)));
  }

  async group(idOrName: string): Promise<GroupView> {
    return this.#groupView(readGroup(idOrName, this.room, this.#groups));
  }

  /** The other members that can be dialed, each with its addresses as `host:port`. */
  reachable(): { readonly pk: PublicKey; readonly addresses: readonly string[] }[] {
    const { self, clock } = this.#options;
    const now = clock.now();
    return this.membership
      .members()
      .filter((pk) => pk !== self)
      .map((pk) => ({ pk, addresses: this.addresses.of(pk, now) }))
      .filter(({ addresses }) => addresses.length > 0);
  }

  /** @param isOnline whether the member is this node or has a link to it */
  members(idOrName: string, isOnline: (key: PublicKey) => boolean): readonly MemberView[] {
    const group = readGroup(idOrName, this.room, this.#groups);
    const members = group === this.room.id ? this.membership.members() : [this.#options.self];
    return members.map((pk) => ({
      pk,
      name: this.directory.findName(pk) ?? null,
      role: 'member',
      since: null,
      online: isOnline(pk),
    }));
  }

  close(): void {
    this.posting.close();
  }

  async #groupView(group: GroupId): Promise<GroupView> {
    const isRoom = group === this.room.id;
    const { messages } = await this.conversation.newest({ group }, 1);
    return {
      id: group,
      name: isRoom ? this.room.name : group,
      topic: null,
      encrypted: false,
      role: 'member',
      state: isRoom ? 'active' : 'left',
      members: isRoom ? this.membership.size : 1,
      unread: 0,
      mentions: 0,
      last_message: messages[0] ?? null,
    };
  }

  #apply(entries: readonly Entry[]): void {
    const announcements = entries.filter(isLabelled);
    if (announcements.length === 0) return;
    this.membership.apply(announcements);
    this.directory.apply(announcements);
    this.addresses.apply(announcements);
  }
}

/** Whether it is of a kind that is found again by its label: cheap to tell, and most are not. */
function isLabelled({ object }: Entry): boolean {
  const verdict = object && verifyObject(object);
  return verdict?.ok === true && labelOf(verdict.kind) !== undefined;
}
