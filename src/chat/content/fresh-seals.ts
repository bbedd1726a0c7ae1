// What this node has sealed a moment ago, so that it need not open it again when the object comes back
// out of its own feed. Knows nothing of keys.
import { equal } from '../../bytes.ts';
import type { Position } from '../../cxo/store.ts';
import { freshSealsMax } from '../limits.ts';
import type { Content } from './message.ts';

interface FreshSeal {
  readonly object: Uint8Array;
  readonly content: Content;
}

export class FreshSeals {
  readonly #byPlace = new Map<string, FreshSeal>();

  put(place: Position, object: Uint8Array, content: Content): void {
    this.#byPlace.set(textOf(place), { object, content });
    if (this.#byPlace.size <= freshSealsMax) return;
    for (const oldest of this.#byPlace.keys()) {
      this.#byPlace.delete(oldest);
      break;
    }
  }

  /** Once; undefined where it was not sealed here, or another object came to stand there. */
  take(place: Position, object: Uint8Array): Content | undefined {
    if (this.#byPlace.size === 0) return undefined;
    const key = textOf(place);
    const found = this.#byPlace.get(key);
    if (found === undefined) return undefined;
    this.#byPlace.delete(key);
    return equal(found.object, object) ? found.content : undefined;
  }
}

function textOf({ feed, seq, index }: Position): string {
  return `${feed.group} ${feed.author} ${feed.head} ${seq} ${index}`;
}
