// A mesh of many policies on virtual time: links that take a while to be made and to be seen to end,
// nodes that die, addresses that lead nowhere. No keys, sockets or feeds.
import type { PublicKey } from '../../src/identity.ts';
import { Mesh, surplus, type Candidate } from '../../src/node/mesh.ts';

interface Due {
  readonly at: number;
  readonly order: number;
  readonly run: () => void;
  cancelled: boolean;
}

/** What is due, the earliest first; a binary heap. */
class Agenda {
  readonly #heap: Due[] = [];
  #order = 0;

  add(at: number, run: () => void): Due {
    const due = { at, order: this.#order++, run, cancelled: false };
    const heap = this.#heap;
    let i = heap.push(due) - 1;
    while (i > 0) {
      const up = (i - 1) >> 1;
      if (!isBefore(due, heap[up])) break;
      heap[i] = heap[up] as Due;
      i = up;
    }
    heap[i] = due;
    return due;
  }

  take(until: number): Due | undefined {
    const heap = this.#heap;
    const [first] = heap;
    if (first === undefined || first.at > until) return undefined;
    const last = heap.pop() as Due;
    if (last === first) return first;
    let i = 0;
    for (;;) {
      let down = 2 * i + 1;
      if (down >= heap.length) break;
      if (isBefore(heap[down + 1], heap[down])) down++;
      if (!isBefore(heap[down], last)) break;
      heap[i] = heap[down] as Due;
      i = down;
    }
    heap[i] = last;
    return first;
  }
}

function isBefore(a: Due | undefined, b: Due | undefined): boolean {
  if (a === undefined || b === undefined) return a !== undefined;
  return a.at < b.at || (a.at === b.at && a.order < b.order);
}

/** mulberry32: small, and the same everywhere. */
function seeded(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

export interface WorldNode {
  readonly pk: PublicKey;
  readonly mesh: Mesh;
  /** Peers whose link this end takes for alive. */
  readonly links: Set<PublicKey>;
  isAlive: boolean;
  /** No other node can dial it. */
  readonly isHidden: boolean;
  /** The part of the network that it is in. */
  side: number;
  readonly candidate: Candidate;
  joinedAt: number;
  /** Its bootstrap parted as surplus. */
  isDormant: boolean;
}

export interface Dial {
  readonly at: number;
  readonly from: PublicKey;
  readonly to: PublicKey;
  readonly address: string;
}

export interface WorldOptions {
  readonly seed: number;
  /** Nodes join one behind the other, so far apart. */
  readonly joinGapMs?: number;
}

export class World {
  readonly nodes = new Map<PublicKey, WorldNode>();
  readonly dials: Dial[] = [];
  /** When a link was made or ended by the policy, not by a death. */
  lastChange = 0;
  parts = 0;
  now = 0;
  /** Addresses at which another key answers. */
  readonly others = new Set<string>();
  readonly unit: () => number;
  readonly #agenda = new Agenda();
  #bootstrap: WorldNode | undefined;
  #isTelling = false;
  readonly #listed: Candidate[] = [];

  constructor({ seed }: WorldOptions) {
    this.unit = seeded(seed);
  }

  get living(): WorldNode[] {
    return [...this.nodes.values()].filter(({ isAlive }) => isAlive);
  }

  /** The first one is the bootstrap of all others. */
  join(isHidden = false): WorldNode {
    const pk = `n${this.nodes.size}` as PublicKey;
    const node: WorldNode = {
      ...{ pk, isHidden, links: new Set<PublicKey>(), isAlive: true, side: 0 },
      candidate: { pk, addresses: [`${pk}:1`] },
      ...{ joinedAt: this.now, isDormant: false, mesh: this.#meshOf(pk) },
    };
    this.nodes.set(pk, node);
    if (!isHidden) {
      this.after(200, () => {
        this.#listed.push(node.candidate);
      });
    }
    node.mesh.start();
    if (this.#bootstrap === undefined) this.#bootstrap = node;
    else this.#dialBootstrap(node);
    this.#tellAll();
    return node;
  }

  /** Whoever looks for more hears of newcomers soon: their addresses are in feeds. */
  #tellAll(): void {
    if (this.#isTelling) return;
    this.#isTelling = true;
    this.after(250, () => {
      this.#isTelling = false;
      for (const node of this.living) if (node.links.size < 6) node.mesh.candidatesChanged();
    });
  }

  after(delayMs: number, run: () => void): () => void {
    const due = this.#agenda.add(this.now + delayMs, run);
    return () => {
      due.cancelled = true;
    };
  }

  run(ms: number): void {
    const end = this.now + ms;
    for (let due = this.#agenda.take(end); due !== undefined; due = this.#agenda.take(end)) {
      this.now = Math.max(this.now, due.at);
      if (!due.cancelled) due.run();
    }
    this.now = end;
  }

  kill(nodes: readonly WorldNode[]): void {
    for (const node of nodes) {
      node.isAlive = false;
      node.mesh.close();
      for (const peer of [...node.links]) this.#cut(node.pk, peer);
    }
  }

  /** Ends the links between sides, and lets none be made, until `heal`. */
  split(sideOf: (node: WorldNode) => number): void {
    for (const node of this.nodes.values()) node.side = sideOf(node);
    for (const node of this.living) {
      for (const pk of [...node.links]) {
        if (this.#node(pk).side !== node.side) this.#cut(node.pk, pk);
      }
    }
  }

  heal(): void {
    for (const node of this.nodes.values()) node.side = 0;
  }

  degrees(): number[] {
    return this.living.map(({ links }) => links.size).sort((a, b) => a - b);
  }

  /** Whether every living node can be reached from every other one. */
  isConnected(): boolean {
    const [first, ...others] = this.living;
    if (first === undefined) return true;
    const seen = new Set([first.pk]);
    const queue = [first.pk];
    for (let pk = queue.pop(); pk !== undefined; pk = queue.pop()) {
      for (const next of this.#node(pk).links) {
        if (seen.has(next) || !this.#node(next).isAlive) continue;
        seen.add(next);
        queue.push(next);
      }
    }
    return seen.size === others.length + 1;
  }

  #node(pk: PublicKey): WorldNode {
    const node = this.nodes.get(pk);
    if (node === undefined) throw new Error(`there is no ${pk}`);
    return node;
  }

  #latency(): number {
    return 5 + 95 * this.unit();
  }

  #meshOf(self: PublicKey): Mesh {
    return new Mesh({
      clock: { monotonic: () => this.now },
      random: { unit: this.unit },
      timers: { after: (ms, run) => this.after(ms, run) },
      candidates: () => this.#candidatesOf(self),
      isConfigured: (pk) => this.#isBootstrapOf(self, pk),
      dial: (pk, addresses) => {
        this.#dial(this.#node(self), this.#node(pk), addresses);
      },
      askToPart: (pk) => {
        this.after(this.#latency(), () => {
          if (this.#node(pk).links.has(self)) this.#node(pk).mesh.asked(self);
        });
      },
      part: (pk) => {
        this.parts++;
        this.#end(self, pk);
      },
    });
  }

  #isBootstrapOf(self: PublicKey, pk: PublicKey): boolean {
    return pk === this.#bootstrap?.pk && self !== pk;
  }

  #candidatesOf(self: PublicKey): Candidate[] {
    const node = this.#node(self);
    // Whoever has never had a link knows nobody.
    if (node.links.size === 0 && this.now - node.joinedAt < 1_000) return [];
    const isListed = (candidate: Candidate): boolean =>
      candidate !== node.candidate && (candidate !== this.#bootstrap?.candidate || node.isDormant);
    return this.#listed.filter(isListed);
  }

  #dialBootstrap(node: WorldNode): void {
    const bootstrap = this.#bootstrap;
    if (bootstrap === undefined || !node.isAlive || node.isDormant) return;
    if (node.links.has(bootstrap.pk)) return;
    this.after(this.#latency(), () => {
      if (!bootstrap.isAlive || bootstrap.side !== node.side) {
        this.after(30_000 * this.unit(), () => {
          this.#dialBootstrap(node);
        });
      } else if (!node.links.has(bootstrap.pk)) this.#make(node, bootstrap);
    });
  }

  #dial(from: WorldNode, to: WorldNode, addresses: readonly string[]): void {
    for (const address of addresses) {
      this.dials.push({ at: this.now, from: from.pk, to: to.pk, address });
    }
    const fails = (refusal?: string): void => {
      const failed = addresses.map((address) => ({ address, isOthers: this.others.has(address) }));
      from.mesh.dialFailed(to.pk, refusal === undefined ? failed : [], refusal);
    };
    const isOthers = addresses.some((address) => this.others.has(address));
    const isReached = to.isAlive && to.side === from.side && !isOthers;
    // A port that is closed says so; a host that is gone does not.
    const tookMs = isReached || this.unit() < 0.5 ? 2 * this.#latency() : 15_000;
    this.after(tookMs, () => {
      if (!from.isAlive || from.links.has(to.pk)) return;
      if (!isReached || !to.isAlive || to.side !== from.side) fails();
      else if (to.links.has(from.pk)) fails('already-connected');
      else this.#make(from, to);
    });
  }

  #make(from: WorldNode, to: WorldNode): void {
    this.lastChange = this.now;
    from.links.add(to.pk);
    to.links.add(from.pk);
    if (to === this.#bootstrap) from.isDormant = false;
    to.mesh.linked(from.pk);
    this.after(this.#latency(), () => {
      if (from.links.has(to.pk)) from.mesh.linked(to.pk);
    });
  }

  /** By the policy of one end; the other hears of it. */
  #end(one: PublicKey, other: PublicKey): void {
    this.lastChange = this.now;
    this.#node(one).links.delete(other);
    if (this.#isBootstrapOf(one, other)) this.#node(one).isDormant = true;
    const peer = this.#node(other);
    this.after(this.#latency(), () => {
      if (!peer.links.delete(one)) return;
      if (this.#isBootstrapOf(other, one)) peer.isDormant = true;
      peer.mesh.unlinked(one, surplus);
    });
  }

  /** By the network: each living end notices, at once or when it has been silent for too long. */
  #cut(one: PublicKey, other: PublicKey): void {
    for (const [end, far] of [
      [one, other],
      [other, one],
    ] as const) {
      const node = this.#node(end);
      this.after(this.unit() < 0.5 ? 100 : 45_000, () => {
        if (!node.links.delete(far) || !node.isAlive) return;
        node.mesh.unlinked(far, 'lost');
        if (this.#isBootstrapOf(end, far)) this.#dialBootstrap(node);
      });
    }
  }
}
