// All peers of a node: listens, dials, admits, and keeps one link for each. The composition of the
// net layer; knows nothing of what flows over the links.
import type { Clock, Logger, Random, Timers } from '../env.ts';
import { SkychatError } from '../errors.ts';
import { isValidPublicKey, type Identity, type PublicKey } from '../identity.ts';
import type { PeerAddress } from './address.ts';
import { Bans } from './bans.ts';
import { Endings } from './endings.ts';
import { Faults, type Fault } from './faults.ts';
import { Gate } from './gate.ts';
import { Handshake, type Secured } from './handshake.ts';
import { inboundPeersMax, linksMax } from './limits.ts';
import type { NoiseCrypto } from './noise.ts';
import { nodeNoiseCrypto } from './noise-crypto.ts';
import { Peer, surplus, type LinkWatcher, type PeerPorts, type PeerState } from './peer.ts';
import { SecureLink } from './secure.ts';
import { Strangers, type Stranger } from './strangers.ts';
import { TrafficTally, type Traffic } from './traffic.ts';
import type { ByteStream, Endpoint, Link, LinkHandler, Listener, Transport } from './transport.ts';

export interface NetworkOptions {
  readonly identity: Identity;
  readonly transport: Transport;
  readonly clock: Clock;
  readonly random: Random;
  readonly timers: Timers;
  readonly logger: Logger;
  /** Whether a key may connect. A key that is dialed always may. */
  isAllowed(pk: PublicKey): boolean;
  /**
   * A link, dialed or accepted; at most one for each peer at a time. A dialed one may still be
   * refused by the peer, which then is its end.
   */
  onLink(link: Link): LinkHandler;
  /** The state of a peer, or its reason, has changed. */
  onPeer?(peer: PeerState): void;
  readonly watcher?: LinkWatcher;
}

/** What is counted and what waits, over all links. */
export interface NetworkLoad extends Traffic {
  /** Links whose keys were proved and which were not refused here, since the start. */
  readonly linksOpened: number;
  /** Connections that have not proved a key yet. */
  readonly handshakes: number;
  readonly queuedBytes: number;
  /** Bans since the start, and keys that are banned now. */
  readonly bansGiven: number;
  readonly banned: number;
}

const nobody: LinkWatcher = {
  onLinked: () => undefined,
  onUnlinked: () => undefined,
  onTried: () => undefined,
  onSpare: () => undefined,
};

export class Network {
  readonly #options: NetworkOptions;
  readonly #crypto: NoiseCrypto;
  readonly #faults: Faults;
  readonly #endings: Endings;
  readonly #bans: Bans;
  readonly #strangers: Strangers;
  readonly #gate = new Gate();
  readonly #traffic = new TrafficTally();
  readonly #peers = new Map<PublicKey, Peer>();
  readonly #ports: PeerPorts;
  readonly #handshakes = new Set<Handshake>();
  readonly #listeners: Listener[] = [];
  #closing: Promise<void> | undefined;
  #onQuiet: (() => void) | undefined;

  constructor(options: NetworkOptions) {
    const { clock, timers, random, logger } = options;
    this.#options = options;
    this.#crypto = nodeNoiseCrypto(random);
    this.#faults = new Faults(logger, clock);
    this.#endings = new Endings(timers);
    this.#bans = new Bans(clock);
    this.#strangers = new Strangers(clock);
    this.#ports = {
      ...options,
      crypto: this.#crypto,
      endings: this.#endings,
      faults: this.#faults,
      watcher: options.watcher ?? nobody,
      traffic: this.#traffic,
      onLink: (link) => options.onLink(link),
      onIdle: (peer) => {
        this.#onIdle(peer);
      },
      onChange: (peer) => {
        options.onPeer?.(peer.state());
      },
    };
  }

  /** Starts to listen; gives the bound endpoint. SkychatError `port-busy`. */
  async listen(endpoint: Endpoint): Promise<Endpoint> {
    const listener = await this.#options.transport.listen(endpoint, (stream) => {
      this.#onStream(stream);
    });
    this.#listeners.push(listener);
    if (this.#closing !== undefined) {
      await listener.close();
      throw new SkychatError('closing', 'the node is shutting down');
    }
    return listener.endpoint;
  }

  /** Keeps a link to this peer from now on; a known peer gets the new address.
   * SkychatError `bad-peer-address`. */
  addPeer({ pk, host, port }: PeerAddress): void {
    if (this.#closing !== undefined) return;
    if (pk === this.#options.identity.publicKey) {
      // One list of peers for all nodes is handy, and contains the node itself.
      this.#options.logger.info({ host, port }, "the node's own address is not dialed");
      return;
    }
    if (!isValidPublicKey(pk)) {
      throw new SkychatError('bad-peer-address', `${pk} is no valid Ed25519 public key`);
    }
    this.#peerOf(pk).dialTo({ host, port });
  }

  /** Stops to dial the peer; its link ends unless its key is still allowed. */
  removePeer(pk: PublicKey): void {
    const peer = this.#peers.get(pk);
    if (peer === undefined) return;
    peer.stopDialing();
    if (!this.#isAllowed(pk)) peer.close('removed');
    if (!peer.hasLink) this.#onIdle(peer);
  }

  /**
   * Dials a key that is allowed once, at each endpoint until one answers. The watcher hears of the
   * link, or that the try has come to nothing; nothing is tried again.
   */
  tryPeer(pk: PublicKey, endpoints: readonly Endpoint[]): void {
    const refusal = this.#refusalToTry(pk);
    if (refusal === undefined && this.#peerOf(pk).tryAt(endpoints)) return;
    // Not from inside this call, as with every other outcome.
    queueMicrotask(() => {
      this.#ports.watcher.onTried(pk, [], refusal ?? 'already-connected');
    });
  }

  /** Asks the peer to end the link where it has others enough. */
  askToSpare(pk: PublicKey): void {
    this.#peers.get(pk)?.askToSpare();
  }

  /** Ends a link that is one too many; neither side redials it. */
  part(pk: PublicKey): void {
    this.#peers.get(pk)?.close(surplus);
  }

  /** Whether the operator wants a link to this peer. */
  isConfigured(pk: PublicKey): boolean {
    return this.#peers.get(pk)?.dialed === true;
  }

  /** Configured peers whose link ended as surplus: they are dialed when they are tried. */
  resting(): PeerAddress[] {
    return [...this.#peers.values()].flatMap(({ pk, endpoint, isResting }) =>
      isResting && endpoint !== undefined ? [{ pk, ...endpoint }] : [],
    );
  }

  peers(): PeerState[] {
    return [...this.#peers.values()].map((peer) => peer.state());
  }

  /** Closes the links of keys that are no longer allowed. */
  recheck(): void {
    for (const peer of [...this.#peers.values()]) {
      if (this.#isAllowed(peer.pk)) continue;
      peer.close('not-allowed');
      if (!peer.hasLink) this.#onIdle(peer);
    }
  }

  /** Closes the peer's link; the key has to wait, and longer each time. */
  banPeer(pk: PublicKey, reason: string): void {
    const lengthMs = this.#bans.add(pk);
    this.#options.logger.warn({ peer: pk, reason, seconds: lengthMs / 1000 }, 'peer banned');
    this.#peers.get(pk)?.close('banned', lengthMs);
  }

  /** Keys that were refused lately and still would be. */
  strangers(): Stranger[] {
    return this.#strangers.list((pk) => this.#isAllowed(pk));
  }

  /** How often each fault was met, by its reason; the reasons are a closed set. */
  counters(): Record<Fault, number> {
    return this.#faults.counters();
  }

  load(): NetworkLoad {
    const open = [...this.#peers.values()].flatMap((peer) => [...peer.stats()]);
    let queuedBytes = 0;
    for (const link of open) queuedBytes += link.queuedBytes;
    return {
      ...this.#traffic.with(open),
      ...{ linksOpened: this.#traffic.opened, handshakes: this.#handshakes.size, queuedBytes },
      ...{ bansGiven: this.#bans.given, banned: this.#bans.size },
    };
  }

  /** Ends everything; resolves when no stream, timer or listener is left. Takes up to a second. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    await Promise.all(this.#listeners.map((listener) => listener.close()));
    for (const handshake of this.#handshakes) handshake.abandon();
    this.#handshakes.clear();
    for (const peer of [...this.#peers.values()]) {
      peer.stopDialing();
      peer.close('closing');
    }
    const busy = [...this.#peers.values()].filter((peer) => peer.hasLink);
    if (busy.length > 0) await new Promise<void>((resolve) => (this.#onQuiet = resolve));
    await this.#endings.settled();
    this.#peers.clear();
  }

  #onStream(stream: ByteStream): void {
    const place = this.#closing === undefined ? this.#gate.enter(stream.remote) : undefined;
    if (place === undefined || typeof place === 'string') {
      if (place !== undefined) this.#faults.report(place, stream.remote);
      stream.destroy();
      return;
    }
    const { identity, timers } = this.#options;
    const handshake: Handshake = new Handshake(
      { stream, identity, timers, crypto: this.#crypto, peer: undefined },
      {
        onSecured: (secured) => {
          this.#handshakes.delete(handshake);
          place.leave();
          this.#admit(secured);
        },
        onFault: (fault, detail) => {
          this.#handshakes.delete(handshake);
          this.#faults.report(fault, stream.remote, { detail });
          if (fault === 'handshake-closed') place.leave();
          else this.#endings.end(stream, place.leave);
        },
      },
    );
    this.#handshakes.add(handshake);
  }

  #admit(secured: Secured): void {
    const refusal = this.#refusalOf(secured.peer);
    if (refusal === undefined) {
      this.#peerOf(secured.peer).offer(secured);
      return;
    }
    const { remote } = secured.stream;
    this.#faults.report(refusal, remote, { peer: secured.peer });
    if (refusal === 'not-allowed') this.#strangers.note(secured.peer, remote);
    const { clock, timers } = this.#options;
    const ignore = (): void => undefined;
    const endings = this.#endings;
    new SecureLink({ secured, clock, timers, endings, onAccepted: ignore, onEnded: ignore }).close(
      refusal,
    );
  }

  #refusalOf(pk: PublicKey): Fault | undefined {
    if (pk === this.#options.identity.publicKey) return 'own-key';
    if (this.#bans.leftMs(pk) > 0) return 'banned';
    if (!this.#isAllowed(pk)) return 'not-allowed';
    const known = this.#peers.get(pk);
    if (known?.dialed === true || known?.hasLink === true) return undefined;
    const links = [...this.#peers.values()].filter((peer) => peer.hasLink).length;
    return links >= linksMax ? 'too-many-links' : undefined;
  }

  #refusalToTry(pk: PublicKey): string | undefined {
    if (this.#closing !== undefined) return 'closing';
    if (pk === this.#options.identity.publicKey) return 'own-key';
    if (this.#bans.leftMs(pk) > 0) return 'banned';
    return this.#isAllowed(pk) && isValidPublicKey(pk) ? undefined : 'not-allowed';
  }

  #isAllowed(pk: PublicKey): boolean {
    return this.#peers.get(pk)?.dialed === true || this.#options.isAllowed(pk);
  }

  #peerOf(pk: PublicKey): Peer {
    const known = this.#peers.get(pk);
    if (known !== undefined) return known;
    const peer = new Peer(this.#ports, pk);
    this.#peers.set(pk, peer);
    return peer;
  }

  // Keeps an allowed peer in the list for the operator to see; forgets the others, and the one that
  // came first where there are too many.
  #onIdle(peer: Peer): void {
    if (!this.#isAllowed(peer.pk)) this.#peers.delete(peer.pk);
    const idle = [...this.#peers.values()].filter(({ dialed, hasLink }) => !dialed && !hasLink);
    if (idle.length > inboundPeersMax) this.#peers.delete(idle[0]?.pk ?? peer.pk);
    if (this.#onQuiet === undefined) return;
    for (const other of this.#peers.values()) if (other.hasLink) return;
    this.#onQuiet();
  }
}
