// What comes in from peers: their word of what they have, which is asked for where this node lacks
// it, and the segments that answer. Each feed is caught up from one peer at a time; a peer that
// claims and does not deliver loses its claim.
import { accept, emptyHead } from '../cxo/feed.ts';
import type { GroupId } from '../cxo/ids.ts';
import { feedKey, type FeedId, type FeedKey } from '../cxo/root.ts';
import { countRoots, verifySegment, type Run, type SegmentReason } from '../cxo/segment.ts';
import { equal } from '../bytes.ts';
import type { Now } from './events.ts';
import type { Forks } from './forks.ts';
import { rootPrefixBytes, type Frame, type Have, type Place } from './frames.ts';
import type { Journal } from './journal.ts';
import { syncLimits } from './limits.ts';
import type { DropReason, Outbox } from './outbox.ts';
import { wantsMore, type Feed, type Replica } from './replica.ts';
import type { Claim, Session } from './session.ts';

/** From whom a feed is being caught up. */
interface Source {
  readonly feed: FeedId;
  readonly link: number;
  /** When it was asked, or last sent something; monotonic milliseconds. */
  progressAt: number;
}

export interface IntakeParts {
  readonly replica: Replica;
  readonly journal: Journal;
  readonly outbox: Outbox;
  readonly forks: Forks;
  readonly sessions: ReadonlyMap<number, Session>;
}

export class Intake {
  readonly #replica: Replica;
  readonly #journal: Journal;
  readonly #outbox: Outbox;
  readonly #forks: Forks;
  readonly #sessions: ReadonlyMap<number, Session>;
  readonly #sources = new Map<FeedKey, Source>();

  constructor(parts: IntakeParts) {
    this.#replica = parts.replica;
    this.#journal = parts.journal;
    this.#outbox = parts.outbox;
    this.#forks = parts.forks;
    this.#sessions = parts.sessions;
  }

  /** A peer says what it has: asks for what is missing here. */
  have(session: Session, group: GroupId, haves: readonly Have[], now: Now): void {
    const wanted: FeedId[] = [];
    for (const have of haves) {
      const feed = { group, author: have.author, head: have.head };
      if (!this.#claim(session, { feed, seq: have.seq, count: have.count })) continue;
      const known = this.#replica.find(feed);
      if (known !== undefined && showsAnotherRoot(known, have)) {
        this.#forks.suspect(session, known, undefined, now);
      }
      if (this.#lacks(feed, have.seq)) wanted.push(feed);
    }
    this.#seek(wanted, now);
  }

  /** Asks again for everything that peers claim to have and this node may take. */
  seekAll(now: Now): void {
    const wanted = new Map<FeedKey, FeedId>();
    for (const { claims } of this.#sessions.values()) {
      for (const [key, { feed, seq }] of claims) {
        if (this.#lacks(feed, seq)) wanted.set(key, feed);
      }
    }
    this.#seek(wanted.values(), now);
  }

  segment(session: Session, frame: Extract<Frame, { type: 'segment' }>, now: Now): void {
    const { bytes, sent, place } = frame;
    session.receive(bytes.length, sent);
    session.lastSegmentAt = now.mono;
    if (sent > session.granted + syncLimits.windowBytes) {
      this.#outbox.offence(session, 'window-exceeded', now.mono, true);
      return;
    }
    const group = session.groupAt(frame.group);
    if (group === undefined) this.#outbox.count('unknown-group');
    else if (this.#take(session, group, place, bytes, now)) return;
    session.pending -= bytes.length;
  }

  /** @returns whether the bytes are on their way to the disk, and their credit with them */
  #take(session: Session, group: GroupId, place: Place, bytes: Uint8Array, now: Now): boolean {
    const id: FeedId = { group, author: place.author, head: place.head };
    const feed = this.#replica.find(id);
    if (this.#forks.isSearching(feed, session) && feed !== undefined) {
      this.#forks.evidence(feed, place.from, bytes);
      return false;
    }
    const refusal = this.#refuse(id, feed, place.from, bytes);
    if (refusal !== undefined) {
      this.#outbox.count(refusal);
      if (refusal === 'gap') this.#noteGap(session, id, place.from - 1, now);
      return false;
    }
    const verified = verifySegment(id, place.from, bytes);
    if (!verified.ok) {
      this.#refuseSegment(session, id, verified.reason, now);
      return false;
    }
    return this.#accept(session, verified.run, bytes.length, now);
  }

  /** Who sends a root has what is before it. */
  #noteGap(session: Session, feed: FeedId, seq: number, now: Now): void {
    if (this.#claim(session, { feed, seq, count: seq })) this.#seek([feed], now);
  }

  /** What can be said of a segment without verifying it. */
  #refuse(
    id: FeedId,
    feed: Feed | undefined,
    from: number,
    bytes: Uint8Array,
  ): DropReason | undefined {
    if (!this.#replica.accepts(id)) return 'not-a-member';
    if (from > (feed?.tip.seq ?? 0) + 1) return 'gap';
    const roots = countRoots(bytes);
    if (roots === undefined) return undefined;
    const last = from + roots - 1;
    if (feed !== undefined && last <= feed.tip.seq) return 'duplicate';
    if (feed?.forkedAt !== undefined && feed.tip.seq >= feed.forkedAt - 1) return 'forked';
    if (this.#journal.pendingBytes > syncLimits.pendingBytesMax) return 'pending-full';
    return undefined;
  }

  #accept(session: Session, run: Run, credit: number, now: Now): boolean {
    const known = this.#replica.find(run.feed);
    const acceptance = accept(known?.tip ?? emptyHead, run);
    switch (acceptance.verdict) {
      case 'accepted':
        break;
      case 'duplicate':
      case 'gap':
        this.#outbox.count(acceptance.verdict);
        return false;
      case 'fork':
        this.#outbox.count('forked');
        if (known !== undefined) this.#forks.suspect(session, known, run, now);
        return false;
      case 'refused':
        this.#refuseSegment(session, run.feed, acceptance.reason, now);
        return false;
    }
    const horizon = now.wall + syncLimits.horizonMicros;
    if (run.head.time > horizon && this.#journal.heldCount >= syncLimits.heldMax) {
      this.#outbox.count('held-full');
      return false;
    }
    const feed = this.#replica.open(run.feed);
    for (const { time } of acceptance.run.entries) {
      if (time <= horizon) this.#replica.see(run.feed.group, time);
    }
    feed.receivedAt = now.wall;
    const live = !this.#sources.has(feed.key);
    this.#journal.add({ feed, run: acceptance.run, link: session.link, credit, live });
    this.#claim(session, { feed: run.feed, seq: run.head.seq, count: run.head.count });
    this.#progress(session, feed, now);
    return true;
  }

  #refuseSegment(session: Session, feed: FeedId, reason: SegmentReason, now: Now): void {
    this.#outbox.offence(session, dropReasonOf(reason), now.mono);
    this.#dropClaim(session, feedKey(feed), now);
  }

  /** The peer cannot send what it claimed. */
  decline(session: Session, group: GroupId, places: readonly Place[], now: Now): void {
    for (const { author, head } of places) {
      this.#dropClaim(session, feedKey({ group, author, head }), now);
    }
  }

  dropLink(link: number, now: Now): void {
    const orphans: FeedId[] = [];
    for (const [key, source] of this.#sources) {
      if (source.link !== link) continue;
      this.#sources.delete(key);
      orphans.push(source.feed);
    }
    this.#seek(orphans, now);
  }

  /** The commit that these feeds were part of failed: they are asked for again later. */
  retry(feeds: Iterable<Feed>, now: Now): void {
    const progressAt = now.mono - syncLimits.stallMs + syncLimits.commitRetryMs;
    for (const feed of feeds) {
      const source = this.#sources.get(feed.key);
      const link = source?.link ?? this.#chooseSource(feed.id, this.#loads())?.link;
      if (link !== undefined) this.#sources.set(feed.key, { feed: feed.id, link, progressAt });
    }
  }

  /** Replaces sources that have stalled. */
  review(now: Now): void {
    for (const [key, source] of this.#sources) {
      if (source.progressAt + syncLimits.stallMs > now.mono) continue;
      const feed = this.#replica.findByKey(key);
      // What waits for this node's own disk is not the peer's fault.
      if (feed !== undefined && feed.tip !== feed.stored) {
        source.progressAt = now.mono;
        continue;
      }
      const session = this.#sessions.get(source.link);
      this.#sources.delete(key);
      this.#outbox.count('stalled');
      if (session !== undefined) this.#dropClaim(session, key, now);
    }
  }

  get deadline(): number | undefined {
    let first: number | undefined;
    for (const { progressAt } of this.#sources.values()) {
      if (first === undefined || progressAt < first) first = progressAt;
    }
    return first === undefined ? undefined : first + syncLimits.stallMs;
  }

  /** The most that any linked peer claims of a feed. */
  bestClaim(key: FeedKey): Claim | undefined {
    let best: Claim | undefined;
    for (const { claims } of this.#sessions.values()) {
      const claim = claims.get(key);
      if (claim !== undefined && claim.seq > (best?.seq ?? 0)) best = claim;
    }
    return best;
  }

  isCatchingUp(key: FeedKey): boolean {
    return this.#sources.has(key);
  }

  #claim(session: Session, claim: Claim): boolean {
    const taken = session.claim(claim);
    if (!taken) this.#outbox.count('too-many-feeds');
    return taken;
  }

  #dropClaim(session: Session, key: FeedKey, now: Now): void {
    const claim = session.dropClaim(key);
    if (this.#sources.get(key)?.link === session.link) this.#sources.delete(key);
    if (claim !== undefined) this.#seek([claim.feed], now);
  }

  #lacks(id: FeedId, seq: number): boolean {
    if (seq === 0 || !this.#replica.accepts(id)) return false;
    const feed = this.#replica.find(id);
    return feed === undefined || wantsMore(feed, seq);
  }

  #seek(feeds: Iterable<FeedId>, now: Now): void {
    const wants = new Map<Session, Map<GroupId, Place[]>>();
    const loads = this.#loads();
    for (const id of feeds) {
      const key = feedKey(id);
      if (this.#sources.has(key)) continue;
      const session = this.#chooseSource(id, loads);
      if (session === undefined) continue;
      loads.set(session.link, (loads.get(session.link) ?? 0) + 1);
      this.#sources.set(key, { feed: id, link: session.link, progressAt: now.mono });
      const from = (this.#replica.findByKey(key)?.tip.seq ?? 0) + 1;
      const groups = wants.get(session) ?? new Map<GroupId, Place[]>();
      const places = groups.get(id.group) ?? [];
      places.push({ author: id.author, head: id.head, from });
      wants.set(session, groups.set(id.group, places));
    }
    for (const [session, groups] of wants) {
      for (const [group, places] of groups) this.#sendWants(session, group, places);
    }
  }

  #sendWants(session: Session, group: GroupId, places: readonly Place[]): void {
    const step = syncLimits.feedsInFrameMax;
    for (let i = 0; i < places.length; i += step) {
      this.#outbox.send(session, {
        type: 'want',
        group: session.placeOf(group),
        places: places.slice(i, i + step),
      });
    }
  }

  /** Of the peers that have more of the feed, the one that is asked for the fewest others. */
  #chooseSource(id: FeedId, loads: ReadonlyMap<number, number>): Session | undefined {
    const key = feedKey(id);
    let best: Session | undefined;
    let bestLoad = Infinity;
    for (const session of this.#sessions.values()) {
      const claim = session.claims.get(key);
      if (claim === undefined || !session.shares(id.group) || !this.#lacks(id, claim.seq)) continue;
      const load = loads.get(session.link) ?? 0;
      if (load < bestLoad) [best, bestLoad] = [session, load];
    }
    return best;
  }

  /** How many feeds each link is being asked for. */
  #loads(): Map<number, number> {
    const loads = new Map<number, number>();
    for (const { link } of this.#sources.values()) loads.set(link, (loads.get(link) ?? 0) + 1);
    return loads;
  }

  #progress(session: Session, feed: Feed, now: Now): void {
    const source = this.#sources.get(feed.key);
    if (source === undefined) return;
    if (source.link === session.link) source.progressAt = now.mono;
    const claim = this.bestClaim(feed.key);
    if (claim !== undefined && wantsMore(feed, claim.seq)) return;
    this.#sources.delete(feed.key);
  }
}

function showsAnotherRoot(feed: Feed, have: Have): boolean {
  const { seq, root } = feed.stored;
  if (feed.forkedAt !== undefined || seq !== have.seq || root === undefined) return false;
  const unknown = have.rootPrefix.every((byte) => byte === 0);
  return !unknown && !equal(root.subarray(0, rootPrefixBytes), have.rootPrefix);
}

const namedReasons: Partial<Record<SegmentReason, DropReason>> = {
  'bad-segment': 'bad-segment',
  'bad-signature': 'bad-signature',
  'bad-root': 'bad-root',
  'root-version': 'bad-root',
  'root-objects': 'bad-root',
  'root-seq': 'bad-root',
  'root-prev': 'bad-root',
  'root-count': 'bad-root',
  'root-time': 'bad-root',
};

function dropReasonOf(reason: SegmentReason): DropReason {
  return namedReasons[reason] ?? 'bad-object';
}
