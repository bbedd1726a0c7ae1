// A mesh of simulated nodes under one schedule of faults, all from one seed; healed at the end, and
// then held against the promises.
import { parseHex, utf8 } from '../../src/bytes.ts';
import type { RetentionPolicy } from '../../src/chat/forgetting/retention.ts';
import { sha256, groupIdOfBytes } from '../../src/cxo/ids.ts';
import type { verifySegment } from '../../src/cxo/segment.ts';
import type { Identity } from '../../src/identity.ts';
import type { Effect } from '../../src/sync/events.ts';
import { testIdentity } from '../support/feeds.ts';
import { disputedIn, inTimelineOrder, readConversation } from './checkers.ts';
import { DialedLinks } from './dialed-links.ts';
import { complete, line, random6To8, type Pair } from './graph.ts';
import { Liar } from './liar.ts';
import { Limits } from './limits-watch.ts';
import { noFaults, type FrameFilter, type FrameListener, type Links } from './links.ts';
import { SimNetwork, type SimNetworkOptions } from './network.ts';
import { SimNode } from './node.ts';
import { planFaults } from './plan.ts';
import { SeededRandom } from './random.ts';
import type { Schedule } from './schedule.ts';
import { VirtualTime } from './timeline.ts';
import { Truth } from './truth.ts';
import { Verdicts } from './verdicts.ts';

/** For breaking the engine on purpose: what is done to frames and to effects on their way. */
export interface Sabotage {
  readonly filter?: FrameFilter;
  readonly watch?: (node: SimNode, effect: Effect) => void;
}

export interface Measures {
  readonly time?: VirtualTime;
  readonly listener?: FrameListener;
  readonly latency?: SimNetworkOptions['latency'];
}

/** Less than a run takes. */
const briefly: RetentionPolicy = { ageS: 5, bytes: undefined };

/** Until all stores are open and the first links are up. */
const startMs = 100;
const frameMsMax = 5;

export class Cluster {
  readonly time: VirtualTime;
  readonly random: SeededRandom;
  readonly links: Links;
  readonly limits = new Limits();
  readonly nodes: SimNode[] = [];
  readonly liars: Liar[] = [];
  readonly truth: Truth;
  readonly group = groupIdOfBytes(sha256(utf8('simulated room')));
  readonly schedule: Schedule;
  readonly #pairs: readonly Pair[];

  constructor(schedule: Schedule, sabotage: Sabotage = {}, measures: Measures = {}) {
    this.schedule = schedule;
    this.time = measures.time ?? new VirtualTime();
    this.random = new SeededRandom(schedule.seed);
    const identities = Array.from({ length: schedule.nodes }, (_, i) => testIdentity(i));
    const dishonest = Array.from({ length: schedule.liars }, (_, i) => testIdentity(5000 + i));
    this.#pairs = this.#drawPairs();
    const keys = [...identities, ...dishonest].map(({ publicKey }) => publicKey);
    const { time, random, group } = this;
    this.truth = new Truth(group, new Set(dishonest.map(({ publicKey }) => publicKey)));
    const members = new Set(keys);
    this.links =
      schedule.carrier === 'streams'
        ? new DialedLinks({ ...{ time, random, members }, filter: sabotage.filter, bothDial: 0.5 })
        : new SimNetwork(time, random, { ...measures, filter: sabotage.filter });
    this.#makeNodes(identities, sabotage);
    dishonest.forEach((identity, i) => {
      const name = `liar${i}`;
      const options = { name, identity, group, members: keys, time, random };
      this.liars.push(new Liar({ ...options, links: () => this.links }));
    });
  }

  #makeNodes(identities: readonly Identity[], sabotage: Sabotage): void {
    const { schedule, time, random, group, limits } = this;
    const members = new Set([...identities.map(({ publicKey }) => publicKey)]);
    for (let i = 0; i < schedule.liars; i++) members.add(testIdentity(5000 + i).publicKey);
    const verdicts = new Verdicts();
    const verify: typeof verifySegment = (...segment) => verdicts.verify(...segment);
    for (const [i, identity] of identities.entries()) {
      const node = new SimNode({
        ...{ identity, group, members, time, random, limits, verify },
        name: `node${i}`,
        storeKind: schedule.store,
        forgets: schedule.deletions + schedule.retainers > 0,
        policy: i >= identities.length - schedule.retainers ? briefly : undefined,
        commitMsMax: frameMsMax,
        links: () => this.links,
        watch: sabotage.watch ?? (() => undefined),
        onCrash: (crashed) => {
          this.links.down(crashed);
        },
      });
      node.clockError = this.drawClockError();
      this.nodes.push(node);
    }
  }

  #drawPairs(): readonly Pair[] {
    const { shape, nodes } = this.schedule;
    if (shape === 'line') return line(nodes);
    return shape === 'mesh' ? complete(nodes) : random6To8(nodes, this.random);
  }

  /** Microseconds. */
  drawClockError(): number {
    const { clockErrorMax } = this.schedule;
    return Math.round(this.random.between(-clockErrorMax, clockErrorMax));
  }

  pick(): SimNode {
    return this.#node(this.random.below(this.nodes.length));
  }

  pickAuthor(): SimNode {
    return this.#node(this.random.below(this.schedule.authors));
  }

  #node(index: number): SimNode {
    const node = this.nodes[index];
    if (node === undefined) throw new Error('a cluster has this many nodes');
    return node;
  }

  get linksPerNode(): number {
    return (2 * this.#pairs.length) / this.nodes.length;
  }

  async start(): Promise<void> {
    for (const node of this.nodes) node.start();
    for (const liar of this.liars) this.links.up(liar);
    for (const [a, b] of this.#pairs) this.links.connect(this.#node(a), this.#node(b));
    for (const liar of this.liars) {
      for (const node of this.nodes) {
        if (this.random.chance(Math.min(0.6, 8 / this.nodes.length))) {
          this.links.connect(liar, node);
        }
      }
    }
    await this.time.settle();
    await this.time.runUntil(startMs);
  }

  post(node: SimNode, text: string): void {
    const object = node.post(text);
    if (object !== undefined) this.truth.write(node.key, object);
  }

  /** Posts and faults at times from the seed; then heals everything. */
  async disturb(): Promise<void> {
    const { posts, largePosts, durationMs, faults } = this.schedule;
    const begin = this.time.now;
    this.links.faults = faults;
    const plan = (text: string): void => {
      const node = this.pickAuthor();
      this.time.at(begin + this.random.between(0, durationMs), () => {
        this.post(node, text);
      });
    };
    for (let i = 0; i < posts; i++) plan(`message ${i}`);
    for (let i = 0; i < largePosts; i++) plan('x'.repeat(this.random.below(200_000)));
    this.#planForgetting(begin);
    planFaults(this);
    const pollMs = this.nodes.length > 60 ? 5000 : 500;
    for (let at = pollMs; at < durationMs; at += pollMs) {
      this.time.after(at, () => this.poll());
    }
    await this.time.runUntil(begin + durationMs);
    this.links.faults = noFaults;
    this.links.partition(undefined);
    this.links.muted.clear();
    for (const liar of this.liars) await this.links.remove(liar);
    for (const node of this.nodes) node.storage.isFull = false;
  }

  /** Authors delete some of what they wrote; those who keep little look through it again and again. */
  #planForgetting(begin: number): void {
    const { durationMs, deletions, retainers } = this.schedule;
    for (let i = 0; i < deletions; i++) {
      this.time.at(begin + this.random.between(0, durationMs), () => {
        const node = this.pickAuthor();
        const own = node.acknowledged[this.random.below(Math.max(1, node.acknowledged.length))];
        const target = own && parseHex(own.id);
        const object = target && node.delete(target);
        if (object !== undefined) this.truth.write(node.key, object);
      });
    }
    if (retainers === 0) return;
    for (let at = 3000; at < durationMs; at += 3000) {
      this.time.at(begin + at, () => {
        this.sweep();
      });
    }
  }

  sweep(): void {
    this.time.touch();
    for (const node of this.nodes) if (node.running) node.forgetting?.sweep();
  }

  async poll(): Promise<void> {
    for (const node of this.nodes) await node.poll();
  }

  /** What only a lost disk had is lost: no promise covers it any more. */
  async forgetLost(): Promise<void> {
    const running = this.nodes.filter((node) => node.running);
    const places = await Promise.all(running.map(({ store }) => readConversation(store)));
    const kept = new Set(places.flat().map(({ id }) => id));
    for (const node of this.nodes) {
      node.acknowledged = node.acknowledged.filter(({ id }) => kept.has(id));
    }
  }

  /** Runs healed until all nodes agree, at most `limitMs`; the time that it took. */
  async heal(limitMs: number): Promise<number | undefined> {
    const begin = this.time.now;
    for (let step = 250; this.time.now < begin + limitMs; step *= 1.2) {
      await this.time.runUntil(this.time.now + step);
      await this.poll();
      if (await this.agrees()) return this.time.now - begin;
    }
    return undefined;
  }

  async agrees(): Promise<boolean> {
    if (this.nodes.some((node) => !node.running)) return false;
    const counts = new Set(this.nodes.map(({ store }) => store.latestArrival()));
    if (counts.size > 1 && this.liars.length + this.schedule.restores === 0) return false;
    const conversations = await Promise.all(this.nodes.map((node) => conversationOf(node)));
    const [first = []] = conversations;
    const ids = new Set(first);
    const whole = first.join();
    return (
      this.acknowledged().every((id) => ids.has(id)) &&
      conversations.every((one) => one.length === first.length && one.join() === whole)
    );
  }

  /** Ids of all acknowledged messages that no fork disputes. */
  acknowledged(): string[] {
    return this.nodes.flatMap((node) => {
      const isDisputed = disputedIn(node.store);
      return node.acknowledged
        .filter(({ head, seq }) => !isDisputed({ author: node.key, head, seq }))
        .map(({ id }) => id);
    });
  }

  /** Lets the mesh come to rest, and watches it then for a minute; the types of the frames sent. */
  async rest(): Promise<number[]> {
    await this.time.runUntil(this.time.now + 175_000);
    if (this.schedule.deletions + this.schedule.retainers > 0) this.sweep();
    await this.time.runUntil(this.time.now + 5_000);
    this.links.types.clear();
    await this.time.runUntil(this.time.now + 60_000);
    return [...this.links.types.keys()];
  }

  /** Ends all links; what of the nodes has not let go by then, in words. */
  async leave(): Promise<string[]> {
    for (const node of this.nodes) await this.links.remove(node);
    await this.time.runUntil(this.time.now + 130_000);
    // Clocks are wrong by up to an hour: what is held may have to wait for twice that.
    const holds = this.nodes.some(({ gossip }) => (gossip?.overview.held ?? 0) > 0);
    if (holds) await this.time.runUntil(this.time.now + 7_300_000);
    const left: string[] = [];
    for (const node of this.nodes) {
      if (node.deadline !== undefined) left.push(`${node.name} waits for something without a link`);
      await node.close();
      if (node.timers.size > 0) left.push(`${node.name} has left ${node.timers.size} timers`);
    }
    return left;
  }
}

/** Ids of the undisputed messages of a node in timeline order, from its store, and its forks. */
export async function conversationOf({ store }: SimNode): Promise<string[]> {
  const places = await readConversation(store);
  const isDisputed = disputedIn(store);
  const undisputed = places.filter((place) => !isDisputed(place)).sort(inTimelineOrder);
  const forks = store
    .feeds()
    .filter(({ forkedAt }) => forkedAt !== undefined)
    .map(({ feed, forkedAt }) => `${feed.author}/${feed.head} is forked at ${forkedAt}`);
  return [...undisputed.map(({ id }) => id), ...forks.sort()];
}
