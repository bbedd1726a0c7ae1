// From whom each feed is being caught up: one peer at a time, in the order in which they are looked
// at again. Pure state; knows nothing of what was asked.
import type { FeedId, FeedKey } from '../cxo/root.ts';
import { syncLimits } from './limits.ts';

export interface Source {
  readonly feed: FeedId;
  readonly key: FeedKey;
  readonly link: number;
  /** When it was asked, or last sent some of the feed; monotonic milliseconds. */
  readonly progressAt: number;
  /** When it was last looked at, or made progress. */
  readonly seenAt: number;
}

export class Sources {
  /** By `seenAt`: the first is the next to be looked at. */
  readonly #sources = new Map<FeedKey, Source>();
  readonly #loads = new Map<number, number>();

  find(key: FeedKey): Source | undefined {
    return this.#sources.get(key);
  }

  /** How many feeds a link is being asked for. */
  load(link: number): number {
    return this.#loads.get(link) ?? 0;
  }

  /** Takes the place of the feed's source before; `seenAt` is now. */
  put(source: Source): void {
    this.delete(source.key);
    this.#sources.set(source.key, source);
    this.#loads.set(source.link, this.load(source.link) + 1);
  }

  delete(key: FeedKey): void {
    const source = this.#sources.get(key);
    if (source === undefined) return;
    this.#sources.delete(key);
    const load = this.load(source.link) - 1;
    if (load > 0) this.#loads.set(source.link, load);
    else this.#loads.delete(source.link);
  }

  ofLink(link: number): Source[] {
    if (this.load(link) === 0) return [];
    return [...this.#sources.values()].filter((source) => source.link === link);
  }

  /** Sources that have not been looked at for as long as one may be silent. */
  due(now: number): Source[] {
    const due: Source[] = [];
    for (const source of this.#sources.values()) {
      if (source.seenAt + syncLimits.stallMs > now) break;
      due.push(source);
    }
    return due;
  }

  get deadline(): number | undefined {
    const first = this.#sources.values().next();
    return first.done === true ? undefined : first.value.seenAt + syncLimits.stallMs;
  }
}
