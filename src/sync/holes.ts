// Which peers lack objects that nothing explains, and where: so long as it is so they are not asked for
// those roots again. A port and pure state; knows nothing of frames, and not what a message says.
import type { Entry } from '../cxo/entry.ts';
import type { MessageId } from '../cxo/ids.ts';
import type { FeedId, FeedKey } from '../cxo/root.ts';
import type { Run } from '../cxo/segment.ts';
import { syncLimits } from './limits.ts';
import type { Holder } from './plan.ts';

/** Asked of whoever knows what was deleted and how long messages are kept. Answers are as of now. */
export interface Shedding {
  /**
   * Whether a message may come without its object: its author has deleted it, or it is older than this
   * node or its group keeps messages.
   */
  mayLack(feed: FeedId, time: number, id: MessageId): boolean;
  /**
   * What an author says in verified roots that are not taken yet, since objects are missing: among it may
   * be what explains that.
   */
  learn(entries: readonly Entry[]): void;
  /** Whether the object of a message that may be lacking is not to be kept here. */
  sheds(entry: Entry): boolean;
}

/** Every message has its object. */
export const nothingLacks: Shedding = {
  mayLack: () => false,
  learn: () => undefined,
  sheds: () => false,
};

export interface Lacking {
  readonly time: number;
  readonly id: MessageId;
}

/** Objects that a peer's segment leaves out. */
export interface Hole {
  /** The last root before the segment: as far as that the peer may be asked. */
  readonly until: number;
  /** The last root that lacks objects. */
  readonly last: number;
  /** Some of what is missing: none of it may be, for the peer to be asked again. */
  readonly lacking: readonly Lacking[];
}

interface Mark extends Hole {
  readonly feed: FeedId;
  /** Whether what is behind it was asked for, to find out what explains it. */
  isRead: boolean;
}

/** What a run leaves out without an explanation, of its roots behind one and before another. */
export function findHole(
  { feed, from, entries }: Run,
  above: number,
  below: number,
  mayLack: Shedding['mayLack'],
): Hole | undefined {
  const lacking: Lacking[] = [];
  let last = 0;
  for (const { seq, time, objects } of entries) {
    if (seq <= above || seq >= below) continue;
    for (const { bytes, message: id } of objects) {
      if (bytes !== undefined || mayLack(feed, time, id)) continue;
      last = seq;
      if (lacking.length < syncLimits.lackingMax) lacking.push({ time, id });
    }
  }
  return last === 0 ? undefined : { until: Math.max(above, from - 1), last, lacking };
}

export class Holes {
  /** By link. */
  readonly #marks = new Map<number, Map<FeedKey, Mark>>();

  /** False where too many are known of the link: then its claim is dropped. */
  add(link: number, key: FeedKey, feed: FeedId, hole: Hole): boolean {
    const ofLink = this.#marks.get(link) ?? new Map<FeedKey, Mark>();
    const known = ofLink.get(key);
    if (known === undefined && ofLink.size >= syncLimits.holesOfLinkMax) return false;
    const mark = {
      feed,
      until: Math.min(hole.until, known?.until ?? Infinity),
      last: Math.max(hole.last, known?.last ?? 0),
      lacking: known?.lacking ?? hole.lacking,
      isRead: known?.isRead === true && known.last >= hole.last,
    };
    this.#marks.set(link, ofLink.set(key, mark));
    return true;
  }

  /** What the link lacks of a feed beyond `tip`. */
  find(link: number, key: FeedKey, tip: number): Hole | undefined {
    const mark = this.#marks.get(link)?.get(key);
    return mark === undefined || mark.last <= tip ? undefined : mark;
  }

  /** Of holders that all lack objects, one whose roots behind that may say why, below the newest part. */
  takeUnread(
    all: readonly Holder[],
    key: FeedKey,
    tip: number,
    tailFrom: number,
  ): { readonly link: number; readonly from: number; readonly to: number } | undefined {
    for (const { link, seq } of all) {
      const mark = this.#marks.get(link)?.get(key);
      const to = Math.min(seq, tailFrom - 1);
      if (mark === undefined || mark.isRead || mark.last <= tip || mark.last >= to) continue;
      mark.isRead = true;
      return { link, from: mark.last + 1, to };
    }
    return undefined;
  }

  /** Each holder as far as it has all objects, and only those that have some more then. */
  limit(all: readonly Holder[], key: FeedKey, tip: number): Holder[] {
    return all.flatMap((holder) => {
      const until = this.find(holder.link, key, tip)?.until ?? Infinity;
      const seq = Math.min(holder.seq, until);
      return seq > tip ? [{ ...holder, seq }] : [];
    });
  }

  /** Of holders that all lack objects, the one that lacks them the least far, and what is behind that. */
  findBehind(
    all: readonly Holder[],
    key: FeedKey,
    tip: number,
  ): { readonly link: number; readonly from: number } | undefined {
    let best: { readonly link: number; readonly from: number } | undefined;
    for (const { link, seq } of all) {
      const last = this.find(link, key, tip)?.last;
      if (last === undefined || last >= seq) continue;
      if (best === undefined || last + 1 < best.from) best = { link, from: last + 1 };
    }
    return best;
  }

  /** Whether a link is known to lack objects of the root, or before it. */
  lacks(link: number, key: FeedKey, seq: number): boolean {
    const hole = this.find(link, key, seq - 1);
    return hole !== undefined && hole.until < seq;
  }

  /** Forgets what is explained by now. @returns the feeds */
  takeExplained(mayLack: Shedding['mayLack']): FeedId[] {
    const explained: FeedId[] = [];
    for (const ofLink of this.#marks.values()) {
      for (const [key, { feed, lacking }] of ofLink) {
        if (!lacking.every(({ time, id }) => mayLack(feed, time, id))) continue;
        ofLink.delete(key);
        explained.push(feed);
      }
    }
    return explained;
  }

  dropLink(link: number): void {
    this.#marks.delete(link);
  }
}
