// Which of its own feeds this node writes to, and whether it may: who appends without knowing the
// end of its own feed forks it. Pure state; knows nothing of links.
import type { GroupId } from '../cxo/ids.ts';
import type { FeedId } from '../cxo/root.ts';
import type { PublicKey } from '../identity.ts';
import { syncLimits } from './limits.ts';
import type { Replica } from './replica.ts';

/** The most that a peer says of an own feed. */
interface OwnClaim {
  readonly feed: FeedId;
  readonly seq: number;
  /** Until when it is believed without being backed; monotonic milliseconds. */
  until: number;
}

export interface OwnFeedsOptions {
  readonly self: PublicKey;
  readonly replica: Replica;
  /** False where the own feeds may have roots that this store has lost. */
  readonly known: boolean;
  /** The lowest head number in a group, from one on, that may be written to. */
  readonly headMinOf: (group: GroupId, from: number) => number;
}

export class OwnFeeds {
  readonly #options: OwnFeedsOptions;
  /** By peer, also while its link is gone: what it said is no less true. */
  readonly #claims = new Map<PublicKey, Map<GroupId, OwnClaim>>();
  /** Groups in which a peer has told all that it has. */
  readonly #heard = new Set<GroupId>();

  constructor(options: OwnFeedsOptions) {
    this.#options = options;
  }

  /** The feed that is written to: the one with the highest head number, or one above a fork. */
  current(group: GroupId): FeedId {
    const { self, replica, headMinOf } = this.#options;
    const latest = replica.latest(group, self);
    const head =
      latest === undefined ? 0 : latest.id.head + (latest.forkedAt === undefined ? 0 : 1);
    return { group, author: self, head: headMinOf(group, head) };
  }

  /** Whether a feed is not this node's: of an own one the whole chain has to be known. */
  isOthers(feed: FeedId): boolean {
    return feed.author !== this.#options.self;
  }

  /** A peer says where an own feed stands. A repeated claim is not believed any longer for it. */
  claimed(peer: PublicKey, feed: FeedId, seq: number, now: number): void {
    if (feed.author !== this.#options.self) return;
    const claims = this.#claims.get(peer) ?? new Map<GroupId, OwnClaim>();
    const known = claims.get(feed.group);
    if (known !== undefined && !isBeyond(feed, seq, known)) return;
    const isOpen = known !== undefined && this.#lacks(known);
    const until = isOpen ? known.until : now + syncLimits.ownClaimMs;
    this.#claims.set(peer, claims.set(feed.group, { feed, seq, until }));
    const oldest = this.#claims.keys().next();
    if (this.#claims.size > syncLimits.ownClaimsMax && oldest.done !== true) {
      this.#claims.delete(oldest.value);
    }
  }

  /** The peer does not have what it claimed. */
  refuted(peer: PublicKey, feed: FeedId): void {
    const claim = this.#claims.get(peer)?.get(feed.group);
    if (claim !== undefined && feed.author === this.#options.self) claim.until = 0;
  }

  /** Roots of an own feed came: what is claimed of it may well be true. */
  progressed(feed: FeedId, now: number): void {
    if (feed.author !== this.#options.self) return;
    for (const claims of this.#claims.values()) {
      const claim = claims.get(feed.group);
      if (claim !== undefined) claim.until = now + syncLimits.ownClaimMs;
    }
  }

  /** A peer has told all that it has of the group. */
  heard(group: GroupId): void {
    this.#heard.add(group);
  }

  mayAppend(group: GroupId, now: number): boolean {
    if (!this.#options.known && !this.#heard.has(group)) return false;
    const { head } = this.current(group);
    for (const claims of this.#claims.values()) {
      const claim = claims.get(group);
      if (claim === undefined || claim.feed.head < head || claim.until <= now) continue;
      if (this.#lacks(claim)) return false;
    }
    return true;
  }

  #lacks({ feed, seq }: OwnClaim): boolean {
    const known = this.#options.replica.find(feed);
    return known?.forkedAt === undefined && seq > (known?.stored.seq ?? 0);
  }
}

function isBeyond(feed: FeedId, seq: number, known: OwnClaim): boolean {
  return feed.head === known.feed.head ? seq > known.seq : feed.head > known.feed.head;
}
