// Links between simulated nodes: dialed again when they break, with delay, loss, duplication,
// reordering, clogging and partitions of both kinds, all from the seed.
import { sha256 } from '../../src/cxo/ids.ts';
import { utf8 } from '../../src/bytes.ts';
import type { PublicKey } from '../../src/identity.ts';
import type { Event } from '../../src/sync/events.ts';
import { CreditWatch } from './credit-watch.ts';
import type { SeededRandom } from './random.ts';
import type { VirtualTime } from './timeline.ts';

/** What a link ends at: a node, or somebody who pretends to be one. */
export interface SimEnd {
  readonly key: PublicKey;
  readonly running: boolean;
  readonly links: Set<number>;
  handle(event: Event): void;
}

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

/** Returns false for a frame that is to be lost. */
export type FrameFilter = (from: SimEnd, frameType: number, payload: Uint8Array) => boolean;

interface SimLink {
  readonly id: number;
  readonly ends: readonly [SimEnd, SimEnd];
  open: boolean;
  /** When the latest frame in each direction arrives: frames stay in order unless reordered. */
  readonly busyUntil: [number, number];
}

/** A ban keeps the link down for longer than any other reason. */
const banMs = 30_000;

export class SimNetwork {
  readonly #time: VirtualTime;
  readonly #random: SeededRandom;
  readonly #edges: (readonly [SimEnd, SimEnd])[] = [];
  readonly #links = new Map<number, SimLink>();
  #nextLink = 1;
  #side = new Map<SimEnd, number>();
  /** Who is not heard by anybody. */
  readonly muted = new Set<SimEnd>();
  readonly credit = new CreditWatch();
  readonly #filter: FrameFilter;
  faults: Faults = noFaults;
  frames = 0;
  bytes = 0;
  /** Frames of each type since it was last emptied. */
  readonly types = new Map<number, number>();

  constructor(time: VirtualTime, random: SeededRandom, filter: FrameFilter = () => true) {
    this.#time = time;
    this.#random = random;
    this.#filter = filter;
  }

  connect(a: SimEnd, b: SimEnd): void {
    const edge = [a, b] as const;
    this.#edges.push(edge);
    this.#dialSoon(edge);
  }

  /** Takes an end out of the network for good. */
  remove(end: SimEnd): void {
    for (let i = this.#edges.length - 1; i >= 0; i--) {
      if (this.#edges[i]?.includes(end) === true) this.#edges.splice(i, 1);
    }
    this.dropNode(end);
  }

  /** Nodes on different sides cannot reach each other; no sides heal it. */
  partition(sides: ReadonlyMap<SimEnd, number>): void {
    this.#side = new Map(sides);
    for (const link of [...this.#links.values()]) {
      if (!this.#reachable(link.ends[0], link.ends[1])) this.break(link.id);
    }
  }

  /** Nothing that was sent to the end arrives for a while, and then all of it: it reads slowly. */
  clog(end: SimEnd, ms: number): void {
    for (const { ends, busyUntil } of this.#links.values()) {
      const direction = ends[0] === end ? 1 : ends[1] === end ? 0 : undefined;
      if (direction !== undefined) busyUntil[direction] = this.#time.now + ms;
    }
  }

  dropNode(node: SimEnd): void {
    for (const link of [...this.#links.values()]) {
      if (link.ends.includes(node)) this.break(link.id);
    }
  }

  /** Both ends hear of it, each in its own time; what is on its way is lost. */
  break(id: number, ban = false): void {
    const link = this.#links.get(id);
    if (link === undefined) return;
    link.open = false;
    this.#links.delete(id);
    this.credit.forget(id);
    for (const end of link.ends) {
      this.#time.after(this.#random.between(0, 5), () => {
        if (end.links.delete(id)) end.handle({ type: 'closed', link: id });
      });
    }
    const edge = this.#edges.find(([a, b]) => link.ends.includes(a) && link.ends.includes(b));
    if (edge !== undefined) this.#dialSoon(edge, ban ? banMs : 0);
  }

  send(from: SimEnd, id: number, frameType: number, payload: Uint8Array): void {
    const link = this.#links.get(id);
    if (link?.open !== true) return;
    const direction = link.ends[0] === from ? 0 : 1;
    const { loss, duplication, reordering, delay, breaking } = this.faults;
    this.frames++;
    this.bytes += payload.length;
    this.types.set(frameType, (this.types.get(frameType) ?? 0) + 1);
    this.credit.sent(id, direction, frameType, payload);
    if (this.#random.chance(breaking)) {
      this.break(id);
      return;
    }
    if (this.muted.has(from) || !this.#filter(from, frameType, payload)) return;
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

  #reachable(a: SimEnd, b: SimEnd): boolean {
    return this.#side.get(a) === this.#side.get(b);
  }

  #dialSoon(edge: readonly [SimEnd, SimEnd], atLeastMs = 0): void {
    this.#time.after(atLeastMs + this.#random.between(10, 400), () => {
      this.#dial(edge);
    });
  }

  #dial(edge: readonly [SimEnd, SimEnd]): void {
    const [a, b] = edge;
    if (!this.#edges.includes(edge)) return;
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
