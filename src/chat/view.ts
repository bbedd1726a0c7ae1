// The shapes in which a conversation is shown: what the HTTP surface sends and the clients read.
// Types only; field names are the outer contract (snake_case, hex ids, ISO 8601 times).

export interface MessageView {
  readonly id: string;
  readonly cursor: string;
  readonly group: string;
  readonly author: string;
  readonly name: string | null;
  readonly seq: number;
  readonly index: number;
  readonly time: string;
  /** `text`, or the name of a kind that this version does not know. */
  readonly kind: string;
  readonly text: string;
  readonly reply_to: string | null;
  readonly edited: boolean;
  readonly deleted: boolean;
  readonly reactions: Readonly<Record<string, readonly string[]>>;
  /** Public keys that the text names, in order of their first mention. */
  readonly mentions: readonly string[];
  readonly mine: boolean;
  /** Set where the author signed two different entries at this place of its feed. */
  readonly disputed?: true;
  readonly delivery: DeliveryView;
}

export interface DeliveryView {
  /** Other nodes that are known to have the message on their disks. */
  readonly stored: readonly string[];
  /** Members of the group, this node among them. */
  readonly members: number;
}

export interface Page {
  readonly messages: readonly MessageView[];
  /** The cursor to go on from. */
  readonly next: string;
  readonly more: boolean;
}

/** Enough to verify one message alone: all in hex. */
export interface ProofView {
  readonly object: string;
  /** The root that lists the object. */
  readonly root: string;
  /** The author's signature over the last root of `chain`, or over `root` where `chain` is empty. */
  readonly signature: string;
  readonly author: string;
  /** The roots that follow `root`, each naming the one before it, up to the signed one. */
  readonly chain: readonly string[];
}

export interface PeerView {
  readonly pk: string;
  readonly name: string | null;
  readonly address: string | null;
  readonly state: 'connected' | 'dialing' | 'waiting' | 'refused';
  /** The reason of the state in words. */
  readonly reason: string | null;
  readonly since: string;
  readonly last_inbound: string | null;
  readonly rtt_ms: number | null;
  /** Messages that the peer is known to have and this node has not. */
  readonly behind: number;
  /** Messages that this node has and the peer is not known to have. */
  readonly ahead: number;
  readonly bytes_in: number;
  readonly bytes_out: number;
}

export interface FeedView {
  readonly group: string;
  readonly author: string;
  readonly head: number;
  readonly seq: number;
  readonly count: number;
  readonly behind: number;
  readonly sources: readonly string[];
  readonly last_inbound: string | null;
}

export interface GroupView {
  readonly id: string;
  readonly name: string;
  readonly topic: string | null;
  readonly encrypted: boolean;
  readonly role: 'founder' | 'admin' | 'member';
  readonly state: 'active' | 'joining' | 'left' | 'removed';
  readonly members: number;
  readonly unread: number;
  readonly mentions: number;
  readonly last_message: MessageView | null;
}

export interface MemberView {
  readonly pk: string;
  readonly name: string | null;
  readonly role: 'founder' | 'admin' | 'member';
  readonly since: string | null;
  readonly online: boolean;
}

export interface StatusView {
  readonly pk: string;
  readonly name: string | null;
  readonly version: string;
  readonly uptime_s: number;
  /** Name of the default group. */
  readonly room: string;
  /** `host:port` where peers dial, or null for a node that only dials. */
  readonly listen: string | null;
  readonly http: string;
  readonly messages: number;
  readonly feeds: number;
  readonly behind: number;
  readonly sync: SyncView;
  readonly peers: { readonly known: number; readonly connected: number };
  readonly store: { readonly bytes: number };
  readonly counters: {
    readonly dropped: Readonly<Record<string, number>>;
    readonly refused: Readonly<Record<string, number>>;
    readonly held: number;
    readonly forks: number;
  };
}

/** How the catching up of history gets on. */
export interface SyncView {
  /** `waiting`: something is missing, and nothing has come for some seconds. */
  readonly state: 'in-sync' | 'syncing' | 'waiting';
  /** Why nothing comes, in words, while waiting; while in sync, that nobody is there to tell. */
  readonly reason: string | null;
  readonly have: number;
  /** `have` and `behind` together. */
  readonly of: number;
  readonly behind: number;
  /** Messages of peers that reached the disk, a second, over the last seconds. */
  readonly per_s: number;
  /** Seconds until nothing is missing at this rate; null where nothing is missing or nothing comes. */
  readonly eta_s: number | null;
  /** Who has sent anything in the last seconds, the fastest first. */
  readonly sources: readonly SyncSourceView[];
  /** Since when something is missing. */
  readonly since: string | null;
}

export interface SyncSourceView {
  readonly pk: string;
  readonly name: string | null;
  readonly per_s: number;
  /** Messages that came from it since this node was last in sync. */
  readonly messages: number;
}
