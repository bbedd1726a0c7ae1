// What there is to tell beside messages: groups that are others than before, sealed messages that can
// be read by now, and how far was read. Knows nothing of who is told.
import type { Entry } from '../../cxo/entry.ts';
import type { GroupBook } from '../groups/group-book.ts';
import { GroupWatch, type GroupWatchOptions } from '../groups/group-watch.ts';
import { Happenings } from './happenings.ts';
import { Openings, type OpeningsOptions } from './openings.ts';
import type { ReadView } from '../view.ts';

export type NewsOptions = Omit<GroupWatchOptions, 'happenings'> &
  Omit<OpeningsOptions, 'isOpen' | 'tell'> & { readonly book: Pick<GroupBook, 'find' | 'of'> };

export class News {
  readonly happenings = new Happenings();
  readonly #watch: GroupWatch;
  readonly #openings: Openings;

  constructor(options: NewsOptions) {
    const { happenings } = this;
    const { book, groups, isShown, apply } = options;
    this.#watch = new GroupWatch({ ...options, happenings });
    this.#openings = new Openings({
      ...options,
      isOpen: (entry) => book.of(entry).type !== 'locked',
      isShown: (entry) => groups.has(entry.feed.group) && isShown(entry),
      apply: (entries) => {
        apply(entries);
        this.#watch.touch();
      },
      tell: (data) => {
        happenings.tell({ event: 'gap', data });
      },
    });
  }

  /** To be called once all is known that is on disk. */
  begin(): void {
    this.#watch.begin();
    this.unlockSoon();
  }

  /** To be called with what arrives, once it counts. */
  arrived(entries: readonly Entry[]): void {
    this.#watch.arrived(entries);
  }

  /** To be called when a group may have changed by what did not arrive. */
  groupsChanged(): void {
    this.#watch.touch();
  }

  /** To be called when keys have come. Where the store cannot be read now, the next key finds it. */
  unlockSoon(): void {
    this.#openings.look().catch(() => undefined);
  }

  readMoved(data: ReadView): void {
    this.happenings.tell({ event: 'read', data });
  }

  close(): void {
    this.#watch.close();
  }
}
