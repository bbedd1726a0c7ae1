// What members say by their receipts that they have on their disks: single feeds, and whole states
// of this node that they are at least at. Never less than before. Pure state; knows nothing of
// frames, links or signatures.
import type { GroupId } from '../cxo/ids.ts';
import type { FeedKey } from '../cxo/root.ts';
import type { PublicKey } from '../identity.ts';
import { syncLimits } from './limits.ts';

/** How far this node had each feed of a group at one time, shared by all members that agree. */
interface Snapshot {
  readonly digest: string;
  readonly seqs: ReadonlyMap<FeedKey, number>;
}

interface Member {
  readonly key: PublicKey;
  /** What its latest receipt gives as the digest of all that it has. */
  digest: string;
  /** The latest state of this node that its digest was equal to. */
  agreed: Snapshot | undefined;
}

type Members = Map<PublicKey, Member>;
type SeqByMember = Map<PublicKey, number>;

export class Deliveries {
  readonly #groups = new Map<GroupId, Members>();
  readonly #ownFeeds = new Map<FeedKey, SeqByMember>();
  /** Of other authors; the feed that was told of last is the last. */
  readonly #otherFeeds = new Map<FeedKey, SeqByMember>();
  #claims = 0;

  /** A member has a feed up to here; false where that was known. */
  learn(member: PublicKey, feed: FeedKey, isOwn: boolean, seq: number): boolean {
    const feeds = isOwn ? this.#ownFeeds : this.#otherFeeds;
    const seqs: SeqByMember = feeds.get(feed) ?? new Map<PublicKey, number>();
    feeds.delete(feed);
    feeds.set(feed, seqs);
    const known = seqs.get(member);
    if (known !== undefined && known >= seq) return false;
    if (known === undefined) this.#claims++;
    seqs.set(member, seq);
    this.#forgetClaims();
    return true;
  }

  /** A member states the digest of all that it has: it counts once this node has the same. */
  state(group: GroupId, member: PublicKey, digest: string): void {
    const members: Members = this.#groups.get(group) ?? new Map<PublicKey, Member>();
    this.#groups.set(group, members);
    const agreed = members.get(member)?.agreed;
    members.delete(member);
    members.set(member, { key: member, digest, agreed });
    if (members.size <= syncLimits.receiptMembersMax) return;
    members.delete(members.keys().next().value ?? member);
  }

  /**
   * Compares what members have stated with this node's own digest: who has stated the same has all
   * that this node has now, since a disk only gains.
   * @returns the members of which this was not known
   */
  agree(
    group: GroupId,
    digest: string,
    seqs: () => ReadonlyMap<FeedKey, number>,
  ): readonly PublicKey[] {
    const members = [...(this.#groups.get(group)?.values() ?? [])];
    const agreed = members.filter(
      (member) => member.digest === digest && member.agreed?.digest !== digest,
    );
    if (agreed.length === 0) return [];
    const shared = members.find((member) => member.agreed?.digest === digest)?.agreed;
    const snapshot = shared ?? { digest, seqs: seqs() };
    for (const member of agreed) member.agreed = snapshot;
    if (shared === undefined) this.#forgetSnapshots(snapshot);
    return agreed.map(({ key }) => key);
  }

  storedBy(group: GroupId, feed: FeedKey, seq: number): PublicKey[] {
    const seqs = this.#ownFeeds.get(feed) ?? this.#otherFeeds.get(feed);
    const stored = new Set<PublicKey>();
    for (const [member, known] of seqs ?? []) if (known >= seq) stored.add(member);
    for (const { key, agreed } of this.#groups.get(group)?.values() ?? []) {
      if ((agreed?.seqs.get(feed) ?? 0) >= seq) stored.add(key);
    }
    return [...stored];
  }

  /** Single claims, and rows of states, that are remembered. */
  get size(): { readonly claims: number; readonly rows: number } {
    let rows = 0;
    for (const { seqs } of this.#snapshots()) rows += seqs.size;
    return { claims: this.#claims, rows };
  }

  #snapshots(): Set<Snapshot> {
    const snapshots = new Set<Snapshot>();
    for (const members of this.#groups.values()) {
      for (const { agreed } of members.values()) if (agreed !== undefined) snapshots.add(agreed);
    }
    return snapshots;
  }

  /** What others wrote is forgotten first: who asks who has a message is mostly its author. */
  #forgetClaims(): void {
    while (this.#claims > syncLimits.receiptClaimsMax) {
      const feeds = this.#otherFeeds.size > 0 ? this.#otherFeeds : this.#ownFeeds;
      const [oldest] = feeds;
      if (oldest === undefined) return;
      feeds.delete(oldest[0]);
      this.#claims -= oldest[1].size;
    }
  }

  /** Where there are too many rows, all states but the new one are forgotten. */
  #forgetSnapshots(latest: Snapshot): void {
    if (this.size.rows <= syncLimits.receiptClaimsMax) return;
    for (const members of this.#groups.values()) {
      for (const member of members.values()) {
        if (member.agreed !== latest) member.agreed = undefined;
      }
    }
  }
}
