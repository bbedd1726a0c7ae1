// Groups and their members as they are shown. Knows nothing of how they came to be so.
import type { GroupId } from '../../cxo/ids.ts';
import type { PublicKey } from '../../identity.ts';
import type { GroupBook } from './group-book.ts';
import type { Group } from './group.ts';
import type { People } from '../people/people.ts';
import type { Room } from '../room.ts';
import { isoOfTime } from '../time-text.ts';
import type { GroupView, JoinView, MemberView, MessageView } from '../view.ts';

const unbounded = { age_s: null, bytes: null };

export interface GroupViewsOptions {
  readonly self: PublicKey;
  readonly room: Room;
  readonly book: GroupBook;
  readonly people: People;
  readonly counts: (
    group: GroupId,
  ) => Promise<Required<Pick<GroupView, 'unread' | 'mentions' | 'read_cursor'>>>;
  readonly newest: (group: GroupId) => Promise<MessageView | null>;
  readonly join: (group: GroupId) => JoinView | undefined;
}

export class GroupViews {
  readonly #options: GroupViewsOptions;

  constructor(options: GroupViewsOptions) {
    this.#options = options;
  }

  async group(id: GroupId): Promise<GroupView> {
    const { room, book, people, counts, newest, join } = this.#options;
    const found = book.find(id);
    const counted = {
      members: people.count(id),
      ...(await counts(id)),
      last_message: await newest(id),
    };
    if (found === undefined) {
      const isRoom = id === room.id;
      return {
        ...{ id, name: isRoom ? room.name : id, topic: null, encrypted: false, role: 'member' },
        state: isRoom ? 'active' : 'left',
        ...counted,
        ...{ kind: 'room', founder: null, history: true, retention: unbounded, join: null },
      };
    }
    const { genesis, roster, topic, standing } = found;
    const member = roster.members().get(this.#options.self);
    return {
      ...{ id, name: this.#nameOf(found), topic: topic ?? null, encrypted: genesis.encrypted },
      role: member?.role ?? 'member',
      state: standing === 'carried' ? 'left' : standing,
      ...counted,
      kind: genesis.kind === 'direct' ? 'direct' : 'group',
      founder: genesis.kind === 'direct' ? null : genesis.founder,
      history: member?.history ?? false,
      retention: roster.retention() ?? unbounded,
      join: join(id) ?? null,
    };
  }

  /** A conversation of two is called after the other. */
  #nameOf(group: Group): string {
    const { people } = this.#options;
    const { partner } = group;
    if (partner !== undefined) return people.findName(partner) ?? partner;
    return group.name ?? group.id;
  }

  /** @param isOnline whether the member is this node or has a link to it */
  members(id: GroupId, isOnline: (key: PublicKey) => boolean): readonly MemberView[] {
    const { book, people } = this.#options;
    const onRoster = book.find(id)?.roster.members();
    return people.members(id).map((pk): MemberView => {
      const member = onRoster?.get(pk);
      const since = member?.since ?? null;
      const profile = people.findProfile(pk, id);
      return {
        pk,
        name: people.findName(pk, id) ?? null,
        role: member?.role ?? 'member',
        since: since === null ? null : isoOfTime(since),
        online: isOnline(pk),
        note: profile?.note ?? null,
        bot: profile?.bot ?? false,
        // A room has no roster and no secrets.
        history: member?.history ?? true,
      };
    });
  }
}
