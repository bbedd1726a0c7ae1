// What the HTTP surface needs from the node: the one interface between them. Knows nothing of
// sockets, links or feeds; implemented by the node, and by a double in tests.
import type {
  FeedView,
  GroupView,
  MemberView,
  MessageView,
  Page,
  PeerView,
  ProofView,
  StatusView,
} from '../chat/view.ts';

export interface Draft {
  readonly text: string;
  /** Id or name of a group; the room where not given. */
  readonly group?: string;
  /** Id of the message that this one answers, hex. */
  readonly replyTo?: string;
}

export interface PostOptions {
  /** Resolve only once this many other nodes have it on their disks, or the time is over. */
  readonly minPeers?: number;
  readonly timeoutMs?: number;
  readonly idempotency?: { readonly key: string; readonly body: Uint8Array };
}

export interface Posted {
  readonly message: MessageView;
  /** False where `minPeers` was not reached in time. */
  readonly replicated: boolean;
}

export interface Filter {
  /** Id or name of a group; all groups where not given. */
  readonly group?: string;
  /** Public key, 64 hex characters. */
  readonly author?: string;
  /** Only messages at or after this wall-clock time, microseconds. */
  readonly since?: number;
}

/** Everything rejects with a SkychatError whose code the surface maps to a problem. */
export interface Api {
  /** Resolves when the message is on disk (and replicated as asked). */
  post(draft: Draft, options: PostOptions): Promise<Posted>;
  /** The newest messages in timeline order, oldest first. */
  newest(filter: Filter, limit: number): Promise<Page>;
  /** The page before a message (an id or a cursor) in timeline order. */
  before(position: string, filter: Filter, limit: number): Promise<Page>;
  /** What arrived after a cursor (`0`: from the first, `now`: from here on), in arrival order. */
  after(cursor: string, filter: Filter, limit: number): Promise<Page>;
  /** The cursor behind the latest arrival. */
  latestCursor(): string;
  /** Resolves once something arrived after the cursor, or when `signal` aborts. */
  arrival(cursor: string, signal: AbortSignal): Promise<void>;
  message(id: string): Promise<MessageView>;
  proof(id: string): Promise<ProofView>;
  peers(): readonly PeerView[];
  /** Calls back at each change of a peer's state; returns how to stop. */
  watchPeers(listener: (peer: PeerView) => void): () => void;
  addPeer(address: string): Promise<PeerView>;
  removePeer(key: string): Promise<void>;
  feeds(): readonly FeedView[];
  groups(): Promise<readonly GroupView[]>;
  group(idOrName: string): Promise<GroupView>;
  members(idOrName: string): readonly MemberView[];
  status(): Promise<StatusView>;
  /** Why the node is not ready, in words; empty where it is. */
  notReady(): readonly string[];
}
