// The shapes in which a conversation is shown: what the HTTP surface sends and the clients read.
// Types only; field names are the outer contract (snake_case, hex ids, ISO 8601 times).

export interface MessageView {
  readonly id: string;
  readonly cursor: string;
  readonly group: string;
  readonly author: string;
  /** What the author calls itself; of a bot, what the author's node calls the bot. */
  readonly name: string | null;
  /** Set where a program wrote it by the author's node. */
  readonly bot?: true;
  /** Set where `name` is that of a bot: what the author calls itself, who speaks for it. */
  readonly node_name?: string | null;
  readonly seq: number;
  readonly index: number;
  readonly time: string;
  /** `text`, or the name of a kind that this version does not know. */
  readonly kind: string;
  /** That of the latest edit; empty where the message was deleted or is hidden. */
  readonly text: string;
  readonly reply_to: string | null;
  /** Answers to it that are not deleted. */
  readonly replies: number;
  readonly edited: boolean;
  readonly deleted: boolean;
  /** Whether somebody who may moderate the group has hidden it. */
  readonly hidden: boolean;
  readonly pinned: boolean;
  /** Null where the author gave none. */
  readonly priority: 'low' | 'high' | 'urgent' | null;
  /** Null where the author asks for no acknowledgements. */
  readonly ack: AckView | null;
  readonly reactions: Readonly<Record<string, readonly string[]>>;
  /** Public keys that the text names, in order of their first mention. */
  readonly mentions: readonly string[];
  readonly mine: boolean;
  /** Set where the author signed two different entries at this place of its feed. */
  readonly disputed?: true;
  readonly delivery: DeliveryView;
}

export interface AckView {
  readonly requested: true;
  /** Public keys that acknowledged it. */
  readonly by: readonly string[];
}

/** What came over an event stream: a message, or a note about one, which is shown as it is now. */
export interface MessageEventView {
  /** Of the message or the note. */
  readonly cursor: string;
  readonly event: 'message' | NoteEvent;
  readonly message: MessageView;
}

/** In the place of messages that are not there any more. */
export interface GapEventView {
  /** Of the last of them. */
  readonly cursor: string;
  readonly event: 'gap';
  readonly gap: GapView;
}

export type EventView = MessageEventView | GapEventView;

/** What a stream does not carry, so that its reader is told instead of left in the dark. */
export type GapView = MessageGapView | ChangeGapView;

export interface MessageGapView {
  readonly of: 'message';
  /**
   * `expired`: retention has taken them; `opened`: the key by which they can be read came after them;
   * `unreadable`: the store is damaged there; `unknown-cursor`: the cursor is of another store.
   */
  readonly reason: 'expired' | 'opened' | 'unreadable' | 'unknown-cursor';
  /** Null where they may be of any. */
  readonly group: string | null;
  /** They arrived after this cursor. */
  readonly after: string;
  /** Null where nobody can tell. */
  readonly count: number | null;
}

/** Changes that a reader was too slow for. */
export interface ChangeGapView {
  readonly of: 'peer' | 'read' | 'group' | 'gap';
  readonly dropped: number;
}

export type NoteEvent = 'edit' | 'delete' | 'reaction' | 'ack' | 'pin' | 'hide';

export interface EventPage {
  readonly events: readonly EventView[];
  /** The cursor to go on from. */
  readonly next: string;
  readonly more: boolean;
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

/** What a search found, the newest first. */
export interface SearchPage extends Page {
  /** False where older messages are not indexed: not yet, or because there are too many. */
  readonly complete: boolean;
  /** Where not complete, the time down to which all was searched; null before the first message. */
  readonly searched_from: string | null;
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
  /** The same as a stable code; `peer-` before it where the peer gave it. */
  readonly reason_code: string | null;
  /** What program a linked peer says that it is. */
  readonly agent: string | null;
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
  /** When its author wrote the latest part that is here, by its own clock. */
  readonly time: string | null;
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
  /** Everything that arrived up to it counts as read: `after` it stands what is unread. */
  readonly read_cursor?: string;
  readonly last_message: MessageView | null;
  /** `room`: of those who vouch for each other; `group`: of those on its roster; `direct`: of two. */
  readonly kind: 'room' | 'group' | 'direct';
  /** Public key; null where nobody founded it. */
  readonly founder: string | null;
  /** Whether this node was given what was said before it came. */
  readonly history: boolean;
  readonly retention: RetentionView;
  /** How the joining gets on; null where this node does not join. */
  readonly join: JoinView | null;
}

/** What of a group is kept: null where there is no bound. */
export interface RetentionView {
  readonly age_s: number | null;
  readonly bytes: number | null;
}

export interface JoinView {
  /**
   * `waiting`: for the next attempt; `knocking`: a member was reached and asked; `syncing`: let in, and
   * reading what the group has; `failed`: nothing more is tried.
   */
  readonly state: 'waiting' | 'connecting' | 'knocking' | 'syncing' | 'done' | 'failed';
  /** In words: what is tried, and why the latest attempt came to nothing. */
  readonly detail: string | null;
  /** The problem code, where it failed. */
  readonly code: string | null;
  /** Messages of the group that are here, of those that are known to exist. */
  readonly have: number;
  readonly of: number;
}

export interface MemberView {
  readonly pk: string;
  readonly name: string | null;
  readonly role: 'founder' | 'admin' | 'member';
  readonly since: string | null;
  readonly online: boolean;
  /** What the member says of itself beside its name. */
  readonly note: string | null;
  /** Whether no person stands behind the key. */
  readonly bot: boolean;
  /** Whether the member was given what was said before it came. */
  readonly history: boolean;
}

/** What an invite allows. */
export interface InviteTermsView {
  /** Names it to those who list or revoke it: the invite's public key. */
  readonly id: string;
  readonly expires: string | null;
  readonly uses: number | null;
  /** Whether who joins by it is given what was said before. */
  readonly history: boolean;
}

/** A new invite: the link is shown this once, since it lets in whoever has it. */
export interface NewInviteView extends InviteTermsView {
  readonly invite: string;
}

export interface InviteView extends InviteTermsView {
  /** Public key of the admin that made it. */
  readonly by: string;
  readonly used: number;
  readonly state: 'open' | 'expired' | 'used' | 'revoked';
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
  /** Keys that this node refused in the last five minutes, because nobody allows them; at most 16. */
  readonly strangers: readonly StrangerView[];
  /** `damaged`: parts of it that could not be read since the start. */
  readonly store: { readonly bytes: number; readonly damaged: number };
  readonly counters: {
    readonly dropped: Readonly<Record<string, number>>;
    readonly refused: Readonly<Record<string, number>>;
    readonly held: number;
    readonly forks: number;
    /** What was counted in the last minutes, where the rest is since the start. */
    readonly recent: {
      readonly minutes: number;
      readonly dropped: Readonly<Record<string, number>>;
      readonly refused: Readonly<Record<string, number>>;
    };
  };
}

export interface StrangerView {
  readonly pk: string;
  /** `host:port` that it came from. */
  readonly address: string;
  readonly time: string;
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

/** How far a group was read on this node. */
export interface ReadView {
  readonly group: string;
  /** Everything that arrived up to it counts as read. */
  readonly cursor: string;
  /** Messages behind it that are unread, at most 1,000: the newest are counted. */
  readonly unread: number;
  /** Those of them that name this node. */
  readonly mentions: number;
}

/** A key whose messages are not shown on this node. */
export interface BlockView {
  readonly pk: string;
  readonly name: string | null;
  readonly since: string;
}
