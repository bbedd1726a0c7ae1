// The gossip of one node as a state machine: an event and the time in, effects out. No I/O, clock,
// timer or chance of its own, so that the simulator runs the very same engine.
import type { FeedState } from '../cxo/feed.ts';
import type { GroupId } from '../cxo/ids.ts';
import type { FeedId } from '../cxo/root.ts';
import type { CommitArrivals, HeldRecord } from '../cxo/store.ts';
import { unreachable, type ErrorCode } from '../errors.ts';
import type { Identity, PublicKey } from '../identity.ts';
import type { Effect, Event, Now } from './events.ts';
import type { ForkProof } from './fork-proof.ts';
import { Forks } from './forks.ts';
import { parseFrame, protocolVersion, type ForkProofFrame, type Frame } from './frames.ts';
import { Intake } from './intake.ts';
import { Journal, type Settled } from './journal.ts';
import { syncLimits } from './limits.ts';
import { Outbox } from './outbox.ts';
import { Outflow } from './outflow.ts';
import { Overview } from './overview.ts';
import { Replica, sharedClaim, type Feed } from './replica.ts';
import { Session } from './session.ts';

export interface GossipOptions {
  readonly identity: Identity;
  /** Named to peers, for the people who look into a mixed mesh. */
  readonly agent: string;
  readonly states: readonly FeedState[];
  readonly held: readonly HeldRecord[];
  readonly forkProofs: readonly { readonly feed: FeedId; readonly proof: ForkProof }[];
  /** The groups that this node takes part in, as of now. */
  readonly groups: () => readonly GroupId[];
  /** Whether an author belongs to a group, as of now. */
  readonly accepts: (group: GroupId, author: PublicKey) => boolean;
  readonly labelOf: (kind: string) => string | undefined;
  /** False where the own feeds may have roots that this store has lost: posting waits for a peer. */
  readonly ownFeedsKnown: boolean;
  /** The lowest head number of an own feed that may be written to; 0 unless told to start over. */
  readonly headMin: number;
}

export class Gossip {
  readonly #options: GossipOptions;
  readonly #outbox = new Outbox();
  readonly #sessions = new Map<number, Session>();
  readonly #replica: Replica;
  readonly #journal: Journal;
  readonly #forks: Forks;
  readonly #intake: Intake;
  readonly #outflow: Outflow;
  /** What can be seen of the state from outside. */
  readonly overview: Overview;
  readonly #ownFeedsKnown: boolean;
  /** Groups in which a peer has shown where this node's own feed stands. */
  readonly #confirmed = new Set<GroupId>();
  #waitingSince: number | undefined;
  #retryCommitAt: number | undefined;

  constructor(options: GossipOptions, now: Now) {
    const { identity, held, labelOf, headMin } = options;
    this.#options = options;
    this.#ownFeedsKnown = options.ownFeedsKnown;
    this.#replica = new Replica(options.states, ({ group, author }) =>
      options.accepts(group, author),
    );
    for (const { feed, head } of options.states) {
      if (head.time <= now.wall + syncLimits.horizonMicros)
        this.#replica.see(feed.group, head.time);
    }
    const parts = { replica: this.#replica, outbox: this.#outbox, sessions: this.#sessions };
    this.#journal = new Journal({ identity, replica: this.#replica, held, labelOf, headMin });
    this.#forks = new Forks(this.#replica, this.#journal, this.#outbox, options.forkProofs);
    this.#intake = new Intake({ ...parts, journal: this.#journal, forks: this.#forks });
    this.#outflow = new Outflow(this.#replica, this.#outbox);
    this.overview = new Overview({
      ...parts,
      self: identity.publicKey,
      journal: this.#journal,
      forks: this.#forks,
    });
  }

  handle(event: Event, now: Now): Effect[] {
    this.#dispatch(event, now);
    this.#flush(now);
    return this.#outbox.take();
  }

  #dispatch(event: Event, now: Now): void {
    switch (event.type) {
      case 'opened':
        this.#open(event, now);
        return;
      case 'closed':
        this.#close(event.link);
        this.#forks.dropLink(event.link);
        this.#intake.dropLink(event.link, now);
        return;
      case 'frame':
        this.#receive(event.link, event.frameType, event.payload, now);
        return;
      case 'append':
        this.#append(event, now);
        return;
      case 'local':
        this.#journal.writeLocal(event.ticket, event.changes);
        return;
      case 'committed':
        this.#committed(event.arrivals);
        return;
      case 'commit-failed':
        this.#commitFailed(event.code, now);
        return;
      case 'read':
        this.#readDone(event);
        return;
      case 'members':
        for (const group of this.#options.groups()) this.#replica.forgetDigest(group);
        this.#intake.seekAll(now);
        return;
      case 'tick':
        this.#review(now);
        return;
      default:
        unreachable(event);
    }
  }

  #close(link: number): void {
    const session = this.#sessions.get(link);
    if (session !== undefined) this.overview.remember(session);
    this.#sessions.delete(link);
  }

  #open(event: Extract<Event, { type: 'opened' }>, now: Now): void {
    const { link, peer } = event;
    const groups = this.#options
      .groups()
      .filter((group) => this.#options.accepts(group, peer))
      .slice(0, syncLimits.groupsMax);
    const openedAt = now.mono;
    const self = this.#options.identity.publicKey;
    const session = new Session({ ...event, groups, self, openedAt });
    this.#sessions.set(link, session);
    this.#outbox.send(session, {
      type: 'hello',
      version: protocolVersion,
      agent: this.#options.agent,
      groups: groups.map((group) => ({
        tag: session.tag(group),
        fingerprint: session.fingerprint(this.#replica.digest(group), true),
      })),
      window: syncLimits.windowBytes,
    });
  }

  #receive(link: number, frameType: number, payload: Uint8Array, now: Now): void {
    const session = this.#sessions.get(link);
    if (session === undefined) return;
    const frame = parseFrame(frameType, payload);
    if (frame === undefined) this.#outbox.offence(session, 'bad-frame', now.mono);
    else if (frame === 'unknown') this.#outbox.count('unknown-frame');
    else if (frame.type === 'hello') this.#greet(session, frame, now);
    else if (!session.greeted) this.#outbox.count('not-greeted');
    else this.#read(session, frame, now);
  }

  #greet(session: Session, frame: Extract<Frame, { type: 'hello' }>, now: Now): void {
    if (frame.version !== protocolVersion) {
      this.#outbox.close(session.link, session.peer, 'version-mismatch', false);
      return;
    }
    if (session.greeted) return;
    session.greet(frame.groups, frame.window);
    frame.groups.forEach(({ fingerprint }, place) => {
      const group = session.groupAt(place);
      if (group !== undefined) this.#compare(session, group, fingerprint, now);
    });
  }

  /** Equal fingerprints: in sync. Else both sides tell all they have, and ask for what they lack. */
  #compare(session: Session, group: GroupId, fingerprint: Uint8Array, now: Now): void {
    const feeds = this.#replica.shared(group);
    if (!session.agrees(this.#replica.digest(group), fingerprint)) {
      for (const feed of feeds) if (feed.forkedAt !== undefined) this.#forks.send(session, feed.id);
      this.#outflow.tellAll(session, group);
      return;
    }
    for (const feed of feeds) session.claim(sharedClaim(feed));
    this.#confirmOwnFeed(group);
    this.#outbox.add({ type: 'delivered', peer: session.peer });
    session.lastCheckAt = now.mono;
  }

  #read(session: Session, frame: Exclude<Frame, { type: 'hello' }>, now: Now): void {
    if (frame.type === 'credit') {
      session.sendLimit = Math.max(session.sendLimit, frame.limit);
      return;
    }
    if (frame.type === 'segment') {
      this.#intake.segment(session, frame, now);
      return;
    }
    if (frame.type === 'check') {
      this.#checked(session, frame, now);
      return;
    }
    const group = session.groupAt(frame.group);
    if (group === undefined) {
      this.#outbox.count('unknown-group');
      return;
    }
    switch (frame.type) {
      case 'have':
        this.#intake.have(session, group, frame.feeds, now);
        if (frame.complete && !this.#ownFeedBehind(group)) this.#confirmOwnFeed(group);
        this.#outbox.add({ type: 'delivered', peer: session.peer });
        return;
      case 'want':
        for (const place of frame.places) this.#outflow.want(session, group, place);
        return;
      case 'decline':
        this.#intake.decline(session, group, frame.places, now);
        return;
      case 'fork':
        this.#takeProof(session, group, frame.proof, now);
        return;
      default:
        unreachable(frame);
    }
  }

  /** The peer was idle: its fingerprints show whether a frame was lost on the way. */
  #checked(session: Session, frame: Extract<Frame, { type: 'check' }>, now: Now): void {
    session.receive(0, frame.sent);
    for (const { group: place, fingerprint } of frame.fingerprints) {
      const group = session.groupAt(place);
      if (group !== undefined) this.#compare(session, group, fingerprint, now);
    }
  }

  #takeProof(session: Session, group: GroupId, frame: ForkProofFrame, now: Now): void {
    const { author, head, ...proof } = frame;
    const id: FeedId = { group, author, head };
    if (!this.#replica.accepts(id)) this.#outbox.count('not-a-member');
    else if (this.#forks.receive(id, proof) === 'invalid') {
      this.#outbox.offence(session, 'bad-fork-proof', now.mono);
    }
  }

  #append(event: Extract<Event, { type: 'append' }>, now: Now): void {
    const { ticket, group, object, local } = event;
    if (this.#journal.appendsWaiting >= syncLimits.appendsMax) {
      this.#outbox.add({ type: 'append-failed', ticket, code: 'too-many-requests' });
      return;
    }
    this.#journal.append({ ticket, group, object, local });
    if (!this.#mayAppend(group)) this.#waitingSince ??= now.mono;
  }

  /** Who appends without knowing the end of its own feed would fork it. */
  #mayAppend(group: GroupId): boolean {
    return (this.#ownFeedsKnown || this.#confirmed.has(group)) && !this.#ownFeedBehind(group);
  }

  #ownFeedBehind(group: GroupId): boolean {
    for (const session of this.#sessions.values()) {
      for (const { feed, seq } of session.ownClaims()) {
        if (feed.group !== group) continue;
        const known = this.#replica.find(feed);
        if (known?.forkedAt === undefined && seq > (known?.stored.seq ?? 0)) return true;
      }
    }
    return false;
  }

  #confirmOwnFeed(group: GroupId): void {
    if (!this.#ownFeedsKnown) this.#confirmed.add(group);
  }

  #committed(arrivals: CommitArrivals): void {
    const settled = this.#journal.settle(arrivals);
    for (const { ticket, entry } of settled.appended) {
      this.#outbox.add({ type: 'appended', ticket, entry });
    }
    for (const ticket of settled.written) this.#outbox.add({ type: 'local-written', ticket });
    if (settled.arrived.length > 0) this.#outbox.add({ type: 'arrived', entries: settled.arrived });
    if (settled.released) this.#outbox.add({ type: 'released' });
    this.#passOn(settled);
  }

  #passOn(settled: Settled): void {
    for (const { link, credit } of settled.runs) {
      const session = link === undefined ? undefined : this.#sessions.get(link);
      if (session !== undefined) session.pending -= credit;
    }
    for (const session of this.#sessions.values()) {
      if (session.greeted) this.#outflow.announce(session, settled.runs);
    }
    for (const { id } of settled.frozen) {
      for (const session of this.#sessions.values()) this.#forks.send(session, id);
    }
  }

  #commitFailed(code: ErrorCode, now: Now): void {
    const { runs, tickets } = this.#journal.fail();
    for (const ticket of tickets) this.#outbox.add({ type: 'append-failed', ticket, code });
    const feeds = new Set<Feed>();
    for (const { feed, link, credit } of runs) {
      const session = link === undefined ? undefined : this.#sessions.get(link);
      if (session === undefined) continue;
      session.pending -= credit;
      feeds.add(feed);
    }
    this.#intake.retry(feeds, now);
    this.#retryCommitAt = now.mono + syncLimits.commitRetryMs;
  }

  #readDone(event: Extract<Event, { type: 'read' }>): void {
    const { request, records } = event;
    const session = this.#sessions.get(request.link);
    if (request.purpose === 'fork') this.#forks.compare(session, request, records);
    else if (session !== undefined) this.#outflow.answer(session, request, records);
  }

  #review(now: Now): void {
    this.#intake.review(now);
    this.#forks.review(now);
    if (this.#retryCommitAt !== undefined && this.#retryCommitAt <= now.mono) {
      this.#retryCommitAt = undefined;
    }
    for (const session of this.#sessions.values()) this.#check(session, now);
    this.#giveUpAppends(now);
  }

  /** While nothing moves on a link, both sides keep comparing: no lost frame is lost for good. */
  #check(session: Session, now: Now): void {
    if (checkAt(session) > now.mono) return;
    session.lastCheckAt = now.mono;
    if (!session.greeted) {
      this.#outbox.count('not-greeted');
      this.#outbox.close(session.link, session.peer, 'no-hello', false);
      return;
    }
    const groups = [...session.sharedGroups()];
    this.#outbox.send(session, {
      type: 'check',
      sent: session.sent,
      fingerprints: groups.map((group) => ({
        group: session.placeOf(group),
        fingerprint: session.fingerprint(this.#replica.digest(group), true),
      })),
    });
  }

  #giveUpAppends(now: Now): void {
    const since = this.#waitingSince;
    if (since === undefined || now.mono < since + syncLimits.ownFeedWaitMs) return;
    this.#waitingSince = undefined;
    const blocked = new Set(this.#options.groups().filter((group) => !this.#mayAppend(group)));
    for (const { ticket } of this.#journal.withdraw(blocked)) {
      this.#outbox.add({ type: 'append-failed', ticket, code: 'own-feed-unknown' });
    }
  }

  /** What each event may have made possible: a commit, segments to send, credit to give. */
  #flush(now: Now): void {
    if (this.#retryCommitAt === undefined) {
      const plan = this.#journal.take(now, (group) => this.#mayAppend(group));
      if (plan !== undefined) this.#outbox.add({ type: 'commit', ...plan });
    }
    if (this.#journal.appendsWaiting === 0) this.#waitingSince = undefined;
    for (const session of this.#sessions.values()) {
      this.#outflow.pump(session);
      const limit = session.takeGrant();
      if (limit !== undefined) this.#outbox.send(session, { type: 'credit', limit });
    }
  }

  /** When the engine next wants a `tick`; undefined where only events can change anything. */
  deadline(now: Now): number | undefined {
    const release = this.#journal.nextRelease;
    const waits = [
      this.#intake.deadline,
      this.#forks.deadline,
      this.#retryCommitAt,
      this.#waitingSince === undefined ? undefined : this.#waitingSince + syncLimits.ownFeedWaitMs,
      release === undefined ? undefined : now.mono + Math.ceil((release - now.wall) / 1000),
      ...[...this.#sessions.values()].map(checkAt),
    ].filter((at) => at !== undefined);
    return waits.length === 0 ? undefined : Math.min(...waits);
  }
}

function checkAt(session: Session): number {
  if (!session.greeted) return session.lastCheckAt + syncLimits.helloMs;
  return Math.max(session.lastSegmentAt, session.lastCheckAt) + syncLimits.checkMs;
}
