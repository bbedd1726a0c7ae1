// Links between simulated nodes: dialed again when they break, with delay, loss, duplication,
// reordering and partitions, all from the seed.
import { sha256 } from '../../src/cxo/ids.ts';
import { utf8 } from '../../src/bytes.ts';
import type { SimNode } from './node.ts';
import type { SeededRandom } from './random.ts';
import type { VirtualTime } from './timeline.ts';

export interface Faults {
  /** Probabilities for each frame. */
  readonly loss: number;
  readonly duplication: number;
  readonly reordering: number;
  /** Milliseconds, at least and at most. */
  readonly delay: readonly [number, number];
  /** Probability, for each frame, that the link breaks and loses what is on its way. */
  readonly breaking: number;
}

export const noFaults: Faults = {
  loss: 0,
  duplication: 0,
  reordering: 0,
  delay: [0.1, 2],
  breaking: 0,
};

interface SimLink {
  readonly id: number;
  readonly ends: readonly [SimNode, SimNode];
  open: boolean;
  /** When the latest frame in each direction arrives: frames stay in order unless reordered. */
  readonly busyUntil: [number, number];
}

export class SimNetwork {
  readonly #time: VirtualTime;
  readonly #random: SeededRandom;
  readonly #edges: (readonly [SimNode, SimNode])[] = [];
  readonly #links = new Map<number, SimLink>();
  #nextLink = 1;
  #side = new Map<SimNode, number>();
  faults: Faults = noFaults;
  frames = 0;
  bytes = 0;

  constructor(time: VirtualTime, random: SeededRandom) {
    this.#time = time;
    this.#random = random;
  }

  get openLinks(): number {
    return this.#links.size;
  }

  connect(a: SimNode, b: SimNode): void {
    const edge = [a, b] as const;
    this.#edges.push(edge);
    this.#dialSoon(edge);
  }

  /** Nodes on different sides cannot reach each other; no sides heal it. */
  partition(sides: ReadonlyMap<SimNode, number>): void {
    this.#side = new Map(sides);
    for (const link of [...this.#links.values()]) {
      if (!this.#reachable(link.ends[0], link.ends[1])) this.break(link.id, 'partition');
    }
  }

  dropNode(node: SimNode): void {
    for (const link of [...this.#links.values()]) {
      if (link.ends.includes(node)) this.break(link.id, 'crash');
    }
  }

  /** Both ends hear of it, each in its own time; what is on its way is lost. */
  break(id: number, _reason: string): void {
    const link = this.#links.get(id);
    if (link === undefined) return;
    link.open = false;
    this.#links.delete(id);
    for (const end of link.ends) {
      this.#time.after(this.#random.between(0, 5), () => {
        if (end.links.delete(id)) end.handle({ type: 'closed', link: id });
      });
    }
    const edge = this.#edges.find(([a, b]) => link.ends.includes(a) && link.ends.includes(b));
    if (edge !== undefined) this.#dialSoon(edge);
  }

  send(from: SimNode, id: number, frameType: number, payload: Uint8Array): void {
    const link = this.#links.get(id);
    if (link?.open !== true) return;
    const direction = link.ends[0] === from ? 0 : 1;
    const { loss, duplication, reordering, delay, breaking } = this.faults;
    this.frames++;
    this.bytes += payload.length;
    if (this.#random.chance(breaking)) {
      this.break(id, 'fault');
      return;
    }
    if (this.#random.chance(loss)) return;
    const copies = this.#random.chance(duplication) ? 2 : 1;
    for (let i = 0; i < copies; i++) {
      let at = this.#time.now + this.#random.between(delay[0], delay[1]);
      if (!this.#random.chance(reordering)) at = Math.max(at, link.busyUntil[direction]);
      link.busyUntil[direction] = Math.max(at, link.busyUntil[direction]);
      this.#time.at(at, () => {
        const to = link.ends[1 - direction];
        if (link.open && to?.links.has(id) === true) {
          to.handle({ type: 'frame', link: id, frameType, payload });
        }
      });
    }
  }

  #reachable(a: SimNode, b: SimNode): boolean {
    return this.#side.get(a) === this.#side.get(b);
  }

  #dialSoon(edge: readonly [SimNode, SimNode]): void {
    this.#time.after(this.#random.between(10, 400), () => {
      this.#dial(edge);
    });
  }

  #dial(edge: readonly [SimNode, SimNode]): void {
    const [a, b] = edge;
    if (!a.running || !b.running || !this.#reachable(a, b)) {
      this.#dialSoon(edge);
      return;
    }
    const id = this.#nextLink++;
    this.#links.set(id, { id, ends: edge, open: true, busyUntil: [0, 0] });
    const handshakeHash = sha256(utf8(`link ${id}`));
    for (const [end, other] of [edge, [b, a] as const]) {
      end.links.add(id);
      const initiator = end === a;
      end.handle({ type: 'opened', link: id, peer: other.key, initiator, handshakeHash });
    }
  }
}
