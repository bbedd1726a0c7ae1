// Links whose frames the simulation carries itself: with delay, loss, duplication, reordering,
// clogging and partitions of both kinds, all from the seed; dialed again when they break.
import { sha256 } from '../../src/cxo/ids.ts';
import { utf8 } from '../../src/bytes.ts';
import { CreditWatch } from './credit-watch.ts';
import {
  drawDelay,
  noFaults,
  type Faults,
  type FrameFilter,
  type FrameListener,
  type Links,
  type Partition,
  type SimEnd,
} from './links.ts';
import type { SeededRandom } from './random.ts';
import type { VirtualTime } from './timeline.ts';

type Edge = readonly [SimEnd, SimEnd];

interface SimLink {
  readonly id: number;
  readonly ends: Edge;
  readonly edge: Edge;
  open: boolean;
  /** Milliseconds that every frame takes on top. */
  readonly latency: number;
  /** When the latest frame in each direction arrives: frames stay in order unless reordered. */
  readonly busyUntil: [number, number];
}

export interface SimNetworkOptions {
  readonly filter?: FrameFilter | undefined;
  readonly listener?: FrameListener | undefined;
  /** Milliseconds that a link takes in one direction, on top of the delay. */
  readonly latency?: ((a: SimEnd, b: SimEnd) => number) | undefined;
}

/** A ban keeps the link down for longer than any other reason. */
const banMs = 30_000;

export class SimNetwork implements Links {
  readonly #time: VirtualTime;
  readonly #random: SeededRandom;
  readonly #options: SimNetworkOptions;
  readonly #edges = new Map<SimEnd, Set<Edge>>();
  readonly #links = new Map<number, SimLink>();
  #nextLink = 1;
  #partition: Partition | undefined;
  /** Edges that cannot be dialed for a partition. */
  readonly #apart = new Set<Edge>();
  readonly muted = new Set<SimEnd>();
  readonly credit = new CreditWatch();
  faults: Faults = noFaults;
  frames = 0;
  bytes = 0;
  readonly types = new Map<number, number>();

  constructor(time: VirtualTime, random: SeededRandom, options: SimNetworkOptions = {}) {
    this.#time = time;
    this.#random = random;
    this.#options = options;
  }

  connect(a: SimEnd, b: SimEnd): void {
    const edge = [a, b] as const;
    this.#edgesOf(a).add(edge);
    this.#edgesOf(b).add(edge);
    this.#dialSoon(edge);
  }

  up(): void {
    // Who dials tries until the other is there.
  }

  remove(end: SimEnd): Promise<void> {
    for (const edge of this.#edgesOf(end)) for (const one of edge) this.#edgesOf(one).delete(edge);
    this.down(end);
    return Promise.resolve();
  }

  partition(partition: Partition | undefined): void {
    this.#partition = partition;
    for (const edge of this.#apart) this.#dialAgain(edge);
    this.#apart.clear();
    if (partition?.isOneWay !== false) return;
    for (const link of [...this.#links.values()]) {
      if (!this.#reachable(link.ends[0], link.ends[1])) this.break(link.id);
    }
  }

  clog(end: SimEnd, ms: number): void {
    for (const { ends, busyUntil } of this.#links.values()) {
      const direction = ends[0] === end ? 1 : ends[1] === end ? 0 : undefined;
      if (direction !== undefined) busyUntil[direction] = this.#time.now + ms;
    }
  }

  down(node: SimEnd): void {
    for (const link of [...this.#links.values()]) {
      if (link.ends.includes(node)) this.break(link.id);
    }
  }

  close(_: SimEnd, id: number, __: string, ban: boolean): void {
    this.break(id, ban);
  }

  /** The number of the open link between two ends. */
  linkOf(a: SimEnd, b: SimEnd): number | undefined {
    for (const { id, ends } of this.#links.values()) {
      if (ends.includes(a) && ends.includes(b)) return id;
    }
    return undefined;
  }

  /** From now on nothing passes over the link, and nobody is told. */
  silence(id: number): void {
    const link = this.#links.get(id);
    if (link !== undefined) link.open = false;
  }

  /** Both ends hear of it, each in its own time; what is on its way is lost. */
  break(id: number, ban = false): void {
    const link = this.#links.get(id);
    if (link === undefined) return;
    link.open = false;
    this.#links.delete(id);
    this.credit.forget(String(id));
    for (const end of link.ends) {
      this.#time.after(this.#random.between(0, 5), () => {
        if (end.links.delete(id)) end.handle({ type: 'closed', link: id });
      });
    }
    if (this.#edgesOf(link.ends[0]).has(link.edge)) this.#dialSoon(link.edge, ban ? banMs : 0);
  }

  send(from: SimEnd, id: number, frameType: number, payload: Uint8Array): void {
    const link = this.#links.get(id);
    if (link === undefined) return;
    const { filter, listener } = this.#options;
    const direction = link.ends[0] === from ? 0 : 1;
    const { loss, duplication, reordering, breaking } = this.faults;
    this.frames++;
    this.bytes += payload.length;
    this.types.set(frameType, (this.types.get(frameType) ?? 0) + 1);
    if (listener === undefined) {
      this.credit.sent(String(id), direction, frameType, payload, from.isHonest);
    }
    listener?.sent(from, frameType, payload);
    if (breaking > 0 && this.#random.chance(breaking)) {
      this.break(id);
      return;
    }
    if (!link.open || this.muted.has(from) || filter?.(from, frameType, payload) === false) return;
    if (this.#isCut(from, link.ends[1 - direction])) return;
    if (loss > 0 && this.#random.chance(loss)) return;
    const copies = duplication > 0 && this.#random.chance(duplication) ? 2 : 1;
    for (let i = 0; i < copies; i++) {
      let at = this.#time.now + link.latency + drawDelay(this.faults, this.#random);
      const overtakes = reordering > 0 && this.#random.chance(reordering);
      if (!overtakes) at = Math.max(at, link.busyUntil[direction]);
      link.busyUntil[direction] = Math.max(at, link.busyUntil[direction]);
      this.#time.at(at, () => {
        this.#deliver(link, from, direction, frameType, payload);
      });
    }
  }

  #deliver(
    link: SimLink,
    from: SimEnd,
    direction: 0 | 1,
    frameType: number,
    payload: Uint8Array,
  ): void {
    const to = link.ends[1 - direction];
    if (!link.open || to?.links.has(link.id) !== true) return;
    this.#options.listener?.arrives(from, to, frameType, payload);
    to.handle({ type: 'frame', link: link.id, frameType, payload });
  }

  #edgesOf(end: SimEnd): Set<Edge> {
    const known = this.#edges.get(end);
    if (known !== undefined) return known;
    const edges = new Set<Edge>();
    this.#edges.set(end, edges);
    return edges;
  }

  #reachable(a: SimEnd, b: SimEnd): boolean {
    const sides = this.#partition?.sides;
    return sides === undefined || sides.get(a) === sides.get(b);
  }

  /** Whether nothing passes in this direction though the link is there. */
  #isCut(from: SimEnd, to: SimEnd | undefined): boolean {
    if (this.#partition?.isOneWay !== true || to === undefined) return false;
    const { sides } = this.#partition;
    return sides.get(from) === 0 && sides.get(to) === 1;
  }

  #dialSoon(edge: Edge, atLeastMs = 0): void {
    this.#time.after(atLeastMs + this.#random.between(10, 400), () => {
      this.#dial(edge);
    });
  }

  /** With links that take their time: two round trips for connection and handshake. */
  #dialAgain(edge: Edge): void {
    if (this.#options.latency === undefined) this.#dialSoon(edge);
    else {
      this.#time.after(4 * this.#latencyOf(edge), () => {
        this.#dial(edge);
      });
    }
  }

  #latencyOf([a, b]: Edge): number {
    return this.#options.latency?.(a, b) ?? 0;
  }

  #dial(edge: Edge): void {
    const [a, b] = edge;
    if (!this.#edgesOf(a).has(edge)) return;
    if (!this.#reachable(a, b)) {
      this.#apart.add(edge);
      return;
    }
    if (!a.running || !b.running) {
      this.#dialSoon(edge);
      return;
    }
    const id = this.#nextLink++;
    const latency = this.#latencyOf(edge);
    this.#links.set(id, { id, ends: edge, edge, open: true, latency, busyUntil: [0, 0] });
    const handshakeHash = sha256(utf8(`link ${id}`));
    for (const [end, other] of [edge, [b, a] as const]) {
      end.links.add(id);
      const initiator = end === a;
      end.handle({ type: 'opened', link: id, peer: other.key, initiator, handshakeHash });
    }
  }
}
