// A mesh of simulated nodes under one schedule of faults, all from one seed; healed at the end, and
// then held against the promises.
import { sha256, groupIdOfBytes } from '../../src/cxo/ids.ts';
import { utf8 } from '../../src/bytes.ts';
import type { Effect } from '../../src/sync/events.ts';
import { testIdentity } from '../support/feeds.ts';
import { disputedIn, inTimelineOrder, readConversation } from './checkers.ts';
import { Liar } from './liar.ts';
import { noFaults, SimNetwork, type FrameFilter } from './network.ts';
import { SimNode } from './node.ts';
import { SeededRandom } from './random.ts';
import type { Schedule } from './schedule.ts';
import { VirtualTime } from './timeline.ts';

/** For breaking the engine on purpose: what is done to frames and to effects on their way. */
export interface Sabotage {
  readonly filter?: FrameFilter;
  readonly watch?: (node: SimNode, effect: Effect) => void;
}

export class Cluster {
  readonly time = new VirtualTime();
  readonly random: SeededRandom;
  readonly network: SimNetwork;
  readonly nodes: SimNode[] = [];
  readonly liars: Liar[] = [];
  readonly group = groupIdOfBytes(sha256(utf8('simulated room')));
  readonly #schedule: Schedule;

  constructor(schedule: Schedule, sabotage: Sabotage = {}) {
    this.#schedule = schedule;
    this.random = new SeededRandom(schedule.seed);
    this.network = new SimNetwork(this.time, this.random, sabotage.filter);
    const identities = Array.from({ length: schedule.nodes }, (_, i) => testIdentity(i));
    const dishonest = Array.from({ length: schedule.liars }, (_, i) => testIdentity(900 + i));
    const keys = [...identities, ...dishonest].map(({ publicKey }) => publicKey);
    const members = new Set(keys);
    const { time, random, group } = this;
    for (const [i, identity] of identities.entries()) {
      const node: SimNode = new SimNode({
        ...{ identity, group, members, time, random },
        name: String.fromCharCode(65 + i),
        clockError: this.#clockError(),
        commitMsMax: 5,
        send: (link, frameType, payload) => {
          this.network.send(node, link, frameType, payload);
        },
        closeLink: (link, ban) => {
          this.network.break(link, ban);
        },
        watch: sabotage.watch ?? (() => undefined),
      });
      this.nodes.push(node);
    }
    for (const identity of dishonest) {
      const network = (): SimNetwork => this.network;
      this.liars.push(new Liar({ identity, group, members: keys, time, random, network }));
    }
  }

  #clockError(): number {
    const { clockErrorMax } = this.#schedule;
    return Math.round(this.random.between(-clockErrorMax, clockErrorMax));
  }

  async start(): Promise<void> {
    for (const node of this.nodes) await node.start();
    this.nodes.forEach((a, i) => {
      for (const [j, b] of this.nodes.entries()) {
        const linked = this.#schedule.shape === 'mesh' ? j > i : j === i + 1;
        if (linked) this.network.connect(a, b);
      }
    });
    for (const liar of this.liars) {
      for (const node of this.nodes) if (this.random.chance(0.6)) this.network.connect(liar, node);
    }
  }

  /** Posts and faults at times from the seed; then heals everything. */
  async disturb(): Promise<void> {
    const { posts, largePosts, durationMs, faults } = this.#schedule;
    this.network.faults = faults;
    for (let i = 0; i < posts; i++) {
      const node = this.#pick();
      this.time.at(this.random.between(0, durationMs), () => {
        node.post(`message ${i}`);
      });
    }
    for (let i = 0; i < largePosts; i++) {
      const node = this.#pick();
      const text = 'x'.repeat(this.random.below(200_000));
      this.time.at(this.random.between(0, durationMs), () => {
        node.post(text);
      });
    }
    this.#planFaults();
    for (let at = 500; at < durationMs; at += 500) this.time.at(at, () => this.poll());
    await this.time.runUntil(durationMs);
    this.network.faults = noFaults;
    this.network.partition(new Map());
    this.network.muted.clear();
    for (const liar of this.liars) this.network.remove(liar);
    for (const node of this.nodes) {
      node.isDiskFull = false;
      if (!node.running) await node.start();
    }
  }

  #planFaults(): void {
    const schedule = this.#schedule;
    const times = (count: number, plan: (at: number, node: SimNode) => void): void => {
      for (let i = 0; i < count; i++) {
        plan(this.random.between(0, schedule.durationMs), this.#pick());
      }
    };
    times(schedule.crashes, (at, node) => {
      this.#planCrash(at, node, () => Promise.resolve());
    });
    times(schedule.restores, (at, node) => {
      const lost = 1 + this.random.below(30);
      const isTold = this.random.chance(0.5);
      this.#planCrash(at, node, async () => {
        await node.restore(lost, !isTold);
        // What it still has was shown when its time had come, by the clock of then.
        await node.reader.poll(node.store, Infinity);
        await this.#forgetLost();
      });
    });
    times(schedule.partitions, (at) => {
      const sides = new Map(this.nodes.map((node) => [node, this.random.below(2)]));
      this.#planSpell(at, 8000, (isOn) => {
        this.network.partition(isOn ? sides : new Map());
      });
    });
    times(schedule.mutes, (at, node) => {
      this.#planSpell(at, 8000, (isOn) => {
        if (isOn) this.network.muted.add(node);
        else this.network.muted.delete(node);
      });
    });
    times(schedule.clogs, (at, node) => {
      const ms = this.random.between(100, 12_000);
      this.time.at(at, () => {
        this.network.clog(node, ms);
      });
    });
    times(schedule.fullDisks, (at, node) => {
      this.#planSpell(at, 6000, (isOn) => {
        node.isDiskFull = isOn;
      });
    });
  }

  #planSpell(at: number, lengthMax: number, turn: (isOn: boolean) => void): void {
    this.time.at(at, () => {
      turn(true);
    });
    this.time.at(at + this.random.between(100, lengthMax), () => {
      turn(false);
    });
  }

  async poll(): Promise<void> {
    for (const node of this.nodes) await node.reader.poll(node.store, node.wall);
  }

  #pick(): SimNode {
    const node = this.nodes[this.random.below(this.nodes.length)];
    if (node === undefined) throw new Error('a cluster has nodes');
    return node;
  }

  #planCrash(at: number, node: SimNode, meanwhile: () => Promise<void>): void {
    this.time.at(at, async () => {
      await node.reader.poll(node.store, node.wall);
      node.crash();
      this.network.dropNode(node);
      node.options.clockError = this.#clockError();
      await meanwhile();
    });
    this.time.at(at + this.random.between(1, 3000), async () => {
      if (!node.running) await node.start();
    });
  }

  /** What only a lost disk had is lost: no promise covers it any more. */
  async #forgetLost(): Promise<void> {
    const places = await Promise.all(this.nodes.map(({ store }) => readConversation(store)));
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
    const conversations = await Promise.all(this.nodes.map((node) => conversationOf(node)));
    const [first = []] = conversations;
    const ids = new Set(first);
    return (
      this.acknowledged().every((id) => ids.has(id)) &&
      conversations.every((one) => one.join() === first.join())
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
    await this.time.runUntil(this.time.now + 180_000);
    this.network.types.clear();
    await this.time.runUntil(this.time.now + 60_000);
    return [...this.network.types.keys()];
  }

  /** Ends all links; what the nodes still wait for once the last held root is shown. */
  async leave(): Promise<(number | undefined)[]> {
    for (const node of this.nodes) this.network.remove(node);
    await this.time.runUntil(this.time.now + 7_300_000);
    return this.nodes.map(({ deadline }) => deadline);
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
