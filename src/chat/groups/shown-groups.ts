// The groups whose messages are shown: the room, those of the book that this node is or was in, and
// what was its room before, of which there is nothing but its feeds.
import type { Entry } from '../../cxo/entry.ts';
import type { GroupId } from '../../cxo/ids.ts';
import type { Store } from '../../cxo/store.ts';
import type { GroupBook } from './group-book.ts';

export interface ShownGroupsOptions {
  readonly room: { readonly id: GroupId };
  readonly store: Pick<Store, 'feeds'>;
  readonly book: Pick<GroupBook, 'find' | 'groups'>;
}

export class ShownGroups {
  readonly #options: ShownGroupsOptions;
  readonly #ids = new Set<GroupId>();

  constructor(options: ShownGroupsOptions) {
    this.#options = options;
    this.look();
  }

  /** The same set all the time. */
  get ids(): ReadonlySet<GroupId> {
    return this.#ids;
  }

  /** To be called when the book has changed. */
  look(): void {
    const { room, store, book } = this.#options;
    this.#ids.add(room.id);
    for (const { feed } of store.feeds()) this.#addFormerRoom(feed.group);
    for (const { id, isShown } of book.groups()) {
      if (isShown) this.#ids.add(id);
      else this.#ids.delete(id);
    }
  }

  arrived(entries: readonly Entry[]): void {
    for (const { feed } of entries) this.#addFormerRoom(feed.group);
  }

  #addFormerRoom(group: GroupId): void {
    if (this.#options.book.find(group) === undefined) this.#ids.add(group);
  }
}
