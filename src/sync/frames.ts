// The frames of the gossip: their types, fields and bytes. Knows nothing of when they are sent.
import type { PublicKey } from '../identity.ts';
import type { ForkProof } from './fork-proof.ts';
import type { Range, ShownRange } from './ranges.ts';

/** Frame types, in the range that the link leaves to the protocols above it. */
export const frameTypes = {
  hello: 0x10,
  have: 0x11,
  want: 0x12,
  segment: 0x13,
  credit: 0x14,
  check: 0x15,
  decline: 0x16,
  fork: 0x17,
  prune: 0x18,
  compare: 0x19,
  receipt: 0x1a,
  groups: 0x1b,
} as const;

export const protocolVersion = 1;
export const tagBytes = 16;
export const rootPrefixBytes = 8;

/** A group as one link names it: salted, so that only who knows the group can tell. */
export interface GroupTag {
  readonly tag: Uint8Array;
  /** Salted digest of all heads that the sender has in the group. */
  readonly fingerprint: Uint8Array;
}

/** What the sender has of a feed, on its disk. */
export interface Have {
  readonly author: PublicKey;
  readonly head: number;
  readonly seq: number;
  readonly count: number;
  /** First bytes of the id of the root at `seq`. */
  readonly rootPrefix: Uint8Array;
}

/** A place in a feed: the first root that is wanted, or that cannot be had. */
export interface Place {
  readonly author: PublicKey;
  readonly head: number;
  readonly from: number;
}

/** A place, and where a wanted part ends; without an end, all there is and what comes later. */
export interface Wanted extends Place {
  readonly to?: number | undefined;
}

/** `group` is the place of the group among those that the sender named, in hello and `groups`. */
export type Frame =
  | {
      readonly type: 'hello';
      readonly version: number;
      readonly agent: string;
      readonly groups: readonly GroupTag[];
      /** Segment bytes that the receiver of the hello may send before any credit. */
      readonly window: number;
    }
  | {
      readonly type: 'have';
      readonly group: number;
      readonly feeds: readonly Have[];
      /** These are all feeds that the sender has in this range. */
      readonly covers: Range | undefined;
    }
  | {
      readonly type: 'compare';
      readonly group: number;
      /** Where the first range begins. */
      readonly lower: Uint8Array;
      readonly ranges: readonly ShownRange[];
    }
  | { readonly type: 'want'; readonly group: number; readonly places: readonly Wanted[] }
  | {
      readonly type: 'segment';
      readonly group: number;
      readonly place: Place;
      /** Segment bytes sent on this link so far, with this frame's. */
      readonly sent: number;
      readonly bytes: Uint8Array;
    }
  /** Segment bytes that may be sent on this link in all. */
  | { readonly type: 'credit'; readonly limit: number }
  | {
      readonly type: 'check';
      readonly sent: number;
      readonly fingerprints: readonly {
        readonly group: number;
        readonly fingerprint: Uint8Array;
      }[];
    }
  | { readonly type: 'decline'; readonly group: number; readonly places: readonly Place[] }
  /** Of these feeds the sender wants word in place of segments; it has what is before each place. */
  | { readonly type: 'prune'; readonly group: number; readonly places: readonly Place[] }
  | {
      readonly type: 'fork';
      readonly group: number;
      readonly author: PublicKey;
      readonly head: number;
      readonly proof: ForkProof;
    }
  | { readonly type: 'receipt'; readonly group: number; readonly bytes: Uint8Array }
  /** Groups that the sender takes part in, or has with this peer, since its hello. */
  | { readonly type: 'groups'; readonly groups: readonly GroupTag[] };

export interface EncodedFrame {
  readonly type: number;
  readonly payload: Uint8Array;
}
