// What the HTTP surface needs from the node: the one interface between them. Knows nothing of
// sockets, links or feeds; implemented by the node, and by a double in tests.
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
} from '../chat/view.ts';

export interface Draft {
  readonly text: string;
  /** Id or name of a group; the room where not given. */
  readonly group?: string;
  /** Public key of the only other member that is to read it, in place of `group`. */
  readonly to?: string;
  /** Id of the message that this one answers, hex. */
  readonly replyTo?: string;
  readonly priority?: 'low' | 'high' | 'urgent';
  /** Whether readers are asked to acknowledge it. */
  readonly ack?: boolean;
  /** Name of the program that writes it; without one, the node's own people do. */
  readonly bot?: string;
}

export interface PostOptions {
  /** Resolve only once this many other nodes have it on their disks, or the time is over. */
  readonly minPeers?: number;
  /** And once the node of this public key has it. */
  readonly storedBy?: string;
  readonly timeoutMs?: number;
  readonly idempotency?: { readonly key: string; readonly body: Uint8Array };
}

export interface Posted {
  readonly message: MessageView;
  /** False where `minPeers` was not reached in time. */
  readonly replicated: boolean;
  /** Whether the same was posted under the Idempotency-Key before: nothing was written. */
  readonly replayed: boolean;
}

export interface Filter {
  /** Id or name of a group; all groups where not given. */
  readonly group?: string;
  /** Ids: nothing outside of these groups. */
  readonly within?: readonly string[];
  /** Public key, 64 hex characters. */
  readonly author?: string;
  /** Only messages at or after this wall-clock time, microseconds. */
  readonly since?: number;
  /** Only messages that ask this key (`me`: the node's own) for an acknowledgement not given yet. */
  readonly needsAck?: string;
  readonly pinned?: boolean;
}

export interface GroupDraft {
  readonly name: string;
  readonly encrypted: boolean;
  /** Public keys, 64 hex characters each. */
  readonly members: readonly string[];
}

export interface Terms {
  /** Seconds from now; null: until it is revoked. */
  readonly expiresInS: number | null;
  /** Null: any number. */
  readonly uses: number | null;
  /** Whether who joins by it is given what was said before. */
  readonly history: boolean;
}

/** Everything rejects with a SkychatError whose code the surface maps to a problem. */
export interface Api {
  /** What changes beside the messages. */
  readonly happenings: Pick<Happenings, 'watch'>;
  /** Resolves when the message is on disk (and replicated as asked). */
  post(draft: Draft, options: PostOptions): Promise<Posted>;
  /** The newest messages in timeline order, oldest first. */
  newest(filter: Filter, limit: number): Promise<Page>;
  /** The page before a message (an id or a cursor) in timeline order. */
  before(position: string, filter: Filter, limit: number): Promise<Page>;
  /** The page from a message on in timeline order, itself first; from the first of all with `0`. */
  from(position: string, filter: Filter, limit: number): Promise<Page>;
  /**
   * The newest messages that the line of words and filters means, the newest first; `before`: a
   * message (an id or a cursor), `waitMs`: how long to wait for an index that is being made.
   */
  search(
    line: string,
    filter: Filter,
    terms: { readonly limit: number; readonly before?: string; readonly waitMs?: number },
  ): Promise<SearchPage>;
  /** What arrived after a cursor (`0`: from the first, `now`: from here on), in arrival order. */
  after(cursor: string, filter: Filter, limit: number): Promise<Page>;
  /** As `after`, with what was said about messages: edits, reactions and the like. */
  eventsAfter(cursor: string, filter: Filter, limit: number): Promise<EventPage>;
  /** Answers to a message: the newest, or the page before one of them, oldest first. */
  replies(id: string, before: string | undefined, limit: number): Promise<Page>;
  /** Each resolves with the message as it is then, on disk; and changes nothing that is so already. */
  edit(id: string, text: string): Promise<MessageView>;
  erase(id: string): Promise<MessageView>;
  react(id: string, emoji: string, on: boolean): Promise<MessageView>;
  ack(id: string): Promise<MessageView>;
  pin(id: string, on: boolean): Promise<MessageView>;
  hide(id: string, on: boolean): Promise<MessageView>;
  /** The cursor behind the latest arrival. */
  latestCursor(): string;
  /** Resolves once something arrived after the cursor, or when `signal` aborts. */
  arrival(cursor: string, signal: AbortSignal): Promise<void>;
  message(id: string): Promise<MessageView>;
  proof(id: string): Promise<ProofView>;
  peers(): readonly PeerView[];
  addPeer(address: string): Promise<PeerView>;
  removePeer(key: string): Promise<void>;
  feeds(): readonly FeedView[];
  groups(): Promise<readonly GroupView[]>;
  group(idOrName: string): Promise<GroupView>;
  members(idOrName: string): readonly MemberView[];
  createGroup(draft: GroupDraft): Promise<GroupView>;
  describeGroup(
    idOrName: string,
    changes: { readonly name?: string; readonly topic?: string },
  ): Promise<GroupView>;
  invite(idOrName: string, terms: Terms): Promise<NewInviteView>;
  invites(idOrName: string): Promise<readonly InviteView[]>;
  /** @param invite its id */
  revokeInvite(idOrName: string, invite: string): Promise<GroupView>;
  /** Resolves once the joining has begun. */
  joinGroup(link: string): Promise<GroupView>;
  /** @param key public key, 64 hex characters */
  addMember(
    idOrName: string,
    key: string,
    options: { readonly history: boolean },
  ): Promise<GroupView>;
  removeMember(idOrName: string, key: string): Promise<GroupView>;
  promote(idOrName: string, key: string): Promise<GroupView>;
  demote(idOrName: string, key: string): Promise<GroupView>;
  /** Ends a joining as well. */
  leaveGroup(idOrName: string): Promise<GroupView>;
  /** Null: no bound. */
  setRetention(
    idOrName: string,
    bounds: { readonly ageS: number | null; readonly bytes: number | null },
  ): Promise<GroupView>;
  /**
   * Everything in the group up to a cursor (`now`: all of it) was read; an earlier cursor than before
   * changes nothing, unless `back` says that it is meant.
   */
  markRead(idOrName: string, cursor: string, back: boolean): Promise<ReadView>;
  /** Keys whose messages are not shown on this node, in the order in which they were blocked. */
  blocks(): readonly BlockView[];
  /** @param key public key, 64 hex characters */
  block(key: string): Promise<BlockView>;
  unblock(key: string): Promise<void>;
  status(): Promise<StatusView>;
  /** Why the node is not ready, in words; empty where it is. */
  notReady(): readonly string[];
}
