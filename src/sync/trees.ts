// The spanning tree of each feed over this node's links (Plumtree, Leitão et al. 2007): which peer
// brings a feed's new roots first, which peers are sent only word of them, and what was told of and
// is waited for along the tree. Pure state; knows nothing of frames.
import type { FeedId, FeedKey } from '../cxo/root.ts';
import { syncLimits } from './limits.ts';
import type { Session } from './session.ts';

interface Wait {
  readonly feed: FeedId;
  /** Monotonic milliseconds. */
  readonly until: number;
}

export class Trees {
  readonly #sessions: ReadonlyMap<number, Session>;
  /** The link that was the first to bring the latest new roots of a feed. */
  readonly #parents = new Map<FeedKey, number>();
  /** By time: each waits equally long. */
  readonly #waits = new Map<FeedKey, Wait>();

  constructor(sessions: ReadonlyMap<number, Session>) {
    this.#sessions = sessions;
  }

  /** A peer brought new roots before all others: the link is an edge of the tree. */
  delivered(session: Session, key: FeedKey): void {
    this.#parents.set(key, session.link);
    session.lazy.delete(key);
    this.#waits.delete(key);
  }

  /** A peer brought what was here: one of two paths is enough, and that to the parent stays. */
  isSpare(session: Session, key: FeedKey): boolean {
    return this.#parents.get(key) !== session.link;
  }

  /**
   * Whether roots that a peer told of are to be waited for: an edge of the tree may well bring them.
   * Once they were waited for in vain, that edge is given up.
   */
  expects(session: Session, key: FeedKey, feed: FeedId, now: number): boolean {
    const parent = this.#parents.get(key);
    if (parent === undefined || parent === session.link || !this.#sessions.has(parent))
      return false;
    if (!this.#waits.has(key)) this.#waits.set(key, { feed, until: now + syncLimits.graftMs });
    return true;
  }

  /** Feeds of which nothing came in time. */
  takeOverdue(now: number): FeedId[] {
    const overdue: FeedId[] = [];
    for (const [key, { feed, until }] of this.#waits) {
      if (until > now) break;
      this.#waits.delete(key);
      this.#parents.delete(key);
      overdue.push(feed);
    }
    return overdue;
  }

  dropLink(link: number): FeedId[] {
    const waiting: FeedId[] = [];
    for (const [key, parent] of this.#parents) {
      if (parent !== link) continue;
      this.#parents.delete(key);
      const wait = this.#waits.get(key);
      this.#waits.delete(key);
      if (wait !== undefined) waiting.push(wait.feed);
    }
    return waiting;
  }

  get deadline(): number | undefined {
    const first = this.#waits.values().next();
    return first.done === true ? undefined : first.value.until;
  }
}
