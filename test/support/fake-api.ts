// An Api in memory: messages in arrival order, an arrival that can be awaited, and errors on demand.
import { Happenings } from '../../src/chat/news/happenings.ts';
import type {
  BlockView,
  EventPage,
  FeedView,
  GroupView,
  InviteView,
  MemberView,
  MessageView,
  NewInviteView,
  NoteEvent,
  Page,
  PeerView,
  ProofView,
  ReadView,
  SearchPage,
  StatusView,
  SyncView,
} from '../../src/chat/view.ts';
import { SkychatError } from '../../src/errors.ts';
import type {
  Api,
  Draft,
  Filter,
  GroupDraft,
  Posted,
  PostOptions,
  Terms,
} from '../../src/http/api.ts';
import { FakeGroups } from './fake-groups.ts';

export const alice = 'aa'.repeat(32);
export const bob = 'bb'.repeat(32);
export const lobby = '10'.repeat(32);

export function idOf(position: number): string {
  return position.toString(16).padStart(64, '0');
}

export class FakeApi implements Api {
  readonly stored: MessageView[] = [];
  readonly drafts: { draft: Draft; options: PostOptions }[] = [];
  readonly known = new Map<string, PeerView>();
  readonly rosters = new FakeGroups(alice, groupView);
  /** What was asked to be said about messages: the method and its arguments. */
  readonly noted: (readonly unknown[])[] = [];
  /** By cursor: arrivals that are no messages. */
  readonly notes = new Map<string, { event: NoteEvent; message: MessageView }>();
  /** Thrown by the next call of any asynchronous method. */
  failure: unknown;
  reasons: string[] = [];
  readonly searches: object[] = [];
  isIndexed = true;
  /** Up to which message the lobby is read, and who is blocked. */
  read = 0;
  readonly blocked = new Map<string, BlockView>();
  replicated = true;
  /** Posts with `minPeers` wait until they are told not to. */
  /** How often `after` was called, and how many waits are open. */
  reads = 0;
  waits = 0;
  readonly #posted = new Map<string, MessageView>();
  readonly happenings = new Happenings();
  readonly #waiting = new Set<() => void>();

  /** Stores a message as if it had arrived; `time` is an ISO time. */
  arrive(text: string, over: Partial<MessageView> = {}): MessageView {
    const position = this.stored.length + 1;
    const message: MessageView = {
      id: idOf(position),
      cursor: String(position),
      group: lobby,
      author: alice,
      name: 'alice',
      seq: position,
      index: 0,
      time: new Date(1_700_000_000_000 + position).toISOString(),
      kind: 'text',
      text,
      reply_to: null,
      replies: 0,
      edited: false,
      deleted: false,
      hidden: false,
      pinned: false,
      priority: null,
      ack: null,
      reactions: {},
      mentions: [],
      mine: false,
      delivery: { stored: [], members: 1 },
      ...over,
    };
    this.stored.push(message);
    for (const wake of [...this.#waiting]) wake();
    return message;
  }

  /** Stores a note about a message, which is told with the message as it is. */
  arriveNote(event: NoteEvent, message: MessageView): void {
    this.notes.set(String(this.stored.length + 1), { event, message });
    this.arrive('', { kind: event });
  }

  changePeer(pk: string, state: PeerView['state']): void {
    this.happenings.tell({ event: 'peer', data: peerView(pk, state) });
  }

  async post(draft: Draft, options: PostOptions): Promise<Posted> {
    await this.#gate();
    this.drafts.push({ draft, options });
    const key = options.idempotency?.key;
    const before = key === undefined ? undefined : this.#posted.get(key);
    const { bot, group = lobby } = draft;
    const { storedBy } = options;
    const stored = this.replicated && storedBy !== undefined ? [storedBy] : [];
    const message =
      before ??
      this.arrive(draft.text, {
        mine: true,
        reply_to: draft.replyTo ?? null,
        delivery: { stored, members: 1 },
        ...(/^[0-9a-f]{64}$/.test(group) && { group }),
        ...(bot !== undefined && { bot: true as const, name: bot, node_name: 'alice' }),
      });
    if (key !== undefined) this.#posted.set(key, message);
    return { message, replicated: this.replicated, replayed: before !== undefined };
  }

  async newest(filter: Filter, limit: number): Promise<Page> {
    await this.#gate();
    const found = this.#timeline(filter);
    const messages = found.slice(-limit);
    return { messages, next: this.latestCursor(), more: found.length > limit };
  }

  async before(position: string, filter: Filter, limit: number): Promise<Page> {
    await this.#gate();
    const found = this.#timeline(filter);
    const at = found.findIndex(({ id, cursor }) => id === position || cursor === position);
    if (at < 0) throw new SkychatError('unknown-message', 'there is no such message');
    const start = Math.max(0, at - limit);
    return { messages: found.slice(start, at), next: this.latestCursor(), more: start > 0 };
  }

  async from(position: string, filter: Filter, limit: number): Promise<Page> {
    await this.#gate();
    const found = this.#timeline(filter);
    const at = found.findIndex(({ id, cursor }) => id === position || cursor === position);
    if (at < 0) throw new SkychatError('unknown-message', 'there is no such message');
    const messages = found.slice(at, at + limit);
    const next = found[at + limit] ?? messages.at(-1);
    return { messages, next: next?.cursor ?? '0', more: at + limit < found.length };
  }

  /** Words alone, each of which has to be there. */
  async search(
    line: string,
    filter: Filter,
    terms: { limit: number; before?: string; waitMs?: number },
  ): Promise<SearchPage> {
    await this.#gate();
    this.searches.push({ line, ...terms });
    if (line.includes('"')) throw new SkychatError('bad-field', 'a quotation mark too many');
    const words = line.toLowerCase().split(/\s+/);
    const { before = '' } = terms;
    const found = this.#timeline(filter).filter(({ text, cursor }) => {
      const isOlder = before === '' || Number(cursor) < Number(before);
      return isOlder && words.every((word) => text.toLowerCase().includes(word));
    });
    const messages = found.reverse().slice(0, terms.limit);
    const more = found.length > messages.length;
    const next = messages.at(-1)?.cursor ?? '0';
    return { messages, next, more, complete: this.isIndexed, searched_from: null };
  }

  async after(cursor: string, filter: Filter, limit: number): Promise<Page> {
    await this.#gate();
    this.reads++;
    const start = cursor === 'now' ? this.stored.length : Number(cursor);
    if (!(start <= this.stored.length)) throw new SkychatError('bad-cursor', 'not given out');
    const rest = this.stored
      .slice(start)
      .filter((message) => !this.notes.has(message.cursor) && passes(message, filter));
    const messages = rest.slice(0, limit);
    const more = rest.length > limit;
    const next = more ? (messages.at(-1)?.cursor ?? cursor) : this.latestCursor();
    return { messages, next, more };
  }

  async eventsAfter(cursor: string, filter: Filter, limit: number): Promise<EventPage> {
    await this.#gate();
    this.reads++;
    const rest = this.stored.slice(Number(cursor));
    const found = rest.slice(0, limit).filter((message) => passes(message, filter));
    const events = found.map((message) => ({
      ...{ event: 'message' as const, message },
      ...this.notes.get(message.cursor),
      cursor: message.cursor,
    }));
    const next = rest.slice(0, limit).at(-1)?.cursor ?? cursor;
    return { events, next, more: rest.length > limit };
  }

  async replies(id: string, before: string | undefined, limit: number): Promise<Page> {
    await this.message(id);
    const found = this.stored.filter(({ reply_to }) => reply_to === id);
    const end = before === undefined ? found.length : found.findIndex((one) => one.id === before);
    const start = Math.max(0, end - limit);
    return { messages: found.slice(start, end), next: this.latestCursor(), more: start > 0 };
  }

  edit(id: string, text: string): Promise<MessageView> {
    return this.#note('edit', id, text);
  }

  erase(id: string): Promise<MessageView> {
    return this.#note('erase', id);
  }

  react(id: string, emoji: string, on: boolean): Promise<MessageView> {
    return this.#note('react', id, emoji, on);
  }

  ack(id: string): Promise<MessageView> {
    return this.#note('ack', id);
  }

  pin(id: string, on: boolean): Promise<MessageView> {
    return this.#note('pin', id, on);
  }

  hide(id: string, on: boolean): Promise<MessageView> {
    return this.#note('hide', id, on);
  }

  latestCursor(): string {
    return String(this.stored.length);
  }

  async arrival(cursor: string, signal: AbortSignal): Promise<void> {
    await this.#gate();
    if (Number(cursor) < this.stored.length || signal.aborted) return;
    await new Promise<void>((resolve) => {
      const done = (): void => {
        this.#waiting.delete(done);
        signal.removeEventListener('abort', done);
        this.waits--;
        resolve();
      };
      this.waits++;
      this.#waiting.add(done);
      signal.addEventListener('abort', done);
    });
  }

  async message(id: string): Promise<MessageView> {
    await this.#gate();
    const found = this.stored.find((message) => message.id === id);
    if (found === undefined) throw new SkychatError('unknown-message', 'there is none');
    return found;
  }

  async proof(id: string): Promise<ProofView> {
    const { author } = await this.message(id);
    return { object: '00', root: '01', signature: '02', author, chain: [] };
  }

  peers(): readonly PeerView[] {
    return [...this.known.values()];
  }

  async addPeer(address: string): Promise<PeerView> {
    await this.#gate();
    const pk = /^([0-9a-f]{64})@.+:\d+$/.exec(address)?.[1];
    if (pk === undefined) throw new SkychatError('bad-peer-address', 'not pk@host:port');
    const peer = { ...peerView(pk, 'dialing'), address };
    this.known.set(pk, peer);
    return peer;
  }

  async removePeer(key: string): Promise<void> {
    await this.#gate();
    if (!this.known.delete(key)) throw new SkychatError('unknown-peer', 'there is none');
  }

  feeds(): readonly FeedView[] {
    const common = {
      group: lobby,
      author: alice,
      head: 0,
      sources: [],
      last_inbound: null,
      time: null,
    };
    return [{ ...common, seq: 1, count: 1, behind: 0 }];
  }

  async groups(): Promise<readonly GroupView[]> {
    await this.#gate();
    return this.rosters.views();
  }

  async group(idOrName: string): Promise<GroupView> {
    await this.#gate();
    return this.rosters.viewOf(this.rosters.read(idOrName));
  }

  members(idOrName: string): readonly MemberView[] {
    return this.rosters.members(idOrName);
  }

  async createGroup(draft: GroupDraft): Promise<GroupView> {
    await this.#gate();
    return this.rosters.create(draft);
  }

  async describeGroup(
    group: string,
    changes: { name?: string; topic?: string },
  ): Promise<GroupView> {
    await this.#gate();
    return this.rosters.describe(group, changes);
  }

  async invite(group: string, terms: Terms): Promise<NewInviteView> {
    await this.#gate();
    return this.rosters.invite(group, terms);
  }

  async invites(group: string): Promise<readonly InviteView[]> {
    await this.#gate();
    return [...this.rosters.read(group).invites.values()];
  }

  async revokeInvite(group: string, invite: string): Promise<GroupView> {
    await this.#gate();
    return this.rosters.revoke(group, invite);
  }

  async joinGroup(link: string): Promise<GroupView> {
    await this.#gate();
    return this.rosters.join(link);
  }

  async addMember(group: string, key: string, options: { history: boolean }): Promise<GroupView> {
    await this.#gate();
    return this.rosters.add(group, key, options.history);
  }

  async removeMember(group: string, key: string): Promise<GroupView> {
    await this.#gate();
    return this.rosters.remove(group, key);
  }

  async promote(group: string, key: string): Promise<GroupView> {
    await this.#gate();
    return this.rosters.promote(group, key);
  }

  async demote(group: string, key: string): Promise<GroupView> {
    await this.#gate();
    return this.rosters.demote(group, key);
  }

  async leaveGroup(group: string): Promise<GroupView> {
    await this.#gate();
    return this.rosters.leave(group);
  }

  async setRetention(
    group: string,
    { ageS, bytes }: { ageS: number | null; bytes: number | null },
  ): Promise<GroupView> {
    await this.#gate();
    return this.rosters.retain(group, ageS, bytes);
  }

  async markRead(idOrName: string, cursor: string, back: boolean): Promise<ReadView> {
    await this.#gate();
    const { id } = readGroup(idOrName);
    const wanted = cursor === 'now' ? this.stored.length : Number(cursor);
    if (!(wanted <= this.stored.length)) throw new SkychatError('bad-cursor', 'not given out');
    this.read = back ? wanted : Math.max(this.read, wanted);
    const unread = this.stored.length - this.read;
    const data = { group: id, cursor: String(this.read), unread, mentions: 0 };
    this.happenings.tell({ event: 'read', data });
    return data;
  }

  blocks(): readonly BlockView[] {
    return [...this.blocked.values()];
  }

  async block(pk: string): Promise<BlockView> {
    await this.#gate();
    if (pk === alice) throw new SkychatError('bad-field', "this is the node's own key");
    const block = { pk, name: null, since: '2026-11-22T05:10:00.000Z' };
    this.blocked.set(pk, block);
    return block;
  }

  async unblock(pk: string): Promise<void> {
    await this.#gate();
    this.blocked.delete(pk);
  }

  async status(): Promise<StatusView> {
    await this.#gate();
    return {
      pk: alice,
      name: 'alice',
      version: '0.0.0',
      uptime_s: 1,
      room: 'lobby',
      listen: null,
      http: 'http://127.0.0.1:0',
      messages: this.stored.length,
      feeds: 1,
      behind: 0,
      sync: inSync,
      peers: { known: 0, connected: 0 },
      strangers: [],
      store: { bytes: 0, damaged: 0 },
      counters: {
        dropped: {},
        refused: {},
        held: 0,
        forks: 0,
        recent: { minutes: 10, dropped: {}, refused: {} },
      },
    };
  }

  notReady(): readonly string[] {
    return this.reasons;
  }

  async #note(...[method, id, ...rest]: readonly [string, string, ...unknown[]]) {
    const message = await this.message(id);
    this.noted.push([method, id, ...rest]);
    return message;
  }

  /** A turn of the event loop, as a store takes; then the failure, if there is one. */
  async #gate(): Promise<void> {
    await new Promise((resolve) => setImmediate(resolve));
    const { failure } = this;
    this.failure = undefined;
    if (failure instanceof Error) throw failure;
  }

  #timeline(filter: Filter): MessageView[] {
    const found = this.stored.filter((message) => passes(message, filter));
    return found.sort((a, b) => (a.time < b.time ? -1 : 1));
  }
}

function passes(message: MessageView, { group, author, since, within }: Filter): boolean {
  if (within?.includes(message.group) === false) return false;
  if (group !== undefined && readGroup(group).id !== message.group) return false;
  if (author !== undefined && author !== message.author) return false;
  return since === undefined || Date.parse(message.time) * 1000 >= since;
}

const groupView: GroupView = {
  id: lobby,
  name: 'lobby',
  topic: null,
  encrypted: false,
  role: 'member',
  state: 'active',
  members: 1,
  unread: 0,
  mentions: 0,
  read_cursor: '0',
  last_message: null,
  kind: 'room',
  founder: null,
  history: true,
  retention: { age_s: null, bytes: null },
  join: null,
};

/** Of the groups that messages are in. */
function readGroup(idOrName: string): GroupView {
  if (idOrName === lobby || idOrName === 'lobby') return groupView;
  throw new SkychatError('unknown-group', 'there is no such group');
}

export const inSync: SyncView = {
  ...{ state: 'in-sync', reason: null, have: 0, of: 0, behind: 0, per_s: 0, eta_s: null },
  ...{ sources: [], since: null },
};

export function peerView(pk: string, state: PeerView['state']): PeerView {
  return {
    pk,
    name: null,
    address: null,
    state,
    reason: null,
    reason_code: null,
    agent: null,
    since: '2026-11-22T05:10:00.000Z',
    last_inbound: null,
    rtt_ms: null,
    behind: 0,
    ahead: 0,
    bytes_in: 0,
    bytes_out: 0,
  };
}
