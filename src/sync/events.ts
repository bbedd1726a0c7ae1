// The interface of the engine: what happens to it, and what it asks to be done. Types only.
import type { Entry } from '../cxo/archive.ts';
import type { Draft } from '../cxo/draft.ts';
import type { Erasure } from '../cxo/erasure.ts';
import type { GroupId } from '../cxo/ids.ts';
import type { FeedId } from '../cxo/root.ts';
import type { Commit, CommitArrivals, LocalChange, StoredRecord } from '../cxo/store.ts';
import type { ErrorCode } from '../errors.ts';
import type { PublicKey } from '../identity.ts';
import type { ForkProof } from './fork-proof.ts';
import type { EncodedFrame } from './frames.ts';
import type { DropReason } from './outbox.ts';

export interface Now {
  /** Microseconds since 1970; may step. */
  readonly wall: number;
  /** Milliseconds that only grow. */
  readonly mono: number;
}

export type Event =
  | {
      readonly type: 'opened';
      readonly link: number;
      readonly peer: PublicKey;
      readonly initiator: boolean;
      readonly handshakeHash: Uint8Array;
    }
  | { readonly type: 'closed'; readonly link: number }
  | {
      readonly type: 'frame';
      readonly link: number;
      readonly frameType: number;
      readonly payload: Uint8Array;
    }
  /** An object of this node's own; answered by `appended` or `append-failed` with the ticket. */
  | {
      readonly type: 'append';
      readonly ticket: number;
      readonly group: GroupId;
      readonly draft: Draft;
    }
  /** Local rows alone; answered as an append, without an entry. */
  | { readonly type: 'local'; readonly ticket: number; readonly changes: readonly LocalChange[] }
  /** Objects of messages that go from the store; answered as local rows are. */
  | {
      readonly type: 'erase';
      readonly ticket: number;
      readonly erasures: readonly Erasure[];
      readonly local: readonly LocalChange[];
    }
  /** A segment that somebody has carried here; answered by `imported`, or `append-failed`. */
  | ({ readonly type: 'import'; readonly ticket: number } & Carried)
  /** A proof of a fork that somebody has carried here; answered in the same way. */
  | {
      readonly type: 'import-fork';
      readonly ticket: number;
      readonly feed: FeedId;
      readonly proof: ForkProof;
    }
  /** More messages may lack their objects than before. */
  | { readonly type: 'explained' }
  | { readonly type: 'committed'; readonly arrivals: CommitArrivals }
  | { readonly type: 'commit-failed'; readonly code: ErrorCode }
  /** The answer to `read`; no records where the store could not read what it should have. */
  | {
      readonly type: 'read';
      readonly request: ReadRequest;
      readonly records: readonly StoredRecord[];
    }
  /** Who is accepted into a group may have changed. */
  | { readonly type: 'members' }
  | { readonly type: 'tick' };

/** A segment that came by no link. */
export interface Carried {
  readonly feed: FeedId;
  /** Seq of the first root. */
  readonly from: number;
  readonly bytes: Uint8Array;
  /** Whether objects that nothing explains may be missing: nobody else has them. */
  readonly isLast: boolean;
}

/** What became of a carried segment. */
export interface Imported {
  /** `stored`: some of it was news and is on disk; `known`: nothing was; else why it was not taken. */
  readonly verdict: 'stored' | 'known' | DropReason;
  /** Messages that are here now and were not. */
  readonly messages: number;
}

export interface ReadRequest {
  /** To send to a peer, to compare with a branch that a peer has, or to know the root at `seq`. */
  readonly purpose: 'send' | 'fork' | 'place';
  readonly link: number | undefined;
  readonly feed: FeedId;
  readonly seq: number;
  readonly bytesMax: number;
}

export type Effect =
  | { readonly type: 'send'; readonly link: number; readonly frame: EncodedFrame }
  /** `ban`: the peer sent what no honest node sends. */
  | {
      readonly type: 'close';
      readonly link: number;
      readonly peer: PublicKey;
      readonly reason: string;
      readonly ban: boolean;
    }
  /**
   * One at a time; answered by `committed` or `commit-failed`. `own` is the segment of this node's
   * own feed in it, which is kept beside the store as well.
   */
  | { readonly type: 'commit'; readonly commit: Commit; readonly own: readonly OwnSegment[] }
  | { readonly type: 'read'; readonly request: ReadRequest }
  | { readonly type: 'appended'; readonly ticket: number; readonly entry: Entry }
  | { readonly type: 'local-written'; readonly ticket: number }
  | { readonly type: 'imported'; readonly ticket: number; readonly imported: Imported }
  | { readonly type: 'append-failed'; readonly ticket: number; readonly code: ErrorCode }
  /** Newly visible messages, in arrival order. */
  | { readonly type: 'arrived'; readonly entries: readonly Entry[] }
  /** Messages became visible that have to be read back from the store to be shown. */
  | { readonly type: 'reread' }
  /** Messages that were shown are gone: what is remembered of recent ones is to be forgotten. */
  | {
      readonly type: 'withdrawn';
      /** Their places are there still: whoever asked for it knows which. */
      readonly bodiesOnly?: true;
    }
  /** The author of a feed signed two branches: from this seq on nothing of it counts. */
  | { readonly type: 'frozen'; readonly feed: FeedId; readonly seq: number }
  /** A peer told of more that it has on its disk. */
  | { readonly type: 'delivered'; readonly peer: PublicKey }
  | {
      readonly type: 'log';
      readonly level: 'info' | 'warn';
      readonly message: string;
      readonly fields: Readonly<Record<string, string | number>>;
    };

export interface OwnSegment {
  readonly feed: FeedId;
  readonly from: number;
  readonly bytes: Uint8Array;
  /** What is written together with it. */
  readonly local: readonly LocalChange[];
}
