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
import type { Journal, PendingRun } from './journal.ts';
import { syncLimits } from './limits.ts';
import type { DropReason, Outbox } from './outbox.ts';
import type { OwnFeeds } from './own-feeds.ts';
import { sharedRoot, sharedSeq, wantsMore, type Feed, type Replica } from './replica.ts';
import type { Claim, Session } from './session.ts';
import { Sources, type Source } from './sources.ts';

export interface IntakeParts {
  readonly replica: Replica;
  readonly journal: Journal;
  readonly outbox: Outbox;
  readonly forks: Forks;
  readonly ownFeeds: OwnFeeds;
  readonly sessions: ReadonlyMap<number, Session>;
}

export class Intake {
  readonly #replica: Replica;
  readonly #journal: Journal;
  readonly #outbox: Outbox;
  readonly #forks: Forks;
  readonly #ownFeeds: OwnFeeds;
  readonly #sessions: ReadonlyMap<number, Session>;
  readonly #sources = new Sources();
  /** Whether segments were refused for want of room: until there is some, nothing is asked for. */
  #refusedSome = false;

  constructor(parts: IntakeParts) {
    this.#replica = parts.replica;
    this.#journal = parts.journal;
    this.#outbox = parts.outbox;
    this.#forks = parts.forks;
    this.#ownFeeds = parts.ownFeeds;
    this.#sessions = parts.sessions;
  }

  /** A peer says what it has: asks for what is missing here. */
  have(session: Session, group: GroupId, haves: readonly Have[], now: Now): void {
    const wanted: FeedId[] = [];
    for (const { author, head, seq, count, rootPrefix } of haves) {
      const id = { group, author, head };
      const known = this.#replica.find(id);
      if (known === undefined && this.#replica.hasAllHeads(id)) {
        this.#outbox.count('too-many-heads');
        continue;
      }
      // The ids of known feeds are shared: claims are many.
      const feed = known?.id ?? id;
      if (!this.#claim(session, { feed, seq, count }, now)) continue;
      if (known !== undefined && showsAnotherRoot(known, seq, rootPrefix)) {
        this.#forks.suspect(session, known, undefined, now);
      }
      if (this.#lacks(feed, seq)) wanted.push(feed);
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
    session.lastSegmentAt = now.mono;
    if (!session.receive(bytes.length, sent)) {
      this.#outbox.offence(session, 'window-exceeded', now.mono, true);
      return;
    }
    const group = session.groupAt(frame.group);
    if (group === undefined) this.#outbox.count('unknown-group');
    else if (this.#take(session, group, place, bytes, now)) return;
    if (this.#refusedSome) session.withheld += bytes.length;
    else session.pending -= bytes.length;
  }

  /** @returns whether the bytes are on their way to the disk, and their credit with them */
  #take(session: Session, group: GroupId, place: Place, bytes: Uint8Array, now: Now): boolean {
    const id: FeedId = { group, author: place.author, head: place.head };
    const feed = this.#replica.find(id);
    if (feed !== undefined && this.#forks.isSearching(feed, session)) {
      const reason = this.#forks.evidence(session, feed, place.from, bytes, now);
      if (reason !== undefined) this.#refuseSegment(session, id, reason, now);
      return false;
    }
    const refusal = this.#refuse(id, feed, place.from, bytes);
    if (refusal !== undefined) {
      this.#outbox.count(refusal);
      if (refusal === 'gap') this.#noteGap(session, id, place.from - 1, now);
      // Who sends what is here already need not be sent it.
      if (refusal === 'duplicate' && feed !== undefined) session.has(feed.key, feed.tip.seq);
      if (refusal === 'pending-full') this.#refuseForNow(id);
      return false;
    }
    const verified = verifySegment(id, place.from, bytes);
    if (!verified.ok) {
      this.#refuseSegment(session, id, verified.reason, now);
      return false;
    }
    // Its roots would be the same with the objects: nobody would ask for those again.
    if (lacksObjects(verified.run)) {
      this.#outbox.count('object-missing');
      this.#refute(session, id, now);
      return false;
    }
    return this.#accept(session, verified.run, bytes.length, now);
  }

  /** Who sends a root has what is before it. */
  #noteGap(session: Session, feed: FeedId, seq: number, now: Now): void {
    if (this.#claim(session, { feed, seq, count: seq }, now)) this.#seek([feed], now);
  }

  #refuseForNow(feed: FeedId): void {
    this.#sources.delete(feedKey(feed));
    this.#refusedSome = true;
  }

  /** What can be said of a segment without verifying it. */
  #refuse(
    id: FeedId,
    feed: Feed | undefined,
    from: number,
    bytes: Uint8Array,
  ): DropReason | undefined {
    if (!this.#replica.accepts(id)) return 'not-a-member';
    if (feed === undefined && this.#replica.hasAllHeads(id)) return 'too-many-heads';
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
    const { entries } = acceptance.run;
    const horizon = now.wall + syncLimits.horizonMicros;
    const ahead = entries.filter(({ time }) => time > horizon);
    if (ahead.length > 0 && !this.#journal.mayHold(run.feed.author, ahead.length)) {
      this.#outbox.count('held-full');
      // The next comparison of heads asks for it again.
      this.#sources.delete(feedKey(run.feed));
      return false;
    }
    const feed = this.#replica.open(run.feed);
    const latest = entries[entries.length - ahead.length - 1];
    if (latest !== undefined) this.#replica.see(run.feed.group, latest.time);
    feed.receivedAt = now.wall;
    session.progressAt = now.mono;
    const live = this.#sources.find(feed.key) === undefined;
    const from = { link: session.link, credit, live, ahead: ahead.length };
    this.#journal.add({ feed, run: acceptance.run, ...from });
    this.#claim(session, { feed: feed.id, seq: run.head.seq, count: run.head.count }, now);
    this.#ownFeeds.progressed(feed.id, now.mono);
    this.#progress(session, feed, now);
    return true;
  }

  #refuseSegment(session: Session, feed: FeedId, reason: SegmentReason, now: Now): void {
    this.#outbox.offence(session, dropReasonOf(reason), now.mono);
    this.#refute(session, feed, now);
  }

  /** The peer cannot send what it claimed. */
  decline(session: Session, group: GroupId, places: readonly Place[], now: Now): void {
    for (const { author, head } of places) this.#refute(session, { group, author, head }, now);
  }

  #refute(session: Session, feed: FeedId, now: Now): void {
    this.#ownFeeds.refuted(session.peer, feed);
    this.#dropClaim(session, feedKey(feed), now);
  }

  dropLink(link: number, now: Now): void {
    const orphans = this.#sources.ofLink(link);
    for (const { key } of orphans) this.#sources.delete(key);
    this.#seek(
      orphans.map(({ feed }) => feed),
      now,
    );
  }

  /** The commit of this run failed: it is asked for again later, and its credit waits as well. */
  forget({ feed, link, credit }: PendingRun): void {
    const session = link === undefined ? undefined : this.#sessions.get(link);
    if (session !== undefined) session.withheld += credit;
    this.#refuseForNow(feed.id);
  }

  /** Once there is room on the disk again: asks for what was refused. */
  resume(now: Now): void {
    if (!this.#refusedSome || this.#journal.pendingBytes > syncLimits.pendingBytesMax / 2) return;
    this.#refusedSome = false;
    for (const session of this.#sessions.values()) session.giveBack();
    this.seekAll(now);
  }

  /** Replaces sources that have stalled. A peer that claims and is silent again and again is at fault. */
  review(now: Now): void {
    const silent = new Set<Session>();
    for (const source of this.#sources.due(now.mono)) {
      const session = this.#sessions.get(source.link);
      if (session !== undefined && this.#isExcused(source, session, now.mono)) {
        this.#sources.put({ ...source, seenAt: now.mono });
        continue;
      }
      this.#outbox.count('stalled');
      this.#sources.delete(source.key);
      if (session === undefined) continue;
      this.#dropClaim(session, source.key, now);
      if (isSilent(session, now.mono)) silent.add(session);
    }
    for (const session of silent) this.#outbox.charge(session, 'stalled', now.mono);
  }

  /** What waits for this node's own disk is not the peer's fault; feeds also wait for each other. */
  #isExcused({ key, progressAt }: Source, session: Session, now: number): boolean {
    const feed = this.#replica.findByKey(key);
    if (session.pending > 0 || (feed !== undefined && feed.tip !== feed.stored)) return true;
    return !isSilent(session, now) && progressAt + syncLimits.turnMsMax > now;
  }

  get deadline(): number | undefined {
    return this.#sources.deadline;
  }

  #claim(session: Session, claim: Claim, now: Now): boolean {
    const taken = session.claim(feedKey(claim.feed), claim);
    if (taken) this.#ownFeeds.claimed(session.peer, claim.feed, claim.seq, now.mono);
    else this.#outbox.count('too-many-feeds');
    return taken;
  }

  #dropClaim(session: Session, key: FeedKey, now: Now): void {
    const claim = session.dropClaim(key);
    if (this.#sources.find(key)?.link === session.link) this.#sources.delete(key);
    if (claim !== undefined) this.#seek([claim.feed], now);
  }

  #lacks(id: FeedId, seq: number): boolean {
    if (seq === 0 || !this.#replica.accepts(id)) return false;
    const feed = this.#replica.find(id);
    return feed === undefined ? !this.#replica.hasAllHeads(id) : wantsMore(feed, seq);
  }

  #seek(feeds: Iterable<FeedId>, now: Now): void {
    if (this.#refusedSome) return;
    const wants = new Map<Session, Map<GroupId, Place[]>>();
    for (const id of feeds) {
      const key = feedKey(id);
      if (this.#sources.find(key) !== undefined) continue;
      const session = this.#chooseSource(id, key);
      if (session === undefined) continue;
      const at = { progressAt: now.mono, seenAt: now.mono };
      this.#sources.put({ feed: id, key, link: session.link, ...at });
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
  #chooseSource(id: FeedId, key: FeedKey): Session | undefined {
    let best: Session | undefined;
    let bestLoad = Infinity;
    for (const session of this.#sessions.values()) {
      const claim = session.claims.get(key);
      if (claim === undefined || !session.shares(id.group) || !this.#lacks(id, claim.seq)) continue;
      const load = this.#sources.load(session.link);
      if (load < bestLoad) [best, bestLoad] = [session, load];
    }
    return best;
  }

  /** Some of a feed came: who has no more of it is not waited for. */
  #progress(session: Session, feed: Feed, now: Now): void {
    const source = this.#sources.find(feed.key);
    if (source === undefined) return;
    const claim = this.#sessions.get(source.link)?.claims.get(feed.key);
    if (claim === undefined || !wantsMore(feed, claim.seq)) {
      this.#sources.delete(feed.key);
      this.#seek([feed.id], now);
    } else if (source.link === session.link) {
      this.#sources.put({ ...source, progressAt: now.mono, seenAt: now.mono });
    }
  }
}

function isSilent(session: Session, now: number): boolean {
  return session.progressAt + syncLimits.stallMs <= now;
}

function lacksObjects({ entries }: Run): boolean {
  return entries.some(({ objects }) => objects.some(({ bytes }) => bytes === undefined));
}

function showsAnotherRoot(feed: Feed, seq: number, rootPrefix: Uint8Array): boolean {
  const root = sharedRoot(feed);
  if (seq !== sharedSeq(feed) || root === undefined) return false;
  const unknown = rootPrefix.every((byte) => byte === 0);
  return !unknown && !equal(root.subarray(0, rootPrefixBytes), rootPrefix);
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
