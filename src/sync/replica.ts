// What this node has of each feed: on disk, and accepted but not yet on disk; and what peers say
// they have beyond it. Pure state; knows nothing of links or frames.
import { emptyHead, type FeedHead, type FeedState, type FeedTail } from '../cxo/feed.ts';
import type { GroupId, RootId } from '../cxo/ids.ts';
import { feedKey, type FeedId, type FeedKey } from '../cxo/root.ts';
import { publicKeyBytes, type PublicKey } from '../identity.ts';
import type { FeedRules } from './groups.ts';
import { syncLimits } from './limits.ts';
import { SharedFeeds } from './shared-feeds.ts';

export interface Feed {
  readonly id: FeedId;
  readonly key: FeedKey;
  /** As far as the disk has it: what others are told. */
  stored: FeedHead;
  /** With what was accepted and waits for the disk: what the next root has to follow. */
  tip: FeedHead;
  /** The newest part, while history is being filled in below it: on disk, and as far as accepted. */
  storedTail: FeedTail | undefined;
  tail: FeedTail | undefined;
  forkedAt: number | undefined;
  /** The last seq that counts, where its author was removed from the group. */
  limit: number | undefined;
  /** The root before the fork, where the disk has it and goes beyond; undefined until it was read. */
  beforeFork: RootId | undefined;
  /** Wall clock of the latest root that a peer sent, since the start; microseconds. */
  receivedAt: number | undefined;
}

/** The last seq that any node has to have: a feed ends before its fork, and where its author left. */
export function endOfFeed({ forkedAt = Infinity, limit = Infinity }: Feed): number {
  return Math.min(forkedAt - 1, limit);
}

/** Last seq of a feed that every node can come to have. */
export function sharedSeq(feed: Feed): number {
  return Math.min(feed.stored.seq, endOfFeed(feed));
}

/**
 * The root at `sharedSeq`: undefined where there is none, and where it has to be read first. Nor is
 * it said of a feed that ends with its author's membership: nodes may have any more of it.
 */
export function sharedRoot(feed: Feed): RootId | undefined {
  const seq = sharedSeq(feed);
  if (seq === feed.limit) return undefined;
  return seq === feed.stored.seq ? feed.stored.root : feed.beforeFork;
}

/** The feed as far as every node can come to have it. */
export function sharedClaim(feed: Feed): { feed: FeedId; seq: number; count: number } {
  const seq = sharedSeq(feed);
  return { feed: feed.id, seq, count: seq === feed.stored.seq ? feed.stored.count : seq };
}

/** Whether more roots of the feed would add to what every node can come to have. */
export function wantsMore(feed: Feed, seq: number): boolean {
  return Math.min(seq, endOfFeed(feed)) > feed.tip.seq;
}

export class Replica {
  readonly #feeds = new Map<FeedKey, Feed>();
  readonly #groups = new Map<GroupId, SharedFeeds>();
  readonly #latest = new Map<string, Feed>();
  readonly #heads = new Map<string, number>();
  /** The latest time of any root in a group that the local clock may follow. */
  readonly #seen = new Map<GroupId, number>();
  readonly #rules: FeedRules;

  /**
   * @param rules what belongs in a group, as of now
   * @param horizon the latest time that the group's clock may follow, microseconds
   */
  constructor(states: readonly FeedState[], rules: FeedRules, horizon: number) {
    this.#rules = rules;
    for (const { feed, head, tail, forkedAt } of states) {
      const one = this.open(feed);
      one.stored = head;
      one.tip = head;
      one.storedTail = tail;
      one.tail = tail;
      one.forkedAt = forkedAt;
      const { time } = tail?.head ?? head;
      if (time <= horizon) this.see(feed.group, time);
    }
  }

  accepts(feed: FeedId): boolean {
    return this.#rules.accepts(feed);
  }

  limitOf(feed: FeedId): number | undefined {
    return this.#rules.limitOf(feed);
  }

  find(feed: FeedId): Feed | undefined {
    return this.#feeds.get(feedKey(feed));
  }

  findByKey(key: FeedKey): Feed | undefined {
    return this.#feeds.get(key);
  }

  /** The feed, empty where nothing of it is known. */
  open(id: FeedId): Feed {
    const key = feedKey(id);
    const known = this.#feeds.get(key);
    if (known !== undefined) return known;
    const feed: Feed = {
      ...{ id, key, stored: emptyHead, tip: emptyHead, storedTail: undefined, tail: undefined },
      ...{ forkedAt: undefined, beforeFork: undefined, receivedAt: undefined },
      limit: this.#rules.limitOf(id),
    };
    this.#feeds.set(key, feed);
    const ofAuthor = authorKey(id.group, id.author);
    this.#heads.set(ofAuthor, (this.#heads.get(ofAuthor) ?? 0) + 1);
    const latest = this.latest(id.group, id.author);
    if (latest === undefined || latest.id.head < id.head) {
      this.#latest.set(ofAuthor, feed);
    }
    this.sharedFeeds(id.group).add(feed);
    return feed;
  }

  /** The feed of an author with the highest head number. */
  latest(group: GroupId, author: PublicKey): Feed | undefined {
    return this.#latest.get(authorKey(group, author));
  }

  /** Whether no further feed of the author is taken in the group. */
  hasAllHeads({ group, author }: FeedId): boolean {
    return (this.#heads.get(authorKey(group, author)) ?? 0) >= syncLimits.headsMax;
  }

  /** The feeds of a group that its members are told of: accepted, and with a root or a fork on disk. */
  shared(group: GroupId): readonly Feed[] {
    return this.sharedFeeds(group).feeds;
  }

  /** The same, with the row of each. */
  sharedFeeds(group: GroupId): SharedFeeds {
    const known = this.#groups.get(group);
    if (known !== undefined) return known;
    const feeds = new SharedFeeds({ accepts: ({ id }) => this.#rules.accepts(id), writeRow });
    this.#groups.set(group, feeds);
    return feeds;
  }

  all(): Iterable<Feed> {
    return this.#feeds.values();
  }

  /** To be called when a feed's stored head or fork has changed. */
  feedChanged(feed: Feed): void {
    this.#groups.get(feed.id.group)?.change(feed);
  }

  /** To be called when other authors are accepted than before, in whatever group. */
  membersChanged(): void {
    for (const shared of this.#groups.values()) {
      for (const feed of shared.known) feed.limit = this.#rules.limitOf(feed.id);
      shared.reset();
    }
  }

  /**
   * SHA-256 over (author, head, seq, fork, root id) of every shared feed, in the order of author and
   * head: equal on two nodes that have the same. A forked feed counts up to its fork.
   */
  digest(group: GroupId): Uint8Array {
    return this.sharedFeeds(group).digest;
  }

  /** Lets the group's clock follow a root's time. */
  see(group: GroupId, time: number): void {
    if (time > (this.#seen.get(group) ?? 0)) this.#seen.set(group, time);
  }

  seen(group: GroupId): number {
    return this.#seen.get(group) ?? 0;
  }
}

function authorKey(group: GroupId, author: PublicKey): string {
  return `${group}/${author}`;
}

function writeRow(row: Uint8Array, feed: Feed): void {
  row.fill(0);
  row.set(publicKeyBytes(feed.id.author));
  const view = new DataView(row.buffer, row.byteOffset);
  view.setBigUint64(32, BigInt(feed.id.head));
  view.setBigUint64(40, BigInt(sharedSeq(feed)));
  view.setBigUint64(48, BigInt(feed.forkedAt ?? 0));
  const root = sharedRoot(feed);
  if (root !== undefined) row.set(root, 56);
}
