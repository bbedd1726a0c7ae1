// The names that authors gave themselves: the latest profile of each. Knows nothing of membership.
import type { Entry } from '../cxo/archive.ts';
import type { GroupId } from '../cxo/ids.ts';
import type { PublicKey } from '../identity.ts';
import { directoryLimits } from './limits.ts';
import { parseContent, type Content } from './message.ts';
import { cleanName } from './names.ts';
import { comparePlaces, placeOf, type Place } from './place.ts';

export interface DirectoryOptions {
  readonly group: GroupId;
  readonly self: PublicKey;
  /** What an entry says: of an encrypted group, what was sealed. */
  readonly contentOf?: (entry: Entry) => Content;
  readonly namesMax?: number;
}

interface Profile {
  readonly place: Place;
  /** Microseconds. */
  readonly time: number;
  readonly name: string;
}

export class Directory {
  readonly #group: GroupId;
  readonly #self: PublicKey;
  readonly #contentOf: (entry: Entry) => Content;
  readonly #namesMax: number;
  readonly #profiles = new Map<PublicKey, Profile>();
  readonly #counters = { 'names-full': 0 };
  #version = 0;

  constructor(options: DirectoryOptions) {
    this.#group = options.group;
    this.#self = options.self;
    this.#contentOf = options.contentOf ?? (({ object }) => parseContent(object));
    this.#namesMax = options.namesMax ?? directoryLimits.namesMax;
  }

  /** Profiles that were not kept, because there are too many authors. */
  get counters(): { readonly 'names-full': number } {
    return this.#counters;
  }

  /** Grows with each change of a name. */
  get version(): number {
    return this.#version;
  }

  /** Takes the profiles among the entries into account; any of them again changes nothing. */
  apply(entries: Iterable<Entry>): void {
    for (const entry of entries) {
      if (entry.feed.group !== this.#group) continue;
      const content = this.#contentOf(entry);
      if (content.type === 'profile') this.#replace(entry, content.name);
    }
  }

  /** Clean, so safe to show; undefined where the author has none. */
  findName(author: PublicKey): string | undefined {
    const name = this.#profiles.get(author)?.name;
    return name === '' ? undefined : name;
  }

  /**
   * The name to publish, where the latest own profile says something else, or is older than `since`;
   * undefined where not.
   */
  profileNeeded(name: string | undefined, since = 0): string | undefined {
    const wanted = name === undefined ? '' : cleanName(name);
    const own = this.#profiles.get(this.#self);
    const isSaid = wanted === own?.name && own.time > since;
    return wanted === '' || isSaid ? undefined : wanted;
  }

  #replace(entry: Entry, given: string): void {
    const { author } = entry.feed;
    const place = placeOf(entry);
    const earlier = this.#profiles.get(author);
    if (earlier !== undefined && comparePlaces(place, earlier.place) <= 0) return;
    if (earlier === undefined && this.#isFull(author)) {
      this.#counters['names-full']++;
      return;
    }
    const name = cleanName(given);
    this.#profiles.set(author, { place, time: entry.time, name });
    if (name !== (earlier?.name ?? '')) this.#version++;
  }

  /** There is always room for the own name. */
  #isFull(author: PublicKey): boolean {
    return this.#profiles.size >= this.#namesMax && author !== this.#self;
  }
}
