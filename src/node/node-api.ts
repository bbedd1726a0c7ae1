// What the HTTP surface asks of the node: one method after the other, handed on to the part that
// knows. Knows nothing of HTTP or sockets.
import type { Chat } from '../chat/chat.ts';
import type {
  FeedView,
  GroupView,
  MemberView,
  MessageView,
  Page,
  PeerView,
  ProofView,
  StatusView,
  SyncView,
} from '../chat/view.ts';
import { isoOfTime } from '../chat/time-text.ts';
import { messagesOf } from '../cxo/feed.ts';
import type { Store } from '../cxo/store.ts';
import type { Clock } from '../env.ts';
import { SkychatError } from '../errors.ts';
import type { Api, Draft, Filter, Posted, PostOptions } from '../http/api.ts';
import { parsePublicKey, type PublicKey } from '../identity.ts';
import { parsePeerAddress } from '../net/address.ts';
import type { Network } from '../net/network.ts';
import type { PeerState } from '../net/peer.ts';
import type { PeerBook } from './peer-book.ts';
import { buildSyncView } from './sync-view.ts';
import type { Runner } from '../sync/runner.ts';

export interface NodeParts {
  readonly self: PublicKey;
  readonly version: string;
  readonly chat: Chat;
  readonly store: Store;
  readonly runner: Runner;
  readonly network: Network;
  readonly peerBook: PeerBook;
  readonly clock: Clock;
  readonly startedAt: number;
  /** Where peers dial, once it is bound; null for a node that only dials. */
  readonly listen: () => string | null;
  /** `http://host:port` or `unix:PATH`, once it is bound. */
  readonly http: () => string;
  /** How often the HTTP surface refused, by problem code. */
  readonly refused: () => Readonly<Record<string, number>>;
  /** To be called when the keys that the operator stands for have changed. */
  readonly onPeersChanged: () => void;
  readonly notReady: () => readonly string[];
}

export class NodeApi implements Api {
  readonly #parts: NodeParts;
  readonly #watchers = new Set<(peer: PeerView) => void>();

  constructor(parts: NodeParts) {
    this.#parts = parts;
  }

  post(draft: Draft, options: PostOptions): Promise<Posted> {
    return this.#parts.chat.posting.post(draft, options);
  }

  newest(filter: Filter, limit: number): Promise<Page> {
    return this.#parts.chat.conversation.newest(filter, limit);
  }

  before(position: string, filter: Filter, limit: number): Promise<Page> {
    return this.#parts.chat.conversation.before(position, filter, limit);
  }

  after(cursor: string, filter: Filter, limit: number): Promise<Page> {
    return this.#parts.chat.conversation.after(cursor, filter, limit);
  }

  latestCursor(): string {
    return this.#parts.chat.conversation.latestCursor();
  }

  arrival(cursor: string, signal: AbortSignal): Promise<void> {
    return this.#parts.chat.conversation.arrival(cursor, signal);
  }

  message(id: string): Promise<MessageView> {
    return this.#parts.chat.conversation.message(id);
  }

  proof(id: string): Promise<ProofView> {
    return this.#parts.chat.conversation.proof(id);
  }

  peers(): readonly PeerView[] {
    return this.#parts.network.peers().map((peer) => this.#peerView(peer));
  }

  watchPeers(listener: (peer: PeerView) => void): () => void {
    this.#watchers.add(listener);
    return () => {
      this.#watchers.delete(listener);
    };
  }

  /** To be called when the state of a peer has changed. */
  peerChanged(peer: PeerState): void {
    if (this.#watchers.size === 0) return;
    const view = this.#peerView(peer);
    for (const watcher of this.#watchers) watcher(view);
  }

  async addPeer(text: string): Promise<PeerView> {
    const { peerBook, network, runner, self } = this.#parts;
    const address = parsePeerAddress(text);
    if (address.pk === self) {
      throw new SkychatError('bad-peer-address', "this is the node's own key", {
        hint: 'Give the address of another node.',
      });
    }
    await runner.writeLocal([peerBook.add(address)]);
    network.addPeer(address);
    this.#parts.onPeersChanged();
    const peer = this.peers().find(({ pk }) => pk === address.pk);
    if (peer === undefined) throw new SkychatError('closing', 'the node is shutting down');
    return peer;
  }

  async removePeer(text: string): Promise<void> {
    const { peerBook, network, runner } = this.#parts;
    const key = parsePublicKey(text);
    if (key === undefined) {
      throw new SkychatError('bad-id', 'a public key has 64 hex characters');
    }
    const change = peerBook.remove(key);
    if (change === undefined) {
      throw new SkychatError('unknown-peer', `${key} is not among the peers`, {
        hint: 'GET /peers lists them.',
      });
    }
    await runner.writeLocal([change]);
    this.#parts.onPeersChanged();
    network.removePeer(key);
  }

  feeds(): readonly FeedView[] {
    return this.#parts.runner.overview.feeds().map(({ feed, receivedAt, ...rest }) => ({
      group: feed.group,
      author: feed.author,
      head: feed.head,
      seq: rest.seq,
      count: rest.count,
      behind: rest.behind,
      sources: rest.sources,
      last_inbound: receivedAt === undefined ? null : isoOfTime(receivedAt),
    }));
  }

  groups(): Promise<readonly GroupView[]> {
    return this.#parts.chat.groups();
  }

  group(idOrName: string): Promise<GroupView> {
    return this.#parts.chat.group(idOrName);
  }

  members(idOrName: string): readonly MemberView[] {
    const online = new Set(this.#connected().map(({ pk }) => pk));
    online.add(this.#parts.self);
    return this.#parts.chat.members(idOrName, (key) => online.has(key));
  }

  /** Computed at each call: how much of what is known to exist is here, and how it gets on. */
  sync(): SyncView {
    const { chat, store, runner } = this.#parts;
    let objects = 0;
    for (const state of store.feeds()) objects += messagesOf(state);
    const progress = runner.progress(objects - store.labelledCount());
    return buildSyncView(progress, {
      nameOf: (pk) => chat.directory.findName(pk) ?? null,
      connected: () => this.#connected().length,
      behindOfLinked: () => runner.overview.behindOfLinked(),
      writeFailure: runner.writeFailure,
    });
  }

  async status(): Promise<StatusView> {
    const { self, version, chat, store, runner, network, clock, startedAt } = this.#parts;
    const states = store.feeds();
    const { overview } = runner;
    const sync = this.sync();
    return {
      pk: self,
      name: chat.directory.findName(self) ?? null,
      version,
      uptime_s: Math.floor((clock.monotonic() - startedAt) / 1000),
      room: chat.room.name,
      listen: this.#parts.listen(),
      http: this.#parts.http(),
      messages: sync.have,
      feeds: states.length,
      behind: sync.behind,
      sync,
      peers: { known: network.peers().length, connected: this.#connected().length },
      store: { bytes: await store.bytes() },
      counters: {
        dropped: nonZero({ ...overview.dropped(), ...chat.counters }),
        refused: nonZero({ ...network.counters(), ...this.#parts.refused() }),
        held: overview.held,
        forks: overview.forks,
      },
    };
  }

  notReady(): readonly string[] {
    return this.#parts.notReady();
  }

  #connected(): PeerState[] {
    return this.#parts.network.peers().filter(({ state }) => state === 'connected');
  }

  #peerView({ pk, address, state, reason, since, link }: PeerState): PeerView {
    const { chat, runner } = this.#parts;
    const stats = link?.stats();
    return {
      pk,
      name: chat.directory.findName(pk) ?? null,
      address: address ?? null,
      state,
      reason: reason ?? null,
      since: isoOfTime(since),
      last_inbound: stats === undefined ? null : isoOfTime(stats.lastInbound),
      rtt_ms: stats?.rttMs === undefined ? null : Math.round(stats.rttMs * 100) / 100,
      ...runner.overview.lag(pk),
      bytes_in: stats?.bytesIn ?? 0,
      bytes_out: stats?.bytesOut ?? 0,
    };
  }
}

function nonZero(counters: Readonly<Record<string, number>>): Record<string, number> {
  return Object.fromEntries(Object.entries(counters).filter(([, count]) => count > 0));
}
