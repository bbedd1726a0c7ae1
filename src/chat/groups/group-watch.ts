// Finds out which groups are others than they were when they were last looked at: made, joined, left,
// renamed, with other members, or further in their joining. Knows nothing of why they changed.
import type { Entry } from '../../cxo/entry.ts';
import type { GroupId } from '../../cxo/ids.ts';
import type { Timers } from '../../env.ts';
import type { GroupBook } from './group-book.ts';
import type { Happenings } from '../news/happenings.ts';
import { watchLimits } from '../limits.ts';
import type { People } from '../people/people.ts';
import type { GroupView, JoinView } from '../view.ts';

export interface GroupWatchOptions {
  readonly groups: ReadonlySet<GroupId>;
  readonly book: Pick<GroupBook, 'find' | 'of'>;
  readonly people: Pick<People, 'versionOf' | 'findName'>;
  readonly join: (group: GroupId) => JoinView | undefined;
  readonly view: (group: GroupId) => Promise<GroupView>;
  readonly happenings: Happenings;
  readonly timers: Timers;
}

/** Contents that say something of a group, or of its members. */
const binding: ReadonlySet<string> = new Set(['group', 'profile']);

export class GroupWatch {
  readonly #options: GroupWatchOptions;
  #seen = new Map<GroupId, string>();
  #isJoining = false;
  #cancel: (() => void) | undefined;

  constructor(options: GroupWatchOptions) {
    this.#options = options;
  }

  /** To be called once the groups are known as they are on disk. */
  begin(): void {
    this.#changed();
  }

  /** To be called when a group may have changed. */
  touch(): void {
    this.#cancel ??= this.#options.timers.after(watchLimits.groupsMs, () => {
      this.#cancel = undefined;
      this.#look();
    });
  }

  /** To be called with what arrives, once it counts. */
  arrived(entries: readonly Entry[]): void {
    const { book } = this.#options;
    // Joinings get on by whatever comes.
    if (this.#isJoining || entries.some((entry) => binding.has(book.of(entry).type))) this.touch();
  }

  close(): void {
    this.#cancel?.();
    // Nothing is looked at any more.
    this.#cancel = () => undefined;
  }

  #look(): void {
    const { view, happenings } = this.#options;
    const changed = this.#changed();
    if (!happenings.isWatched) return;
    for (const group of changed) {
      // Where the store cannot be read the streams end by that themselves.
      view(group).then(
        (data) => {
          happenings.tell({ event: 'group', data });
        },
        () => undefined,
      );
    }
  }

  #changed(): GroupId[] {
    const { groups, join } = this.#options;
    const seen = new Map<GroupId, string>();
    this.#isJoining = false;
    for (const group of groups) {
      seen.set(group, this.#outlineOf(group));
      if (join(group) !== undefined) this.#isJoining = true;
    }
    const before = this.#seen;
    this.#seen = seen;
    const all = new Set([...before.keys(), ...seen.keys()]);
    return [...all].filter((group) => before.get(group) !== seen.get(group));
  }

  /** The same as long as nothing of the group is different but its messages. */
  #outlineOf(group: GroupId): string {
    const { book, people, join } = this.#options;
    const found = book.find(group);
    if (found === undefined) return people.versionOf(group);
    const { roster, directory, standing, name, topic, partner } = found;
    // Names that members have in the room alone would change all their groups at once.
    const called = partner === undefined ? name : people.findName(partner);
    const versions = [roster.version, directory.version];
    return JSON.stringify([versions, standing, called, topic, roster.retention(), join(group)]);
  }
}
