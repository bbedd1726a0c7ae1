// What this node says of itself without being asked: its name, whom it trusts, where it can be dialed;
// in each group, since the members of one need not be in any other. In an encrypted group those who
// came later cannot read what was said before them, so it is said again: by the admins as soon as
// somebody comes, by everybody else with the next message, which keeps a large group quiet.
import type { Entry } from '../../cxo/entry.ts';
import type { GroupId } from '../../cxo/ids.ts';
import type { Clock } from '../../env.ts';
import type { PublicKey } from '../../identity.ts';
import type { Addresses } from './addresses.ts';
import type { ContentFields } from '../content/content-fields.ts';
import { nameless, type Directory, type OwnProfile } from './directory.ts';
import type { GroupBook } from '../groups/group-book.ts';
import type { Group } from '../groups/group.ts';
import { addressLimits } from '../limits.ts';
import type { Membership } from './membership.ts';
import { addressFields, profileFields, vouchFields } from '../content/message.ts';
import type { Writing } from '../writing.ts';

export interface AnnouncementsOptions {
  readonly self: PublicKey;
  readonly room: {
    readonly id: GroupId;
    readonly membership: Membership;
    readonly directory: Directory;
    readonly addresses: Addresses;
  };
  readonly book: GroupBook;
  readonly writing: Pick<Writing, 'append'>;
  readonly clock: Pick<Clock, 'now'>;
  /** Says the name and the topic again. */
  readonly describe: (group: Group) => Promise<void>;
  /** What was announced is to count at once. */
  readonly apply: (entries: readonly Entry[]) => void;
}

interface Said {
  readonly profile: OwnProfile;
  readonly addresses: readonly string[];
}

export class Announcements {
  readonly #options: AnnouncementsOptions;
  #latest: Said = { profile: nameless, addresses: [] };

  constructor(options: AnnouncementsOptions) {
    this.#options = options;
  }

  /**
   * Publishes what the published says otherwise.
   * @param addresses `host:port`, where others can dial this node
   */
  async announce(profile: OwnProfile, addresses: readonly string[]): Promise<void> {
    const { self, room, book } = this.#options;
    this.#latest = { profile, addresses };
    const keys = room.membership.vouchNeeded();
    await this.#publish(room.id, [
      ...(keys === undefined ? [] : [vouchFields(keys)]),
      ...this.#needed(room, room.membership.size, 0),
    ]);
    for (const group of book.groups()) {
      if (group.standing !== 'active') continue;
      const role = group.roster.roleOf(self);
      const isAdmin = role === 'admin' || role === 'founder';
      await this.#renew(group, isAdmin ? group.latecomersSince : 0);
      if (isAdmin && group.isDescriptionMissed) await this.#options.describe(group);
    }
  }

  /** To be called when this node writes to a group anyway. */
  async renew(id: GroupId): Promise<void> {
    const group = this.#options.book.find(id);
    if (group?.standing === 'active') await this.#renew(group, group.latecomersSince);
  }

  async #renew(group: Group, since: number): Promise<void> {
    await this.#publish(group.id, this.#needed(group, group.roster.members().size, since));
  }

  #needed(
    said: { readonly directory: Directory; readonly addresses: Addresses },
    members: number,
    since: number,
  ): ContentFields[] {
    const now = this.#options.clock.now();
    const profile = said.directory.profileNeeded(this.#latest.profile, since);
    // A node alone has nobody to tell.
    const told = members > 1 ? this.#latest.addresses : [];
    const needed = said.addresses.needed(told, now, since);
    return [
      ...(profile === undefined ? [] : [profileFields(profile)]),
      ...(needed === undefined ? [] : [addressFields(needed, now + addressLimits.lifetimeUs)]),
    ];
  }

  async #publish(group: GroupId, told: readonly ContentFields[]): Promise<void> {
    const { writing, apply } = this.#options;
    if (told.length === 0) return;
    apply(await Promise.all(told.map((fields) => writing.append(group, fields))));
  }
}

/** What members say of themselves, by group. */
export function announcementsOf(entries: readonly Entry[], book: GroupBook): Map<GroupId, Entry[]> {
  const said = new Map<GroupId, Entry[]>();
  for (const entry of entries) {
    const { type } = book.of(entry);
    if (type !== 'vouch' && type !== 'profile' && type !== 'address') continue;
    if (!book.allows(entry)) continue;
    const own = said.get(entry.feed.group);
    if (own === undefined) said.set(entry.feed.group, [entry]);
    else own.push(entry);
  }
  return said;
}
