// What is asked of whom: a feed that peers have a little more of is asked of one of them, a long
// history in parts of all that have it. A peer that claims and does not deliver loses its claim.
// Knows nothing of what segments hold.
import type { GroupId } from '../cxo/ids.ts';
import { feedKey, type FeedId, type FeedKey } from '../cxo/root.ts';
import type { Now } from './events.ts';
import type { Place } from './frames.ts';
import type { Journal } from './journal.ts';
import { Claims } from './claims.ts';
import type { Hole, Shedding } from './holes.ts';
import { syncLimits } from './limits.ts';
import type { Outbox } from './outbox.ts';
import type { OwnFeeds } from './own-feeds.ts';
import { chooseHolder, isWorthParts, planParts, type Holder } from './plan.ts';
import { wantsMore, type Feed, type Replica } from './replica.ts';
import type { Session } from './session.ts';
import { isSilent, takeStalled } from './stalls.ts';
import { Stretches, type EarlyRun, type Stretch } from './stretches.ts';
import type { Trees } from './trees.ts';
import { Wants } from './wants.ts';

export interface FetcherParts {
  readonly shedding: Shedding;
  readonly replica: Replica;
  readonly journal: Journal;
  readonly outbox: Outbox;
  readonly ownFeeds: OwnFeeds;
  readonly trees: Trees;
  readonly sessions: ReadonlyMap<number, Session>;
}

export class Fetcher {
  readonly #replica: Replica;
  readonly #journal: Journal;
  readonly #outbox: Outbox;
  readonly #ownFeeds: OwnFeeds;
  readonly #trees: Trees;
  readonly #sessions: ReadonlyMap<number, Session>;
  readonly #shedding: Shedding;
  /** What was asked of whom. */
  readonly asked = new Stretches();
  readonly claims: Claims;
  /** The one feed that is asked for in parts: two that wait for each other's front could block. */
  #inParts: FeedKey | undefined;
  /** Whether segments were refused for want of room: until there is some, nothing is asked for. */
  #refusedSome = false;

  constructor(parts: FetcherParts) {
    this.#replica = parts.replica;
    this.#journal = parts.journal;
    this.#outbox = parts.outbox;
    this.#ownFeeds = parts.ownFeeds;
    this.#trees = parts.trees;
    this.#sessions = parts.sessions;
    this.#shedding = parts.shedding;
    this.claims = new Claims(parts, this.asked);
  }

  /** Whether segments were refused for want of room, and not all asked for again. */
  get refusedSome(): boolean {
    return this.#refusedSome;
  }

  /** Whether the roots of the feed that now come are a few new ones, not history. */
  isLive(key: FeedKey): boolean {
    return this.asked.of(key).every(({ graft }) => graft);
  }

  /** A peer gave word of what is missing here: it is asked for, unless the tree will bring it. */
  told(session: Session, feeds: readonly FeedId[], now: Now): void {
    const unexpected = feeds.filter(
      (feed) => !this.#trees.expects(session, feedKey(feed), feed, now.mono),
    );
    this.seek(unexpected, now);
  }

  /** Asks again for everything that peers claim to have and this node may take. */
  seekAll(now: Now): void {
    this.seek(this.claims.wanted(), now);
  }

  /** Asks for what is missing of feeds and was not asked for yet, of whoever has it. */
  seek(feeds: Iterable<FeedId>, now: Now): void {
    if (this.#refusedSome) return;
    const wants = new Wants();
    for (const id of feeds) this.#plan(id, wants, now);
    wants.send(this.#outbox);
  }

  #plan(id: FeedId, wants: Wants, now: Now): void {
    const feed = this.#replica.find(id);
    const key = feedKey(id);
    const tip = feed?.tip.seq ?? 0;
    const all = this.claims.holdersOf(id, key);
    const holders = this.claims.holes.limit(all, key, tip);
    if (holders.length === 0 && feed?.tail !== undefined && this.asked.of(key).length === 0) {
      // A deletion may stand between what is missing because of it and the feed's newest part.
      const unread = this.claims.holes.takeUnread(all, key, tip, feed.tail.from);
      const session = unread && this.#sessions.get(unread.link);
      if (session !== undefined && unread !== undefined) {
        this.#ask(session, id, { ...unread, graft: false, isRead: true }, wants, now);
      }
    }
    const tailFrom = this.#planTail(id, feed, { all, holders }, wants, now);
    if (tailFrom === undefined) this.#planChain(id, tip, holders, undefined, wants, now);
    else if (tailFrom > tip + 1) {
      const below = holders.map((holder) => ({
        ...holder,
        seq: Math.min(holder.seq, tailFrom - 1),
      }));
      this.#planChain(id, tip, below, tailFrom - 1, wants, now);
    }
  }

  /**
   * The newest part of a long history comes first; and so does what is behind objects that nobody has.
   * @returns where it begins, if there is one
   */
  #planTail(
    id: FeedId,
    feed: Feed | undefined,
    { all, holders }: { readonly all: readonly Holder[]; readonly holders: readonly Holder[] },
    wants: Wants,
    now: Now,
  ): number | undefined {
    const asked = this.asked.of(feedKey(id)).find((one) => one.tailFrom !== undefined);
    if (asked !== undefined) return feed?.tail?.from ?? asked.tailFrom;
    const tail = feed?.tail;
    const isFirst = this.asked.of(feedKey(id)).length === 0;
    if (tail === undefined && holders.length === 0 && isFirst) {
      return this.#askBehindHole(id, feed?.tip.seq ?? 0, all, wants, now);
    }
    const end = all.reduce((most, { seq }) => Math.max(most, seq), 0);
    const best = chooseHolder(all.filter(({ seq }) => seq === end));
    const session = best && this.#sessions.get(best.link);
    const isLong = isFirst && end - (feed?.tip.seq ?? 0) >= syncLimits.tailBehindMin;
    const from = tail === undefined ? end - syncLimits.tailRoots + 1 : tail.head.seq + 1;
    const isWanted = tail === undefined ? isLong && this.#ownFeeds.isOthers(id) : from <= end;
    if (!isWanted || session === undefined) return tail?.from;
    const tailFrom = tail?.from ?? from;
    session.lazy.delete(feedKey(id));
    this.#ask(
      session,
      id,
      { from, to: undefined, graft: tail !== undefined, tailFrom },
      wants,
      now,
    );
    return tailFrom;
  }

  /** Roots of a feed that were only to be looked at have come, up to `seq`. */
  hasRead(session: Session, id: FeedId, seq: number, now: Now): void {
    this.asked.hasRead(session.link, feedKey(id), seq, now.mono);
    this.explained(now);
    this.seek([id], now);
  }

  /** Of all that lack objects, the one that lacks them the least far is asked for what is behind them. */
  #askBehindHole(
    id: FeedId,
    tip: number,
    all: readonly Holder[],
    wants: Wants,
    now: Now,
  ): number | undefined {
    const found = this.claims.holes.findBehind(all, feedKey(id), tip);
    const session = found && this.#sessions.get(found.link);
    if (found === undefined || session === undefined) return undefined;
    if (!this.#ownFeeds.isOthers(id)) return undefined;
    const { from } = found;
    session.lazy.delete(feedKey(id));
    this.#ask(session, id, { from, to: undefined, graft: false, tailFrom: from }, wants, now);
    return from;
  }

  /** @param end the last root that is wanted; undefined: all there are and what comes later */
  #planChain(
    id: FeedId,
    tip: number,
    holders: readonly Holder[],
    end: number | undefined,
    wants: Wants,
    now: Now,
  ): void {
    const key = feedKey(id);
    const isInParts = this.#inParts === key;
    const [whole] = this.#chainStretches(key);
    if (!isInParts && whole !== undefined && this.#inParts !== undefined) return;
    const front = whole === undefined ? tip : whole.next + syncLimits.streamRoots;
    if (isInParts || (this.#inParts === undefined && isWorthParts(front, holders))) {
      this.#inParts = key;
      if (!isInParts && whole !== undefined) this.#shorten(whole, wants);
      this.#planParts(id, tip, holders, wants, now);
      if (this.asked.isBusy(key) && holders.length > 0) return;
      this.#inParts = undefined;
      this.#giveBack(this.asked.dropEarly(key));
    }
    if (this.#chainStretches(key).length > 0) return;
    const best = chooseHolder(holders);
    const session = best && this.#sessions.get(best.link);
    if (session === undefined) return;
    const graft = (best?.seq ?? 0) <= tip + syncLimits.graftRootsMax;
    if (end === undefined) session.lazy.delete(key);
    this.#ask(session, id, { from: tip + 1, to: end, graft }, wants, now);
  }

  #chainStretches(key: FeedKey): readonly Stretch[] {
    return this.asked.of(key).filter(({ tailFrom }) => tailFrom === undefined);
  }

  /** Others have come that can send what lies beyond. The peer goes on where it is by now. */
  #shorten(stretch: Stretch, wants: Wants): void {
    const session = this.#sessions.get(stretch.link);
    stretch.to = stretch.next + syncLimits.streamRoots - 1;
    if (session !== undefined) wants.add(session, stretch.feed, stretch.next, stretch.to);
  }

  #planParts(id: FeedId, tip: number, holders: readonly Holder[], wants: Wants, now: Now): void {
    const key = feedKey(id);
    const end = holders.reduce((most, { seq }) => Math.max(most, seq), 0);
    for (const part of planParts(tip, end, this.asked.taken(key), holders)) {
      const session = this.#sessions.get(part.link);
      if (session === undefined) continue;
      // The front must not wait for credit that its own link's early runs hold.
      if (part.from === tip + 1 && this.#isClogged(part.link)) {
        this.#giveBack(this.asked.dropEarly(key, part.link));
      }
      this.#ask(session, id, { ...part, graft: false }, wants, now);
    }
  }

  #isClogged(link: number): boolean {
    return this.asked.earlyCredit(link) > syncLimits.windowBytes / 2;
  }

  #ask(
    session: Session,
    feed: FeedId,
    {
      from,
      to,
      graft,
      tailFrom,
      isRead,
    }: Pick<Stretch, 'to' | 'graft' | 'isRead'> & { from: number; tailFrom?: number },
    wants: Wants,
    now: Now,
  ): void {
    const at = { progressAt: now.mono, seenAt: now.mono };
    const key = feedKey(feed);
    const { link } = session;
    this.asked.add({ feed, key, link, next: from, to, tailFrom, graft, isRead, ...at });
    wants.add(session, feed, from, to);
  }

  /** Some of a feed was accepted: who has no more of it is not waited for. */
  progressed(session: Session, feed: Feed, now: Now): void {
    for (const stretch of this.asked.of(feed.key)) {
      const { to = Infinity, link, tailFrom } = stretch;
      const claim = this.#sessions.get(link)?.claims.get(feed.key);
      const end = tailFrom === undefined ? feed.tip.seq : (feed.tail?.head.seq ?? 0);
      const last = Math.min(to, claim?.seq ?? 0);
      if (!wantsMore(feed, last) || last <= end) this.asked.delete(stretch);
      else if (link === session.link) this.#advance(stretch, end + 1, now);
    }
    if (this.#inParts === feed.key || this.asked.of(feed.key).length === 0) {
      this.seek([feed.id], now);
    }
  }

  #advance(stretch: Stretch, next: number, now: Now): void {
    stretch.next = Math.max(stretch.next, next);
    stretch.progressAt = now.mono;
    this.asked.touch(stretch, now.mono);
  }

  /** Keeps a verified part until what is in front of it has come. */
  keepEarly(session: Session, early: EarlyRun, now: Now): void {
    const { run } = early;
    const key = feedKey(run.feed);
    this.asked.keepEarly(key, early);
    for (const stretch of this.asked.of(key)) {
      if (stretch.link !== session.link || stretch.next !== run.from) continue;
      this.#advance(stretch, run.head.seq + 1, now);
      if (stretch.next > (stretch.to ?? Infinity)) this.asked.delete(stretch);
    }
    this.seek([run.feed], now);
  }

  /** The next kept run that now follows what is here. */
  takeEarly({ key, tip }: Feed): EarlyRun | undefined {
    return this.asked.takeEarly(key, tip.seq + 1);
  }

  #giveBack(runs: readonly EarlyRun[]): void {
    for (const { link, credit } of runs) {
      const session = this.#sessions.get(link);
      if (session !== undefined) session.pending -= credit;
    }
  }

  /** A peer's roots lack objects that nothing explains: it is not asked for them, others are. */
  holed(session: Session, id: FeedId, hole: Hole, now: Now): void {
    const key = feedKey(id);
    if (!this.claims.holes.add(session.link, key, id, hole)) {
      this.refute(session, id, now);
      return;
    }
    this.asked.deleteOf(key, session.link);
    this.#giveBack(this.asked.dropEarly(key, session.link));
    this.seek([id], now);
  }

  /** The same where nobody else has them: what the peer sends behind the hole is the feed's newest part. */
  streamOn(session: Session, id: FeedId, hole: Hole, next: number, now: Now): void {
    const key = feedKey(id);
    this.claims.holes.add(session.link, key, id, hole);
    const isStreaming = this.asked.deleteOf(key, session.link);
    if (!isStreaming || (session.claims.get(key)?.seq ?? 0) < next) return;
    const at = { progressAt: now.mono, seenAt: now.mono };
    const tailFrom = hole.last + 1;
    this.asked.add({
      ...{ feed: id, key, link: session.link, next, to: undefined, tailFrom, graft: false },
      ...at,
    });
  }

  /** More may be lacking than before: who was not asked because of that is asked again. */
  explained(now: Now): void {
    const feeds = this.claims.holes.takeExplained((...of) => this.#shedding.mayLack(...of));
    if (feeds.length > 0) this.seek(feeds, now);
  }

  /** The peer cannot send what it claimed. */
  decline(session: Session, group: GroupId, places: readonly Place[], now: Now): void {
    for (const { author, head } of places) this.refute(session, { group, author, head }, now);
  }

  refute(session: Session, feed: FeedId, now: Now): void {
    this.#ownFeeds.refuted(session.peer, feed);
    this.#dropClaim(session, feedKey(feed), now);
  }

  #dropClaim(session: Session, key: FeedKey, now: Now): void {
    const claim = session.dropClaim(key);
    this.asked.deleteOf(key, session.link);
    if (claim !== undefined) this.seek([claim.feed], now);
  }

  dropLink(link: number, now: Now): void {
    this.claims.holes.dropLink(link);
    const orphans = this.asked.ofLink(link);
    for (const stretch of orphans) this.asked.delete(stretch);
    if (this.#inParts !== undefined) this.asked.dropEarly(this.#inParts, link);
    this.seek([...orphans.map(({ feed }) => feed), ...this.#trees.dropLink(link)], now);
  }

  /** No room for what comes of this feed: it is asked for again once there is. */
  refuse(feed: FeedId): void {
    this.leave(feedKey(feed));
    this.#refusedSome = true;
  }

  /** What comes of the feed is left where it is, until heads are compared again. */
  leave(key: FeedKey): void {
    for (const stretch of this.asked.of(key)) this.asked.delete(stretch);
    this.#giveBack(this.asked.dropEarly(key));
    if (this.#inParts === key) this.#inParts = undefined;
  }

  /** Once there is room on the disk again: asks for what was refused. */
  resume(now: Now): void {
    if (!this.#refusedSome || this.#journal.pendingBytes > syncLimits.pendingBytesMax / 2) return;
    this.#refusedSome = false;
    for (const session of this.#sessions.values()) session.giveBack();
    this.seekAll(now);
  }

  /** Replaces who has stalled. A peer that claims and is silent again and again is at fault. */
  review(now: Now): void {
    this.seek(this.#trees.takeOverdue(now.mono), now);
    const silent = new Set<Session>();
    const stalled = takeStalled(this.asked, this.#sessions, this.#replica, now.mono);
    for (const { stretch, session } of stalled) {
      this.#outbox.count('stalled');
      this.asked.delete(stretch);
      if (session === undefined) continue;
      session.doubt(stretch.key);
      this.#dropClaim(session, stretch.key, now);
      if (isSilent(session, now.mono)) silent.add(session);
    }
    for (const session of silent) this.#outbox.charge(session, 'stalled', now.mono);
  }

  get deadline(): number | undefined {
    const [stretch, tree] = [this.asked.deadline, this.#trees.deadline];
    return tree === undefined ? stretch : Math.min(stretch ?? Infinity, tree);
  }
}
