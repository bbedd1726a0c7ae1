// Links that the production net layer makes over simulated streams: its dialer with backoff, its
// handshake with real keys, its choice between two links, its bans and its keepalive.
import { toHex } from '../../src/bytes.ts';
import { silentLogger } from '../../src/env.ts';
import type { PublicKey } from '../../src/identity.ts';
import { Network } from '../../src/net/network.ts';
import type { Link, LinkHandler } from '../../src/net/transport.ts';
import { CreditWatch } from './credit-watch.ts';
import {
  noFaults,
  type Faults,
  type FrameFilter,
  type Links,
  type Partition,
  type SimEnd,
} from './links.ts';
import type { SeededRandom } from './random.ts';
import { SimStreams } from './streams.ts';
import type { VirtualTime } from './timeline.ts';

interface Host {
  readonly end: SimEnd;
  /** Whom it dials. */
  readonly dials: Set<SimEnd>;
  network: Network | undefined;
  readonly links: Map<number, Link>;
  /** Grows with each life. */
  life: number;
}

/** Of every host: a host is one node. */
const port = 7000;

/** Flushing what is queued takes a linger of one second. */
const closeMs = 3000;

export interface DialedLinksOptions {
  readonly time: VirtualTime;
  readonly random: SeededRandom;
  readonly members: ReadonlySet<PublicKey>;
  readonly filter?: FrameFilter | undefined;
  /** Probability that both ends of an edge dial. */
  readonly bothDial: number;
}

export class DialedLinks implements Links {
  readonly #options: DialedLinksOptions;
  readonly #streams: SimStreams;
  readonly #hosts = new Map<SimEnd, Host>();
  readonly #ends = new Map<string, SimEnd>();
  readonly #clogs = new Map<string, number>();
  #nextLink = 1;
  #partition: Partition | undefined;
  readonly muted = new Set<SimEnd>();
  readonly credit = new CreditWatch();
  faults: Faults = noFaults;
  frames = 0;
  bytes = 0;
  readonly types = new Map<number, number>();

  constructor(options: DialedLinksOptions) {
    this.#options = options;
    const { time, random } = options;
    this.#streams = new SimStreams({
      ...{ time, random },
      faults: () => this.faults,
      passes: (from, to) => this.#passes(from, to),
      readsAgainAt: (host) => this.#clogs.get(host) ?? 0,
    });
  }

  connect(a: SimEnd, b: SimEnd): void {
    this.#hostOf(a).dials.add(b);
    if (this.#options.random.chance(this.#options.bothDial)) this.#hostOf(b).dials.add(a);
    for (const end of [a, b]) if (end.running) this.#addPeers(this.#hostOf(end));
  }

  up(end: SimEnd): void {
    const { time, random, members } = this.#options;
    const host = this.#hostOf(end);
    const life = ++host.life;
    const isAlive = (): boolean => host.life === life;
    time.touch();
    host.network = new Network({
      identity: end.options.identity,
      transport: this.#streams.host(end.name, isAlive),
      clock: { now: () => end.wall, monotonic: () => time.now },
      random,
      timers: end.timers,
      logger: silentLogger,
      isAllowed: (key) => members.has(key),
      onLink: (link) => this.#openLink(host, link, isAlive),
    });
    void host.network.listen({ host: end.name, port });
    this.#addPeers(host);
  }

  down(end: SimEnd): void {
    const host = this.#hostOf(end);
    host.life++;
    host.network = undefined;
    host.links.clear();
    this.#streams.crash(end.name, this.#options.random.chance(0.5));
  }

  async remove(end: SimEnd): Promise<void> {
    const { time } = this.#options;
    const host = this.#hostOf(end);
    host.dials.clear();
    for (const other of this.#hosts.values()) {
      if (!other.dials.delete(end)) continue;
      other.network?.removePeer(end.key);
    }
    let isClosed = host.network === undefined;
    void host.network?.close().then(() => {
      isClosed = true;
    });
    time.touch();
    await time.settle();
    await time.runUntil(time.now + closeMs);
    const open = this.#streams.open(end.name);
    if (!isClosed || open > 0) this.credit.faults.push(`${end.name} keeps ${open} streams open`);
    host.life++;
  }

  partition(partition: Partition | undefined): void {
    this.#partition = partition;
  }

  clog(end: SimEnd, ms: number): void {
    this.#clogs.set(end.name, this.#options.time.now + ms);
  }

  send(from: SimEnd, id: number, frameType: number, payload: Uint8Array): void {
    const link = this.#hostOf(from).links.get(id);
    if (link === undefined) return;
    this.frames++;
    this.bytes += payload.length;
    this.types.set(frameType, (this.types.get(frameType) ?? 0) + 1);
    const direction = link.initiator ? 0 : 1;
    this.credit.sent(nameOf(link), direction, frameType, payload, from.isHonest);
    if (this.#options.filter?.(from, frameType, payload) === false) return;
    this.#options.time.touch();
    link.send(frameType, payload);
  }

  close(from: SimEnd, id: number, reason: string, ban: boolean): void {
    const host = this.#hostOf(from);
    const link = host.links.get(id);
    this.#options.time.touch();
    link?.close(reason);
    if (ban && link !== undefined) host.network?.banPeer(link.peer, reason);
  }

  /** As src/sync/runner.ts opens a link. */
  #openLink(host: Host, link: Link, isAlive: () => boolean): LinkHandler {
    const { end } = host;
    const id = this.#nextLink++;
    host.links.set(id, link);
    end.links.add(id);
    const { peer, initiator, handshakeHash } = link;
    let isOpen = false;
    const open = (): void => {
      if (isOpen || !host.links.has(id) || !isAlive()) return;
      isOpen = true;
      end.handle({ type: 'opened', link: id, peer, initiator, handshakeHash });
    };
    queueMicrotask(open);
    return {
      onFrame: (frameType, payload) => {
        open();
        if (isAlive()) end.handle({ type: 'frame', link: id, frameType, payload });
      },
      onDrain: () => undefined,
      onClose: () => {
        host.links.delete(id);
        this.credit.closed(nameOf(link));
        if (isAlive() && end.links.delete(id)) end.handle({ type: 'closed', link: id });
      },
    };
  }

  #addPeers({ dials, network }: Host): void {
    for (const { key, name } of dials) network?.addPeer({ pk: key, host: name, port });
  }

  #hostOf(end: SimEnd): Host {
    const known = this.#hosts.get(end);
    if (known !== undefined) return known;
    const host = { end, dials: new Set<SimEnd>(), network: undefined, links: new Map(), life: 0 };
    this.#hosts.set(end, host);
    this.#ends.set(end.name, end);
    return host;
  }

  #passes(from: string, to: string): boolean {
    const [a, b] = [this.#ends.get(from), this.#ends.get(to)];
    if (a === undefined || b === undefined) return true;
    if (this.muted.has(a)) return false;
    const partition = this.#partition;
    if (partition === undefined) return true;
    const [sideA, sideB] = [partition.sides.get(a), partition.sides.get(b)];
    return partition.isOneWay ? !(sideA === 0 && sideB === 1) : sideA === sideB;
  }
}

function nameOf({ handshakeHash }: Link): string {
  return toHex(handshakeHash);
}
