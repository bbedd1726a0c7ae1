// What this node has of each feed: on disk, and accepted but not yet on disk; and what peers say
// they have beyond it. Pure state; knows nothing of links or frames.
import { compare } from '../bytes.ts';
import { emptyHead, type FeedHead, type FeedState } from '../cxo/feed.ts';
import { sha256, type GroupId } from '../cxo/ids.ts';
import { feedKey, type FeedId, type FeedKey } from '../cxo/root.ts';
import { publicKeyBytes } from '../identity.ts';

export interface Feed {
  readonly id: FeedId;
  readonly key: FeedKey;
  /** As far as the disk has it: what others are told. */
  stored: FeedHead;
  /** With what was accepted and waits for the disk: what the next root has to follow. */
  tip: FeedHead;
  forkedAt: number | undefined;
  /** Wall clock of the latest root that a peer sent, since the start; microseconds. */
  receivedAt: number | undefined;
}

/** Last seq of a feed that every node can come to have: a forked feed ends before its fork. */
export function sharedSeq(feed: Feed): number {
  return feed.forkedAt === undefined
    ? feed.stored.seq
    : Math.min(feed.stored.seq, feed.forkedAt - 1);
}

/** The feed as far as every node can come to have it. */
export function sharedClaim(feed: Feed): { feed: FeedId; seq: number; count: number } {
  return { feed: feed.id, seq: sharedSeq(feed), count: feed.stored.count };
}

/** Whether more roots of the feed would add to what every node can come to have. */
export function wantsMore(feed: Feed, seq: number): boolean {
  const bound = feed.forkedAt === undefined ? seq : Math.min(seq, feed.forkedAt - 1);
  return bound > feed.tip.seq;
}

export class Replica {
  readonly #feeds = new Map<FeedKey, Feed>();
  readonly #groups = new Map<GroupId, Feed[]>();
  readonly #digests = new Map<GroupId, Uint8Array>();
  /** The latest time of any root in a group that the local clock may follow. */
  readonly #seen = new Map<GroupId, number>();
  readonly #accepts: (feed: FeedId) => boolean;

  /** @param accepts whether an author's feed belongs in its group, as of now */
  constructor(states: readonly FeedState[], accepts: (feed: FeedId) => boolean) {
    this.#accepts = accepts;
    for (const { feed, head, forkedAt } of states) {
      const one = this.open(feed);
      one.stored = head;
      one.tip = head;
      one.forkedAt = forkedAt;
    }
  }

  accepts(feed: FeedId): boolean {
    return this.#accepts(feed);
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
      ...{ id, key, stored: emptyHead, tip: emptyHead },
      ...{ forkedAt: undefined, receivedAt: undefined },
    };
    this.#feeds.set(key, feed);
    const group = this.#groups.get(id.group);
    if (group === undefined) this.#groups.set(id.group, [feed]);
    else group.push(feed);
    return feed;
  }

  /** The feeds of a group that are shared with its members: accepted, and with a root on disk. */
  shared(group: GroupId): Feed[] {
    const feeds = this.#groups.get(group) ?? [];
    return feeds.filter((feed) => feed.stored.seq > 0 && this.#accepts(feed.id));
  }

  all(): Iterable<Feed> {
    return this.#feeds.values();
  }

  ofGroup(group: GroupId): readonly Feed[] {
    return this.#groups.get(group) ?? [];
  }

  /** To be called when a feed's stored head, or who is accepted, has changed. */
  forgetDigest(group: GroupId): void {
    this.#digests.delete(group);
  }

  /**
   * SHA-256 over (author, head, seq, root id) of every shared feed, in the order of author and head:
   * equal on two nodes that have the same. A forked feed counts with the place of its fork alone.
   */
  digest(group: GroupId): Uint8Array {
    const known = this.#digests.get(group);
    if (known !== undefined) return known;
    const rows = this.shared(group).map(digestRow).sort(compare);
    const bytes = new Uint8Array(rows.length * rowBytes);
    rows.forEach((row, i) => {
      bytes.set(row, i * rowBytes);
    });
    const digest = sha256(bytes);
    this.#digests.set(group, digest);
    return digest;
  }

  /** Lets the group's clock follow a root's time. */
  see(group: GroupId, time: number): void {
    if (time > (this.#seen.get(group) ?? 0)) this.#seen.set(group, time);
  }

  seen(group: GroupId): number {
    return this.#seen.get(group) ?? 0;
  }
}

const rowBytes = 32 + 8 + 8 + 32;
const forkMark = 0xff;

function digestRow(feed: Feed): Uint8Array {
  const row = new Uint8Array(rowBytes);
  row.set(publicKeyBytes(feed.id.author));
  const view = new DataView(row.buffer);
  view.setBigUint64(32, BigInt(feed.id.head));
  view.setBigUint64(40, BigInt(feed.forkedAt ?? feed.stored.seq));
  if (feed.forkedAt !== undefined) row.fill(forkMark, 48);
  else if (feed.stored.root !== undefined) row.set(feed.stored.root, 48);
  return row;
}
