// The latest thing of its kind that each author has published, of so many authors. Knows nothing of what
// it is.
import type { PublicKey } from '../../identity.ts';
import { comparePlaces, type Place } from '../timeline/place.ts';

interface Published {
  readonly place: Place;
}

export class LatestOfAuthors<T extends Published> {
  readonly #self: PublicKey;
  readonly #max: number;
  readonly #published = new Map<PublicKey, T>();

  /** @param max authors; there is always room for `self` */
  constructor(self: PublicKey, max: number) {
    this.#self = self;
    this.#max = max;
  }

  get(author: PublicKey): T | undefined {
    return this.#published.get(author);
  }

  /** Any of them again, and an earlier one, changes nothing. */
  put(author: PublicKey, published: T): 'put' | 'known' | 'full' {
    const known = this.#published.get(author);
    if (known === undefined) {
      if (this.#published.size >= this.#max && author !== this.#self) return 'full';
    } else if (comparePlaces(published.place, known.place) <= 0) return 'known';
    this.#published.set(author, published);
    return 'put';
  }
}
