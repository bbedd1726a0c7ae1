// Makes a group known where its new members, or those who are to carry it, will hear of it. Knows
// nothing of how members are let in.
import type { GroupId } from '../../cxo/ids.ts';
import type { PublicKey } from '../../identity.ts';
import type { GroupBook } from './group-book.ts';
import type { Group } from './group.ts';
import { offerFields } from './offer.ts';
import type { Writing } from '../writing.ts';

export interface OfferingOptions {
  readonly room: { readonly id: GroupId };
  readonly isInRoom: (key: PublicKey) => boolean;
  readonly book: Pick<GroupBook, 'groups'>;
  readonly writing: Pick<Writing, 'append'>;
}

export class Offering {
  readonly #options: OfferingOptions;

  constructor(options: OfferingOptions) {
    this.#options = options;
  }

  /** Makes the group known where its new members, or those who carry it, will hear of it. */
  async offer(group: Group, to: readonly PublicKey[]): Promise<void> {
    const { writing, room, isInRoom } = this.#options;
    const { genesis } = group;
    if (genesis.encrypted && !group.isOffered) {
      group.isOffered = true;
      await writing.append(room.id, offerFields({ genesis, to: undefined }));
    }
    const others = genesis.encrypted ? to.filter((key) => !isInRoom(key)) : to;
    const byGroup = new Map<GroupId, PublicKey[]>();
    for (const key of others) {
      const shared = this.sharedGroup(key, group.id);
      if (shared !== undefined) byGroup.set(shared, [...(byGroup.get(shared) ?? []), key]);
    }
    for (const [shared, keys] of byGroup) {
      await writing.append(shared, offerFields({ genesis, to: keys }));
    }
  }

  /** A group in which the key reads what this node writes. */
  sharedGroup(key: PublicKey, but?: GroupId): GroupId | undefined {
    const { room, isInRoom, book } = this.#options;
    if (isInRoom(key)) return room.id;
    for (const group of book.groups()) {
      const { id, genesis, roster, standing } = group;
      if (id === but || genesis.kind === 'direct' || standing !== 'active') continue;
      if (roster.isMember(key)) return id;
    }
    return undefined;
  }
}
