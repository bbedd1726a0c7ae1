// What peers say that they have of feeds, and which of them can be asked for more: those that have it,
// with its objects. Knows nothing of what was asked for.
import { feedKey, type FeedId, type FeedKey } from '../cxo/root.ts';
import type { Now } from './events.ts';
import { Holes } from './holes.ts';
import type { Outbox } from './outbox.ts';
import type { OwnFeeds } from './own-feeds.ts';
import type { Holder } from './plan.ts';
import { wantsMore, type Replica } from './replica.ts';
import type { Claim, Session } from './session.ts';
import type { Stretches } from './stretches.ts';

export interface ClaimsParts {
  readonly replica: Replica;
  readonly outbox: Outbox;
  readonly ownFeeds: OwnFeeds;
  readonly sessions: ReadonlyMap<number, Session>;
}

export class Claims {
  readonly #replica: Replica;
  readonly #outbox: Outbox;
  readonly #ownFeeds: OwnFeeds;
  readonly #sessions: ReadonlyMap<number, Session>;
  readonly #stretches: Stretches;
  readonly holes = new Holes();

  constructor(parts: ClaimsParts, stretches: Stretches) {
    this.#replica = parts.replica;
    this.#outbox = parts.outbox;
    this.#ownFeeds = parts.ownFeeds;
    this.#sessions = parts.sessions;
    this.#stretches = stretches;
  }

  /** Notes where a peer stands; false where it names too many feeds. */
  claim(session: Session, claim: Claim, now: Now): boolean {
    const taken = session.claim(feedKey(claim.feed), claim);
    if (taken) this.#ownFeeds.claimed(session.peer, claim.feed, claim.seq, now.mono);
    else this.#outbox.count('too-many-feeds');
    return taken;
  }

  /** Whether roots up to `seq` would be news that this node may take. */
  lacks(id: FeedId, seq: number): boolean {
    if (seq === 0 || !this.#replica.accepts(id)) return false;
    const feed = this.#replica.find(id);
    return feed === undefined ? !this.#replica.hasAllHeads(id) : wantsMore(feed, seq);
  }

  /** Feeds of which peers claim to have what this node may take. */
  wanted(): Iterable<FeedId> {
    const wanted = new Map<FeedKey, FeedId>();
    for (const { claims } of this.#sessions.values()) {
      for (const [key, { feed, seq }] of claims) {
        if (this.lacks(feed, seq)) wanted.set(key, feed);
      }
    }
    return wanted.values();
  }

  /** The peers that have more of the feed. */
  holdersOf(id: FeedId, key: FeedKey): Holder[] {
    const holders: Holder[] = [];
    for (const session of this.#sessions.values()) {
      const claim = session.claims.get(key);
      if (claim === undefined || !session.shares(id.group) || !this.lacks(id, claim.seq)) continue;
      const { link } = session;
      const parts = this.#stretches.of(key).filter((stretch) => stretch.link === link).length;
      holders.push({ link, seq: claim.seq, load: this.#stretches.load(link), parts });
    }
    return holders;
  }

  /** Whether no other linked peer may have all objects of the root. */
  isLastResort(session: Session, id: FeedId, seq: number): boolean {
    const key = feedKey(id);
    if (!this.#ownFeeds.isOthers(id)) return false;
    for (const other of this.#sessions.values()) {
      const hasIt = other.shares(id.group) && (other.claims.get(key)?.seq ?? 0) >= seq;
      if (other !== session && hasIt && !this.holes.lacks(other.link, key, seq)) return false;
    }
    return true;
  }
}
