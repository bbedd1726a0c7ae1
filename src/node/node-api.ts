// What the HTTP surface asks of the node: one method after the other, handed on to the part that
// knows. Knows nothing of HTTP or sockets.
import type { Block } from '../chat/people/blocks.ts';
import type { Chat } from '../chat/chat.ts';
import type { GroupActions } from '../chat/groups/group-actions.ts';
import type { Happenings } from '../chat/news/happenings.ts';
import type {
  BlockView,
  EventPage,
  FeedView,
  GroupView,
  InviteView,
  MemberView,
  MessageView,
  NewInviteView,
  Page,
  PeerView,
  ProofView,
  ReadView,
  SearchPage,
  StatusView,
  SyncView,
} from '../chat/view.ts';
import type { SearchTerms } from '../chat/search/search-pages.ts';
import { isoOfTime } from '../chat/time-text.ts';
import { messagesOf } from '../cxo/feed.ts';
import type { Store } from '../cxo/store.ts';
import type { Clock, Timers } from '../env.ts';
import { SkychatError } from '../errors.ts';
import type { Api, Draft, Filter, GroupDraft, Posted, PostOptions, Terms } from '../http/api.ts';
import { isValidPublicKey, parsePublicKey, type PublicKey } from '../identity.ts';
import { parsePeerAddress } from '../net/address.ts';
import type { Network } from '../net/network.ts';
import type { PeerState } from '../net/peer.ts';
import { NodeCounters } from './node-counters.ts';
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
  readonly timers: Timers;
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
  /** Parts of the store that could not be read since the start. */
  readonly damaged: () => number;
}

export class NodeApi implements Api {
  readonly #parts: NodeParts;

  readonly #counters: NodeCounters;

  constructor(parts: NodeParts) {
    this.#parts = parts;
    this.#counters = new NodeCounters(parts);
  }

  close(): void {
    this.#counters.close();
  }

  get happenings(): Happenings {
    return this.#parts.chat.news.happenings;
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

  from(position: string, filter: Filter, limit: number): Promise<Page> {
    return this.#parts.chat.conversation.from(position, filter, limit);
  }

  search(line: string, filter: Filter, terms: SearchTerms): Promise<SearchPage> {
    return this.#parts.chat.reading.search.find(line, filter, terms);
  }

  after(cursor: string, filter: Filter, limit: number): Promise<Page> {
    return this.#parts.chat.conversation.after(cursor, filter, limit);
  }

  eventsAfter(cursor: string, filter: Filter, limit: number): Promise<EventPage> {
    return this.#parts.chat.conversation.eventsAfter(cursor, filter, limit);
  }

  replies(id: string, before: string | undefined, limit: number): Promise<Page> {
    return this.#parts.chat.conversation.replies(id, before, limit);
  }

  edit(id: string, text: string): Promise<MessageView> {
    return this.#parts.chat.noting.edit(id, text);
  }

  erase(id: string): Promise<MessageView> {
    return this.#parts.chat.noting.erase(id);
  }

  async react(id: string, emoji: string, on: boolean): Promise<MessageView> {
    return this.#parts.chat.noting.react(id, emoji, on);
  }

  ack(id: string): Promise<MessageView> {
    return this.#parts.chat.noting.ack(id);
  }

  pin(id: string, on: boolean): Promise<MessageView> {
    return this.#parts.chat.noting.pin(id, on);
  }

  hide(id: string, on: boolean): Promise<MessageView> {
    return this.#parts.chat.noting.hide(id, on);
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

  /** To be called when the state of a peer has changed. */
  peerChanged(peer: PeerState): void {
    const { happenings } = this.#parts.chat.news;
    if (happenings.isWatched) happenings.tell({ event: 'peer', data: this.#peerView(peer) });
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
      time: rest.time === 0 ? null : isoOfTime(rest.time),
    }));
  }

  groups(): Promise<readonly GroupView[]> {
    return this.#parts.chat.groupViews();
  }

  group(idOrName: string): Promise<GroupView> {
    return this.#parts.chat.groupView(idOrName);
  }

  members(idOrName: string): readonly MemberView[] {
    const online = new Set(this.#connected().map(({ pk }) => pk));
    online.add(this.#parts.self);
    return this.#parts.chat.members(idOrName, (key) => online.has(key));
  }

  async createGroup({ members, ...draft }: GroupDraft): Promise<GroupView> {
    return this.#groups.create({ ...draft, members: members.map(readKey) });
  }

  describeGroup(
    group: string,
    changes: { readonly name?: string; readonly topic?: string },
  ): Promise<GroupView> {
    return this.#groups.describe(group, changes);
  }

  invite(group: string, terms: Terms): Promise<NewInviteView> {
    return this.#groups.invite(group, terms);
  }

  invites(group: string): Promise<readonly InviteView[]> {
    return this.#groups.invites(group);
  }

  async revokeInvite(group: string, invite: string): Promise<GroupView> {
    return this.#groups.revoke(group, readKey(invite));
  }

  joinGroup(link: string): Promise<GroupView> {
    return this.#groups.join(link);
  }

  async addMember(
    group: string,
    key: string,
    options: { readonly history: boolean },
  ): Promise<GroupView> {
    return this.#groups.add(group, readKey(key), options);
  }

  async removeMember(group: string, key: string): Promise<GroupView> {
    return this.#groups.remove(group, readKey(key));
  }

  async promote(group: string, key: string): Promise<GroupView> {
    return this.#groups.promote(group, readKey(key));
  }

  async demote(group: string, key: string): Promise<GroupView> {
    return this.#groups.demote(group, readKey(key));
  }

  leaveGroup(group: string): Promise<GroupView> {
    return this.#groups.leave(group);
  }

  setRetention(
    group: string,
    bounds: { readonly ageS: number | null; readonly bytes: number | null },
  ): Promise<GroupView> {
    return this.#groups.retain(group, bounds);
  }

  markRead(idOrName: string, cursor: string, back: boolean): Promise<ReadView> {
    return this.#parts.chat.markRead(idOrName, cursor, back);
  }

  blocks(): readonly BlockView[] {
    return this.#parts.chat.blocks.list().map((block) => this.#blockView(block));
  }

  async block(key: string): Promise<BlockView> {
    return this.#blockView(await this.#parts.chat.blocks.block(readKey(key)));
  }

  async unblock(key: string): Promise<void> {
    await this.#parts.chat.blocks.unblock(readKey(key));
  }

  /** Computed at each call: how much of what is known to exist is here, and how it gets on. */
  sync(): SyncView {
    const { chat, store, runner } = this.#parts;
    let objects = 0;
    for (const state of store.feeds()) objects += messagesOf(state);
    const progress = runner.progress(objects - store.labelledCount());
    return buildSyncView(progress, {
      nameOf: (pk) => chat.people.findName(pk) ?? null,
      connected: () => this.#connected().length,
      behindOfLinked: () => runner.overview.behindOfLinked(),
      writeFailure: runner.writeFailure,
    });
  }

  async status(): Promise<StatusView> {
    const { self, version, chat, store, network, clock, startedAt } = this.#parts;
    const states = store.feeds();
    const sync = this.sync();
    return {
      pk: self,
      name: chat.people.findName(self) ?? null,
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
      strangers: network.strangers().map((each) => ({ ...each, time: isoOfTime(each.time) })),
      store: { bytes: await store.bytes(), damaged: this.#parts.damaged() },
      counters: this.#counters.view(),
    };
  }

  notReady(): readonly string[] {
    return this.#parts.notReady();
  }

  get #groups(): GroupActions {
    return this.#parts.chat.groups;
  }

  #blockView({ pk, since }: Block): BlockView {
    const name = this.#parts.chat.people.findName(pk) ?? null;
    return { pk, name, since: isoOfTime(since) };
  }

  #connected(): PeerState[] {
    return this.#parts.network.peers().filter(({ state }) => state === 'connected');
  }

  #peerView({ pk, address, state, reason, cause, since, link }: PeerState): PeerView {
    const { chat, runner } = this.#parts;
    const stats = link?.stats();
    return {
      pk,
      name: chat.people.findName(pk) ?? null,
      address: address ?? null,
      state,
      reason: reason ?? null,
      reason_code: cause ?? null,
      agent: runner.overview.agentOf(pk) ?? null,
      since: isoOfTime(since),
      last_inbound: stats === undefined ? null : isoOfTime(stats.lastInbound),
      rtt_ms: stats?.rttMs === undefined ? null : Math.round(stats.rttMs * 100) / 100,
      ...runner.overview.lag(pk),
      bytes_in: stats?.bytesIn ?? 0,
      bytes_out: stats?.bytesOut ?? 0,
    };
  }
}

function readKey(text: string): PublicKey {
  const key = parsePublicKey(text);
  if (key !== undefined && isValidPublicKey(key)) return key;
  throw new SkychatError('bad-id', `${text} is no Ed25519 public key`, {
    hint: 'Copy the key again; the members of a group are listed with theirs.',
  });
}
