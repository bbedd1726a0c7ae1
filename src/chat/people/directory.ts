// The names that authors gave themselves: the latest profile of each. Knows nothing of membership.
import type { Entry } from '../../cxo/archive.ts';
import type { GroupId } from '../../cxo/ids.ts';
import type { PublicKey } from '../../identity.ts';
import { directoryLimits } from '../limits.ts';
import { parseContent, type Content, type ProfileContent } from '../content/message.ts';
import { cleanLine, cleanName } from './names.ts';
import { placeOf, type Place } from '../timeline/place.ts';
import { LatestOfAuthors } from './latest-of-authors.ts';

export interface DirectoryOptions {
  readonly group: GroupId;
  readonly self: PublicKey;
  /** What an entry says: of an encrypted group, what was sealed. */
  readonly contentOf?: (entry: Entry) => Content;
  readonly namesMax?: number;
}

/** What a node says of itself. */
export interface OwnProfile {
  readonly name: string | undefined;
  readonly note: string | undefined;
  readonly bot: boolean;
}

export const nameless: OwnProfile = { name: undefined, note: undefined, bot: false };

interface Profile {
  readonly place: Place;
  /** Microseconds. */
  readonly time: number;
  readonly name: string;
  readonly note: string | undefined;
  readonly bot: boolean;
}

export class Directory {
  readonly #group: GroupId;
  readonly #self: PublicKey;
  readonly #contentOf: (entry: Entry) => Content;
  readonly #profiles: LatestOfAuthors<Profile>;
  readonly #counters = { 'names-full': 0 };
  #version = 0;

  constructor(options: DirectoryOptions) {
    this.#group = options.group;
    this.#self = options.self;
    this.#contentOf = options.contentOf ?? (({ object }) => parseContent(object));
    const { namesMax = directoryLimits.namesMax } = options;
    this.#profiles = new LatestOfAuthors(options.self, namesMax);
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
      if (content.type === 'profile') this.#put(entry, content);
    }
  }

  /** Clean, so safe to show; undefined where the author has none. */
  findName(author: PublicKey): string | undefined {
    const name = this.#profiles.get(author)?.name;
    return name === '' ? undefined : name;
  }

  /** What the author says of itself; undefined where it has no profile. */
  find(author: PublicKey): Pick<Profile, 'note' | 'bot'> | undefined {
    return this.#profiles.get(author);
  }

  /**
   * The profile to publish, where the latest own profile says something else, or is older than `since`;
   * undefined where not.
   */
  profileNeeded(said: OwnProfile, since = 0): OwnProfile | undefined {
    const own = this.#profiles.get(this.#self);
    const { name, note, bot } = cleanProfile(said);
    // Who says nothing is called as before.
    const isSilent = name === '' && note === undefined && !bot;
    if (own === undefined) return isSilent ? undefined : { name, note, bot };
    const isSame = isSilent || (name === own.name && note === own.note && bot === own.bot);
    if (!isSame) return { name, note, bot };
    return own.time > since ? undefined : { name: own.name, note: own.note, bot: own.bot };
  }

  #put(entry: Entry, given: ProfileContent): void {
    const { feed, time } = entry;
    const before = this.#profiles.get(feed.author)?.name ?? '';
    const [name, note] = [cleanName(given.name), cleanNote(given.note)];
    const profile = { place: placeOf(entry), time, name, note, bot: given.bot };
    const done = this.#profiles.put(feed.author, profile);
    if (done === 'full') this.#counters['names-full']++;
    else if (done === 'put' && name !== before) this.#version++;
  }
}

function cleanProfile({ name = '', note, bot }: OwnProfile): OwnProfile {
  return { name: cleanName(name), note: cleanNote(note), bot };
}

function cleanNote(note: string | undefined): string | undefined {
  const clean = cleanLine(note ?? '', directoryLimits.noteCharactersMax);
  return clean === '' ? undefined : clean;
}
