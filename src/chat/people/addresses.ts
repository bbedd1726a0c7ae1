// Where members say that they can be dialed: the latest of what each has published, while it holds.
// Knows nothing of membership, links or how an address is dialed.
import type { Entry } from '../../cxo/entry.ts';
import type { GroupId } from '../../cxo/ids.ts';
import type { PublicKey } from '../../identity.ts';
import { addressLimits } from '../limits.ts';
import { areAddresses, parseContent, type Content } from '../content/message.ts';
import { placeOf, type Place } from '../timeline/place.ts';
import { LatestOfAuthors } from './latest-of-authors.ts';

export interface AddressesOptions {
  readonly group: GroupId;
  readonly self: PublicKey;
  /** What an entry says: of an encrypted group, what was sealed. */
  readonly contentOf?: (entry: Entry) => Content;
  /** For tests of the bound. */
  readonly authorsMax?: number;
}

interface Published {
  readonly place: Place;
  /** Microseconds. */
  readonly time: number;
  readonly addresses: readonly string[];
  /** Microseconds. */
  readonly expires: number;
}

export class Addresses {
  readonly #group: GroupId;
  readonly #self: PublicKey;
  readonly #contentOf: (entry: Entry) => Content;
  readonly #published: LatestOfAuthors<Published>;
  readonly #counters = { 'address-malformed': 0, 'addresses-full': 0 };
  #version = 0;

  constructor(options: AddressesOptions) {
    this.#group = options.group;
    this.#self = options.self;
    this.#contentOf = options.contentOf ?? (({ object }) => parseContent(object));
    const { authorsMax = addressLimits.authorsMax } = options;
    this.#published = new LatestOfAuthors(options.self, authorsMax);
  }

  /** Objects that count as not written, and those for which there was no room. */
  get counters(): { readonly 'address-malformed': number; readonly 'addresses-full': number } {
    return this.#counters;
  }

  /** Grows whenever somebody has published others than before. */
  get version(): number {
    return this.#version;
  }

  /** Takes the addresses among the entries into account; any of them again changes nothing. */
  apply(entries: Iterable<Entry>): void {
    for (const entry of entries) {
      if (entry.feed.group !== this.#group) continue;
      const content = this.#contentOf(entry);
      if (content.type !== 'address') continue;
      if (areAddresses(content.addresses)) {
        const { addresses, expires } = content;
        this.#put(entry.feed.author, {
          ...{ place: placeOf(entry), time: entry.time, addresses, expires },
        });
      } else this.#counters['address-malformed']++;
    }
  }

  /** `host:port` each; none where the author has none that holds. `now` in microseconds. */
  of(author: PublicKey, now: number): readonly string[] {
    const published = this.#published.get(author);
    return published === undefined || published.expires <= now ? [] : published.addresses;
  }

  /**
   * The addresses to publish, where the latest own ones are others, have lost half of their life, or
   * are older than `since`; undefined where not.
   */
  needed(wanted: readonly string[], now: number, since = 0): readonly string[] | undefined {
    const latest = this.#published.get(this.#self);
    const left = (latest?.expires ?? 0) - now;
    const current = left > 0 ? (latest?.addresses ?? []) : [];
    const isYoung = left >= addressLimits.lifetimeUs / 2 && (latest?.time ?? 0) > since;
    const isFresh = wanted.length === 0 || isYoung;
    return isFresh && isSameSet(wanted, current) ? undefined : wanted;
  }

  #put(author: PublicKey, published: Published): void {
    const done = this.#published.put(author, published);
    if (done === 'put') this.#version++;
    else if (done === 'full') this.#counters['addresses-full']++;
  }
}

function isSameSet(some: readonly string[], others: readonly string[]): boolean {
  const set = new Set(others);
  return new Set(some).size === set.size && some.every((each) => set.has(each));
}
