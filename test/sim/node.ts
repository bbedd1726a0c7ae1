// One simulated node: the engine, its store and a reader, with every effect carried out in virtual
// time as src/sync/runner.ts does. A crash comes between two events or between two effects of one,
// and loses what the engine knew and perhaps what was not on disk yet.
import { toHex } from '../../src/bytes.ts';
import type { GroupId } from '../../src/cxo/ids.ts';
import { buildObject } from '../../src/cxo/object.ts';
import type { Store } from '../../src/cxo/store.ts';
import type { Timers } from '../../src/env.ts';
import { SkychatError } from '../../src/errors.ts';
import type { Identity, PublicKey } from '../../src/identity.ts';
import type { Effect, Event, Now } from '../../src/sync/events.ts';
import { forkRowPrefix, parseForkRow } from '../../src/sync/forks.ts';
import { Gossip, type GossipOptions } from '../../src/sync/gossip.ts';
import { openGroups } from '../../src/sync/groups.ts';
import type { RetentionPolicy } from '../../src/chat/forgetting/retention.ts';
import { Forgetting } from './forgetting.ts';
import type { Limits } from './limits-watch.ts';
import type { Links, SimEnd } from './links.ts';
import type { SeededRandom } from './random.ts';
import { SimReader } from './reader.ts';
import {
  makeStorage,
  type Backup,
  type OpenStorage,
  type SimStorage,
  type StoreKind,
} from './storage.ts';
import { SimTimers, type VirtualTime } from './timeline.ts';

export interface NodeOptions {
  readonly name: string;
  readonly identity: Identity;
  readonly group: GroupId;
  readonly members: ReadonlySet<PublicKey>;
  readonly time: VirtualTime;
  readonly random: SeededRandom;
  readonly storeKind: StoreKind;
  /** Milliseconds that a commit takes to the disk, and as many back; at most. */
  readonly commitMsMax: number;
  readonly links: () => Links;
  readonly limits: Limits;
  readonly verify: GossipOptions['verify'];
  /** Whether it follows what authors delete, and keeps no more than a policy says. */
  readonly forgets: boolean;
  readonly policy: RetentionPolicy | undefined;
  /** Told of every effect before it is carried out. */
  readonly watch: (node: SimNode, effect: Effect) => void;
  /** The node is down since a moment ago. */
  readonly onCrash: (node: SimNode) => void;
}

/** An own message that was acknowledged, and where it stands. */
export interface Acknowledged {
  readonly id: string;
  readonly head: number;
  readonly seq: number;
}

/** A node whose disk is full does not start; it is tried again. */
const restartMs = 700;

const labelOf = (kind: string): string | undefined => (kind === 'text' ? undefined : kind);

export class SimNode implements SimEnd {
  readonly options: NodeOptions;
  readonly isHonest = true;
  readonly storage: SimStorage;
  readonly reader: SimReader;
  readonly links = new Set<number>();
  /** What should not have happened, in words. */
  readonly faults: string[] = [];
  readonly failed: string[] = [];
  acknowledged: Acknowledged[] = [];
  gossip: Gossip | undefined;
  forgetting: Forgetting | undefined;
  restored = false;
  /** Grows with each start: what an earlier life planned must not happen in this one. */
  #life = 0;
  #open: OpenStorage | undefined;
  #timers: SimTimers;
  #nextTicket = 1;
  readonly #waiting = new Map<number, { resolve: () => void; reject: (error: Error) => void }>();
  #tickAt = Infinity;
  #cancelTick: () => void = () => undefined;
  #hasPosted = false;
  /** The next event's effects are carried out up to one of them; then the node crashes. */
  #crashMidway = false;
  #clockError = 0;
  /** Microseconds; the furthest ahead that the clock ever was. */
  #clockErrorMax = -Infinity;

  constructor(options: NodeOptions) {
    this.options = options;
    this.reader = new SimReader(options.identity.publicKey);
    this.#timers = new SimTimers(options.time);
    this.storage = makeStorage(options.storeKind, {
      ...options,
      ...{ self: this.key, labelOf },
      onDamage: (what) => this.faults.push(`${this.name} met damage: ${what}`),
    });
  }

  get name(): string {
    return this.options.name;
  }

  get key(): PublicKey {
    return this.options.identity.publicKey;
  }

  get running(): boolean {
    return this.gossip !== undefined;
  }

  get timers(): SimTimers {
    return this.#timers;
  }

  /** Of a node that runs. */
  get store(): Store {
    if (this.#open === undefined) throw new Error('a node that is down has no store');
    return this.#open.store;
  }

  /** Microseconds that the wall clock is wrong by. */
  set clockError(error: number) {
    this.#clockError = error;
    this.#clockErrorMax = Math.max(this.#clockErrorMax, error);
  }

  get wall(): number {
    return this.#now().wall;
  }

  /** By the clock as it was when it was furthest ahead: what was due then may have been shown. */
  get wallMax(): number {
    return this.wall - this.#clockError + this.#clockErrorMax;
  }

  /** When the engine wants to be called again; undefined where it waits for nothing. */
  get deadline(): number | undefined {
    return this.gossip?.deadline(this.#now());
  }

  /** Begins a life; the node runs as soon as its store is open. */
  start(): void {
    const life = ++this.#life;
    this.#timers = new SimTimers(this.options.time);
    this.options.time.touch();
    this.#begin(life).catch((error: unknown) => {
      if (!(error instanceof SkychatError)) throw error;
      if (life !== this.#life) return;
      this.options.time.after(restartMs, () => {
        if (life === this.#life) this.start();
      });
    });
  }

  async #begin(life: number): Promise<void> {
    const { identity, group, members, links, verify } = this.options;
    const open = await this.storage.open(this.#timers, !this.#hasPosted);
    if (life !== this.#life) return;
    const { store, ownFeedsKnown } = open;
    const proofs = await store.local(forkRowPrefix);
    this.#open = open;
    this.forgetting = this.options.forgets ? this.#forget(open) : undefined;
    this.gossip = new Gossip(
      {
        identity,
        agent: `simulation/${this.name}`,
        states: store.feeds(),
        held: store.held(),
        forkProofs: proofs.map(parseForkRow).filter((proof) => proof !== undefined),
        groups: openGroups([group], (_, author) => members.has(author)),
        ...{ labelOf, ownFeedsKnown, headMin: 0 },
        ...(verify === undefined ? {} : { verify }),
        ...(this.forgetting === undefined ? {} : { shedding: this.forgetting }),
      },
      this.#now(),
    );
    this.#tickAt = Infinity;
    this.#crashMidway = false;
    links().up(this);
    this.#planTick();
    await this.forgetting?.start();
  }

  /** What is called back goes on by promises, which are let finish before time does. */
  #touching(timers: Timers): Timers {
    return {
      after: (delayMs, callback) =>
        timers.after(delayMs, () => {
          this.options.time.touch();
          callback();
        }),
    };
  }

  #forget(open: OpenStorage): Forgetting {
    const { store } = open;
    const reclaim = () => open.reclaim();
    const life = this.#life;
    const wait = (event: (ticket: number) => Event): Promise<void> =>
      new Promise((resolve, reject) => {
        if (life !== this.#life) return;
        const ticket = this.#nextTicket++;
        this.#waiting.set(ticket, { resolve, reject });
        this.handle(event(ticket));
      });
    return new Forgetting({
      ...{ self: this.key, store, reclaim, policy: this.options.policy },
      timers: this.#touching(this.#timers),
      wall: () => this.wall,
      erase: (erasures, local) => wait((ticket) => ({ type: 'erase', ticket, erasures, local })),
      writeLocal: (changes) => wait((ticket) => ({ type: 'local', ticket, changes })),
      explained: this.#inLife(() => {
        this.handle({ type: 'explained' });
      }),
    });
  }

  /** At once; also a node that is about to start. */
  crash(): void {
    this.#life++;
    this.gossip = undefined;
    this.forgetting = undefined;
    this.#waiting.clear();
    this.#open?.crash();
    this.#open = undefined;
    this.#timers.end();
    this.links.clear();
    this.options.onCrash(this);
  }

  /** Between two effects of the next event that has any. */
  crashMidway(): void {
    this.#crashMidway = true;
  }

  /** The disk of a node that is down is put back; who reads from it starts over. */
  async restore(backup: Backup): Promise<void> {
    this.restored = true;
    this.reader.startOver();
    await this.storage.restore(backup);
  }

  post(text: string): Uint8Array | undefined {
    return this.#append({ kind: 'text', text });
  }

  /** Deletes an own message. */
  delete(target: Uint8Array): Uint8Array | undefined {
    return this.#append({ kind: 'delete', target });
  }

  #append(fields: Parameters<typeof buildObject>[0]): Uint8Array | undefined {
    if (this.gossip === undefined) return undefined;
    const { random, group } = this.options;
    const object = buildObject(fields, random.bytes(16));
    const ticket = this.#nextTicket++;
    this.handle({ type: 'append', ticket, group, draft: () => ({ object, local: [] }) });
    return object;
  }

  handle(event: Event): void {
    if (this.gossip === undefined) return;
    const effects = this.gossip.handle(event, this.#now());
    this.options.limits.effects(this, effects);
    const isCut = this.#crashMidway && effects.length > 0;
    const end = isCut ? this.options.random.below(effects.length + 1) : effects.length;
    for (let i = 0; i < end; i++) {
      const effect = effects[i];
      if (effect === undefined) break;
      this.options.watch(this, effect);
      this.#carryOut(effect);
    }
    if (isCut) this.crash();
    else this.#planTick();
  }

  async poll(): Promise<void> {
    if (this.running) await this.reader.poll(this.store, this.wallMax);
  }

  /** Resolves once nothing is on its way to the disk. */
  async close(): Promise<void> {
    await this.forgetting?.close();
    await this.#open?.close();
  }

  #now(): Now {
    const { time } = this.options;
    return {
      wall: 1_800_000_000_000_000 + Math.round(time.now * 1000) + this.#clockError,
      mono: time.now,
    };
  }

  /** Runs what has happened in this life only. */
  #inLife<T extends unknown[]>(run: (...values: T) => void): (...values: T) => void {
    const life = this.#life;
    return (...values) => {
      if (life === this.#life) run(...values);
    };
  }

  #planTick(): void {
    const { deadline } = this;
    if (deadline === undefined || deadline >= this.#tickAt) return;
    this.#tickAt = deadline;
    const tick = this.#inLife(() => {
      this.#tickAt = Infinity;
      this.handle({ type: 'tick' });
    });
    // One at a time, as in the runner: those of before would plan this one again, each time.
    this.#cancelTick();
    this.#cancelTick = this.options.time.plan(deadline, tick);
  }

  #carryOut(effect: Effect): void {
    switch (effect.type) {
      case 'send':
        this.options.links().send(this, effect.link, effect.frame.type, effect.frame.payload);
        return;
      case 'close':
        this.options.links().close(this, effect.link, effect.reason, effect.ban);
        return;
      case 'commit':
        this.#commit(effect);
        return;
      case 'read':
        this.#read(effect);
        return;
      case 'appended': {
        const { id, feed, seq } = effect.entry;
        this.#hasPosted = true;
        this.acknowledged.push({ id: toHex(id), head: feed.head, seq });
        return;
      }
      case 'append-failed':
        if (!this.#settle(effect.ticket, effect.code)) this.failed.push(effect.code);
        return;
      case 'local-written':
        this.#settle(effect.ticket);
        return;
      case 'arrived':
        if (this.forgetting !== undefined) this.options.time.touch();
        this.forgetting?.arrived(effect.entries);
        return;
      case 'reread':
        if (this.forgetting !== undefined) this.options.time.touch();
        void this.forgetting?.reread();
        return;
      // Nobody imports here.
      case 'imported':
      case 'withdrawn':
      case 'frozen':
      case 'delivered':
      case 'log':
        return;
    }
  }

  /** Whether somebody waits for the ticket. */
  #settle(ticket: number, code?: string): boolean {
    const waiting = this.#waiting.get(ticket);
    this.#waiting.delete(ticket);
    if (waiting !== undefined) this.options.time.touch();
    if (code === undefined) waiting?.resolve();
    else waiting?.reject(new Error(code));
    return waiting !== undefined;
  }

  #commit({ commit, own }: Extract<Effect, { type: 'commit' }>): void {
    const open = this.#open;
    if (open === undefined) return;
    this.options.time.touch();
    const done = this.#inLife((event: Event) => {
      if (event.type === 'committed') open.keep(own);
      this.handle(event);
    });
    open.commit(commit).then(
      (arrivals) => {
        done({ type: 'committed', arrivals });
      },
      (error: unknown) => {
        if (!(error instanceof SkychatError)) this.faults.push(`${this.name}: ${String(error)}`);
        const code = error instanceof SkychatError ? error.code : 'store-failed';
        done({ type: 'commit-failed', code });
      },
    );
  }

  #read({ request }: Extract<Effect, { type: 'read' }>): void {
    const { time, random } = this.options;
    const read = this.#inLife(() => {
      time.touch();
      const { feed, seq, bytesMax } = request;
      const done = this.#inLife((event: Event) => {
        this.handle(event);
      });
      void this.store.records(feed, seq, bytesMax).then((records) => {
        done({ type: 'read', request, records });
      });
    });
    time.after(random.between(0, 1), read);
  }
}
