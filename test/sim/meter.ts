// Counts what a mesh spends on its messages: payloads, other bytes, hops, and the time until every
// node has each of them.
import { ByteReader, toHex } from '../../src/bytes.ts';
import type { Effect } from '../../src/sync/events.ts';
import { frameTypes } from '../../src/sync/frames.ts';
import type { FrameListener, SimEnd } from './links.ts';
import type { SimNode } from './node.ts';
import type { VirtualTime } from './timeline.ts';

interface Message {
  readonly postedAt: number;
  /** Nodes that have it on their disks. */
  nodes: number;
  lastAt: number;
}

interface Carried {
  readonly author: string;
  readonly head: number;
  readonly from: number;
  readonly roots: number;
}

const idBytes = 32;

export class Meter implements FrameListener {
  readonly #time: VirtualTime;
  readonly #nodes: number;
  readonly #messages = new Map<string, Message>();
  /** By root: how many links it took to a node. */
  readonly #hops = new Map<string, Map<SimEnd, number>>();
  /** By author and node: who brought the author's latest root. */
  readonly #parents = new Map<string, Map<SimEnd, SimEnd>>();
  /** Roots in segments that were sent. */
  payloads = 0;
  /** Payloads that arrived where they were known already. */
  redundant = 0;
  segmentBytes = 0;
  otherFrames = 0;
  otherBytes = 0;

  constructor(time: VirtualTime, nodes: number) {
    this.#time = time;
    this.#nodes = nodes;
  }

  /** From here on things count. */
  reset(): void {
    this.#messages.clear();
    this.#hops.clear();
    this.payloads = this.redundant = this.segmentBytes = 0;
    this.otherFrames = this.otherBytes = 0;
  }

  sent(_: SimEnd, frameType: number, payload: Uint8Array): void {
    if (frameType === frameTypes.segment) {
      this.payloads += parseCarried(payload).roots;
      this.segmentBytes += payload.length;
      return;
    }
    this.otherFrames++;
    this.otherBytes += payload.length;
  }

  arrives(from: SimEnd, to: SimEnd, frameType: number, payload: Uint8Array): void {
    if (frameType !== frameTypes.segment) return;
    const { author, head, from: first, roots } = parseCarried(payload);
    for (let seq = first; seq < first + roots; seq++) {
      const hops = this.#hopsOf(`${author}/${head}/${seq}`);
      if (hops.has(to) || to.key === author) {
        this.redundant++;
        continue;
      }
      hops.set(to, (hops.get(from) ?? 0) + 1);
      const parents = this.#parents.get(author) ?? new Map<SimEnd, SimEnd>();
      this.#parents.set(author, parents.set(to, from));
    }
  }

  /** To be told of every effect of every node. */
  readonly watch = (node: SimNode, effect: Effect): void => {
    if (effect.type !== 'arrived') return;
    for (const { id, feed } of effect.entries) {
      const name = toHex(id);
      let message = this.#messages.get(name);
      if (message === undefined) {
        // Its author has it first.
        if (feed.author !== node.key) continue;
        message = { postedAt: this.#time.now, nodes: 0, lastAt: 0 };
        this.#messages.set(name, message);
      }
      message.nodes++;
      message.lastAt = this.#time.now;
    }
  };

  /** Who brought the author's latest message to a node. */
  parent(author: SimEnd, node: SimEnd): SimEnd | undefined {
    return this.#parents.get(author.key)?.get(node);
  }

  get messages(): number {
    return this.#messages.size;
  }

  /** Whether every node has every message. */
  isComplete(): boolean {
    for (const { nodes } of this.#messages.values()) if (nodes < this.#nodes) return false;
    return true;
  }

  /** When the last node had the last message. */
  get completedAt(): number {
    return Math.max(...[...this.#messages.values()].map(({ lastAt }) => lastAt));
  }

  /** Milliseconds from the author's disk to the last node's, for each message, in order. */
  delays(): number[] {
    const delays = [...this.#messages.values()].map(({ postedAt, lastAt }) => lastAt - postedAt);
    return delays.sort((a, b) => a - b);
  }

  /** Links from the author to each other node, for each message, in order. */
  hops(): number[] {
    const all = [...this.#hops.values()].flatMap((hops) => [...hops.values()]);
    return all.sort((a, b) => a - b);
  }

  #hopsOf(root: string): Map<SimEnd, number> {
    const known = this.#hops.get(root);
    if (known !== undefined) return known;
    const hops = new Map<SimEnd, number>();
    this.#hops.set(root, hops);
    return hops;
  }
}

/** The fields of a segment frame, without a copy of its bytes. */
function parseCarried(payload: Uint8Array): Carried {
  const reader = new ByteReader(payload);
  reader.varint();
  const author = toHex(reader.take(idBytes) ?? new Uint8Array());
  const [head, from] = [reader.varint(), reader.varint()];
  reader.varint();
  // The segment: the root before it, objects before it, roots in it.
  reader.take(idBytes);
  reader.varint();
  return { author, head: head ?? 0, from: from ?? 0, roots: reader.varint() ?? 0 };
}

export function median(sorted: readonly number[]): number {
  return sorted[sorted.length >> 1] ?? 0;
}
