// Who is in which group, and what they are called: the room's members, who vouch for each other, and
// those on the rosters of the other groups. Knows nothing of messages.
import type { GroupId } from '../../cxo/ids.ts';
import type { PublicKey } from '../../identity.ts';
import type { Addresses } from './addresses.ts';
import type { Directory } from './directory.ts';
import type { GroupBook } from '../groups/group-book.ts';
import type { Membership } from './membership.ts';
import { MentionIndex } from '../content/mentions.ts';

export interface PeopleOptions {
  readonly self: PublicKey;
  readonly room: {
    readonly id: GroupId;
    readonly membership: Membership;
    readonly directory: Directory;
    readonly addresses: Addresses;
  };
  readonly book: GroupBook;
}

export interface Reachable {
  readonly pk: PublicKey;
  /** `host:port` each. */
  readonly addresses: readonly string[];
}

export class People {
  readonly #options: PeopleOptions;
  readonly #mentions = new Map<
    GroupId,
    { readonly index: MentionIndex; readonly version: string }
  >();

  constructor(options: PeopleOptions) {
    this.#options = options;
  }

  isMember(group: GroupId, key: PublicKey): boolean {
    const { room, book } = this.#options;
    if (group === room.id) return room.membership.isMember(key);
    return book.find(group)?.roster.isMember(key) === true;
  }

  /**
   * Whether the key belongs to any group that this node is in, or is joining. To members of one that
   * it has left it has to say so: who has heard of it has no link with it any more.
   */
  isKnown(key: PublicKey): boolean {
    const { room, book } = this.#options;
    if (room.membership.isMember(key)) return true;
    for (const { roster, standing } of book.groups()) {
      const isOfGroup = standing === 'active' || standing === 'joining' || standing === 'left';
      if (isOfGroup && roster.isMember(key)) return true;
    }
    return false;
  }

  /** In the order of the keys. Of a group that is left, this node alone. */
  members(group: GroupId): readonly PublicKey[] {
    const { room, book, self } = this.#options;
    if (group === room.id) return room.membership.members();
    const roster = book.find(group)?.roster;
    return roster === undefined ? [self] : [...roster.members().keys()].sort();
  }

  count(group: GroupId): number {
    const { room, book } = this.#options;
    if (group === room.id) return room.membership.size;
    return book.find(group)?.roster.members().size ?? 1;
  }

  /** As the key is called in the group, else in the room, else anywhere. */
  findName(key: PublicKey, group?: GroupId): string | undefined {
    const { room, book } = this.#options;
    const called =
      group === undefined || group === room.id
        ? undefined
        : book.find(group)?.directory.findName(key);
    const name = called ?? room.directory.findName(key);
    if (name !== undefined || group !== undefined) return name;
    for (const { directory } of book.groups()) {
      const elsewhere = directory.findName(key);
      if (elsewhere !== undefined) return elsewhere;
    }
    return undefined;
  }

  /** What the key says of itself, in the group or else in the room. */
  findProfile(key: PublicKey, group: GroupId): ReturnType<Directory['find']> {
    const { room, book } = this.#options;
    return book.find(group)?.directory.find(key) ?? room.directory.find(key);
  }

  /** Keys that a text in the group names. */
  mentions(group: GroupId, text: string): readonly PublicKey[] {
    if (!text.includes('@')) return [];
    const version = this.versionOf(group);
    let known = this.#mentions.get(group);
    if (known?.version !== version) {
      const nameOf = (key: PublicKey): string | undefined => this.findName(key, group);
      known = { index: new MentionIndex(this.members(group), nameOf), version };
      this.#mentions.set(group, known);
    }
    return known.index.find(text);
  }

  /** Another one whenever the members of the group, or their names, are others than before. */
  versionOf(group: GroupId): string {
    const { room, book } = this.#options;
    const inRoom = `${room.membership.version}/${room.directory.version}`;
    const found = book.find(group);
    return found === undefined
      ? inRoom
      : `${inRoom}/${found.roster.version}/${found.directory.version}`;
  }

  /** `host:port` where the key can be dialed, as it has published in any group that it shares. */
  addressesOf(key: PublicKey, now: number): readonly string[] {
    const { room, book } = this.#options;
    const inRoom = room.addresses.of(key, now);
    if (inRoom.length > 0) return inRoom;
    for (const { addresses } of book.groups()) {
      const known = addresses.of(key, now);
      if (known.length > 0) return known;
    }
    return [];
  }

  /** Grows whenever a key has published other addresses than before, in any group. */
  get addressVersion(): number {
    const { room, book } = this.#options;
    let version = room.addresses.version;
    for (const { addresses } of book.groups()) version += addresses.version;
    return version;
  }

  /** The members of all groups that this node is in, but for itself, with where they can be dialed. */
  reachable(now: number): Reachable[] {
    const { room, book, self } = this.#options;
    const keys = new Set(room.membership.members());
    for (const { roster, standing } of book.groups()) {
      if (standing !== 'active') continue;
      for (const key of roster.members().keys()) keys.add(key);
    }
    keys.delete(self);
    return [...keys]
      .map((pk) => ({ pk, addresses: this.addressesOf(pk, now) }))
      .filter(({ addresses }) => addresses.length > 0);
  }
}
