// The door of a node to the groups that it is in: lets in who comes with an invite. A key that is in
// no group of this node's is a guest: it has a link for a moment, and nothing of the gossip reaches
// it before it was let in. Words on who is in a group go over the same links: src/node/words.ts. Knows
// nothing of rosters beyond verdicts.
import { equal } from '../bytes.ts';
import { verifyJoinProof } from '../chat/groups/invite.ts';
import type { GroupId } from '../cxo/ids.ts';
import type { Clock, Logger, Timers } from '../env.ts';
import type { PublicKey } from '../identity.ts';
import type { Link, LinkHandler } from '../net/transport.ts';
import {
  doorFrames,
  encodeAnswer,
  knockTag,
  parseKnock,
  type Knock,
  type KnockCode,
} from './door-frames.ts';
import { doorLimits, wordLimits } from './door-limits.ts';
import { Words, type WordPorts } from './words.ts';

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
  /** Whether a key that is in no group of this node's may come to say or hear who is in one. */
  hasWordFor(key: PublicKey): boolean;
  readonly words: Omit<WordPorts, 'logger'>;
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
  /** Words on who is in a group that are none, or prove nothing. */
  readonly 'word-invalid': number;
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
  readonly words: Words;
  stopTimer: (() => void) | undefined;
  stopReview: (() => void) | undefined;
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
    ...{ 'guests-full': 0, 'guest-expired': 0, 'word-invalid': 0 },
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
    if (!this.#ports.hasInvites() && !this.#ports.hasWordFor(key)) return false;
    return (this.#paused.get(key) ?? 0) <= this.#ports.clock.monotonic();
  }

  /** Takes over a link: that of a known key goes to the gossip at once. */
  openLink(link: Link): LinkHandler {
    const { words, logger } = this.#ports;
    const visit: Visit = {
      ...{ link, handler: undefined, held: [], heldBytes: 0, offences: 0, knocks: 0 },
      ...{ knocksSince: 0, stopTimer: undefined, stopReview: undefined, isClosed: false },
      words: new Words(link, { ...words, logger }),
    };
    this.#visits.add(visit);
    if (this.#ports.isKnown(link.peer)) visit.handler = this.#ports.open(link);
    else this.#receive(visit);
    void this.#tell(visit, false);
    this.#review(visit, wordLimits.settleMs);
    return {
      onFrame: (type, payload) => {
        if (visit.isClosed) return;
        if (type === doorFrames.knock) this.#knocked(visit, payload);
        else if (type === doorFrames.standing) this.#heard(visit, payload);
        else if (visit.handler !== undefined) visit.handler.onFrame(type, payload);
        else this.#hold(visit, type, payload);
      },
      onDrain: () => visit.handler?.onDrain(),
      onClose: (reason) => {
        visit.isClosed = true;
        visit.words.close();
        visit.stopReview?.();
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
    for (const visit of this.#visits) void this.#tell(visit, false);
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

  #offend(visit: Visit, fault: 'knock-malformed' | 'knock-forged' | 'word-invalid'): void {
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

  // Words

  /** A guest stays for its time: it may know that who removed it was removed itself. */
  async #tell(visit: Visit, isSettled: boolean): Promise<void> {
    const told = await visit.words.tell(isSettled);
    const isUseless = told === 'unprovable' && visit.handler === undefined;
    if (isUseless && !visit.isClosed && !this.#ports.hasInvites()) this.#turnAway(visit);
  }

  #review(visit: Visit, delayMs: number): void {
    visit.stopReview = this.#ports.timers.after(delayMs, () => {
      void this.#tell(visit, true);
      this.#review(visit, wordLimits.reviewMs);
    });
  }

  #heard(visit: Visit, payload: Uint8Array): void {
    const { wordsOfLinkMax, wordsOfGuestMax } = wordLimits;
    const max = visit.handler === undefined ? wordsOfGuestMax : wordsOfLinkMax;
    if (!visit.words.hear(payload, max)) this.#offend(visit, 'word-invalid');
  }
}
