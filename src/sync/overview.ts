// What can be seen of the gossip from outside: where feeds and peers stand, who has what on disk,
// what was dropped. Derived from the state at each call; keeps only what peers said before they left.
import { emptyHead } from '../cxo/feed.ts';
import { feedKey, type FeedId, type FeedKey } from '../cxo/root.ts';
import type { Run } from '../cxo/segment.ts';
import type { PublicKey } from '../identity.ts';
import type { Now } from './events.ts';
import type { Forks } from './forks.ts';
import { syncLimits } from './limits.ts';
import type { Journal } from './journal.ts';
import type { Outbox } from './outbox.ts';
import type { OwnFeeds } from './own-feeds.ts';
import { buildSyncLoad, type SyncLoad } from './load.ts';
import { Progress, type ProgressView } from './progress.ts';
import type { Receipts } from './receipts.ts';
import { endOfFeed, sharedClaim, type Feed, type Replica } from './replica.ts';
import type { Claim, Session } from './session.ts';
import type { Stretches } from './stretches.ts';

export interface FeedOverview {
  readonly feed: FeedId;
  readonly seq: number;
  readonly count: number;
  /** Its author's clock at the latest root; microseconds, 0 where there is none. */
  readonly time: number;
  /** Messages that some peer has and this node has not. */
  readonly behind: number;
  /** Linked peers that have at least as much of it. */
  readonly sources: readonly PublicKey[];
  readonly forkedAt: number | undefined;
  /** Wall clock of the latest root that a peer sent, since the start; microseconds. */
  readonly receivedAt: number | undefined;
}

export interface PeerLag {
  /** Messages that the peer has and this node has not. */
  readonly behind: number;
  /** Messages that this node has and the peer is not known to have. */
  readonly ahead: number;
}

interface OverviewParts {
  readonly self: PublicKey;
  readonly replica: Replica;
  readonly outbox: Outbox;
  readonly sessions: ReadonlyMap<number, Session>;
  readonly journal: Journal;
  readonly forks: Forks;
  readonly receipts: Receipts;
  readonly ownFeeds: OwnFeeds;
  readonly asked: Stretches;
}

export class Overview {
  readonly #self: PublicKey;
  readonly #replica: Replica;
  readonly #outbox: Outbox;
  readonly #sessions: ReadonlyMap<number, Session>;
  readonly #journal: Journal;
  readonly #forks: Forks;
  readonly #receipts: Receipts;
  readonly #ownFeeds: OwnFeeds;
  readonly #asked: Stretches;
  readonly #progress = new Progress();
  /** By peers that are gone, the latest last: what they stored stays stored. */
  readonly #remembered = new Map<PublicKey, ReadonlyMap<FeedKey, Claim>>();
  #rememberedClaims = 0;

  constructor(parts: OverviewParts) {
    this.#self = parts.self;
    this.#replica = parts.replica;
    this.#outbox = parts.outbox;
    this.#sessions = parts.sessions;
    this.#journal = parts.journal;
    this.#forks = parts.forks;
    this.#receipts = parts.receipts;
    this.#ownFeeds = parts.ownFeeds;
    this.#asked = parts.asked;
  }

  /** Whether each own feed that is here may be written to: peers have told where it stands. */
  areOwnFeedsKnown(now: Now): boolean {
    for (const { id } of this.#replica.all()) {
      if (id.author === this.#self && !this.#ownFeeds.mayAppend(id.group, now.mono)) return false;
    }
    return true;
  }

  /**
   * Keeps what a peer had, once its link is closed: what it claimed and this node has not only where
   * the peer has sent anything that was news.
   */
  remember(session: Session): void {
    const { peer, banned, isBacked } = session;
    if (session.claims.size === 0) return;
    this.#forget(peer);
    if (banned) return;
    const claims = isBacked ? session.claims : new Map([...session.claims].filter(this.#isKnown));
    this.#remembered.set(peer, claims);
    this.#rememberedClaims += claims.size;
    for (const oldest of this.#remembered.keys()) {
      if (this.#rememberedClaims <= syncLimits.rememberedClaimsMax) break;
      this.#forget(oldest);
    }
  }

  readonly #isKnown = ([key, claim]: readonly [FeedKey, Claim]): boolean =>
    lack(this.#replica.findByKey(key), claim) === 0;

  #forget(peer: PublicKey): void {
    this.#rememberedClaims -= this.#remembered.get(peer)?.size ?? 0;
    this.#remembered.delete(peer);
  }

  /**
   * Other nodes that are known to have a root of a feed on disk, by their own word: neighbours by
   * `have`, others by their receipts. Its author is one of them.
   */
  storedBy(feed: FeedId, seq: number): PublicKey[] {
    const key = feedKey(feed);
    const stored = new Set(feed.author === this.#self ? [] : [feed.author]);
    for (const { peer, claims } of this.#sessions.values()) {
      if ((claims.get(key)?.seq ?? 0) >= seq) stored.add(peer);
    }
    for (const [peer, claims] of this.#remembered) {
      if ((claims.get(key)?.seq ?? 0) >= seq) stored.add(peer);
    }
    for (const member of this.#receipts.storedBy(feed, seq)) stored.add(member);
    return [...stored];
  }

  feeds(): FeedOverview[] {
    const claims = this.#claimsByPeer();
    const feeds = new Map<FeedKey, FeedId>();
    for (const feed of this.#replica.all()) feeds.set(feed.key, feed.id);
    for (const ofPeer of claims.values()) {
      for (const [key, { feed, seq }] of ofPeer) if (seq > 0) feeds.set(key, feed);
    }
    return [...feeds]
      .filter(([, feed]) => this.#replica.accepts(feed))
      .map(([key, feed]) => this.#overviewOf(key, feed, claims));
  }

  #overviewOf(
    key: FeedKey,
    feed: FeedId,
    claims: ReadonlyMap<PublicKey, ReadonlyMap<FeedKey, Claim>>,
  ): FeedOverview {
    const known = this.#replica.findByKey(key);
    const { seq, count } = known?.stored ?? emptyHead;
    const { time } = known?.storedTail?.head ?? known?.stored ?? emptyHead;
    const sources: PublicKey[] = [];
    let behind = 0;
    for (const [peer, ofPeer] of claims) {
      const claim = ofPeer.get(key);
      if (claim === undefined) continue;
      behind = Math.max(behind, lack(known, claim));
      if (claim.seq >= seq && this.#isLinked(peer)) sources.push(peer);
    }
    const { forkedAt, receivedAt } = known ?? { forkedAt: undefined, receivedAt: undefined };
    return { feed, seq, count, time, behind, sources, forkedAt, receivedAt };
  }

  /** Messages that peers have and this node has not; 0 is in sync. */
  behind(): number {
    const doubted = [...this.#sessions.values()].map((session) => session.doubted);
    return this.#lackOf([...this.#claimsByPeer().values(), ...doubted]);
  }

  /** The same, of what linked peers have. */
  behindOfLinked(): number {
    return this.#lackOf([...this.#sessions.values()].map(({ claims }) => claims));
  }

  /** A run of a peer is on disk. */
  settled(session: Session | undefined, run: Run, now: Now): void {
    let messages = 0;
    for (const { objects } of run.entries) messages += objects.length;
    if (session !== undefined) this.#progress.note(session.peer, messages, now);
  }

  /** To be called from time to time, so that it is known since when something is missing. */
  observe(now: Now): void {
    this.#progress.missing(this.behind(), now);
  }

  /** @param have messages on disk, as the caller counts them */
  progress(have: number, now: Now): ProgressView {
    return this.#progress.view(have, this.behind(), now);
  }

  #lackOf(claimsOfPeers: Iterable<ReadonlyMap<FeedKey, Claim>>): number {
    const most = new Map<FeedKey, number>();
    for (const claims of claimsOfPeers) {
      for (const [key, claim] of claims) {
        const lacking = lack(this.#replica.findByKey(key), claim);
        if (lacking <= (most.get(key) ?? 0) || !this.#replica.accepts(claim.feed)) continue;
        most.set(key, lacking);
      }
    }
    let sum = 0;
    for (const lacking of most.values()) sum += lacking;
    return sum;
  }

  lag(peer: PublicKey): PeerLag {
    const claims = this.#claimsByPeer().get(peer);
    let behind = 0;
    let ahead = 0;
    for (const [key, claim] of claims ?? []) {
      if (this.#replica.accepts(claim.feed)) behind += lack(this.#replica.findByKey(key), claim);
    }
    for (const feed of this.#replica.all()) {
      const { seq, count } = sharedClaim(feed);
      const claim = claims?.get(feed.key);
      if (seq <= (claim?.seq ?? 0) || !this.#replica.accepts(feed.id)) continue;
      ahead += Math.max(1, count - (claim?.count ?? 0));
    }
    return { behind, ahead };
  }

  /** What program a linked peer says that it is. */
  agentOf(peer: PublicKey): string | undefined {
    for (const session of this.#sessions.values()) if (session.peer === peer) return session.agent;
    return undefined;
  }

  /** Whether a root is of a stretch that its author signed twice. */
  isDisputed(feed: FeedId, seq: number): boolean {
    const forkedAt = this.#replica.find(feed)?.forkedAt;
    return forkedAt !== undefined && seq >= forkedAt;
  }

  get forks(): number {
    return this.#forks.count;
  }

  get held(): number {
    return this.#journal.heldCount;
  }

  /** What waits, and what is under way. */
  load(): SyncLoad {
    return buildSyncLoad(this.#sessions.values(), this.#journal, this.#asked);
  }

  dropped(): Readonly<Record<string, number>> {
    return this.#outbox.counters();
  }

  #isLinked(peer: PublicKey): boolean {
    for (const session of this.#sessions.values()) if (session.peer === peer) return true;
    return false;
  }

  #claimsByPeer(): Map<PublicKey, ReadonlyMap<FeedKey, Claim>> {
    const claims = new Map(this.#remembered);
    for (const session of this.#sessions.values()) {
      const remembered = this.#remembered.get(session.peer);
      if (remembered === undefined || session.greeted) claims.set(session.peer, session.claims);
    }
    return claims;
  }
}

function lack(feed: Feed | undefined, claim: Claim): number {
  if (feed === undefined) return claim.count;
  if (Math.min(claim.seq, endOfFeed(feed)) <= feed.stored.seq) return 0;
  const { stored, storedTail: tail } = feed;
  if (tail === undefined) return Math.max(1, claim.count - stored.count);
  // Of what is below the newest part, and what is above it.
  const below = Math.min(claim.count, tail.countBefore) - stored.count;
  return Math.max(1, below + Math.max(0, claim.count - tail.head.count));
}
