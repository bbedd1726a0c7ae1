// Carries out what the engine asks for, over a real store, real links and real time: the only I/O
// of the gossip. Knows nothing of what messages say.
import type { Archive, Entry } from '../cxo/archive.ts';
import type { Draft } from '../cxo/draft.ts';
import type { Erasure } from '../cxo/erasure.ts';
import type { GroupId } from '../cxo/ids.ts';
import type { FeedId } from '../cxo/root.ts';
import { verifySegment } from '../cxo/segment.ts';
import type { LocalChange, Store } from '../cxo/store.ts';
import type { Clock, Logger, Timers } from '../env.ts';
import { SkychatError, unreachable, type ErrorCode } from '../errors.ts';
import type { PublicKey } from '../identity.ts';
import type { Link, LinkHandler } from '../net/transport.ts';
import { CommitTally } from './commit-tally.ts';
import type { Carried, Effect, Event, Imported, Now, OwnSegment } from './events.ts';
import type { ForkProof } from './fork-proof.ts';
import { Gossip, type GossipOptions } from './gossip.ts';
import { OwnHeadKeeper, type OwnHeadFile } from './own-head-keeper.ts';
import { syncLimits } from './limits.ts';
import type { Overview } from './overview.ts';
import type { ProgressView } from './progress.ts';
import { failure } from './write-failures.ts';
import { Verifications } from './verifications.ts';

export interface RunnerOptions extends Omit<GossipOptions, 'states' | 'held'> {
  readonly store: Store;
  readonly archive: Pick<Archive, 'after'>;
  readonly ownHead: OwnHeadFile;
  readonly clock: Clock;
  readonly timers: Timers;
  /** Calls back once what is at hand was handled: posts that came together share one commit. */
  readonly soon: (callback: () => void) => void;
  readonly logger: Logger;
  /** Every newly visible message, in arrival order, once its commit is on disk. */
  readonly onArrived: (entries: readonly Entry[]) => void;
  /** Messages that had arrived are gone from the store. */
  readonly onWithdrawn: () => void;
  /** From this seq on nothing of the feed counts: its author signed two branches. */
  readonly onFrozen?: (feed: FeedId, seq: number) => void;
  /** A peer told of more that it has on its disk. */
  readonly onDelivered: (peer: PublicKey) => void;
  readonly onBan: (peer: PublicKey, reason: string) => void;
}

interface Waiting {
  readonly resolve: (answer: Entry | Imported | undefined) => void;
  readonly reject: (error: SkychatError) => void;
}

/** Messages are read back from the store in steps of this many. */
const rereadStep = 1000;

export class Runner {
  /** What was verified, and written, since the start. */
  readonly verifications: Verifications;
  readonly commits = new CommitTally();
  readonly #options: RunnerOptions;
  readonly #gossip: Gossip;
  readonly #ownHead: OwnHeadKeeper;
  readonly #links = new Map<number, Link>();
  readonly #waiting = new Map<number, Waiting>();
  #nextLink = 1;
  #nextTicket = 1;
  #cancelTick: (() => void) | undefined;
  #tickAt = Infinity;
  /** Arrivals are handed on one after the other, though some have to be read first. */
  #arrivals: Promise<void> = Promise.resolve();
  #arrivedUpTo: number;
  #committing = false;
  #onIdle: (() => void) | undefined;
  #writeFailure: ErrorCode | undefined;
  #observeAt = 0;
  /** Own appends and local rows that came since the event loop last turned. */
  #gathered: Event[] = [];
  #closed = false;

  constructor(options: RunnerOptions) {
    const { store, ownHead, timers, logger } = options;
    this.#options = options;
    this.#ownHead = new OwnHeadKeeper(ownHead, timers, logger);
    this.#arrivedUpTo = store.latestArrival();
    this.verifications = new Verifications(options.verify ?? verifySegment);
    const { verify } = this.verifications;
    const start = { ...options, verify, states: store.feeds(), held: store.held() };
    this.#gossip = new Gossip(start, this.#now());
    this.#planTick();
  }

  get overview(): Overview {
    return this.#gossip.overview;
  }

  /** Why the latest commit failed; undefined where it did not. */
  get writeFailure(): ErrorCode | undefined {
    return this.#writeFailure;
  }

  /** Whether nothing keeps this node from writing to its own feeds. */
  get areOwnFeedsKnown(): boolean {
    return this.overview.areOwnFeedsKnown(this.#now());
  }

  /** @param have messages on disk, as the caller counts them */
  progress(have: number): ProgressView {
    return this.overview.progress(have, this.#now());
  }

  /** Takes over a new link; its gossip begins with its first frame. */
  openLink(link: Link): LinkHandler {
    const id = this.#nextLink++;
    this.#links.set(id, link);
    const { peer, initiator, handshakeHash } = link;
    let isOpen = false;
    const open = (): void => {
      if (isOpen || !this.#links.has(id)) return;
      isOpen = true;
      this.#handle({ type: 'opened', link: id, peer, initiator, handshakeHash });
    };
    // The link's owner has to have its handler before the first frame is sent over it. A frame that
    // came right behind the handshake may be handed out even earlier.
    queueMicrotask(open);
    return {
      onFrame: (frameType, payload) => {
        open();
        this.#handle({ type: 'frame', link: id, frameType, payload });
      },
      // Credit keeps the queue of a link short: nothing waits for it to drain.
      onDrain: () => undefined,
      onClose: () => {
        this.#links.delete(id);
        this.#handle({ type: 'closed', link: id });
      },
    };
  }

  /**
   * Appends an object to this node's feed in the group; resolves when it is on disk.
   * SkychatError `disk-full`, `store-failed`, `own-feed-unknown`, `too-many-requests`, `closing`.
   */
  async append(group: GroupId, draft: Draft): Promise<Entry> {
    return (await this.#wait((ticket) => ({ type: 'append', ticket, group, draft }))) as Entry;
  }

  /** Writes local rows; resolves when they are on disk. */
  async writeLocal(changes: readonly LocalChange[]): Promise<void> {
    await this.#wait((ticket) => ({ type: 'local', ticket, changes }));
  }

  /** Erases objects of messages, with local rows at the end; resolves when they are gone from the store. */
  async erase(erasures: readonly Erasure[], local: readonly LocalChange[]): Promise<void> {
    await this.#wait((ticket) => ({ type: 'erase', ticket, erasures, local }));
  }

  /** Takes a segment that was carried here; resolves when what is news of it is on disk. As `append`. */
  async importSegment(carried: Carried): Promise<Imported> {
    return (await this.#wait((ticket) => ({ type: 'import', ticket, ...carried }))) as Imported;
  }

  async importFork(feed: FeedId, proof: ForkProof): Promise<Imported> {
    return (await this.#wait((ticket) => ({
      type: 'import-fork',
      ticket,
      feed,
      proof,
    }))) as Imported;
  }

  /** Resolves when everything that is on disk was handed on. */
  shown(): Promise<void> {
    return this.#arrivals;
  }

  /** To be called when more messages than before may lack their objects. */
  explained(): void {
    this.#handle({ type: 'explained' });
  }

  /** To be called when who is accepted into a group may have changed. */
  membersChanged(): void {
    this.#handle({ type: 'members' });
  }

  /** Resolves once nothing is on its way to the disk; what comes later is refused. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#cancelTick?.();
    if (this.#committing) await new Promise<void>((resolve) => (this.#onIdle = resolve));
    for (const { reject } of this.#waiting.values()) reject(failure('closing'));
    this.#waiting.clear();
    await this.#arrivals;
    await this.#ownHead.close();
  }

  #wait(event: (ticket: number) => Event): Promise<Entry | Imported | undefined> {
    if (this.#closed) return Promise.reject(failure('closing'));
    const ticket = this.#nextTicket++;
    return new Promise((resolve, reject) => {
      this.#waiting.set(ticket, { resolve, reject });
      this.#gather(event(ticket));
    });
  }

  /** The first of several posts does not begin a commit before the others were read. */
  #gather(event: Event): void {
    if (this.#gathered.push(event) > 1) return;
    this.#options.soon(() => {
      if (this.#closed) return;
      const events = this.#gathered;
      this.#gathered = [];
      this.#handleAll(events);
    });
  }

  #now(): Now {
    const { clock } = this.#options;
    return { wall: clock.now(), mono: clock.monotonic() };
  }

  #handle(event: Event): void {
    this.#handleAll([event]);
  }

  #handleAll(events: readonly Event[]): void {
    for (const effect of this.#gossip.handleAll(events, this.#now())) this.#carryOut(effect);
    this.#planTick();
    this.#observe();
  }

  /** Takes a hundredth of the time at most, however many feeds there are. */
  #observe(): void {
    const { clock } = this.#options;
    const begun = clock.monotonic();
    if (begun < this.#observeAt) return;
    this.overview.observe(this.#now());
    this.#observeAt = begun + Math.max(syncLimits.progressMs, 100 * (clock.monotonic() - begun));
  }

  #planTick(): void {
    if (this.#closed) return;
    const now = this.#now();
    const deadline = this.#gossip.deadline(now) ?? Infinity;
    // A later deadline is noticed when the earlier tick finds nothing to do.
    if (deadline >= this.#tickAt) return;
    this.#cancelTick?.();
    this.#tickAt = deadline;
    this.#cancelTick = this.#options.timers.after(Math.max(1, deadline - now.mono), () => {
      this.#tickAt = Infinity;
      this.#handle({ type: 'tick' });
    });
  }

  #carryOut(effect: Effect): void {
    switch (effect.type) {
      case 'send':
        this.#links.get(effect.link)?.send(effect.frame.type, effect.frame.payload);
        return;
      case 'close':
        this.#links.get(effect.link)?.close(effect.reason);
        if (effect.ban) this.#options.onBan(effect.peer, effect.reason);
        return;
      case 'commit':
        void this.#commit(effect);
        return;
      case 'read':
        void this.#read(effect);
        return;
      case 'appended':
        this.#settle(effect.ticket, (waiting) => {
          waiting.resolve(effect.entry);
        });
        return;
      case 'local-written':
        this.#settle(effect.ticket, (waiting) => {
          waiting.resolve(undefined);
        });
        return;
      case 'imported':
        this.#settle(effect.ticket, (waiting) => {
          waiting.resolve(effect.imported);
        });
        return;
      case 'append-failed':
        this.#settle(effect.ticket, (waiting) => {
          waiting.reject(failure(effect.code));
        });
        return;
      case 'arrived':
        this.#arrived(effect.entries);
        return;
      case 'withdrawn':
        if (effect.bodiesOnly !== true) this.#handOn(this.#options.onWithdrawn);
        return;
      case 'reread':
        this.#reread();
        return;
      case 'frozen':
        this.#options.onFrozen?.(effect.feed, effect.seq);
        return;
      case 'delivered':
        this.#options.onDelivered(effect.peer);
        return;
      case 'log':
        this.#options.logger[effect.level](effect.fields, effect.message);
        return;
      default:
        unreachable(effect);
    }
  }

  #settle(ticket: number, settle: (waiting: Waiting) => void): void {
    const waiting = this.#waiting.get(ticket);
    this.#waiting.delete(ticket);
    if (waiting !== undefined) settle(waiting);
  }

  async #commit({ commit, own }: Extract<Effect, { type: 'commit' }>): Promise<void> {
    this.#committing = true;
    const event = await this.#write(commit, own);
    this.#committing = false;
    this.#handle(event);
    if (!this.#busy()) this.#onIdle?.();
  }

  #busy(): boolean {
    return this.#committing;
  }

  async #write(
    commit: Extract<Effect, { type: 'commit' }>['commit'],
    own: readonly OwnSegment[],
  ): Promise<Event> {
    const { store, logger, clock } = this.#options;
    const begun = clock.monotonic();
    try {
      const arrivals = await store.commit(commit);
      this.commits.done(commit, clock.monotonic() - begun);
      this.#writeFailure = undefined;
      for (const segment of own) this.#ownHead.keep(segment);
      return { type: 'committed', arrivals };
    } catch (error) {
      logger.error({ cause: String(error) }, 'the store could not be written');
      const code = error instanceof SkychatError ? error.code : 'store-failed';
      this.commits.failed++;
      this.#writeFailure = code;
      return { type: 'commit-failed', code };
    }
  }

  async #read({ request }: Extract<Effect, { type: 'read' }>): Promise<void> {
    const { store, logger } = this.#options;
    const { feed, seq, bytesMax } = request;
    const records = await store.records(feed, seq, bytesMax).catch((error: unknown) => {
      logger.error({ cause: String(error) }, 'the store could not be read');
      return [];
    });
    if (!this.#closed) this.#handle({ type: 'read', request, records });
  }

  #arrived(entries: readonly Entry[]): void {
    const last = entries.at(-1)?.arrival ?? 0;
    this.#handOn(() => {
      this.#arrivedUpTo = Math.max(this.#arrivedUpTo, last);
      this.#options.onArrived(entries);
    });
  }

  /** What the engine has no entries of is read back, up to what came with the commit. */
  #reread(): void {
    const end = this.#options.store.latestArrival();
    this.#handOn(async () => {
      while (this.#arrivedUpTo < end) {
        const entries = await this.#options.archive.after(this.#arrivedUpTo, rereadStep);
        const due = entries.filter(({ arrival }) => arrival <= end);
        this.#arrivedUpTo = due.at(-1)?.arrival ?? end;
        this.#options.onArrived(due);
      }
    });
  }

  #handOn(step: () => void | Promise<void>): void {
    this.#arrivals = this.#arrivals.then(step).catch((error: unknown) => {
      this.#options.logger.error({ cause: String(error) }, 'an arrival could not be shown');
    });
  }
}
