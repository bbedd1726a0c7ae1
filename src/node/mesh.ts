// Keeps this node's part of a mesh: from 6 to 8 links, whoever dialed them, to members at random.
// A policy alone: it is told what happens to links, and says which addresses to dial and which links
// are too many. Knows nothing of sockets, feeds, or how addresses are learnt.
//
// How it comes to rest. A link that is too many ends only when its other end says that it can spare
// it, and an end spares none that would leave it with fewer than 6. So no end of a link makes anybody
// dial. A node that is asked while it has 6 looks for a seventh, and does so ever more seldom. What
// else dials, a node with fewer than 6 links or one that lost somebody, stops when it is found.
import type { Clock, Random, Timers } from '../env.ts';
import type { PublicKey } from '../identity.ts';
import { meshLimits } from './mesh-limits.ts';
import { Pauses } from './pauses.ts';

/** A member that is not dialed for other reasons. */
export interface Candidate {
  readonly pk: PublicKey;
  /** `host:port`, where it says that it is. */
  readonly addresses: readonly string[];
}

export interface MeshPorts {
  readonly clock: Pick<Clock, 'monotonic'>;
  readonly random: Pick<Random, 'unit'>;
  readonly timers: Timers;
  candidates(): readonly Candidate[];
  /** Whether this node's operator wants the link: it is not asked for. */
  isConfigured(pk: PublicKey): boolean;
  /** One attempt, at one address after the other; `linked` or `dialFailed` follows. */
  dial(pk: PublicKey, addresses: readonly string[]): void;
  /** Asks the other end whether it can spare the link; where it can, it parts. */
  askToPart(pk: PublicKey): void;
  /** Ends a link that is too many. */
  part(pk: PublicKey): void;
}

/** An address that was tried in vain. */
export interface FailedAddress {
  readonly address: string;
  /** Whether another key answers there. */
  readonly isOthers: boolean;
}

/** The reason to close a link that is too many, on the wire as well. */
export const surplus = 'surplus';

const { linksMin, linksMax } = meshLimits;

export class Mesh {
  readonly #ports: MeshPorts;
  readonly #pauses: Pauses;
  readonly #links = new Set<PublicKey>();
  readonly #dialing = new Set<PublicKey>();
  /** Links whose other end was asked to spare them → until when it may answer. */
  readonly #asking = new Map<PublicKey, number>();
  /** Peers that would like this node to spare a link → until when. */
  readonly #standing = new Map<PublicKey, number>();
  /** Keys that parted with a link → until when they are dialed last. */
  readonly #parted = new Map<PublicKey, number>();
  /** Keys that were linked or known and could not be found any more, the latest last. */
  readonly #missing = new Set<PublicKey>();
  /** Whether one link more is wanted, so that another can be spared. */
  #isExtraWanted = false;
  #searched: PublicKey | undefined;
  #isStarted = false;
  #isClosed = false;
  #wakeAt = Infinity;
  #cancelWake: (() => void) | undefined;

  constructor(ports: MeshPorts) {
    this.#ports = ports;
    this.#pauses = new Pauses(ports);
  }

  /** Links that are counted. */
  get size(): number {
    return this.#links.size;
  }

  start(): void {
    this.#cancelWake = this.#ports.timers.after(meshLimits.startMs, () => {
      this.#isStarted = true;
      this.#review();
    });
  }

  close(): void {
    this.#isClosed = true;
    this.#cancelWake?.();
  }

  /** There is a link with this peer, whoever dialed it. */
  linked(pk: PublicKey): void {
    this.#links.add(pk);
    this.#dialing.delete(pk);
    this.#pauses.forget(pk);
    this.#missing.delete(pk);
    if (this.#searched === pk) {
      // Whatever parted the mesh is over: the others that were missed will be heard of through it.
      this.#searched = undefined;
      this.#missing.clear();
    }
    this.#review();
  }

  /** The peer has no link any more. */
  unlinked(pk: PublicKey, reason: string): void {
    if (!this.#links.delete(pk)) return;
    this.#asking.delete(pk);
    this.#standing.delete(pk);
    this.#pauses.forget(nameOfKept(pk));
    if (reason === surplus) this.#remember(pk);
    else {
      this.#pauses.add(pk, 'tried');
      this.#miss(pk);
    }
    this.#review();
  }

  /** @param refusal the peer's own reason not to take the link */
  dialFailed(pk: PublicKey, failed: readonly FailedAddress[], refusal: string | undefined): void {
    if (!this.#dialing.delete(pk)) return;
    if (this.#searched === pk) this.#searched = undefined;
    for (const { address, isOthers } of failed) {
      this.#pauses.add(nameOfAddress(pk, address), isOthers ? 'wrong-key' : 'unreachable');
    }
    if (refusal === surplus) this.#remember(pk);
    else if (refusal !== undefined) this.#pauses.add(pk, 'refused');
    else {
      this.#pauses.add(pk, 'tried');
      this.#miss(pk);
    }
    this.#review();
  }

  /** The peer has links enough and asks whether this end can spare theirs. */
  asked(pk: PublicKey): void {
    if (!this.#links.has(pk)) return;
    this.#standing.set(pk, this.#now() + meshLimits.standingMs);
    if (!this.#canSpare(pk)) this.#wantExtra();
    this.#review();
  }

  /** Members, or their addresses, are others than before. */
  candidatesChanged(): void {
    if (this.#links.size < linksMin) this.#wakeBy(this.#now() + meshLimits.gatherMs);
  }

  #now(): number {
    return this.#ports.clock.monotonic();
  }

  #review(): void {
    if (!this.#isStarted || this.#isClosed) return;
    this.#cancelWake?.();
    this.#wakeAt = Infinity;
    this.#spare();
    this.#askForLess();
    this.#dialMore();
    this.#search();
  }

  #wakeBy(at: number): void {
    if (at >= this.#wakeAt || !this.#isStarted || this.#isClosed) return;
    this.#cancelWake?.();
    this.#wakeAt = at;
    this.#cancelWake = this.#ports.timers.after(Math.max(0, at - this.#now()), () => {
      this.#review();
    });
  }

  // Too many links

  /** Links that others were asked to spare may end at any moment and do not count. */
  #canSpare(pk: PublicKey): boolean {
    const asking = this.#asking.size - (this.#asking.has(pk) ? 1 : 0);
    return this.#links.size - asking > linksMin;
  }

  #spare(): void {
    const now = this.#now();
    for (const [pk, until] of this.#standing) {
      if (until <= now) this.#standing.delete(pk);
      else if (this.#canSpare(pk)) this.#part(pk);
    }
  }

  #part(pk: PublicKey): void {
    this.#standing.delete(pk);
    this.#asking.delete(pk);
    this.#links.delete(pk);
    this.#pauses.forget(nameOfKept(pk));
    this.#remember(pk);
    this.#ports.part(pk);
  }

  #remember(pk: PublicKey): void {
    this.#pauses.add(pk, 'surplus');
    this.#parted.delete(pk);
    if (this.#parted.size >= meshLimits.partedMax) {
      this.#parted.delete(this.#parted.keys().next().value ?? pk);
    }
    this.#parted.set(pk, this.#now() + meshLimits.partedMs);
  }

  #askForLess(): void {
    const now = this.#now();
    for (const [pk, until] of this.#asking) {
      if (until > now) continue;
      this.#asking.delete(pk);
      this.#pauses.add(nameOfKept(pk), 'kept');
    }
    const tooMany = this.#links.size - this.#asking.size - linksMax;
    if (tooMany > 0) {
      const askable = [...this.#links].filter(
        (pk) => !this.#asking.has(pk) && !this.#ports.isConfigured(pk),
      );
      const ready = askable.filter((pk) => this.#pauses.until(nameOfKept(pk)) <= now);
      for (const pk of this.#pick(ready, tooMany)) {
        this.#asking.set(pk, now + meshLimits.askMs);
        this.#ports.askToPart(pk);
      }
      for (const pk of askable) {
        const until = this.#pauses.until(nameOfKept(pk));
        if (until > now) this.#wakeBy(until);
      }
    }
    for (const until of this.#asking.values()) this.#wakeBy(until);
  }

  // Too few links

  #wantExtra(): void {
    if (this.#isExtraWanted || this.#pauses.until('extra') > this.#now()) return;
    this.#pauses.add('extra', 'extra');
    this.#isExtraWanted = true;
  }

  #dialMore(): void {
    const count = this.#links.size + this.#dialing.size;
    if (this.#links.size > linksMin) this.#isExtraWanted = false;
    const wanted = this.#isExtraWanted ? linksMin + 1 : linksMin;
    const room = meshLimits.dialingMax - this.#dialing.size;
    if (count >= wanted || room <= 0) return;
    const now = this.#now();
    const ready = this.#ready(this.#ports.candidates());
    const isParted = ({ pk }: Candidate): boolean => (this.#parted.get(pk) ?? 0) > now;
    const number = Math.min(room, wanted - count);
    const picked = this.#pick(
      ready.filter((each) => !isParted(each)),
      number,
    );
    picked.push(...this.#pick(ready.filter(isParted), number - picked.length));
    // Nobody is left: what was asked for stays as it is.
    if (picked.length === 0 && this.#dialing.size === 0) this.#isExtraWanted = false;
    for (const candidate of picked) this.#dial(candidate);
  }

  #dial({ pk, addresses }: Candidate): void {
    this.#dialing.add(pk);
    this.#ports.dial(pk, addresses);
  }

  /** Those that may be dialed now, at the addresses that may be; wakes when another one may. */
  #ready(candidates: readonly Candidate[]): Candidate[] {
    const now = this.#now();
    const ready: Candidate[] = [];
    for (const { pk, addresses } of candidates) {
      if (this.#links.has(pk) || this.#dialing.has(pk)) continue;
      const keyAt = this.#pauses.until(pk);
      let first = Infinity;
      const open = addresses.filter((address) => {
        const at = this.#pauses.until(nameOfAddress(pk, address));
        first = Math.min(first, at);
        return at <= now;
      });
      if (keyAt <= now && open.length > 0) ready.push({ pk, addresses: open });
      else this.#wakeBy(Math.max(keyAt, first));
    }
    return ready;
  }

  // Lost ones

  #miss(pk: PublicKey): void {
    if (this.#missing.size === 0) this.#pauses.forget('search');
    this.#missing.delete(pk);
    if (this.#missing.size >= meshLimits.missingMax) {
      this.#missing.delete(this.#missing.values().next().value ?? pk);
    }
    this.#missing.add(pk);
  }

  /**
   * Two parts of a mesh that lost each other may each have links enough. So those who were lost are
   * looked for nevertheless, one at a time and ever more seldom.
   */
  #search(): void {
    const isSatisfied = this.#links.size >= linksMin && this.#dialing.size === 0;
    if (this.#missing.size === 0 || !isSatisfied) return;
    const now = this.#now();
    let at = this.#pauses.until('search');
    if (at === 0) at = now + this.#pauses.add('search', 'search');
    if (at > now) {
      this.#wakeBy(at);
      return;
    }
    const known = this.#ports.candidates().filter(({ pk }) => this.#missing.has(pk));
    // Who is no member any more, or has no address, cannot be found.
    this.#missing.clear();
    for (const { pk } of known) this.#missing.add(pk);
    const [picked] = this.#pick(this.#ready(known), 1);
    if (picked === undefined) return;
    this.#pauses.add('search', 'search');
    this.#searched = picked.pk;
    this.#dial(picked);
  }

  /** So many of them, at random. */
  #pick<T>(items: readonly T[], count: number): T[] {
    const rest = [...items];
    const picked: T[] = [];
    while (picked.length < count && rest.length > 0) {
      const at = Math.floor(this.#ports.random.unit() * rest.length);
      picked.push(...rest.splice(at, 1));
    }
    return picked;
  }
}

function nameOfAddress(pk: PublicKey, address: string): string {
  return `${pk}@${address}`;
}

function nameOfKept(pk: PublicKey): string {
  return `kept ${pk}`;
}
