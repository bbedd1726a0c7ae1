// What one link's gossip remembers: which groups both sides share, where the peer stands in each
// feed, what is being sent to it, and the credit in both directions. Pure state.
import { compare } from '../bytes.ts';
import { domainHash, groupIdBytes, type GroupId } from '../cxo/ids.ts';
import { segmentLimits } from '../cxo/limits.ts';
import type { FeedId, FeedKey } from '../cxo/root.ts';
import type { PublicKey } from '../identity.ts';
import { tagBytes, type GroupTag } from './frames.ts';
import { syncLimits } from './limits.ts';
import type { Feed } from './replica.ts';

/** Where a peer says that it stands in a feed, on its disk. */
export interface Claim {
  readonly feed: FeedId;
  readonly seq: number;
  readonly count: number;
}

/** What a peer asked for of a feed: parts in the order of their turns. */
export interface Outgoing {
  readonly feed: FeedId;
  readonly parts: OutgoingPart[];
  /** Whether the store is reading its next segment. */
  isRead: boolean;
}

export interface OutgoingPart {
  readonly from: number;
  /** Seq of the next root to send. */
  next: number;
  /** The last one; undefined: all there is and what comes later. */
  readonly to: number | undefined;
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
  readonly #handshakeHash: Uint8Array;
  readonly initiator: boolean;
  readonly #openedAt: number;
  /** Groups named to the peer, in that order, each with its place. */
  readonly #named = new Map<GroupId, number>();
  /** Groups that the peer may not be told of any more. */
  readonly #withdrawn = new Set<GroupId>();
  /** What the peer would call the groups that were named to it. */
  readonly #theirTags = new Map<string, GroupId>();
  /** What the peer named, in its order; and the group, where it is shared. */
  readonly #tags: string[] = [];
  readonly #theirGroups: (GroupId | undefined)[] = [];
  readonly #shared = new Set<GroupId>();
  #greeted = false;
  #agent: string | undefined;

  readonly #claims = new Map<FeedKey, Claim>();
  readonly #doubted = new Map<FeedKey, Claim>();
  /** Up to which seq the peer has, or was sent, each feed. */
  readonly sentTo = new Map<FeedKey, number>();
  /** Feeds of which the peer is sent word and no segments: others bring it their new roots. */
  readonly lazy = new Set<FeedKey>();
  #notes = new Set<Feed>();
  #notesAt: number | undefined;
  /** Feeds the peer asked for and is still behind in, in the order of their turns. */
  readonly outgoing = new Map<FeedKey, Outgoing>();
  /** Reads for `outgoing` that are under way. */
  reads = 0;

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
  /** Per group, when a comparison was last begun from here. */
  readonly #comparedAt = new Map<GroupId, number>();
  /** Per group, what the peer's comparisons have cost since a time. */
  readonly #work = new Map<GroupId, { readonly since: number; units: number }>();
  readonly #invalidAt: number[] = [];
  /** Set once the peer was found to be at fault: what it claims is forgotten with the link. */
  banned = false;

  constructor(options: SessionOptions) {
    this.link = options.link;
    this.peer = options.peer;
    this.#handshakeHash = options.handshakeHash;
    this.initiator = options.initiator;
    this.name(options.groups, Infinity);
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

  /** What program the peer says that it is; untrusted. */
  get agent(): string | undefined {
    return this.#agent;
  }

  /** Takes over the peer's hello: the bytes that it lets this side send. */
  greet(window: number, agent?: string): void {
    this.#agent = agent;
    this.sendLimit = Math.max(this.sendLimit, window);
    this.#greeted = true;
  }

  /**
   * Notes groups that the peer is told of from now on, at most `room` of them as new ones.
   * @returns those that had to be named, and those that both sides had named before
   */
  name(
    groups: readonly GroupId[],
    room: number,
  ): { readonly named: GroupId[]; readonly shared: GroupId[] } {
    const named: GroupId[] = [];
    const shared: GroupId[] = [];
    for (const group of groups) {
      const isBack = this.#withdrawn.delete(group);
      if (!this.#named.has(group)) {
        if (named.length >= room) continue;
        this.#named.set(group, this.#named.size);
        this.#theirTags.set(this.tag(group, !this.initiator).join(), group);
        named.push(group);
      } else if (!isBack) continue;
      if (this.#match(group)) shared.push(group);
    }
    return { named, shared };
  }

  /** Notes that the peer may not be told of a group any more. */
  withdraw(group: GroupId): void {
    this.#withdrawn.add(group);
    this.#shared.delete(group);
    for (const [key, { feed }] of this.outgoing) {
      if (feed.group === group) this.outgoing.delete(key);
    }
    for (const [key, { feed }] of this.#claims) if (feed.group === group) this.dropClaim(key);
    for (const feed of this.#notes) if (feed.id.group === group) this.#notes.delete(feed);
  }

  #match(group: GroupId): boolean {
    const place = this.#tags.indexOf(this.tag(group, !this.initiator).join());
    if (place === -1) return false;
    this.#theirGroups[place] = group;
    this.#shared.add(group);
    return true;
  }

  /** Takes over groups that the peer names: of each the group, where it is shared. */
  hear(tags: readonly GroupTag[]): (GroupId | undefined)[] {
    return tags.map(({ tag }) => {
      const text = tag.join();
      const group = this.#theirTags.get(text);
      this.#tags.push(text);
      this.#theirGroups.push(group);
      if (group === undefined || this.#withdrawn.has(group)) return undefined;
      this.#shared.add(group);
      return group;
    });
  }

  /** How many groups were named to the peer. */
  get namedCount(): number {
    return this.#named.size;
  }

  /** How many groups the peer has named. */
  get heard(): number {
    return this.#tags.length;
  }

  /** Groups that the peer may be told of. */
  named(): GroupId[] {
    return [...this.#named.keys()].filter((group) => !this.#withdrawn.has(group));
  }

  shares(group: GroupId): boolean {
    return this.#shared.has(group);
  }

  sharedGroups(): Iterable<GroupId> {
    return this.#shared;
  }

  /** The group at a place among those that the peer named, where it is shared. */
  groupAt(place: number): GroupId | undefined {
    const group = this.#theirGroups[place];
    return group !== undefined && this.#shared.has(group) ? group : undefined;
  }

  /** The place of a group among those that were named to the peer. */
  placeOf(group: GroupId): number {
    return this.#named.get(group) ?? -1;
  }

  /**
   * How a side of this link names a group: nobody who does not know the group can make it, and
   * the two sides' tags differ, so that echoing one back proves nothing.
   */
  tag(group: GroupId, byInitiator = this.initiator): Uint8Array {
    return this.#salted('group-tag', groupIdBytes(group), byInitiator);
  }

  /** A digest of heads as a side of this link shows it. */
  fingerprint(digest: Uint8Array, mine: boolean): Uint8Array {
    return this.#salted('heads', digest, mine === this.initiator);
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
    this.#doubted.delete(key);
    this.has(key, claim.seq);
    return true;
  }

  /** Notes that the peer has a feed up to here, so that nothing of that is sent to it. */
  has(key: FeedKey, seq: number): void {
    const sentTo = this.sentTo.get(key);
    if (sentTo === undefined || sentTo < seq) this.sentTo.set(key, seq);
  }

  /** Whether the peer is being sent a feed up to its end, and so what comes later as well. */
  isStreaming(key: FeedKey): boolean {
    return this.outgoing.get(key)?.parts.some(({ to }) => to === undefined) ?? false;
  }

  /** Notes that the peer is to be given word of a feed, with what else there will be soon. */
  note(feed: Feed, now: number): void {
    this.#notes.add(feed);
    this.#notesAt ??= now + syncLimits.notesMs;
  }

  /** When the peer is to be given the word that was gathered. */
  get notesAt(): number | undefined {
    return this.#notesAt;
  }

  takeNotes(): ReadonlySet<Feed> {
    const notes = this.#notes;
    this.#notes = new Set();
    this.#notesAt = undefined;
    return notes;
  }

  /** What the peer claims of a feed has not come: it is not asked for, and may be missing all the same. */
  doubt(key: FeedKey): void {
    const claim = this.#claims.get(key);
    if (claim !== undefined) this.#doubted.set(key, claim);
  }

  /** Claims that were not kept, until the peer says where it stands. */
  get doubted(): ReadonlyMap<FeedKey, Claim> {
    return this.#doubted;
  }

  dropClaim(key: FeedKey): Claim | undefined {
    const claim = this.#claims.get(key);
    this.#claims.delete(key);
    this.sentTo.delete(key);
    return claim;
  }

  /** The peer has the same as this node, by a digest; false where that was noted before. */
  learn(group: GroupId, digest: Uint8Array): boolean {
    for (const [key, { feed }] of this.#doubted) {
      if (feed.group === group) this.#doubted.delete(key);
    }
    if (this.#agreed.get(group) === digest) return false;
    this.#agreed.set(group, digest);
    return true;
  }

  /** Whether it is time to begin a comparison of the group from here, which is noted. */
  mayCompare(group: GroupId, now: number): boolean {
    if (this.hasCompared(group, now)) return false;
    this.#comparedAt.set(group, now);
    return true;
  }

  /** Whether one was begun a moment ago. */
  hasCompared(group: GroupId, now: number): boolean {
    const comparedAt = this.#comparedAt.get(group);
    return comparedAt !== undefined && now < comparedAt + syncLimits.listingMs;
  }

  /** Adds to what the peer's comparisons of a group cost; the sum since the interval began. */
  addWork(group: GroupId, units: number, now: number): number {
    const known = this.#work.get(group);
    const isOver = known === undefined || known.since + syncLimits.checkMs <= now;
    const work = isOver ? { since: now, units: 0 } : known;
    work.units += units;
    this.#work.set(group, work);
    return work.units;
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
