// What one link's gossip remembers: which groups both sides share, where the peer stands in each
// feed, what is being sent to it, and the credit in both directions. Pure state.
import { compare } from '../bytes.ts';
import { domainHash, groupIdBytes, type GroupId } from '../cxo/ids.ts';
import { segmentLimits } from '../cxo/limits.ts';
import type { FeedId, FeedKey } from '../cxo/root.ts';
import type { PublicKey } from '../identity.ts';
import { tagBytes, type GroupTag } from './frames.ts';
import { syncLimits } from './limits.ts';

/** Where a peer says that it stands in a feed, on its disk. */
export interface Claim {
  readonly feed: FeedId;
  readonly seq: number;
  readonly count: number;
}

/** A feed that the peer asked for, and the seq of the next root to send. */
export interface Outgoing {
  readonly feed: FeedId;
  next: number;
}

export interface SessionOptions {
  readonly link: number;
  readonly peer: PublicKey;
  readonly initiator: boolean;
  readonly handshakeHash: Uint8Array;
  /** Groups named to the peer, in the order of the hello. */
  readonly groups: readonly GroupId[];
  readonly openedAt: number;
}

export class Session {
  readonly link: number;
  readonly peer: PublicKey;
  readonly groups: readonly GroupId[];
  readonly #handshakeHash: Uint8Array;
  readonly #initiator: boolean;
  readonly #openedAt: number;
  /** By the place in the peer's hello; undefined where the group is not shared. */
  readonly #theirGroups: (GroupId | undefined)[] = [];
  readonly #shared = new Set<GroupId>();
  #greeted = false;

  readonly #claims = new Map<FeedKey, Claim>();
  /** Up to which seq the peer has, or was sent, each feed. */
  readonly sentTo = new Map<FeedKey, number>();
  /** Feeds the peer asked for and is still behind in, in the order of their turns. */
  readonly outgoing = new Map<FeedKey, Outgoing>();
  /** Whether a read for `outgoing` is under way. */
  reading = false;

  /** Segment bytes that the peer lets this side send in all, and what was sent. */
  sendLimit = 0;
  sent = 0;
  /** Segment bytes the peer sent, by its own count: bytes lost on the way count as well. */
  received = 0;
  /** Of those, what is not on this node's disk yet. */
  pending = 0;
  /** Of `pending`, what was refused for want of room: its credit waits until there is some. */
  withheld = 0;
  granted = 0;

  /** Monotonic milliseconds. */
  lastSegmentAt: number;
  /** When roots came that were news; or the link. */
  progressAt: number;
  lastCheckAt: number;
  /** Per group, the digest that both sides had last. */
  readonly #agreed = new Map<GroupId, Uint8Array>();
  /** Per group, when the peer was last told of every feed. */
  readonly #listedAt = new Map<GroupId, number>();
  readonly #invalidAt: number[] = [];
  /** Set once the peer was found to be at fault: what it claims is forgotten with the link. */
  banned = false;

  constructor(options: SessionOptions) {
    this.link = options.link;
    this.peer = options.peer;
    this.groups = options.groups;
    this.#handshakeHash = options.handshakeHash;
    this.#initiator = options.initiator;
    this.#openedAt = options.openedAt;
    this.lastSegmentAt = options.openedAt;
    this.progressAt = options.openedAt;
    this.lastCheckAt = options.openedAt;
    this.granted = syncLimits.windowBytes;
  }

  /** Whether the peer has sent any root that was news. */
  get isBacked(): boolean {
    return this.progressAt > this.#openedAt;
  }

  get greeted(): boolean {
    return this.#greeted;
  }

  /** Takes over the peer's hello: its groups, and the bytes that it lets this side send. */
  greet(tags: readonly GroupTag[], window: number): void {
    const mine = new Map<string, GroupId>();
    for (const group of this.groups) mine.set(this.tag(group, !this.#initiator).join(), group);
    for (const { tag } of tags) {
      const group = mine.get(tag.join());
      this.#theirGroups.push(group);
      if (group !== undefined) this.#shared.add(group);
    }
    this.sendLimit = Math.max(this.sendLimit, window);
    this.#greeted = true;
  }

  shares(group: GroupId): boolean {
    return this.#shared.has(group);
  }

  sharedGroups(): Iterable<GroupId> {
    return this.#shared;
  }

  /** The group at a place in the peer's hello, where it is shared. */
  groupAt(place: number): GroupId | undefined {
    return this.#theirGroups[place];
  }

  placeOf(group: GroupId): number {
    return this.groups.indexOf(group);
  }

  /**
   * How a side of this link names a group: nobody who does not know the group can make it, and
   * the two sides' tags differ, so that echoing one back proves nothing.
   */
  tag(group: GroupId, byInitiator = this.#initiator): Uint8Array {
    return this.#salted('group-tag', groupIdBytes(group), byInitiator);
  }

  /** A digest of heads as a side of this link shows it. */
  fingerprint(digest: Uint8Array, mine: boolean): Uint8Array {
    return this.#salted('heads', digest, mine === this.#initiator);
  }

  agrees(digest: Uint8Array, theirs: Uint8Array): boolean {
    return compare(this.fingerprint(digest, false), theirs) === 0;
  }

  #salted(purpose: string, bytes: Uint8Array, byInitiator: boolean): Uint8Array {
    const role = Uint8Array.of(byInitiator ? 1 : 0);
    return domainHash(purpose, this.#handshakeHash, role, bytes).slice(0, tagBytes);
  }

  get claims(): ReadonlyMap<FeedKey, Claim> {
    return this.#claims;
  }

  /** Notes where the peer stands; it never goes back. False where it names too many feeds. */
  claim(key: FeedKey, claim: Claim): boolean {
    const known = this.#claims.get(key);
    if (known === undefined && this.#claims.size >= syncLimits.feedsMax) return false;
    if (known === undefined || known.seq < claim.seq) this.#claims.set(key, claim);
    this.has(key, claim.seq);
    return true;
  }

  /** Notes that the peer has a feed up to here, so that nothing of that is sent to it. */
  has(key: FeedKey, seq: number): void {
    const sentTo = this.sentTo.get(key);
    if (sentTo === undefined || sentTo < seq) this.sentTo.set(key, seq);
  }

  dropClaim(key: FeedKey): Claim | undefined {
    const claim = this.#claims.get(key);
    this.#claims.delete(key);
    this.sentTo.delete(key);
    return claim;
  }

  /** The peer has the same as this node, by a digest; false where that was noted before. */
  learn(group: GroupId, digest: Uint8Array): boolean {
    if (this.#agreed.get(group) === digest) return false;
    this.#agreed.set(group, digest);
    return true;
  }

  /** Whether it is time to tell the peer of every feed of the group, which is noted. */
  mayList(group: GroupId, now: number): boolean {
    const listedAt = this.#listedAt.get(group);
    if (listedAt !== undefined && now < listedAt + syncLimits.listingMs) return false;
    this.#listedAt.set(group, now);
    return true;
  }

  get creditLeft(): number {
    return this.sendLimit - this.sent;
  }

  /**
   * Notes segment bytes that arrived; `sent` is the peer's own count, which heals lost frames.
   * @returns whether the peer keeps to its credit, which one segment may pass
   */
  receive(bytes: number, sent: number): boolean {
    // Who keeps to its credit has not sent more than this.
    const sentMax = this.granted + segmentLimits.bytesMax;
    this.received = Math.max(this.received, Math.min(sent, sentMax));
    this.pending += bytes;
    return this.pending <= syncLimits.windowBytes + segmentLimits.bytesMax;
  }

  giveBack(): void {
    this.pending -= this.withheld;
    this.withheld = 0;
  }

  /** The new limit to tell the peer, once enough has gone to disk to be worth a frame. */
  takeGrant(): number | undefined {
    const limit = this.received - this.pending + syncLimits.windowBytes;
    if (limit < this.granted + syncLimits.creditStepBytes) return undefined;
    this.granted = limit;
    return limit;
  }

  /** When heads are to be compared, or the link to be given up that brought no hello. */
  get checkAt(): number {
    if (!this.#greeted) return this.lastCheckAt + syncLimits.helloMs;
    const quiet = Math.max(this.lastSegmentAt, this.lastCheckAt) + syncLimits.checkMs;
    return Math.min(quiet, this.lastCheckAt + syncLimits.checkBusyMs);
  }

  /** Notes an invalid frame; true where the peer has sent too many of them in a minute. */
  offend(now: number): boolean {
    this.#invalidAt.push(now);
    while ((this.#invalidAt[0] ?? now) < now - 60_000) this.#invalidAt.shift();
    return this.#invalidAt.length > syncLimits.invalidPerMinuteMax;
  }
}
