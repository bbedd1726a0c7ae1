// The door of a node to the groups that it is in: lets in who comes with an invite. A key that is in
// no group of this node's is a guest: it has a link for a moment, and nothing of the gossip reaches
// it before it was let in. Also tells keys that were removed from a group that they were, with the
// proof, since nobody else speaks to them any more. Knows nothing of rosters beyond verdicts.
import { equal } from '../bytes.ts';
import { verifyJoinProof } from '../chat/invite.ts';
import type { Proof } from '../cxo/archive.ts';
import type { Entry } from '../cxo/entry.ts';
import type { GroupId } from '../cxo/ids.ts';
import { verifyProof } from '../cxo/proof.ts';
import type { Clock, Logger, Timers } from '../env.ts';
import type { PublicKey } from '../identity.ts';
import type { Link, LinkHandler } from '../net/transport.ts';
import {
  doorFrames,
  encodeAnswer,
  encodeRemoval,
  knockTag,
  parseKnock,
  parseRemoval,
  type Knock,
  type KnockCode,
} from './door-frames.ts';
import { doorLimits, removalLimits } from './door-limits.ts';

/** What the roster says of a key that comes by an invite; `open`: it may be let in. */
export type InviteVerdict =
  'open' | Exclude<KnockCode, 'admitted' | 'invite-altered' | 'unknown-group' | 'not-ready'>;

export interface DoorPorts {
  readonly clock: Pick<Clock, 'monotonic'>;
  readonly timers: Timers;
  readonly logger: Logger;
  /** Those that this node is a member of. */
  groups(): Iterable<GroupId>;
  /** Whether any of them has an invite, open or not: who comes by one is told what became of it. */
  hasInvites(): boolean;
  check(group: GroupId, invite: PublicKey, joiner: PublicKey, signature: Uint8Array): InviteVerdict;
  /** Writes the admission; resolves when it is on disk and `check` knows of it. */
  admit(group: GroupId, invite: PublicKey, joiner: PublicKey, signature: Uint8Array): Promise<void>;
  /** Those of them from which the key was removed. */
  removedFrom(key: PublicKey): readonly GroupId[];
  /** That the key was removed, for somebody who knows nothing newer; empty where there is no proof. */
  proveRemoval(group: GroupId, key: PublicKey): Promise<readonly Omit<Proof, 'author'>[]>;
  /** Operations of the roster that show this node's own removal, or do not: the roster decides. */
  /** @returns who, as this node sees it, was removed before it could remove: the peer may not know */
  takeRemoval(group: GroupId, entries: readonly Entry[], word: Uint8Array): readonly PublicKey[];
  /** Whether the key may have a link whatever is said at the door. */
  isKnown(key: PublicKey): boolean;
  /** Hands a link on to the gossip. */
  open(link: Link): LinkHandler;
}

export interface DoorCounters {
  /** Frames that are no knocks, and knocks that the invite's key has not signed. */
  readonly 'knock-malformed': number;
  readonly 'knock-forged': number;
  readonly 'knocks-too-many': number;
  /** Guests for whom there was no place, and those that were not let in while they had one. */
  readonly 'guests-full': number;
  readonly 'guest-expired': number;
  /** Words on removals that are none, or prove nothing. */
  readonly 'removal-invalid': number;
}

/** One link at the door. */
interface Visit {
  readonly link: Link;
  /** Undefined while it is a guest's. */
  handler: LinkHandler | undefined;
  readonly held: { readonly type: number; readonly payload: Uint8Array }[];
  heldBytes: number;
  offences: number;
  knocks: number;
  knocksSince: number;
  /** Groups of whose removals the peer was told, and words on its own that it said. */
  readonly told: Set<GroupId>;
  words: number;
  stopTimer: (() => void) | undefined;
  isClosed: boolean;
}

export class Door {
  readonly #ports: DoorPorts;
  readonly #visits = new Set<Visit>();
  readonly #guests = new Map<PublicKey, Visit>();
  /** Keys that were guests → until when they are not again. */
  readonly #paused = new Map<PublicKey, number>();
  /** One after the other in each group: each may be the last that the invite allows. */
  readonly #admissions = new Map<GroupId, Promise<void>>();
  #waiting = 0;
  readonly #counters = {
    ...{ 'knock-malformed': 0, 'knock-forged': 0, 'knocks-too-many': 0 },
    ...{ 'guests-full': 0, 'guest-expired': 0, 'removal-invalid': 0 },
  };

  constructor(ports: DoorPorts) {
    this.#ports = ports;
  }

  get counters(): DoorCounters {
    return this.#counters;
  }

  get guests(): number {
    return this.#guests.size;
  }

  /** Whether a key that is not known may link itself: to knock, or to hear that it was removed. */
  mayEnter(key: PublicKey): boolean {
    if (this.#guests.has(key)) return true;
    if (this.#guests.size >= doorLimits.guestsMax) return false;
    if (!this.#ports.hasInvites() && this.#ports.removedFrom(key).length === 0) return false;
    return (this.#paused.get(key) ?? 0) <= this.#ports.clock.monotonic();
  }

  /** Takes over a link: that of a known key goes to the gossip at once. */
  openLink(link: Link): LinkHandler {
    const visit: Visit = {
      ...{ link, handler: undefined, held: [], heldBytes: 0, offences: 0, knocks: 0 },
      ...{ knocksSince: 0, told: new Set(), words: 0, stopTimer: undefined, isClosed: false },
    };
    this.#visits.add(visit);
    if (this.#ports.isKnown(link.peer)) visit.handler = this.#ports.open(link);
    else this.#receive(visit);
    void this.#tellRemovals(visit);
    return {
      onFrame: (type, payload) => {
        if (visit.isClosed) return;
        if (type === doorFrames.knock) this.#knocked(visit, payload);
        else if (type === doorFrames.removed) this.#heardRemoval(visit, payload);
        else if (visit.handler !== undefined) visit.handler.onFrame(type, payload);
        else this.#hold(visit, type, payload);
      },
      onDrain: () => visit.handler?.onDrain(),
      onClose: (reason) => {
        visit.isClosed = true;
        this.#visits.delete(visit);
        this.#leave(visit);
        visit.handler?.onClose(reason);
      },
    };
  }

  /** To be called when who is a member of any group may have changed. */
  membersChanged(): void {
    for (const visit of [...this.#guests.values()]) {
      if (this.#ports.isKnown(visit.link.peer)) this.#letIn(visit);
    }
    for (const visit of this.#visits) void this.#tellRemovals(visit);
  }

  // Guests

  #receive(visit: Visit): void {
    const { link } = visit;
    if (this.#guests.size >= doorLimits.guestsMax || this.#guests.has(link.peer)) {
      this.#counters['guests-full']++;
      this.#turnAway(visit);
      return;
    }
    this.#guests.set(link.peer, visit);
    visit.stopTimer = this.#ports.timers.after(doorLimits.guestMs, () => {
      this.#counters['guest-expired']++;
      this.#turnAway(visit);
    });
  }

  #turnAway(visit: Visit): void {
    this.#close(visit, 'not-allowed');
  }

  #close(visit: Visit, reason: string): void {
    visit.isClosed = true;
    visit.link.close(reason);
  }

  /** Frees the place of a guest, whether it was let in or is gone. */
  #leave(visit: Visit): void {
    const { peer } = visit.link;
    visit.stopTimer?.();
    visit.held.length = 0;
    if (this.#guests.get(peer) !== visit) return;
    this.#guests.delete(peer);
    this.#paused.delete(peer);
    if (this.#paused.size >= doorLimits.guestsPausedMax) {
      this.#paused.delete(this.#paused.keys().next().value ?? peer);
    }
    this.#paused.set(peer, this.#ports.clock.monotonic() + doorLimits.guestPauseMs);
  }

  /** What a guest says to the gossip waits: most of all its hello. */
  #hold(visit: Visit, type: number, payload: Uint8Array): void {
    visit.heldBytes += payload.length;
    if (
      visit.heldBytes > doorLimits.heldBytesMax ||
      visit.held.length >= doorLimits.heldFramesMax
    ) {
      this.#turnAway(visit);
      return;
    }
    visit.held.push({ type, payload: payload.slice() });
  }

  #letIn(visit: Visit): void {
    if (visit.isClosed || visit.handler !== undefined) return;
    const { held, link } = visit;
    const frames = [...held];
    this.#leave(visit);
    const handler = this.#ports.open(link);
    visit.handler = handler;
    for (const { type, payload } of frames) handler.onFrame(type, payload);
  }

  // Knocks

  #knocked(visit: Visit, payload: Uint8Array): void {
    if (this.#isTooMany(visit)) return;
    const knock = parseKnock(payload);
    if (knock === undefined) {
      this.#offend(visit, 'knock-malformed');
      return;
    }
    const group = this.#groupOf(visit.link, knock.tag);
    if (group === undefined) {
      this.#answer(visit, knock, 'unknown-group');
      return;
    }
    if (!verifyJoinProof(knock.invite, group, visit.link.peer, knock.signature)) {
      this.#offend(visit, 'knock-forged');
      this.#answer(visit, knock, 'invite-altered');
      return;
    }
    this.#admitInTurn(visit, group, knock);
  }

  #groupOf({ handshakeHash }: Link, tag: Uint8Array): GroupId | undefined {
    for (const group of this.#ports.groups()) {
      if (equal(knockTag(handshakeHash, group), tag)) return group;
    }
    return undefined;
  }

  #admitInTurn(visit: Visit, group: GroupId, knock: Knock): void {
    if (this.#waiting >= doorLimits.admissionsMax) {
      this.#answer(visit, knock, 'not-ready');
      return;
    }
    this.#waiting++;
    const before = this.#admissions.get(group) ?? Promise.resolve();
    const turn = before.then(async () => {
      const code = await this.#admit(visit, group, knock);
      this.#waiting--;
      if (this.#admissions.get(group) === turn) this.#admissions.delete(group);
      this.#answer(visit, knock, code);
    });
    this.#admissions.set(group, turn);
  }

  async #admit(visit: Visit, group: GroupId, knock: Knock): Promise<KnockCode> {
    // Who is gone has to come again: an admission that nobody hears of would be a use for nothing.
    if (visit.isClosed) return 'not-ready';
    const { peer } = visit.link;
    const verdict = this.#ports.check(group, knock.invite, peer, knock.signature);
    if (verdict !== 'open') return verdict;
    try {
      await this.#ports.admit(group, knock.invite, peer, knock.signature);
      return 'admitted';
    } catch (error) {
      this.#ports.logger.warn({ peer, cause: String(error) }, 'a joiner could not be let in');
      return 'not-ready';
    }
  }

  /** A guest that was refused has nothing more to wait for. */
  #answer(visit: Visit, { tag }: Knock, code: KnockCode): void {
    if (visit.isClosed) return;
    visit.link.send(doorFrames.answer, encodeAnswer(tag, code));
    if (code === 'admitted' || code === 'already-member') this.#letIn(visit);
    else if (visit.handler === undefined) this.#turnAway(visit);
  }

  #offend(visit: Visit, fault: 'knock-malformed' | 'knock-forged' | 'removal-invalid'): void {
    this.#counters[fault]++;
    visit.offences++;
    if (visit.offences >= doorLimits.offencesMax) this.#close(visit, 'bad-frame');
    else if (visit.handler === undefined && fault === 'knock-malformed') this.#turnAway(visit);
  }

  /** Beyond the bound knocks go unanswered: an honest joiner waits longer between two of them. */
  #isTooMany(visit: Visit): boolean {
    const now = this.#ports.clock.monotonic();
    if (now >= visit.knocksSince + 60_000) {
      visit.knocksSince = now;
      visit.knocks = 0;
    }
    visit.knocks++;
    if (visit.knocks <= doorLimits.knocksPerMinuteMax) return false;
    this.#counters['knocks-too-many']++;
    return true;
  }

  // Removals

  /** A guest stays for its time: it may know that who removed it was removed itself. */
  async #tellRemovals(visit: Visit): Promise<void> {
    const { link, told } = visit;
    const groups = this.#ports.removedFrom(link.peer).filter((group) => !told.has(group));
    let isTold = false;
    for (const group of groups) {
      told.add(group);
      if (await this.#tell(visit, group, link.peer)) isTold = true;
    }
    const isUseless = groups.length > 0 && !isTold && visit.handler === undefined;
    if (isUseless && !visit.isClosed && !this.#ports.hasInvites()) this.#turnAway(visit);
  }

  /** Whether there was a proof to send. */
  async #tell(visit: Visit, group: GroupId, removed: PublicKey): Promise<boolean> {
    const { link } = visit;
    const proofs = await this.#prove(group, removed);
    const tag = knockTag(link.handshakeHash, group);
    const word = encodeRemoval({ tag, proofs });
    if (word === undefined || visit.isClosed) return false;
    link.send(doorFrames.removed, word);
    return true;
  }

  async #prove(group: GroupId, key: PublicKey): Promise<readonly Omit<Proof, 'author'>[]> {
    try {
      return await this.#ports.proveRemoval(group, key);
    } catch (error) {
      const fields = { peer: key, cause: String(error) };
      this.#ports.logger.warn(fields, 'a removal could not be read from the store');
      return [];
    }
  }

  #heardRemoval(visit: Visit, payload: Uint8Array): void {
    const { wordsOfLinkMax, wordsOfGuestMax } = removalLimits;
    if (++visit.words > (visit.handler === undefined ? wordsOfGuestMax : wordsOfLinkMax)) return;
    const word = parseRemoval(payload);
    const group = word && this.#groupOf(visit.link, word.tag);
    // Not known any more: there is nothing to be told.
    if (word !== undefined && group === undefined) return;
    const entries = word?.proofs.map(verifyProof) ?? [];
    const proved = entries.filter((entry) => entry?.feed.group === group) as Entry[];
    if (group === undefined || proved.length < entries.length) {
      this.#offend(visit, 'removal-invalid');
    } else this.#counter(visit, group, this.#ports.takeRemoval(group, proved, payload.slice()));
  }

  /** Two halves of a group have removed each other: the one that heard of it first tells the other. */
  #counter(visit: Visit, group: GroupId, removed: readonly PublicKey[]): void {
    for (const key of removed) void this.#tell(visit, group, key);
  }
}
