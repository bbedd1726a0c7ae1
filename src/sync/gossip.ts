// The gossip of one node as a state machine: an event and the time in, effects out. No I/O, clock,
// timer or chance of its own, so that the simulator runs the very same engine.
import type { FeedState } from '../cxo/feed.ts';
import type { GroupId } from '../cxo/ids.ts';
import type { LabelOf } from '../cxo/record.ts';
import type { FeedId } from '../cxo/root.ts';
import { verifySegment } from '../cxo/segment.ts';
import type { CommitArrivals, HeldRecord, LocalChange } from '../cxo/store.ts';
import { unreachable, type ErrorCode } from '../errors.ts';
import type { Identity } from '../identity.ts';
import { CommitRetry } from './commit-retry.ts';
import { Commits } from './commits.ts';
import { Comparison } from './comparison.ts';
import type { Effect, Event, Now } from './events.ts';
import type { ForkProof } from './fork-proof.ts';
import { Fetcher } from './fetch.ts';
import { Forks } from './forks.ts';
import { parseFrame } from './frame-codec.ts';
import type { Frame } from './frames.ts';
import type { Groups } from './groups.ts';
import { nothingLacks, type Shedding } from './holes.ts';
import { countMessages, Importing } from './importing.ts';
import { Intake } from './intake.ts';
import { Introductions } from './introductions.ts';
import { Journal, type Settled } from './journal.ts';
import { syncLimits } from './limits.ts';
import { Outbox } from './outbox.ts';
import { Outflow } from './outflow.ts';
import { Overview } from './overview.ts';
import { OwnFeeds } from './own-feeds.ts';
import { Receipts } from './receipts.ts';
import { Replica } from './replica.ts';
import type { Session } from './session.ts';
import { Trees } from './trees.ts';

export interface GossipOptions {
  readonly identity: Identity;
  /** Named to peers, for the people who look into a mixed mesh. */
  readonly agent: string;
  readonly groups: Groups;
  readonly states: readonly FeedState[];
  readonly held: readonly HeldRecord[];
  readonly forkProofs: readonly { readonly feed: FeedId; readonly proof: ForkProof }[];
  readonly labelOf: LabelOf;
  /** Without it every message has its object. */
  readonly shedding?: Shedding;
  /** `verifySegment`, unless somebody remembers its verdicts. */
  readonly verify?: typeof verifySegment;
  /** False where the own feeds may have roots that this store has lost: posting waits for a peer. */
  readonly ownFeedsKnown: boolean;
  /** The lowest head number of an own feed that may be written to; 0 unless told to start over. */
  readonly headMin: number;
}

export class Gossip {
  readonly #outbox = new Outbox();
  readonly #sessions = new Map<number, Session>();
  readonly #replica: Replica;
  readonly #journal: Journal;
  readonly #commits: Commits;
  readonly #forks: Forks;
  readonly #fetcher: Fetcher;
  readonly #intake: Intake;
  readonly #importing: Importing;
  readonly #outflow: Outflow;
  readonly #comparison: Comparison;
  readonly #receipts: Receipts;
  readonly #introductions: Introductions;
  /** What can be seen of the state from outside. */
  readonly overview: Overview;
  readonly #ownFeeds: OwnFeeds;
  /** Since when an append waits to learn where its own feed stands. */
  #waitingSince: number | undefined;
  readonly #retry = new CommitRetry();

  constructor(options: GossipOptions, now: Now) {
    const { identity, held, labelOf, headMin, groups } = options;
    const self = identity.publicKey;
    this.#replica = new Replica(options.states, groups, now.wall + syncLimits.horizonMicros);
    const parts = { replica: this.#replica, outbox: this.#outbox, sessions: this.#sessions };
    const known = options.ownFeedsKnown;
    const headMinOf = (group: GroupId, from: number): number =>
      groups.headMin(group, Math.max(headMin, from));
    this.#ownFeeds = new OwnFeeds({ self, replica: this.#replica, known, headMinOf });
    this.#journal = new Journal({ ...parts, identity, ownFeeds: this.#ownFeeds, held, labelOf });
    this.#commits = new Commits(this.#journal);
    this.#forks = new Forks(this.#replica, this.#journal, this.#outbox, options.forkProofs);
    const inner = { ...parts, self, journal: this.#journal, forks: this.#forks };
    this.#outflow = new Outflow(this.#replica, this.#outbox, this.#sessions);
    const trees = new Trees(this.#sessions);
    const incoming = { ...inner, ownFeeds: this.#ownFeeds, outflow: this.#outflow, trees };
    const comparison = new Comparison(incoming);
    this.#comparison = comparison;
    this.#introductions = new Introductions({ ...parts, agent: options.agent, groups, comparison });
    const { verify = verifySegment, shedding = nothingLacks } = options;
    this.#fetcher = new Fetcher({ ...incoming, shedding });
    this.#intake = new Intake({ ...incoming, fetcher: this.#fetcher, verify, shedding });
    this.#importing = new Importing({ ...incoming, verify, shedding, groups: () => groups.all() });
    this.#receipts = new Receipts({ ...parts, identity, groups });
    const { asked } = this.#fetcher;
    this.overview = new Overview({ ...incoming, groups, receipts: this.#receipts, asked });
  }

  handle(event: Event, now: Now): Effect[] {
    return this.handleAll([event], now);
  }

  /** As `handle` for each, but what several events made possible is done once. */
  handleAll(events: readonly Event[], now: Now): Effect[] {
    for (const event of events) this.#dispatch(event, now);
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
        this.#receipts.dropLink(event.link);
        this.#fetcher.dropLink(event.link, now);
        return;
      case 'frame':
        this.#receive(event.link, event.frameType, event.payload, now);
        return;
      case 'append':
        this.#append(event);
        return;
      case 'local':
        this.#writeLocal(event.ticket, event.changes);
        return;
      case 'erase':
        if (!this.#commits.erasing.add(event)) this.#refuse(event.ticket);
        return;
      case 'import':
      case 'import-fork':
        this.#importing.handle(event, now);
        return;
      case 'explained':
        this.#fetcher.explained(now);
        return;
      case 'committed':
        this.#committed(event.arrivals, now);
        return;
      case 'commit-failed':
        this.#commitFailed(event.code, now);
        return;
      case 'read':
        this.#readDone(event);
        return;
      case 'members':
        // Also of a group that is not kept at the moment: it may be again, without a word of members.
        this.#replica.membersChanged();
        for (const session of this.#sessions.values()) this.#introductions.review(session, now);
        this.#fetcher.seekAll(now);
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
    this.#sessions.set(event.link, this.#introductions.open(event, now));
    this.#receipts.openLink(event.link, now);
  }

  #receive(link: number, frameType: number, payload: Uint8Array, now: Now): void {
    const session = this.#sessions.get(link);
    if (session === undefined) return;
    const frame = parseFrame(frameType, payload);
    if (frame === undefined) this.#outbox.offence(session, 'bad-frame', now.mono);
    else if (frame === 'unknown') this.#outbox.count('unknown-frame');
    else if (frame.type === 'hello') this.#introductions.greet(session, frame, now);
    else if (!session.greeted) this.#outbox.count('not-greeted');
    else this.#read(session, frame, now);
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
    if (frame.type === 'groups') {
      this.#introductions.heard(session, frame, now);
      return;
    }
    const group = session.groupAt(frame.group);
    if (group === undefined) {
      this.#outbox.count('unknown-group');
      return;
    }
    switch (frame.type) {
      case 'have':
        this.#intake.have(session, group, frame, now);
        this.#outbox.add({ type: 'delivered', peer: session.peer });
        if (frame.covers !== undefined) this.#comparison.covered(session, group, frame, now);
        return;
      case 'compare':
        this.#comparison.compared(session, group, frame, now);
        return;
      case 'want':
        this.#outflow.want(session, group, frame.places);
        return;
      case 'decline':
        this.#fetcher.decline(session, group, frame.places, now);
        return;
      case 'prune':
        this.#outflow.pruned(session, group, frame.places);
        return;
      case 'receipt':
        this.#receipts.receive(session, group, frame.bytes, now);
        return;
      case 'fork':
        this.#intake.proof(session, group, frame, now);
        return;
      default:
        unreachable(frame);
    }
  }

  #checked(session: Session, frame: Extract<Frame, { type: 'check' }>, now: Now): void {
    if (!session.receive(0, frame.sent)) {
      this.#outbox.offence(session, 'window-exceeded', now.mono, true);
      return;
    }
    this.#comparison.checked(session, frame, now);
  }

  #append(event: Extract<Event, { type: 'append' }>): void {
    const { ticket, group, draft } = event;
    if (this.#journal.appendsWaiting < syncLimits.appendsMax)
      this.#journal.append({ ticket, group, draft });
    else this.#refuse(ticket);
  }

  #writeLocal(ticket: number, changes: readonly LocalChange[]): void {
    if (this.#journal.localWaiting < syncLimits.appendsMax)
      this.#journal.writeLocal(ticket, changes);
    else this.#refuse(ticket);
  }

  #refuse(ticket: number): void {
    this.#outbox.add({ type: 'append-failed', ticket, code: 'too-many-requests' });
  }

  #committed(arrivals: CommitArrivals, now: Now): void {
    this.#retry.succeeded();
    const outcome = this.#commits.settle(arrivals);
    if (outcome.type === 'erased') {
      const { ticket } = outcome;
      if (ticket !== undefined) this.#outbox.add({ type: 'local-written', ticket });
      // What is remembered of recent messages has their objects.
      this.#outbox.add({ type: 'withdrawn', bodiesOnly: true });
      return;
    }
    const { settled } = outcome;
    for (const { ticket, entry } of settled.appended) {
      this.#outbox.add({ type: 'appended', ticket, entry });
    }
    for (const ticket of settled.written) this.#outbox.add({ type: 'local-written', ticket });
    if (settled.arrived.length > 0) this.#outbox.add({ type: 'arrived', entries: settled.arrived });
    if (settled.withdrawn) this.#outbox.add({ type: 'withdrawn' });
    if (settled.reread) this.#outbox.add({ type: 'reread' });
    this.#passOn(settled, now);
    this.#importing.settled();
    this.#fetcher.resume(now);
  }

  #passOn(settled: Settled, now: Now): void {
    for (const { feed, run, link, credit, ticket } of settled.runs) {
      if (ticket !== undefined) this.#importing.answer(ticket, 'stored', countMessages(run));
      const session = link === undefined ? undefined : this.#sessions.get(link);
      if (session !== undefined) session.pending -= credit;
      this.overview.settled(session, run, now);
      this.#forks.place(feed);
    }
    for (const session of this.#sessions.values()) {
      if (session.greeted) this.#outflow.announce(session, settled.runs, now.mono);
    }
    this.#receipts.committed(settled.runs, now);
    for (const { id, forkedAt } of settled.frozen) {
      if (forkedAt !== undefined) this.#outbox.add({ type: 'frozen', feed: id, seq: forkedAt });
      for (const session of this.#sessions.values()) this.#forks.send(session, id);
    }
  }

  #commitFailed(code: ErrorCode, now: Now): void {
    const { runs, tickets } = this.#commits.fail();
    for (const ticket of tickets) this.#outbox.add({ type: 'append-failed', ticket, code });
    for (const run of runs) {
      if (run.ticket === undefined) this.#intake.forget(run);
      else this.#outbox.add({ type: 'append-failed', ticket: run.ticket, code });
    }
    this.#importing.failed(code);
    this.#retry.failedAt(now);
  }

  #readDone(event: Extract<Event, { type: 'read' }>): void {
    const { request, records } = event;
    const session = this.#sessions.get(request.link ?? 0);
    if (request.purpose === 'place') this.#forks.placed(request, records);
    else if (session === undefined) return;
    else if (request.purpose === 'fork') this.#forks.compare(session, request, records);
    else this.#outflow.answer(session, request, records);
  }

  #review(now: Now): void {
    this.#fetcher.review(now);
    this.#forks.review(now);
    if (this.#retry.review(now)) this.#fetcher.resume(now);
    for (const session of this.#sessions.values()) this.#check(session, now);
    this.#giveUpAppends(now);
  }

  #check(session: Session, now: Now): void {
    if (session.checkAt > now.mono) return;
    if (!session.greeted) {
      session.lastCheckAt = now.mono;
      this.#outbox.count('not-greeted');
      this.#outbox.close(session.link, session.peer, 'no-hello', false);
      return;
    }
    if (session.granted > syncLimits.windowBytes) {
      this.#outbox.send(session, { type: 'credit', limit: session.granted });
    }
    this.#comparison.check(session, now);
  }

  #giveUpAppends(now: Now): void {
    const since = this.#waitingSince;
    if (since === undefined || now.mono < since + syncLimits.ownFeedWaitMs) return;
    this.#waitingSince = undefined;
    for (const { ticket } of this.#journal.withdraw(this.#blockedGroups(now))) {
      this.#outbox.add({ type: 'append-failed', ticket, code: 'own-feed-unknown' });
    }
  }

  /** Groups in which this node may not write to its own feed. */
  #blockedGroups(now: Now): Set<GroupId> {
    const groups = [...this.#journal.groupsWaiting];
    return new Set(groups.filter((group) => !this.#ownFeeds.mayAppend(group, now.mono)));
  }

  /** What each event may have made possible: a commit, segments to send, credit to give. */
  #flush(now: Now): void {
    if (!this.#retry.isWaiting) {
      const plan = this.#commits.take(now, (group) => this.#ownFeeds.mayAppend(group, now.mono));
      for (const failed of this.#journal.takeFailed()) {
        this.#outbox.add({ type: 'append-failed', ...failed });
      }
      if (plan !== undefined) this.#outbox.add({ type: 'commit', ...plan });
    }
    if (this.#blockedGroups(now).size > 0) this.#waitingSince ??= now.mono;
    else this.#waitingSince = undefined;
    this.#forks.pump();
    this.#receipts.flush(now);
    for (const session of this.#sessions.values()) {
      this.#outflow.pump(session);
      this.#outflow.giveNotes(session, now.mono);
      const limit = session.takeGrant();
      if (limit !== undefined) this.#outbox.send(session, { type: 'credit', limit });
    }
  }

  /** When the engine next wants a `tick`; undefined where only events can change anything. */
  deadline(now: Now): number | undefined {
    const release = this.#retry.isWaiting ? undefined : this.#commits.nextRelease;
    const waits = [
      this.#fetcher.deadline,
      this.#forks.deadline,
      this.#receipts.deadline,
      ...this.#retry.deadlines,
      this.#waitingSince === undefined ? undefined : this.#waitingSince + syncLimits.ownFeedWaitMs,
      release === undefined ? undefined : now.mono + Math.ceil((release - now.wall) / 1000),
      ...[...this.#sessions.values()].flatMap(({ checkAt, notesAt }) => [checkAt, notesAt]),
    ].filter((at) => at !== undefined);
    return waits.length === 0 ? undefined : Math.min(...waits);
  }
}
