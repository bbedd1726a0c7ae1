// One peer: its one link, the dialing where its address is known, and the choice between two links.
// Knows nothing of other peers or of who may connect.
//
// Two links of one pair meet when both sides dial at once, or when one side redials because it
// believes the old link dead. Only the responder of the newer link decides, as follows:
// - it has dialed too and waits for the acceptance: the link dialed by the lower key is kept;
// - it has a link in use: that one is kept if it gives a sign of life, else the newer takes over.
// A link in use is thus never given up for a redial, and both sides come to the same choice.
//
// A peer is _configured_, and then dialed until there is a link; or it is _tried_, once at each of the
// addresses given, and what comes of it is told. A link that ends as `surplus` is not redialed: a
// configured peer then _rests_ until it is tried.
import type { Logger } from '../env.ts';
import type { PublicKey } from '../identity.ts';
import { formatEndpoint } from './address.ts';
import { dial, retryDelayMs, type DialPorts, type Obstacle } from './dialer.ts';
import { faultWords, inWords, isFault, type Faults } from './faults.ts';
import type { HandshakeFault, Secured } from './handshake.ts';
import { stableMs } from './limits.ts';
import { SecureLink, type LinkEnd } from './secure.ts';
import type { TrafficTally } from './traffic.ts';
import type { Endpoint, Link, LinkHandler, LinkStats } from './transport.ts';

export type PeerStatus = 'connected' | 'dialing' | 'waiting' | 'refused';

/** What an operator is told of a peer. */
export interface PeerState {
  readonly pk: PublicKey;
  /** `host:port` that is dialed, or that the peer came from. */
  readonly address: string | undefined;
  readonly state: PeerStatus;
  /** In words: why there is no link. */
  readonly reason: string | undefined;
  /** The same as a code: a fault or the reason of an end; `peer-` before it where the peer gave it. */
  readonly cause: string | undefined;
  /** Wall clock of the latest change of `state`, microseconds. */
  readonly since: number;
  readonly link: Link | undefined;
}

/** An endpoint that was dialed in vain. */
export interface FailedDial {
  readonly endpoint: Endpoint;
  readonly fault: HandshakeFault | 'unreachable';
}

/** Hears what becomes of links and of tries, for whoever decides how many there should be. */
export interface LinkWatcher {
  /** A link is in use. Comes again when another link takes its place. */
  onLinked(pk: PublicKey): void;
  /** The peer has no link in use any more. */
  onUnlinked(pk: PublicKey, reason: string): void;
  /** A try has come to nothing; `refusal` is the reason where the peer was reached. */
  onTried(pk: PublicKey, failed: readonly FailedDial[], refusal: string | undefined): void;
  /** The peer has links enough, and asks whether this one can be spared. */
  onSpare(pk: PublicKey): void;
}

export interface PeerPorts extends DialPorts {
  readonly logger: Logger;
  readonly faults: Faults;
  readonly watcher: LinkWatcher;
  readonly traffic: TrafficTally;
  onLink(link: Link): LinkHandler;
  /** The peer has no link any more and may be forgotten. */
  onIdle(peer: Peer): void;
  /** `state` or `reason` has changed. */
  onChange(peer: Peer): void;
}

/** Why a link ends that is one too many. Neither side redials. */
export const surplus = 'surplus';

interface Try {
  readonly rest: Endpoint[];
  readonly failed: FailedDial[];
}

const refusals: ReadonlySet<string> = new Set([
  'banned',
  'not-allowed',
  'own-key',
  'removed',
  'too-many-links',
]);

export class Peer {
  readonly pk: PublicKey;
  readonly #ports: PeerPorts;
  /** Whether the link that the peer dials is kept when both dial at once. */
  readonly #peerDials: boolean;
  #endpoint: Endpoint | undefined;
  #isResting = false;
  #try: Try | undefined;
  #state: PeerStatus = 'waiting';
  #reason: string | undefined;
  #cause: string | undefined;
  #since: number;
  // The link in use, or the own one that waits for its acceptance.
  #link: SecureLink | undefined;
  #linkSince = 0;
  // A link that the peer dialed and that waits for the decision.
  #challenger: SecureLink | undefined;
  #giveUp: (() => void) | undefined;
  #cancelRetry: (() => void) | undefined;
  #retryAt = 0;
  #failures = 0;
  #lastAddress: string | undefined;

  constructor(ports: PeerPorts, pk: PublicKey) {
    this.#ports = ports;
    this.pk = pk;
    this.#peerDials = pk < ports.identity.publicKey;
    this.#since = ports.clock.now();
  }

  get dialed(): boolean {
    return this.#endpoint !== undefined;
  }

  /** Whether the peer is configured, has parted with its link, and is dialed only when it is tried. */
  get isResting(): boolean {
    return this.#isResting;
  }

  get endpoint(): Endpoint | undefined {
    return this.#endpoint;
  }

  get hasLink(): boolean {
    return this.#link !== undefined || this.#challenger !== undefined;
  }

  state(): PeerState {
    const link = this.#link?.accepted === true ? this.#link : undefined;
    const address =
      this.#endpoint === undefined ? this.#lastAddress : formatEndpoint(this.#endpoint);
    const reason = this.#reasonWithRetry();
    const [state, cause, since] = [this.#state, this.#cause, this.#since];
    return { pk: this.pk, address, state, reason, cause, since, link };
  }

  /** Of the links that have not ended. */
  *stats(): Iterable<LinkStats> {
    if (this.#link !== undefined) yield this.#link.stats();
    if (this.#challenger !== undefined) yield this.#challenger.stats();
  }

  /** Keeps a link to this endpoint from now on. */
  dialTo(endpoint: Endpoint): void {
    if (this.#endpoint?.host === endpoint.host && this.#endpoint.port === endpoint.port) return;
    this.#endpoint = endpoint;
    this.#isResting = false;
    this.#failures = 0;
    this.#stopAttempt();
    this.#endTry('replaced');
    if (!this.hasLink) this.#dial(endpoint);
  }

  /** Dials each endpoint once until one answers. False where a link or an attempt is there already. */
  tryAt(endpoints: readonly Endpoint[]): boolean {
    const [first, ...rest] = endpoints;
    const isBusy = this.hasLink || this.#giveUp !== undefined;
    if (isBusy || first === undefined || (this.dialed && !this.#isResting)) return false;
    this.#isResting = false;
    this.#try = { rest, failed: [] };
    this.#dial(first);
    return true;
  }

  /** Asks the peer to end the link as surplus where it can spare it. */
  askToSpare(): void {
    this.#link?.askToSpare();
  }

  stopDialing(): void {
    this.#endpoint = undefined;
    this.#isResting = false;
    this.#stopAttempt();
    this.#endTry('removed');
    if (this.#link?.accepted === false) this.#link.close('removed');
    if (this.#state !== 'connected')
      this.#become('waiting', 'the peer may connect; it is not dialed');
  }

  /** A link that the peer dialed, which may be taken as far as its key goes. */
  offer(secured: Secured): void {
    this.#challenger?.close('replaced');
    this.#challenger = this.#open(secured);
    this.#decide();
  }

  /** Ends the link; where the peer is dialed, the next attempt comes after `pauseMs`. */
  close(reason: string, pauseMs?: number): void {
    this.#stopAttempt();
    if (this.#link === undefined) this.#endTry(reason);
    this.#challenger?.close(reason);
    this.#link?.close(reason);
    if (pauseMs === undefined || this.#endpoint === undefined) return;
    this.#isResting = false;
    this.#become('refused', inWords(reason, false), reason);
    this.#retryAfter(pauseMs);
  }

  #dial(endpoint: Endpoint): void {
    this.#lastAddress = formatEndpoint(endpoint);
    // An attempt on a peer that refused does not hide the refusal.
    if (this.#state !== 'refused') this.#become('dialing', this.#reason, this.#cause);
    this.#giveUp = dial(this.#ports, this.pk, endpoint, {
      onSecured: (secured) => {
        this.#giveUp = undefined;
        this.#link = this.#open(secured);
        // Frames may follow at once, unless the peer has just refused: then wait for its word.
        if (this.#state !== 'refused') this.#handOut(this.#link);
      },
      onFailed: (fault, detail) => {
        this.#giveUp = undefined;
        this.#onDialFailed(endpoint, fault, detail);
      },
    });
  }

  #onDialFailed(endpoint: Endpoint, fault: HandshakeFault | 'unreachable', detail: string): void {
    this.#ports.faults.report(fault, formatEndpoint(endpoint), { peer: this.pk, detail });
    this.#try?.failed.push({ endpoint, fault });
    const next = this.#try?.rest.shift();
    if (next !== undefined) {
      this.#dial(next);
      return;
    }
    const words = fault === 'unreachable' ? detail : faultWords[fault];
    this.#redial(fault === 'wrong-key' ? 'refusing' : 'unreachable', words, fault);
    this.#endTry(undefined);
  }

  #endTry(refusal: string | undefined): void {
    const ended = this.#try;
    this.#try = undefined;
    if (ended !== undefined) this.#ports.watcher.onTried(this.pk, ended.failed, refusal);
  }

  #open(secured: Secured): SecureLink {
    const { clock, timers, endings } = this.#ports;
    this.#ports.traffic.opened++;
    const link: SecureLink = new SecureLink({
      secured,
      clock,
      timers,
      endings,
      onAccepted: () => {
        this.#onAccepted(link);
      },
      onSpare: () => {
        if (link === this.#link) this.#ports.watcher.onSpare(this.pk);
      },
      onEnded: (end) => {
        this.#onEnded(link, end);
      },
    });
    return link;
  }

  #handOut(link: SecureLink): void {
    link.attach(this.#ports.onLink(link));
  }

  #onAccepted(link: SecureLink): void {
    this.#onUp(link);
    if (!link.attached) this.#handOut(link);
    this.#decide();
  }

  #onUp(link: SecureLink): void {
    this.#linkSince = this.#ports.clock.monotonic();
    this.#lastAddress = link.address;
    this.#become('connected', undefined);
    const { peer, address, initiator } = link;
    this.#ports.logger.info({ peer, address, initiator }, 'link up');
    this.#try = undefined;
    this.#isResting = false;
    this.#ports.watcher.onLinked(peer);
  }

  #decide(): void {
    const challenger = this.#challenger;
    if (challenger === undefined) return;
    const link = this.#link;
    if (link === undefined) this.#take(challenger);
    else if (!link.accepted && this.#peerDials) this.#replace(link);
    else {
      link.probe((alive) => {
        if (this.#challenger !== challenger || this.#link !== link) return;
        if (!alive) this.#replace(link);
        // An own link that may yet be accepted comes first; then this is called again.
        else if (link.accepted) challenger.close('already-connected');
      });
    }
  }

  // The challenger follows when the end of the old link has been told.
  #replace(link: SecureLink): void {
    link.close('replaced');
  }

  #take(link: SecureLink): void {
    this.#challenger = undefined;
    this.#link = link;
    this.#stopAttempt();
    link.accept();
    this.#onUp(link);
    this.#handOut(link);
  }

  #onEnded(link: SecureLink, end: LinkEnd): void {
    this.#tellEnd(link, end);
    this.#ports.traffic.ended(link.stats());
    if (this.#link === link) this.#link = undefined;
    else if (this.#challenger === link) this.#challenger = undefined;
    if (this.#link !== undefined) return;
    if (this.#challenger !== undefined) this.#decide();
    else {
      const words = end.detail ?? inWords(end.reason, end.byPeer);
      const cause = end.byPeer ? `peer-${end.reason}` : end.reason;
      if (end.reason === surplus) this.#rest(words, cause);
      else this.#redial(obstacleOf(end), words, cause, link.initiator && !link.accepted);
      this.#endTry(end.reason);
    }
    if (link.accepted && !this.hasLink) this.#ports.watcher.onUnlinked(this.pk, end.reason);
    if (!this.hasLink) this.#ports.onIdle(this);
  }

  #tellEnd(link: SecureLink, { reason, byPeer, detail }: LinkEnd): void {
    const { clock, faults, logger } = this.#ports;
    const { address } = link;
    const fields = { peer: this.pk, ...(detail === undefined ? {} : { detail }) };
    if (!byPeer && isFault(reason)) faults.report(reason, address, fields);
    if (link.accepted) {
      if (clock.monotonic() - this.#linkSince >= stableMs) this.#failures = 0;
      logger.info({ ...fields, address, reason, byPeer }, 'link down');
    } else if (byPeer && link.initiator) {
      faults.report('refused-by-peer', address, { peer: this.pk, detail: reason });
      // An operator has to change something here or there; the retries need no lines of their own.
      if (refusals.has(reason) && this.#state !== 'refused')
        logger.warn({ peer: this.pk, address, reason }, inWords(reason, true));
    }
  }

  #rest(words: string, cause: string): void {
    this.#isResting = this.dialed;
    this.#become('waiting', words, cause);
  }

  #redial(obstacle: Obstacle, words: string, cause: string, wasDialed = true): void {
    // The next attempt is under way, or its time was set by who closed the link.
    if (this.#cancelRetry !== undefined || this.#giveUp !== undefined) return;
    const refused = obstacle === 'refusing' && (this.dialed || wasDialed);
    this.#become(refused ? 'refused' : 'waiting', words, cause);
    if (this.#endpoint === undefined) return;
    this.#failures++;
    this.#retryAfter(retryDelayMs(obstacle, this.#failures, this.#ports.random.unit()));
  }

  #retryAfter(delayMs: number): void {
    this.#retryAt = this.#ports.clock.monotonic() + delayMs;
    this.#cancelRetry = this.#ports.timers.after(delayMs, () => {
      this.#cancelRetry = undefined;
      if (this.#endpoint !== undefined) this.#dial(this.#endpoint);
    });
  }

  #stopAttempt(): void {
    this.#giveUp?.();
    this.#giveUp = undefined;
    this.#cancelRetry?.();
    this.#cancelRetry = undefined;
  }

  #become(state: PeerStatus, reason: string | undefined, cause?: string): void {
    if (state === this.#state && reason === this.#reason) return;
    if (state !== this.#state) this.#since = this.#ports.clock.now();
    this.#state = state;
    this.#reason = reason;
    this.#cause = cause;
    this.#ports.onChange(this);
  }

  #reasonWithRetry(): string | undefined {
    if (this.#cancelRetry === undefined || this.#reason === undefined) return this.#reason;
    const seconds = (this.#retryAt - this.#ports.clock.monotonic()) / 1000;
    return `${this.#reason}; next try in ${Math.max(0, Math.ceil(seconds))} s`;
  }
}

function obstacleOf({ reason, byPeer }: LinkEnd): Obstacle {
  if (!byPeer) return 'unreachable';
  if (reason === 'already-connected' || reason === 'replaced') return 'connected';
  return refusals.has(reason) ? 'refusing' : 'unreachable';
}
