// What comes in from peers: their word of what they have, and segments, which are verified, handed
// to the journal and passed on at once. Knows nothing of what is asked of whom.
import type { Entry } from '../cxo/entry.ts';
import type { GroupId, MessageId } from '../cxo/ids.ts';
import { feedKey, type FeedId } from '../cxo/root.ts';
import { eraseOfRun } from '../cxo/erasure.ts';
import {
  countRoots,
  skipEntries,
  type verifySegment,
  type Run,
  type SegmentReason,
} from '../cxo/segment.ts';
import { equal } from '../bytes.ts';
import { admit, endOf, placeOf, type Place as Where } from './admission.ts';
import type { Now } from './events.ts';
import type { Fetcher } from './fetch.ts';
import type { Forks } from './forks.ts';
import { rootPrefixBytes, type Frame, type Place } from './frames.ts';
import { findHole, type Hole, type Shedding } from './holes.ts';
import type { Journal, PendingRun } from './journal.ts';
import { syncLimits } from './limits.ts';
import type { DropReason, Outbox } from './outbox.ts';
import type { Outflow } from './outflow.ts';
import type { OwnFeeds } from './own-feeds.ts';
import { sharedRoot, sharedSeq, type Feed, type Replica } from './replica.ts';
import type { Session } from './session.ts';
import type { Trees } from './trees.ts';

export interface IntakeParts {
  readonly replica: Replica;
  readonly journal: Journal;
  readonly outbox: Outbox;
  readonly forks: Forks;
  readonly verify: typeof verifySegment;
  readonly shedding: Shedding;
  readonly fetcher: Fetcher;
  readonly outflow: Outflow;
  readonly trees: Trees;
  readonly ownFeeds: OwnFeeds;
  readonly sessions: ReadonlyMap<number, Session>;
}

export class Intake {
  readonly #replica: Replica;
  readonly #journal: Journal;
  readonly #outbox: Outbox;
  readonly #forks: Forks;
  readonly #verify: typeof verifySegment;
  readonly #shedding: Shedding;
  readonly #fetcher: Fetcher;
  readonly #outflow: Outflow;
  readonly #trees: Trees;
  readonly #ownFeeds: OwnFeeds;
  readonly #sessions: ReadonlyMap<number, Session>;

  constructor(parts: IntakeParts) {
    this.#replica = parts.replica;
    this.#journal = parts.journal;
    this.#outbox = parts.outbox;
    this.#forks = parts.forks;
    this.#verify = parts.verify;
    this.#shedding = parts.shedding;
    this.#fetcher = parts.fetcher;
    this.#outflow = parts.outflow;
    this.#trees = parts.trees;
    this.#ownFeeds = parts.ownFeeds;
    this.#sessions = parts.sessions;
  }

  /** A peer says what it has: asks for what is missing here. */
  have(
    session: Session,
    group: GroupId,
    { feeds: haves, covers }: Extract<Frame, { type: 'have' }>,
    now: Now,
  ): void {
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
      if (!this.#fetcher.claims.claim(session, { feed, seq, count }, now)) continue;
      if (known !== undefined && showsAnotherRoot(known, seq, rootPrefix)) {
        this.#forks.suspect(session, known, undefined, now);
      }
      if (this.#fetcher.claims.lacks(feed, seq)) wanted.push(feed);
    }
    const isListing = covers !== undefined || haves.length >= syncLimits.feedsInFrameMax;
    if (isListing) this.#fetcher.seek(wanted, now);
    else this.#fetcher.told(session, wanted, now);
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
    if (this.#fetcher.refusedSome) session.withheld += bytes.length;
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
    const asked = this.#fetcher.asked.kindOf(session.link, feedKey(id), place.from);
    if (asked === 'read') return this.#look(session, id, place.from, bytes, now);
    const where = placeOf(feed, place.from, asked);
    const refusal = this.#refuse(id, feed, where, place.from, bytes);
    if (refusal !== undefined) {
      this.#outbox.count(refusal);
      if (refusal === 'gap') this.#noteGap(session, id, place.from - 1, now);
      if (refusal === 'duplicate' && feed !== undefined) {
        this.#duplicate(session, feed, place.from + (countRoots(bytes) ?? 1) - 1);
      }
      if (refusal === 'pending-full') this.#fetcher.refuse(id);
      return false;
    }
    const verified = this.#verify(id, place.from, bytes);
    if (!verified.ok) {
      this.#refuseSegment(session, id, verified.reason, now);
      return false;
    }
    const hole = this.#holeIn(verified.run, feed, where);
    if (hole !== undefined) {
      this.#outbox.count('object-missing');
      return this.#takeHoled(session, { run: verified.run, hole, where }, bytes.length, now);
    }
    if (where === 'early' || where === 'gap') {
      const early = { run: verified.run, link: session.link, credit: bytes.length };
      this.#fetcher.keepEarly(session, early, now);
      return true;
    }
    const isAccepted = this.#accept(session, verified.run, where, bytes.length, now);
    this.#acceptEarly(id, now);
    return isAccepted;
  }

  /** Roots that cannot be taken yet may say why others lack their objects. */
  #look(session: Session, id: FeedId, from: number, bytes: Uint8Array, now: Now): false {
    const verified = this.#verify(id, from, bytes);
    if (verified.ok) {
      this.#shedding.learn(entriesOf(verified.run));
      this.#fetcher.hasRead(session, id, verified.run.head.seq, now);
    } else this.#refuseSegment(session, id, verified.reason, now);
    return false;
  }

  /**
   * Objects that are missing without an explanation, of roots that are not here yet. Taken as it is, the
   * roots would be the same as with the objects: nobody would ask for those again. What an author has
   * lost of its own is its own affair.
   */
  #holeIn(run: Run, feed: Feed | undefined, where: Where): Hole | undefined {
    if (!lacksObjects(run) || !this.#ownFeeds.isOthers(run.feed)) return undefined;
    const below = where === 'tail' ? Infinity : (feed?.tail?.from ?? Infinity);
    const mayLack: Shedding['mayLack'] = (...of) => this.#shedding.mayLack(...of);
    const hole = findHole(run, endOf(feed, where), below, mayLack);
    if (hole === undefined) return undefined;
    this.#shedding.learn(entriesOf(run));
    return findHole(run, endOf(feed, where), below, mayLack);
  }

  /**
   * Others are asked first. Where no linked peer has the objects, what is behind them is taken as the
   * feed's newest part: the gap stays missing, and is asked of whoever comes. A newest part that is
   * there already goes on without them: there is one at most, and the feed must not stand still.
   */
  #takeHoled(
    session: Session,
    { run, hole, where }: { readonly run: Run; readonly hole: Hole; readonly where: Where },
    credit: number,
    now: Now,
  ): boolean {
    const { feed: id } = run;
    const tail = this.#replica.find(id)?.tail;
    const isLast = this.#fetcher.claims.isLastResort(session, id, hole.last);
    if (where === 'tail' && tail !== undefined) {
      if (isLast) return this.#accept(session, run, 'tail', credit, now);
      this.#fetcher.refute(session, id, now);
      return false;
    }
    if (tail !== undefined || !isLast || where === 'early' || where === 'gap') {
      this.#fetcher.holed(session, id, hole, now);
      return false;
    }
    this.#fetcher.streamOn(session, id, hole, run.head.seq + 1, now);
    const behind = hole.last + 1 - run.from;
    if (behind < run.entries.length) {
      return this.#accept(session, skipEntries(run, behind), 'tail', credit, now);
    }
    session.progressAt = now.mono;
    this.#fetcher.seek([id], now);
    return false;
  }

  /** Parts that other peers have brought meanwhile follow the one that was in front of them. */
  #acceptEarly(id: FeedId, now: Now): void {
    const feed = this.#replica.find(id);
    if (feed === undefined) return;
    for (;;) {
      const early = this.#fetcher.takeEarly(feed);
      if (early === undefined) return;
      const session = this.#sessions.get(early.link);
      if (session === undefined) throw new Error('early runs go with their link');
      if (!this.#accept(session, early.run, 'chain', early.credit, now))
        session.pending -= early.credit;
    }
  }

  /** Who sends what is here need not be sent it, and need not send more of it. */
  #duplicate(session: Session, feed: Feed, last: number): void {
    session.has(feed.key, last);
    if (
      this.#fetcher.asked.isAskedOf(session.link, feed.key) ||
      !this.#trees.isSpare(session, feed.key)
    )
      return;
    this.#outflow.prune(session, feed);
  }

  /** An author has what is before its root on its disk; another that has it says so by itself. */
  #noteGap(session: Session, feed: FeedId, seq: number, now: Now): void {
    if (session.peer !== feed.author) return;
    if (this.#fetcher.claims.claim(session, { feed, seq, count: seq }, now)) {
      this.#fetcher.seek([feed], now);
    }
  }

  /** What can be said of a segment without verifying it. */
  #refuse(
    id: FeedId,
    feed: Feed | undefined,
    where: Where,
    from: number,
    bytes: Uint8Array,
  ): DropReason | undefined {
    if (!this.#replica.accepts(id)) return 'not-a-member';
    if (feed === undefined && this.#replica.hasAllHeads(id)) return 'too-many-heads';
    if (where === 'gap') return 'gap';
    const roots = countRoots(bytes);
    if (roots === undefined) return undefined;
    if (feed !== undefined && from + roots - 1 <= endOf(feed, where)) return 'duplicate';
    if (feed?.forkedAt !== undefined && feed.tip.seq >= feed.forkedAt - 1) return 'forked';
    if (from > (feed?.limit ?? this.#replica.limitOf(id) ?? Infinity)) return 'removed';
    if (this.#journal.pendingBytes > syncLimits.pendingBytesMax) return 'pending-full';
    return undefined;
  }

  #accept(session: Session, run: Run, where: 'chain' | 'tail', credit: number, now: Now): boolean {
    const known = this.#replica.find(run.feed);
    const acceptance = admit(known, run, where);
    switch (acceptance.verdict) {
      case 'accepted':
        break;
      case 'duplicate':
      case 'gap':
        this.#outbox.count(acceptance.verdict);
        if (known !== undefined && acceptance.verdict === 'duplicate') {
          this.#duplicate(session, known, run.head.seq);
        }
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
      this.#fetcher.leave(feedKey(run.feed));
      return false;
    }
    const feed = this.#replica.open(run.feed);
    const latest = entries[entries.length - ahead.length - 1];
    if (latest !== undefined) this.#replica.see(run.feed.group, latest.time);
    feed.receivedAt = now.wall;
    session.bring(run.feed.group, now.mono);
    // What begins a tail has no place that this node could vouch for.
    const live = where === 'tail' ? known?.tail !== undefined : this.#fetcher.isLive(feed.key);
    const { after, withdraws } = acceptance;
    const from = { link: session.link, credit, live, ahead: ahead.length };
    this.#journal.add({ feed, run: this.#shed(acceptance.run), after, withdraws, ...from });
    this.#noteSender(session, run, now);
    this.#trees.delivered(session, feed.key);
    if (live) this.#outflow.relay(session, feed, acceptance.run);
    this.#ownFeeds.progressed(feed.id, now.mono);
    this.#fetcher.progressed(session, feed, now);
    return true;
  }

  /** What was deleted, or is not kept for so long, is not even written. */
  #shed(run: Run): Run {
    const { feed } = run;
    const shedding = this.#shedding;
    const isDue = (time: number, id: MessageId): boolean => shedding.mayLack(feed, time, id);
    const erasures = entriesOf(run, isDue).filter((entry) => shedding.sheds(entry));
    return erasures.length === 0 ? run : eraseOfRun(run, erasures);
  }

  /** An author, and who sends what was asked for, has it on disk; who relays may yet have to write it. */
  #noteSender(session: Session, { feed, head }: Run, now: Now): void {
    const key = feedKey(feed);
    if (session.peer === feed.author || this.#fetcher.asked.isAskedOf(session.link, key)) {
      this.#fetcher.claims.claim(session, { feed, seq: head.seq, count: head.count }, now);
    } else session.has(key, head.seq);
  }

  #refuseSegment(session: Session, feed: FeedId, reason: SegmentReason, now: Now): void {
    this.#outbox.offence(session, dropReasonOf(reason), now.mono);
    this.#fetcher.refute(session, feed, now);
  }

  /** A proof that an author has signed two branches. */
  proof(
    session: Session,
    group: GroupId,
    { author, head, proof }: Extract<Frame, { type: 'fork' }>,
    now: Now,
  ): void {
    const id: FeedId = { group, author, head };
    const isMember = this.#replica.accepts(id);
    const taken = isMember ? this.#forks.receive(id, proof) : undefined;
    if (!isMember) this.#outbox.count('not-a-member');
    if (taken === 'invalid') this.#outbox.offence(session, 'bad-fork-proof', now.mono);
    if (taken === 'refused') this.#outbox.count('too-many-heads');
  }

  /** The commit of this run failed: it is asked for again later, and its credit waits as well. */
  forget({ feed, link, credit }: PendingRun): void {
    const session = link === undefined ? undefined : this.#sessions.get(link);
    if (session !== undefined) session.withheld += credit;
    this.#fetcher.refuse(feed.id);
  }
}

/** The objects of a run as they would stand here. */
export function entriesOf(
  { feed, entries }: Run,
  isWanted: (time: number, id: MessageId) => boolean = () => true,
): Entry[] {
  const found: Entry[] = [];
  for (const { seq, time, objects } of entries) {
    for (const [index, { message: id, id: objectId, bytes: object }] of objects.entries()) {
      if (object === undefined || !isWanted(time, id)) continue;
      found.push({ arrival: 0, feed, seq, index, time, id, objectId, object });
    }
  }
  return found;
}

export function lacksObjects({ entries }: Run): boolean {
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

export function dropReasonOf(reason: SegmentReason): DropReason {
  return namedReasons[reason] ?? 'bad-object';
}
