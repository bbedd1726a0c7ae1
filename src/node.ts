// The composition root: opens the parts of a node in their order, wires them to each other, and
// closes them again. Holds no logic of its own.
import { Announcer } from './node/announcer.ts';
import { Chat } from './chat/chat.ts';
import type { Forgetting } from './chat/forgetting/forgetting.ts';
import type { StatusView } from './chat/view.ts';
import type { NodeConfig } from './config.ts';
import {
  silentLogger,
  systemClock,
  systemRandom,
  systemTimers,
  type Clock,
  type Logger,
  type Random,
  type Timers,
} from './env.ts';
import type { PublicKey } from './identity.ts';
import { formatEndpoint } from './net/address.ts';
import { Network } from './net/network.ts';
import { tcpTransport } from './net/tcp.ts';
import type { Link, LinkHandler, Transport } from './net/transport.ts';
import { Entrance } from './node/entrance.ts';
import { openForgetting } from './node/forgetting-parts.ts';
import { GroupLinks } from './node/group-links.ts';
import { groupRules } from './node/group-rules.ts';
import { joinRowPrefix } from './node/joining.ts';
import { Mesh } from './node/mesh.ts';
import { buildGroupLinksPorts, buildMeshPorts, watchFor } from './node/mesh-ports.ts';
import { NodeApi } from './node/node-api.ts';
import { readOwnAddresses } from './node/own-addresses.ts';
import { PeerBook, peerRowPrefix } from './node/peer-book.ts';
import { removalRowPrefix } from './node/removals.ts';
import { checkPorts, readToken } from './node/start-checks.ts';
import { NodeSurface } from './node/surface.ts';
import { openStorage, type Storage } from './node/storage.ts';
import { sweepExpired } from './node/sweep.ts';
import { forkRowPrefix, parseForkRow } from './sync/forks.ts';
import { Runner } from './sync/runner.ts';
import { version } from './version.ts';

export interface RunningNode {
  readonly pk: PublicKey;
  /** `host:port` where peers dial; null for a node that only dials. */
  readonly listen: string | null;
  /** `http://host:port` or `unix:PATH`. */
  readonly http: string;
  readonly data: string;
  /** As GET /status. */
  status(): Promise<StatusView>;
  /** Drains and closes everything; later calls wait for the first. */
  close(): Promise<void>;
}

/** What tests and embedders may put in place of the real thing. */
export interface Overrides {
  readonly logger?: Logger;
  readonly clock?: Clock;
  readonly random?: Random;
  readonly timers?: Timers;
  readonly transport?: Transport;
}

type Ports = Required<Overrides>;

const sweepMs = 3_600_000;

/**
 * Opens a node. Where it fails nothing stays open; where a file is refused or a port is taken
 * nothing was written either.
 * @throws SkychatError of start-up: `key-file-exposed`, `data-locked`, `port-busy`, …
 */
export async function openNode(
  config: NodeConfig,
  overrides: Overrides = {},
): Promise<RunningNode> {
  const ports: Ports = {
    logger: silentLogger,
    clock: systemClock,
    random: systemRandom,
    timers: systemTimers,
    transport: tcpTransport,
    ...overrides,
  };
  const token = config.httpTokenFile === undefined ? undefined : readToken(config.httpTokenFile);
  const storage = await openStorage({
    ...config,
    ...ports,
    beforeWriting: () => checkPorts(config, ports.transport),
  });
  const node = new Node(config, ports, storage);
  try {
    await node.open(token);
  } catch (error) {
    await node.close();
    throw error;
  }
  return node;
}

class Node implements RunningNode {
  readonly #config: NodeConfig;
  readonly #ports: Ports;
  readonly #storage: Storage;
  readonly #storedListeners = new Set<() => void>();
  readonly #startedAt: number;
  #peerBook!: PeerBook;
  #chat!: Chat;
  #runner!: Runner;
  #network!: Network;
  #mesh: Mesh | undefined;
  #groupLinks: GroupLinks | undefined;
  #forgetting!: Forgetting;
  #api!: NodeApi;
  #surface: NodeSurface | undefined;
  readonly #entrance: Entrance;
  #announcer: Announcer | undefined;
  #cancelSweep: (() => void) | undefined;
  #listen: string | null = null;
  #closed: Promise<void> | undefined;

  constructor(config: NodeConfig, ports: Ports, storage: Storage) {
    this.#config = config;
    this.#ports = ports;
    this.#storage = storage;
    this.#startedAt = ports.clock.monotonic();
    this.#entrance = new Entrance({
      ...{ ...ports, self: this.pk, isOpen: config.open, archive: storage.archive },
      chat: () => this.#chat,
      network: () => this.#network,
      feeds: () => this.#runner.overview.feeds(),
      isShared: (peer, group) => this.#runner.overview.shares(peer, group),
      writeLocal: (changes) => this.#runner.writeLocal(changes),
      open: (link) => this.#onLink(link),
      onRosterChanged: () => {
        this.#chat.groupsChanged();
      },
    });
  }

  get pk(): PublicKey {
    return this.#storage.identity.publicKey;
  }

  get listen(): string | null {
    return this.#listen;
  }

  get http(): string {
    return this.#surface?.address ?? '';
  }

  get data(): string {
    return this.#config.data;
  }

  async open(token: string | undefined): Promise<void> {
    const { store } = this.#storage;
    const { logger } = this.#ports;
    this.#peerBook = new PeerBook(this.#config, await store.local(peerRowPrefix));
    const ownFeedsKnown = await this.#knowsOwnFeed();
    this.#chat = await this.#openChat();
    this.#forgetting = openForgetting({
      ...{ ...this.#ports, storage: this.#storage, retainS: this.#config.retainS },
      ...{ chat: this.#chat, runner: () => this.#runner },
    });
    this.#runner = await this.#openRunner(ownFeedsKnown);
    this.#network = this.#openNetwork();
    const mesh = this.#openMesh();
    this.#mesh = mesh;
    this.#groupLinks = this.#openGroupLinks();
    this.#chat.onGroups(() => {
      this.#entrance.membersChanged();
      this.#runner.membersChanged();
      this.#forgetting.rulesChanged();
      this.#network.recheck();
      mesh.candidatesChanged();
      this.#announcer?.announce();
    });
    // With whoever is to hear of it there: a removal can change what a group's feeds count for.
    this.#entrance.restore(await store.local(joinRowPrefix));
    this.#entrance.restoreRemovals(await store.local(removalRowPrefix));
    this.#api = this.#openApi();
    if (this.#config.listen !== undefined) {
      this.#listen = formatEndpoint(await this.#network.listen(this.#config.listen));
    }
    this.#surface = await this.#openSurface(token);
    for (const address of this.#peerBook.addresses()) this.#network.addPeer(address);
    void this.#forgetting.start();
    mesh.start();
    this.#groupLinks.start();
    this.#entrance.joining.resume();
    this.#announcer = this.#openAnnouncer();
    this.#announcer.announce();
    this.#sweep();
    const { pk, listen, http, data } = this;
    logger.info({ pk, listen, http, data }, 'the node is up');
  }

  status(): Promise<StatusView> {
    return this.#api.status();
  }

  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  /** From the outside in: what was promised to readers and posts is on disk before the store closes. */
  async #close(): Promise<void> {
    this.#announcer?.close();
    this.#entrance.close();
    this.#mesh?.close();
    this.#groupLinks?.close();
    this.#cancelSweep?.();
    (this.#api as NodeApi | undefined)?.close();
    // Posts that wait for other nodes are answered as they stand.
    (this.#chat as Chat | undefined)?.close();
    await this.#surface?.close();
    await (this.#network as Network | undefined)?.close();
    await (this.#forgetting as Forgetting | undefined)?.close();
    await (this.#runner as Runner | undefined)?.close();
    await this.#storage.close(this.#runner);
  }

  #openChat(): Promise<Chat> {
    const { identity, store, archive } = this.#storage;
    const { clock, random, timers } = this.#ports;
    return Chat.open({
      ...{ identity, room: this.#config.room, store, archive, clock, random, timers },
      joiner: () => this.#entrance.joining,
      ownAddresses: () => this.#ownAddresses(),
      isExpired: (group, time) => this.#forgetting.isExpired(group, time),
      configured: this.#peerBook.keys(),
      writer: {
        append: (group, draft) => this.#runner.append(group, draft),
        writeLocal: (local) => this.#runner.writeLocal(local),
      },
      delivery: {
        storedBy: (feed, seq) => this.#runner.overview.storedBy(feed, seq),
        onStored: (listener) => {
          this.#storedListeners.add(listener);
          return () => this.#storedListeners.delete(listener);
        },
      },
    });
  }

  #knowsOwnFeed(): Promise<boolean> {
    const hasPeers = this.#config.open || this.#peerBook.keys().length > 0;
    return this.#storage.knowsOwnFeed(hasPeers);
  }

  async #openRunner(ownFeedsKnown: boolean): Promise<Runner> {
    const { identity, store, archive, ownHead } = this.#storage;
    const { clock, timers, logger } = this.#ports;
    const { forceNewHead } = this.#config;
    const forkRows = await store.local(forkRowPrefix);
    const { book } = this.#chat;
    return new Runner({
      ...{ identity, store, archive, ownHead, clock, timers, logger },
      labelOf: (kind, object, place) => book.labelOf(kind, object, place),
      agent: `skychat-node/${version}`,
      soon: setImmediate,
      forkProofs: forkRows.map(parseForkRow).filter((proof) => proof !== undefined),
      groups: groupRules(() => this.#chat),
      shedding: this.#forgetting,
      ownFeedsKnown: ownFeedsKnown || forceNewHead,
      // No earlier life of the key can have come as far as the seconds since 1970.
      headMin: forceNewHead ? Math.floor(clock.now() / 1_000_000) : 0,
      onArrived: (entries) => {
        const { addressVersion } = this.#chat.people;
        this.#chat.arrived(entries);
        this.#forgetting.arrived(entries);
        if (this.#chat.people.addressVersion !== addressVersion) this.#mesh?.candidatesChanged();
        this.#entrance.joining.progressed();
      },
      onWithdrawn: () => {
        this.#chat.forgetRecent();
      },
      onFrozen: (feed, seq) => {
        this.#chat.frozen(feed, seq);
      },
      onDelivered: () => {
        for (const listener of this.#storedListeners) listener();
      },
      onBan: (peer, reason) => {
        this.#network.banPeer(peer, reason);
      },
    });
  }

  #openNetwork(): Network {
    const { identity } = this.#storage;
    return new Network({
      ...{ ...this.#ports, identity },
      isAllowed: (key) => this.#entrance.isAllowed(key),
      onLink: (link) => this.#entrance.openLink(link),
      onPeer: (peer) => {
        this.#api.peerChanged(peer);
      },
      watcher: watchFor(() => this.#mesh, this.#entrance.onTried),
    });
  }

  #openGroupLinks(): GroupLinks {
    const parts = { chat: this.#chat, network: this.#network };
    return new GroupLinks(buildGroupLinksPorts({ ...this.#ports, ...parts }));
  }

  #openMesh(): Mesh {
    const parts = { chat: this.#chat, network: this.#network };
    return new Mesh(buildMeshPorts({ ...this.#ports, ...parts }));
  }

  #onLink(link: Link): LinkHandler {
    if (this.#config.open && !this.#chat.membership.isMember(link.peer)) this.#meet(link.peer);
    return this.#runner.openLink(link);
  }

  /** An open node stands for every key that links itself to it. */
  #meet(key: PublicKey): void {
    const change = this.#peerBook.meet(key);
    if (change === undefined) return;
    this.#runner.writeLocal([change]).catch((error: unknown) => {
      this.#ports.logger.warn({ cause: String(error) }, 'a new key could not be kept');
    });
    this.#onPeersChanged();
  }

  #onPeersChanged(): void {
    this.#chat.membership.setConfigured(this.#peerBook.keys());
    this.#announcer?.announce();
  }

  #openApi(): NodeApi {
    const { store } = this.#storage;
    return new NodeApi({
      ...{ ...this.#ports, self: this.pk, version, store },
      ...{ chat: this.#chat, runner: this.#runner },
      ...{ network: this.#network, peerBook: this.#peerBook },
      startedAt: this.#startedAt,
      listen: () => this.#listen,
      damaged: () => this.#storage.damaged(),
      http: () => this.http,
      refused: () => ({ ...this.#surface?.counters(), ...this.#entrance.counters }),
      onPeersChanged: () => {
        this.#onPeersChanged();
      },
      notReady: () => (this.#closed === undefined ? [] : ['the node is shutting down']),
    });
  }

  #openSurface(token: string | undefined): Promise<NodeSurface> {
    return NodeSurface.open({
      ...{ ...this.#ports, config: this.#config, token, storage: this.#storage, api: this.#api },
      ...{ chat: this.#chat, runner: this.#runner },
      ...{ network: this.#network, entrance: this.#entrance },
    });
  }

  #openAnnouncer(): Announcer {
    return new Announcer({
      ...{ ...this.#ports, chat: this.#chat, profile: this.#config },
      addresses: () => this.#ownAddresses(),
      onAnnounced: () => {
        this.#storage.announced(this.#runner);
      },
    });
  }

  #ownAddresses(): readonly string[] {
    return readOwnAddresses(this.#config.advertise, this.#listen);
  }

  #sweep(): void {
    this.#cancelSweep = this.#ports.timers.after(sweepMs, () => {
      this.#sweep();
      // Addresses may be others, or have lost half of their life.
      this.#announcer?.announce();
    });
    sweepExpired(this.#chat, () => this.#closed === undefined).catch((error: unknown) => {
      this.#ports.logger.warn({ cause: String(error) }, 'expired rows could not be removed');
    });
  }
}
