// One simulated node: the engine, its store and a reader, with every effect carried out in virtual
// time. A crash loses what the engine knew and perhaps a commit that was not on disk yet; a restored
// backup loses commits that were.
import { MemoryStore } from '../../src/cxo/memory-store.ts';
import type { GroupId } from '../../src/cxo/ids.ts';
import { buildObject } from '../../src/cxo/object.ts';
import type { Commit } from '../../src/cxo/store.ts';
import type { Identity, PublicKey } from '../../src/identity.ts';
import { toHex } from '../../src/bytes.ts';
import type { Effect, Event, Now } from '../../src/sync/events.ts';
import { Gossip } from '../../src/sync/gossip.ts';
import { forkRowPrefix, parseForkRow } from '../../src/sync/forks.ts';
import type { SimEnd } from './network.ts';
import type { SeededRandom } from './random.ts';
import { SimReader } from './reader.ts';
import type { VirtualTime } from './timeline.ts';

export interface NodeOptions {
  readonly name: string;
  readonly identity: Identity;
  readonly group: GroupId;
  readonly members: ReadonlySet<PublicKey>;
  readonly time: VirtualTime;
  readonly random: SeededRandom;
  /** Microseconds that this node's wall clock is wrong by. */
  clockError: number;
  /** Milliseconds that a commit takes, at most. */
  readonly commitMsMax: number;
  readonly send: (link: number, frameType: number, payload: Uint8Array) => void;
  readonly closeLink: (link: number, ban: boolean) => void;
  /** Told of every effect before it is carried out. */
  readonly watch: (node: SimNode, effect: Effect) => void;
}

/** An own message that was acknowledged, and where it stands. */
export interface Acknowledged {
  readonly id: string;
  readonly head: number;
  readonly seq: number;
}

export class SimNode implements SimEnd {
  readonly options: NodeOptions;
  store = new MemoryStore();
  gossip: Gossip | undefined;
  /** Grows with each start: what an earlier life planned must not happen in this one. */
  #life = 0;
  #nextTicket = 1;
  #tickAt = Infinity;
  #commits: Commit[] = [];
  #ownFeedsKnown = true;
  acknowledged: Acknowledged[] = [];
  readonly failed: string[] = [];
  reader: SimReader;
  readonly links = new Set<number>();
  isDiskFull = false;
  restored = false;

  constructor(options: NodeOptions) {
    this.options = options;
    this.reader = new SimReader(options.identity.publicKey);
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

  async start(): Promise<void> {
    this.#life++;
    const { identity, group, members } = this.options;
    const proofs = await this.store.local(forkRowPrefix);
    this.gossip = new Gossip(
      {
        identity,
        agent: `simulation/${this.name}`,
        states: this.store.feeds(),
        held: this.store.held(),
        forkProofs: proofs.map(parseForkRow).filter((proof) => proof !== undefined),
        groups: () => [group],
        accepts: (_, author) => members.has(author),
        labelOf: (kind) => (kind === 'text' ? undefined : kind),
        ownFeedsKnown: this.#ownFeedsKnown,
        headMin: 0,
      },
      this.#now(),
    );
    this.#tickAt = Infinity;
  }

  crash(): void {
    this.#life++;
    this.gossip = undefined;
    this.links.clear();
  }

  /** The disk of a node that is down loses its last commits; who reads from it starts over. */
  async restore(lost: number, ownFeedsKnown: boolean): Promise<void> {
    this.restored = true;
    this.#ownFeedsKnown = ownFeedsKnown;
    this.#commits = this.#commits.slice(0, Math.max(0, this.#commits.length - lost));
    this.store = new MemoryStore();
    this.reader = new SimReader(this.key);
    for (const commit of this.#commits) await this.store.commit(commit);
  }

  post(text: string): void {
    if (this.gossip === undefined) return;
    const { random, group } = this.options;
    const object = buildObject({ kind: 'text', text }, random.bytes(16));
    const ticket = this.#nextTicket++;
    this.handle({ type: 'append', ticket, group, object, local: [] });
  }

  handle(event: Event): void {
    if (this.gossip === undefined) return;
    for (const effect of this.gossip.handle(event, this.#now())) {
      this.options.watch(this, effect);
      this.#carryOut(effect);
    }
    this.#planTick();
  }

  get wall(): number {
    return this.#now().wall;
  }

  /** When the engine wants to be called again; undefined where it waits for nothing. */
  get deadline(): number | undefined {
    return this.gossip?.deadline(this.#now());
  }

  #now(): Now {
    const { time, clockError } = this.options;
    return {
      wall: 1_800_000_000_000_000 + Math.round(time.now * 1000) + clockError,
      mono: time.now,
    };
  }

  #planTick(): void {
    const { deadline } = this;
    if (deadline === undefined || deadline >= this.#tickAt) return;
    const life = this.#life;
    this.#tickAt = deadline;
    this.options.time.at(deadline, () => {
      if (life !== this.#life) return;
      this.#tickAt = Infinity;
      this.handle({ type: 'tick' });
    });
  }

  #carryOut(effect: Effect): void {
    switch (effect.type) {
      case 'send':
        this.options.send(effect.link, effect.frame.type, effect.frame.payload);
        return;
      case 'close':
        this.options.closeLink(effect.link, effect.ban);
        return;
      case 'commit':
        this.#commit(effect.commit);
        return;
      case 'read':
        this.#read(effect);
        return;
      case 'appended': {
        const { id, feed, seq } = effect.entry;
        this.acknowledged.push({ id: toHex(id), head: feed.head, seq });
        return;
      }
      case 'append-failed':
        this.failed.push(effect.code);
        return;
      case 'arrived':
      case 'local-written':
      case 'reread':
      case 'delivered':
      case 'log':
        return;
    }
  }

  /** The disk has it at some moment before the engine hears of it; a crash may come before either. */
  #commit(commit: Commit): void {
    const { time, random, commitMsMax } = this.options;
    const life = this.#life;
    const onDisk = random.between(0, commitMsMax);
    const heard = onDisk + random.between(0, commitMsMax);
    time.after(onDisk, async () => {
      if (life !== this.#life) return;
      if (this.isDiskFull) {
        this.handle({ type: 'commit-failed', code: 'disk-full' });
        return;
      }
      const arrivals = await this.store.commit(commit);
      this.#commits.push(commit);
      time.after(heard - onDisk, () => {
        if (life === this.#life) this.handle({ type: 'committed', arrivals });
      });
    });
  }

  #read({ request }: Extract<Effect, { type: 'read' }>): void {
    const { time, random } = this.options;
    const life = this.#life;
    time.after(random.between(0, 1), async () => {
      if (life !== this.#life) return;
      const { feed, seq, bytesMax } = request;
      const records = await this.store.records(feed, seq, bytesMax);
      if (life === this.#life) this.handle({ type: 'read', request, records });
    });
  }
}
