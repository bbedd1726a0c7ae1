// A mesh of simulated nodes under one schedule of faults, all from one seed; healed at the end, and
// then held against the promises.
import { sha256, groupIdOfBytes } from '../../src/cxo/ids.ts';
import { utf8 } from '../../src/bytes.ts';
import { testIdentity } from '../support/feeds.ts';
import { inTimelineOrder, readConversation } from './checkers.ts';
import { noFaults, SimNetwork, type Faults } from './network.ts';
import { SimNode } from './node.ts';
import { SeededRandom } from './random.ts';
import { VirtualTime } from './timeline.ts';

export interface Schedule {
  readonly seed: number;
  readonly nodes: number;
  /** How the nodes are linked: in a line, or each with each. */
  readonly shape: 'line' | 'mesh';
  readonly posts: number;
  /** Milliseconds of faults before the mesh is healed. */
  readonly durationMs: number;
  readonly faults: Faults;
  readonly crashes: number;
  readonly partitions: number;
  /** Microseconds that clocks are wrong by, at most. */
  readonly clockErrorMax: number;
}

/** A schedule of everything at once, drawn from the seed. */
export function scheduleOf(seed: number): Schedule {
  const random = new SeededRandom(seed ^ 0x5eed);
  return {
    seed,
    nodes: 3 + random.below(3),
    shape: random.chance(0.5) ? 'line' : 'mesh',
    posts: 20 + random.below(120),
    durationMs: 20_000,
    faults: {
      loss: random.chance(0.5) ? random.between(0, 0.1) : 0,
      duplication: random.chance(0.5) ? random.between(0, 0.1) : 0,
      reordering: random.chance(0.5) ? random.between(0, 0.2) : 0,
      delay: [0.1, random.chance(0.3) ? 400 : 20],
      breaking: random.chance(0.5) ? random.between(0, 0.01) : 0,
    },
    crashes: random.below(6),
    partitions: random.below(3),
    clockErrorMax: random.chance(0.3) ? 3_600_000_000 : 1_000_000,
  };
}

export class Cluster {
  readonly time = new VirtualTime();
  readonly random: SeededRandom;
  readonly network: SimNetwork;
  readonly nodes: SimNode[] = [];
  readonly group = groupIdOfBytes(sha256(utf8('simulated room')));
  readonly #schedule: Schedule;

  constructor(schedule: Schedule) {
    this.#schedule = schedule;
    this.random = new SeededRandom(schedule.seed);
    this.network = new SimNetwork(this.time, this.random);
    const identities = Array.from({ length: schedule.nodes }, (_, i) => testIdentity(i));
    const members = new Set(identities.map(({ publicKey }) => publicKey));
    for (const [i, identity] of identities.entries()) {
      const node: SimNode = new SimNode({
        name: String.fromCharCode(65 + i),
        identity,
        group: this.group,
        members,
        time: this.time,
        random: this.random,
        clockError: this.#clockError(),
        commitMsMax: 5,
        send: (link, frameType, payload) => {
          this.network.send(node, link, frameType, payload);
        },
        closeLink: (link, reason) => {
          this.network.break(link, reason);
        },
      });
      this.nodes.push(node);
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
  }

  /** Posts, crashes and partitions at times from the seed; then heals everything. */
  async disturb(): Promise<void> {
    const { posts, durationMs, faults, crashes, partitions } = this.#schedule;
    this.network.faults = faults;
    for (let i = 0; i < posts; i++) {
      const node = this.#pick();
      this.time.at(this.random.between(0, durationMs), () => {
        node.post(`message ${i}`);
      });
    }
    for (let i = 0; i < crashes; i++) this.#planCrash(durationMs);
    for (let i = 0; i < partitions; i++) this.#planPartition(durationMs);
    for (let at = 500; at < durationMs; at += 500) this.time.at(at, () => this.poll());
    await this.time.runUntil(durationMs);
    this.network.faults = noFaults;
    this.network.partition(new Map());
    for (const node of this.nodes) if (!node.running) await node.start();
  }

  async poll(): Promise<void> {
    for (const node of this.nodes) await node.reader.poll(node.store);
  }

  #pick(): SimNode {
    const node = this.nodes[this.random.below(this.nodes.length)];
    if (node === undefined) throw new Error('a cluster has nodes');
    return node;
  }

  #planCrash(durationMs: number): void {
    const node = this.#pick();
    const at = this.random.between(0, durationMs);
    this.time.at(at, () => {
      node.crash();
      this.network.dropNode(node);
      node.options.clockError = this.#clockError();
    });
    this.time.at(at + this.random.between(1, 3000), async () => {
      if (!node.running) await node.start();
    });
  }

  #planPartition(durationMs: number): void {
    const at = this.random.between(0, durationMs);
    this.time.at(at, () => {
      this.network.partition(new Map(this.nodes.map((node) => [node, this.random.below(2)])));
    });
    this.time.at(at + this.random.between(100, 8000), () => {
      this.network.partition(new Map());
    });
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
    const acknowledged = this.acknowledged();
    const conversations = await Promise.all(this.nodes.map((node) => conversationOf(node)));
    const first = conversations[0]?.join();
    const complete = conversations[0]?.filter((id) => acknowledged.has(id)).length;
    return complete === acknowledged.size && conversations.every((ids) => ids.join() === first);
  }

  acknowledged(): Set<string> {
    return new Set(this.nodes.flatMap((node) => node.acknowledged));
  }
}

/** Ids of the messages of a node in timeline order, from its store. */
export async function conversationOf(node: SimNode): Promise<string[]> {
  const places = await readConversation(node.store);
  return [...places].sort(inTimelineOrder).map(({ id }) => id);
}
