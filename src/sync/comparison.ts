// How two nodes find out in which feeds they differ: fingerprints of whole groups, then of ranges of
// their feeds, then lists of what differs. Each answer follows from the frame alone: any may be lost.
import { equal } from '../bytes.ts';
import type { GroupId } from '../cxo/ids.ts';
import { feedKey, type FeedKey } from '../cxo/root.ts';
import { publicKeyBytes, type PublicKey } from '../identity.ts';
import type { Now } from './events.ts';
import type { Forks } from './forks.ts';
import { rootPrefixBytes, type Frame, type GroupTag, type Have } from './frames.ts';
import { syncLimits } from './limits.ts';
import type { Outbox } from './outbox.ts';
import type { Outflow } from './outflow.ts';
import type { OwnFeeds } from './own-feeds.ts';
import {
  answerTo,
  everything,
  holds,
  isOneAuthor,
  restFrom,
  split,
  type Section,
  type Showing,
} from './ranges.ts';
import { sharedClaim, sharedRoot, sharedSeq, type Feed, type Replica } from './replica.ts';
import type { Session } from './session.ts';

export interface ComparisonParts {
  readonly self: PublicKey;
  readonly replica: Replica;
  readonly outbox: Outbox;
  readonly outflow: Outflow;
  readonly forks: Forks;
  readonly ownFeeds: OwnFeeds;
}

export class Comparison {
  readonly #self: Uint8Array;
  readonly #replica: Replica;
  readonly #outbox: Outbox;
  readonly #outflow: Outflow;
  readonly #forks: Forks;
  readonly #ownFeeds: OwnFeeds;

  constructor(parts: ComparisonParts) {
    this.#self = publicKeyBytes(parts.self);
    this.#replica = parts.replica;
    this.#outbox = parts.outbox;
    this.#outflow = parts.outflow;
    this.#forks = parts.forks;
    this.#ownFeeds = parts.ownFeeds;
  }

  /** All that this node has of a group, as it shows it to a peer. */
  fingerprint(session: Session, group: GroupId): Uint8Array {
    return session.fingerprint(this.#replica.digest(group), true);
  }

  /**
   * The peer has named groups: where large ones differ, the side that dialled begins.
   * @param groups of each tag the group, where it is shared
   */
  greeted(
    session: Session,
    tags: readonly GroupTag[],
    groups: readonly (GroupId | undefined)[],
    now: Now,
  ): void {
    tags.forEach(({ fingerprint }, i) => {
      const group = groups[i];
      if (group === undefined) return;
      if (this.#verdict(session, group, fingerprint, now) !== 'different') return;
      const size = this.#replica.sharedFeeds(group).feeds.length;
      if (session.initiator || size <= syncLimits.listedAtOnceMax) this.begin(session, group, now);
    });
  }

  /**
   * The peer was idle: its fingerprints show whether a frame was lost on the way. Where they are equal
   * for the first time, it is shown the same, so that both know; what it answered is no news to it.
   */
  checked(session: Session, frame: Extract<Frame, { type: 'check' }>, now: Now): void {
    const isAnswer = session.lastCheckAt + syncLimits.listingMs > now.mono;
    let isNews = false;
    for (const { group: place, fingerprint } of frame.fingerprints) {
      const group = session.groupAt(place);
      if (group === undefined) continue;
      const verdict = this.#verdict(session, group, fingerprint, now);
      if (verdict === 'different') this.begin(session, group, now);
      if (verdict === 'news') isNews = true;
    }
    if (isNews && !isAnswer) this.check(session, now);
  }

  /** While nothing moves on a link, both sides keep comparing: no lost frame is lost for good. */
  check(session: Session, now: Now): void {
    session.lastCheckAt = now.mono;
    this.#outbox.send(session, {
      type: 'check',
      sent: session.sent,
      fingerprints: [...session.sharedGroups()].map((group) => ({
        group: session.placeOf(group),
        fingerprint: this.fingerprint(session, group),
      })),
    });
  }

  #verdict(
    session: Session,
    group: GroupId,
    fingerprint: Uint8Array,
    now: Now,
  ): 'different' | 'known' | 'news' {
    const shared = this.#replica.sharedFeeds(group);
    if (!session.agrees(shared.digest, fingerprint)) return 'different';
    session.lastCheckAt = now.mono;
    this.#ownFeeds.heard(group);
    if (!session.learn(group, shared.digest)) return 'known';
    this.#learn(session, shared.feeds);
    return 'news';
  }

  /** The peer has the same of these feeds. */
  #learn(session: Session, feeds: readonly Feed[]): void {
    for (const feed of feeds) session.claim(feed.key, sharedClaim(feed));
    this.#outbox.add({ type: 'delivered', peer: session.peer });
  }

  begin(session: Session, group: GroupId, now: Now): void {
    if (!session.mayCompare(group, now.mono)) return;
    const all = this.#replica.sharedFeeds(group).section(everything);
    if (all.end <= syncLimits.listedAtOnceMax) this.#list(session, group, all, now);
    else this.#question(session, group, all);
  }

  #question(session: Session, group: GroupId, section: Section): void {
    const { rows } = this.#replica.sharedFeeds(group);
    const parts = split(rows, section, syncLimits.rangeParts);
    this.#show(
      session,
      group,
      parts.map((part) => ({ ...part, as: 'question' })),
    );
  }

  #show(session: Session, group: GroupId, shown: readonly Showing[]): void {
    const shared = this.#replica.sharedFeeds(group);
    const place = session.placeOf(group);
    for (let i = 0; i < shown.length; i += syncLimits.rangesInFrameMax) {
      const part = shown.slice(i, i + syncLimits.rangesInFrameMax);
      const ranges = part.map((section) => ({
        upper: section.upper,
        fingerprint:
          section.as === 'between'
            ? undefined
            : session.fingerprint(shared.digestOf(section), true),
        agreed: section.as === 'agreed',
      }));
      const lower = part[0]?.lower ?? everything.lower;
      this.#outbox.send(session, { type: 'compare', group: place, lower, ranges });
    }
  }

  #list(session: Session, group: GroupId, section: Section, now: Now): void {
    this.#prove(session, group, section, now);
    this.#outflow.list(session, group, section);
    const units = (section.end - section.first) * syncLimits.comparedTold;
    session.addWork(group, units, now.mono);
  }

  /** Who has not heard of a fork has another row of the feed: it has to see the proof. */
  #prove(session: Session, group: GroupId, section: Section, now: Now): void {
    for (const { id, forkedAt } of this.#replica.sharedFeeds(group).in(section)) {
      if (forkedAt === undefined) continue;
      this.#forks.send(session, id);
      session.addWork(group, syncLimits.comparedProof, now.mono);
    }
  }

  /** The peer shows fingerprints of ranges: what differs is split further, or listed. */
  compared(
    session: Session,
    group: GroupId,
    { lower, ranges }: Extract<Frame, { type: 'compare' }>,
    now: Now,
  ): void {
    const shared = this.#replica.sharedFeeds(group);
    const upper = ranges.at(-1)?.upper ?? lower;
    const { first, end } = shared.section({ lower, upper });
    if (!this.#affords(session, group, end - first + ranges.length, now)) return;
    const { equal, listed, shown } = answerTo(shared.rows, lower, ranges, {
      listedMax: syncLimits.listedInRangeMax,
      parts: syncLimits.rangeParts,
      agrees: (digest, fingerprint) => session.agrees(digest, fingerprint),
    });
    if (equal.length > 0) {
      this.#learn(
        session,
        equal.flatMap((section) => shared.in(section)),
      );
      if (equal.some((section) => holds(section, this.#self))) this.#ownFeeds.heard(group);
    }
    const begins = lower.length === 0 && upper.length === 0;
    if (begins && this.#hasListed(session, group, now)) return;
    for (const section of listed) this.#list(session, group, section, now);
    this.#show(session, group, shown);
  }

  /** The peer has named all that it has in a range: it is told of what it has not, or less of. */
  covered(
    session: Session,
    group: GroupId,
    { covers, feeds: haves }: Extract<Frame, { type: 'have' }>,
    now: Now,
  ): void {
    if (covers === undefined) return;
    if (holds(covers, this.#self)) this.#ownFeeds.heard(group);
    if (this.#hasListed(session, group, now)) return;
    const shared = this.#replica.sharedFeeds(group);
    const section = shared.section(covers);
    if (!this.#affords(session, group, section.end - section.first, now)) return;
    const named = new Map<FeedKey, Have>();
    for (const have of haves) {
      named.set(feedKey({ group, author: have.author, head: have.head }), have);
    }
    const told: Feed[] = [];
    let end = section.first;
    for (const feed of shared.in(section)) {
      if (told.length >= syncLimits.toldMax && !isOneAuthor(shared.rows, end)) break;
      end++;
      if (isNews(feed, named.get(feed.key))) told.push(feed);
    }
    this.#prove(session, group, { ...section, end }, now);
    this.#outflow.tell(session, told);
    session.addWork(group, told.length * syncLimits.comparedTold, now.mono);
    if (end < section.end) this.#question(session, group, restFrom(shared.rows, section, end));
  }

  /** Whether this side has just told the peer of all that it has. */
  #hasListed(session: Session, group: GroupId, now: Now): boolean {
    const { feeds } = this.#replica.sharedFeeds(group);
    return feeds.length <= syncLimits.listedAtOnceMax && session.hasCompared(group, now.mono);
  }

  /** Charges a peer each time that it asks for as much again as a full comparison could take. */
  #affords(session: Session, group: GroupId, units: number, now: Now): boolean {
    const { comparedBase, comparedPerFeed } = syncLimits;
    const allowed = comparedBase + comparedPerFeed * this.#replica.sharedFeeds(group).feeds.length;
    const sum = session.addWork(group, units, now.mono);
    if (sum <= allowed) return true;
    const isFurther = Math.floor(sum / allowed) > Math.floor((sum - units) / allowed);
    if (isFurther) this.#outbox.offence(session, 'compare-excess', now.mono);
    else this.#outbox.count('compare-excess');
    return false;
  }
}

/** Whether a peer that says this of a feed, or nothing, can be told anything of it. */
function isNews(feed: Feed, have: Have | undefined): boolean {
  const seq = sharedSeq(feed);
  if (have === undefined || seq !== have.seq) return have === undefined || seq > have.seq;
  const root = sharedRoot(feed);
  return root !== undefined && !equal(root.subarray(0, rootPrefixBytes), have.rootPrefix);
}
