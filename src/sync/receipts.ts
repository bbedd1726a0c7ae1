// The receipts of all members of a group: makes this node's own after its commits, passes those of
// others on along the trees, and learns from them who has what. At rest it sends nothing.
import { toHex } from '../bytes.ts';
import type { GroupId } from '../cxo/ids.ts';
import { feedKey, type FeedId, type FeedKey } from '../cxo/root.ts';
import type { Identity, PublicKey } from '../identity.ts';
import { Deliveries } from './deliveries.ts';
import type { Now } from './events.ts';
import type { PendingRun } from './journal.ts';
import type { Groups } from './groups.ts';
import { syncLimits } from './limits.ts';
import type { Outbox } from './outbox.ts';
import {
  buildReceipt,
  parseReceipt,
  receiptDigestBytes,
  verifyReceipt,
  type Receipt,
  type ReceiptEntry,
} from './receipt.ts';
import { sharedClaim, type Feed, type Replica } from './replica.ts';
import type { Session } from './session.ts';

export interface ReceiptsOptions {
  readonly identity: Identity;
  readonly replica: Replica;
  readonly outbox: Outbox;
  readonly sessions: ReadonlyMap<number, Session>;
  readonly groups: Pick<Groups, 'isMember'>;
}

/** Times are monotonic milliseconds. */
interface Group {
  readonly id: GroupId;
  /** Feeds of others that this disk has more of than the last receipt says, the longest first. */
  readonly advanced: Set<Feed>;
  /** The one that advanced last. */
  latest: Feed | undefined;
  number: number;
  intervalMs: number;
  madeAt: number;
  dueAt: number | undefined;
  repeatAt: number | undefined;
  compareAt: number | undefined;
  readonly heard: Map<PublicKey, Heard>;
  /** The latest receipts, this node's own among them, for links that are new. */
  readonly kept: Map<PublicKey, Kept>;
}

/** The latest receipt of a member, when it came, and until when its rate is used up. */
interface Heard {
  readonly number: number;
  readonly at: number;
  readonly busyUntil: number;
}

interface Kept {
  readonly bytes: Uint8Array;
  readonly at: number;
}

interface LinkState {
  readonly openedAt: number;
  busyUntil: number;
  /** When the link is to be given the latest receipts. */
  givenAt: number | undefined;
}

export class Receipts {
  readonly #options: ReceiptsOptions;
  readonly #self: PublicKey;
  /** Where this node stands in the interval of each group, so that not all speak at once; 0 to 1. */
  readonly #phase: number;
  readonly #deliveries = new Deliveries();
  readonly #groups = new Map<GroupId, Group>();
  readonly #links = new Map<number, LinkState>();

  constructor(options: ReceiptsOptions) {
    this.#options = options;
    this.#self = options.identity.publicKey;
    this.#phase = parseInt(this.#self.slice(0, 8), 16) / 2 ** 32;
  }

  /** Members that have a root of a feed on disk, by their own word. */
  storedBy(feed: FeedId, seq: number): readonly PublicKey[] {
    return this.#deliveries.storedBy(feed.group, feedKey(feed), seq);
  }

  openLink(link: number, now: Now): void {
    const givenAt = now.mono + syncLimits.receiptsGivenMs;
    this.#links.set(link, { openedAt: now.mono, busyUntil: now.mono, givenAt });
  }

  dropLink(link: number): void {
    this.#links.delete(link);
    if (this.#links.size > 0) return;
    // What was not told yet waits for the next link: without one there is nothing to do.
    for (const group of this.#groups.values()) {
      group.dueAt = undefined;
      group.repeatAt = undefined;
    }
  }

  /** What a commit brought to this disk. Of its own feeds no member has to say that it has them. */
  committed(runs: readonly PendingRun[], now: Now): void {
    const { replica, sessions, groups } = this.#options;
    for (const { feed, link } of runs) {
      // Who only carries what members write is not asked what it has.
      if (!groups.isMember(feed.id.group, this.#self)) continue;
      const group = this.#groupOf(feed.id.group);
      if (group.heard.size > 0) group.compareAt ??= now.mono + group.intervalMs;
      if (link === undefined || !replica.accepts(feed.id)) continue;
      group.latest = feed;
      // Every commit of a long history would be told of: the digest at its end says it all.
      if (isFarBehind(feed, sessions.values())) {
        group.repeatAt = now.mono + syncLimits.receiptRepeatMs + this.#spread(group);
        continue;
      }
      group.advanced.add(feed);
      group.dueAt ??= Math.max(now.mono + this.#spread(group), group.madeAt + group.intervalMs);
    }
  }

  receive(session: Session, groupId: GroupId, bytes: Uint8Array, now: Now): void {
    const { groups, outbox } = this.#options;
    const receipt = parseReceipt(bytes);
    if (receipt === undefined) {
      outbox.offence(session, 'bad-receipt', now.mono);
      return;
    }
    const { member, number } = receipt;
    if (!groups.isMember(groupId, member)) {
      outbox.count('not-a-member');
      return;
    }
    const group = this.#groupOf(groupId);
    const heard = group.heard.get(member);
    if (member === this.#self || isOld(number, heard, now.mono)) {
      outbox.count('old-receipt');
      return;
    }
    const busyUntil = this.#takeTurn(session, heard, now.mono);
    if (busyUntil === undefined) {
      outbox.count('too-many-receipts');
      return;
    }
    if (!verifyReceipt(groupId, member, bytes)) {
      outbox.offence(session, 'bad-signature', now.mono);
      return;
    }
    group.heard.delete(member);
    group.heard.set(member, { number, at: now.mono, busyUntil });
    dropOldest(group.heard, syncLimits.receiptMembersMax);
    this.#passOn(group, member, receipt.entries, bytes, now, session);
    this.#learn(group, receipt, now);
  }

  /**
   * Until when the rate of the member is used up, if that of the link and of the member allow one
   * more receipt. Only the link's is used up by one that is not the member's own.
   */
  #takeTurn(session: Session, heard: Heard | undefined, now: number): number | undefined {
    const link = this.#links.get(session.link);
    const { receiptOfLinkMs, receiptsOfLinkMax } = syncLimits;
    const { receiptOfMemberMs, receiptsOfMemberMax } = syncLimits;
    if (link === undefined) return undefined;
    const ofLink = turnAt(link.busyUntil, now, receiptOfLinkMs, receiptsOfLinkMax);
    const ofMember = turnAt(heard?.busyUntil ?? 0, now, receiptOfMemberMs, receiptsOfMemberMax);
    if (ofLink === undefined || ofMember === undefined) return undefined;
    link.busyUntil = ofLink;
    return ofMember;
  }

  #learn(group: Group, { member, digest, entries }: Receipt, now: Now): void {
    const { replica, outbox } = this.#options;
    let isNew = false;
    for (const { author, head, seq } of entries) {
      // Nobody can fill the memory with feeds that there are not.
      const feed = replica.find({ group: group.id, author, head });
      if (feed === undefined || author === member) continue;
      const isOwn = author === this.#self;
      isNew = this.#deliveries.learn(member, feed.key, isOwn, seq) || isNew;
    }
    this.#deliveries.state(group.id, member, toHex(digest));
    group.compareAt ??= now.mono + group.intervalMs;
    if (isNew) outbox.add({ type: 'delivered', peer: member });
  }

  /** What each event, or time, has made possible. */
  flush(now: Now): void {
    for (const [link, state] of this.#links) {
      if (isDue(state.givenAt, now)) this.#give(link, state, now);
    }
    for (const group of this.#groups.values()) {
      if (isDue(group.dueAt, now)) this.#make(group, false, now);
      if (isDue(group.repeatAt, now)) this.#make(group, true, now);
      if (isDue(group.compareAt, now)) this.#compare(group);
    }
  }

  /** When `flush` next has something to do; undefined where only events can change anything. */
  get deadline(): number | undefined {
    let deadline = Infinity;
    for (const { dueAt, repeatAt, compareAt } of this.#groups.values()) {
      deadline = Math.min(deadline, dueAt ?? Infinity, repeatAt ?? Infinity, compareAt ?? Infinity);
    }
    for (const { givenAt } of this.#links.values())
      deadline = Math.min(deadline, givenAt ?? Infinity);
    return deadline === Infinity ? undefined : deadline;
  }

  /** Makes and sends a receipt; a repetition names again what advanced last, to go along its tree. */
  #make(group: Group, isRepetition: boolean, now: Now): void {
    const { identity, replica } = this.#options;
    group.dueAt = undefined;
    group.repeatAt = undefined;
    const members = new Set([...authorsOf(replica.shared(group.id)), ...group.heard.keys()]);
    group.intervalMs = intervalOf(members.size);
    const linked = this.#linkedIn(group.id);
    // Neighbours know it by `have`. Without any, it is kept for the next link.
    if ([...members].every((member) => member === this.#self || linked.has(member))) {
      group.advanced.clear();
      return;
    }
    const feeds = isRepetition ? [group.latest] : this.#takeAdvanced(group);
    const entries = feeds.flatMap((feed) => (feed === undefined ? [] : entryOf(feed)));
    group.number = Math.max(group.number + 1, now.wall);
    const digest = replica.digest(group.id);
    const body = { number: group.number, digest, entries };
    const bytes = buildReceipt(identity, group.id, body);
    group.madeAt = now.mono;
    if (group.advanced.size > 0) group.dueAt = now.mono + group.intervalMs;
    else if (!isRepetition) {
      const waitMs = Math.max(syncLimits.receiptRepeatMs, group.intervalMs);
      group.repeatAt = now.mono + waitMs + this.#spread(group);
    }
    this.#passOn(group, this.#self, entries, bytes, now);
  }

  #linkedIn(group: GroupId): Set<PublicKey> {
    const linked = new Set<PublicKey>();
    for (const session of this.#options.sessions.values()) {
      if (session.shares(group)) linked.add(session.peer);
    }
    return linked;
  }

  #takeAdvanced(group: Group): Feed[] {
    const feeds = [...group.advanced].slice(0, syncLimits.receiptEntriesMax);
    for (const feed of feeds) group.advanced.delete(feed);
    return feeds;
  }

  /** Sends a receipt along the tree of the feed that it names first, but for where it came from. */
  #passOn(
    group: Group,
    member: PublicKey,
    entries: readonly ReceiptEntry[],
    bytes: Uint8Array,
    now: Now,
    from?: Session,
  ): void {
    group.kept.delete(member);
    group.kept.set(member, { bytes, at: now.mono });
    dropOldest(group.kept, syncLimits.receiptsKeptMax);
    for (const session of this.#edges(group.id, member, entries[0])) {
      if (session !== from && this.#takes(session, group.id, member)) {
        this.#send(session, group.id, bytes);
      }
    }
  }

  /** Who has not shown the member's feed may only be about to learn that it is a member. */
  #takes(session: Session, group: GroupId, member: PublicKey): boolean {
    const feed = this.#options.replica.latest(group, member);
    return feed === undefined || member === this.#self || session.claims.has(feed.key);
  }

  #send(session: Session, group: GroupId, bytes: Uint8Array): void {
    const place = session.placeOf(group);
    this.#options.outbox.send(session, { type: 'receipt', group: place, bytes });
  }

  /** Where no feed is named, the tree is that of the member's own feed; without a tree, all links. */
  #edges(group: GroupId, member: PublicKey, entry: ReceiptEntry | undefined): readonly Session[] {
    const { replica, sessions } = this.#options;
    const shared = [...sessions.values()].filter((session) => session.shares(group));
    const key: FeedKey | undefined =
      entry === undefined
        ? replica.latest(group, member)?.key
        : feedKey({ group, author: entry.author, head: entry.head });
    if (key === undefined) return shared;
    const edges = shared.filter(({ lazy }) => !lazy.has(key));
    return edges.length > 0 ? edges : shared;
  }

  #compare(group: Group): void {
    const { replica, outbox } = this.#options;
    group.compareAt = undefined;
    const digest = toHex(replica.digest(group.id).subarray(0, receiptDigestBytes));
    const agreed = this.#deliveries.agree(group.id, digest, () => {
      const claims = replica.shared(group.id).map((feed) => [feed.key, sharedClaim(feed).seq]);
      return new Map(claims as [FeedKey, number][]);
    });
    for (const member of agreed) outbox.add({ type: 'delivered', peer: member });
  }

  /** A new link may join parts of the mesh that have not heard of each other. */
  #give(link: number, state: LinkState, now: Now): void {
    state.givenAt = undefined;
    const session = this.#options.sessions.get(link);
    if (session === undefined) return;
    for (const id of session.sharedGroups()) {
      const group = this.#groups.get(id);
      if (group === undefined) continue;
      for (const [member, { bytes, at }] of group.kept) {
        const isMissed = at < state.openedAt && member !== session.peer;
        if (isMissed) this.#send(session, id, bytes);
      }
      if (group.advanced.size > 0) group.dueAt ??= now.mono;
    }
  }

  #spread({ intervalMs }: Group): number {
    return this.#phase * (intervalMs - syncLimits.receiptMsMin);
  }

  #groupOf(id: GroupId): Group {
    const known = this.#groups.get(id);
    if (known !== undefined) return known;
    const group: Group = {
      ...{ id, advanced: new Set(), latest: undefined, number: 0, madeAt: -Infinity },
      intervalMs: intervalOf(authorsOf(this.#options.replica.shared(id)).size),
      ...{ dueAt: undefined, repeatAt: undefined, compareAt: undefined },
      ...{ heard: new Map(), kept: new Map() },
    };
    this.#groups.set(id, group);
    return group;
  }
}

function isDue(at: number | undefined, now: Now): boolean {
  return at !== undefined && at <= now.mono;
}

/** So that all members of a group together make about 100 a second, however many they are. */
function intervalOf(members: number): number {
  return Math.max(syncLimits.receiptMsMin, members * syncLimits.receiptMsOfMember);
}

function authorsOf(feeds: readonly Feed[]): Set<PublicKey> {
  return new Set(feeds.map(({ id }) => id.author));
}

function isFarBehind(feed: Feed, sessions: Iterable<Session>): boolean {
  const end = feed.stored.seq + syncLimits.receiptRootsMax;
  for (const { claims } of sessions) if ((claims.get(feed.key)?.seq ?? 0) > end) return true;
  return false;
}

function entryOf(feed: Feed): ReceiptEntry[] {
  const { author, head } = feed.id;
  const { seq } = sharedClaim(feed);
  return seq === 0 ? [] : [{ author, head, seq }];
}

/** After a long silence a lower number counts as well: the member's clock may have been put right. */
function isOld(number: number, heard: Heard | undefined, now: number): boolean {
  if (heard === undefined || number > heard.number) return false;
  return now < heard.at + syncLimits.receiptForgetMs;
}

/** Until when a rate is used up with one more; undefined where that is too far ahead (GCRA). */
function turnAt(busyUntil: number, now: number, stepMs: number, max: number): number | undefined {
  const next = Math.max(busyUntil, now) + stepMs;
  return next - now > max * stepMs ? undefined : next;
}

function dropOldest<K>(map: Map<K, unknown>, max: number): void {
  const [oldest] = map.keys();
  if (map.size > max && oldest !== undefined) map.delete(oldest);
}
