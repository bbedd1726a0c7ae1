// Finds where two branches of a feed part, freezes the feed there and hands the proof on. Knows
// nothing of what an author does after a fork.
import { ByteReader } from '../bytes.ts';
import { parseGroupId } from '../cxo/ids.ts';
import { segmentLimits } from '../cxo/limits.ts';
import { feedKey, type FeedId, type FeedKey } from '../cxo/root.ts';
import { rebuildRun, verifySegment, type Run, type SegmentReason } from '../cxo/segment.ts';
import type { LocalRow, StoredRecord } from '../cxo/store.ts';
import { parsePublicKey } from '../identity.ts';
import type { Now, ReadRequest } from './events.ts';
import {
  compareBranches,
  encodeForkProof,
  parseForkProof,
  verifyForkProof,
  type ForkProof,
} from './fork-proof.ts';
import type { Journal } from './journal.ts';
import { syncLimits } from './limits.ts';
import type { Outbox } from './outbox.ts';
import { buildSegment } from './outflow.ts';
import { sharedSeq, type Feed, type Replica } from './replica.ts';
import type { Session } from './session.ts';

/** The prefix of the local rows that keep the proofs. */
export const forkRowPrefix = 'fork/';

/** Reads a row back that `take` wrote; undefined where it is damaged. */
export function parseForkRow(row: LocalRow): { feed: FeedId; proof: ForkProof } | undefined {
  const [group = '', author = '', head = ''] = row.key.slice(forkRowPrefix.length).split('/');
  const feed = { group: parseGroupId(group), author: parsePublicKey(author), head: Number(head) };
  const proof = parseForkProof(new ByteReader(row.value));
  if (feed.group === undefined || feed.author === undefined || proof === undefined) {
    return undefined;
  }
  return { feed: { group: feed.group, author: feed.author, head: feed.head }, proof };
}

/** A search for the place where a peer's branch parts from this node's: back, then forward. */
interface Search {
  readonly feed: Feed;
  readonly link: number;
  /** Where the peer was asked to begin. */
  from: number;
  /** What the peer has sent of its branch from there on; undefined until it answers. */
  theirs: Run | undefined;
  isForward: boolean;
  progressAt: number;
}

export class Forks {
  readonly #replica: Replica;
  readonly #journal: Journal;
  readonly #outbox: Outbox;
  /** By link, so that no peer's silence holds up another's evidence. */
  readonly #searches = new Map<number, Map<FeedKey, Search>>();
  readonly #proofs = new Map<FeedKey, ForkProof>();
  /** Forked feeds whose root before the fork has to be read. */
  readonly #unread = new Set<Feed>();

  constructor(
    replica: Replica,
    journal: Journal,
    outbox: Outbox,
    proofs: readonly { readonly feed: FeedId; readonly proof: ForkProof }[],
  ) {
    this.#replica = replica;
    this.#journal = journal;
    this.#outbox = outbox;
    for (const { feed, proof } of proofs) this.#proofs.set(feedKey(feed), proof);
    for (const feed of replica.all()) this.place(feed);
  }

  get count(): number {
    return this.#proofs.size;
  }

  /** Whether segments of this feed from this link are evidence rather than news. */
  isSearching(feed: Feed, session: Session): boolean {
    return this.#find(session.link, feed.key) !== undefined;
  }

  /** A peer shows another branch: with a run of it, or only by naming another root at our head. */
  suspect(session: Session, feed: Feed, theirs: Run | undefined, now: Now): void {
    const seq = sharedSeq(feed);
    const ofLink = this.#searches.get(session.link) ?? new Map<FeedKey, Search>();
    if (ofLink.has(feed.key) || ofLink.size >= syncLimits.searchesMax) return;
    if (feed.tip !== feed.stored || seq === 0) return;
    const before = theirs?.from ?? seq + 1;
    const search: Search = {
      ...{ feed, link: session.link, from: before, theirs },
      ...{ isForward: false, progressAt: now.mono },
    };
    this.#searches.set(session.link, ofLink.set(feed.key, search));
    if (theirs === undefined || before > seq) this.#askEarlier(session, search, before);
    else this.#readOurs(search, theirs);
  }

  /** @returns what is wrong with the segment, where that is the peer's fault */
  evidence(
    session: Session,
    feed: Feed,
    from: number,
    bytes: Uint8Array,
    now: Now,
  ): SegmentReason | undefined {
    const search = this.#find(session.link, feed.key);
    if (search === undefined || search.theirs !== undefined || from !== search.from)
      return undefined;
    const verified = verifySegment(feed.id, from, bytes);
    if (!verified.ok) {
      this.#give(search);
      return verified.reason;
    }
    search.progressAt = now.mono;
    search.theirs = verified.run;
    this.#readOurs(search, verified.run);
    return undefined;
  }

  /** Compares this node's own roots with the other branch. */
  compare(session: Session, request: ReadRequest, records: readonly StoredRecord[]): void {
    const search = this.#find(session.link, feedKey(request.feed));
    if (search?.theirs?.from !== request.seq) return;
    const { feed, theirs } = search;
    const segment = buildSegment(request, records, { bytesTarget: Infinity });
    const ours =
      segment === undefined || segment === 'unsigned'
        ? undefined
        : verifySegment(feed.id, request.seq, segment.bytes);
    const found = ours?.ok === true ? compareBranches(ours.run, theirs) : undefined;
    if (found?.parts === 'within') this.take(feed.id, found.proof);
    if (found?.parts === 'behind' && found.seq <= feed.stored.seq) {
      search.isForward = true;
      this.#ask(session, search, found.seq);
    } else if (found?.parts === 'before' && !search.isForward && theirs.from > 1) {
      this.#askEarlier(session, search, theirs.from);
    } else this.#give(search);
  }

  /**
   * Takes a verified proof: freezes the feed at the earliest fork that is known.
   * @returns whether that was news
   */
  take(id: FeedId, proof: ForkProof): boolean {
    const feed = this.#replica.open(id);
    if (feed.forkedAt !== undefined && feed.forkedAt <= proof.seq) return false;
    feed.forkedAt = proof.seq;
    feed.beforeFork = undefined;
    this.place(feed);
    this.#proofs.set(feed.key, proof);
    const key = `${forkRowPrefix}${feed.key}`;
    this.#journal.freeze(feed, { key, value: encodeForkProof(proof) });
    this.#outbox.warn('an author signed two branches of one feed', {
      author: id.author,
      head: id.head,
      seq: proof.seq,
    });
    return true;
  }

  /** A proof from a peer. */
  receive(id: FeedId, proof: ForkProof): 'new' | 'known' | 'invalid' | 'refused' {
    const feed = this.#replica.find(id);
    const known = feed?.forkedAt;
    if (known !== undefined && known <= proof.seq) return 'known';
    if (feed === undefined && this.#replica.hasAllHeads(id)) return 'refused';
    if (!verifyForkProof(id, proof)) return 'invalid';
    return this.take(id, proof) ? 'new' : 'known';
  }

  send(session: Session, id: FeedId): void {
    const proof = this.#proofs.get(feedKey(id));
    if (proof === undefined || !session.shares(id.group)) return;
    this.#outbox.send(session, {
      type: 'fork',
      group: session.placeOf(id.group),
      author: id.author,
      head: id.head,
      proof,
    });
  }

  /**
   * To be called when a feed has grown: branches of which nobody has a proof may part before the
   * fork that is known, so that nodes compare their roots there as well.
   */
  place(feed: Feed): void {
    const { forkedAt, beforeFork, stored } = feed;
    if (forkedAt === undefined || forkedAt === 1 || beforeFork !== undefined) return;
    if (stored.seq >= forkedAt) this.#unread.add(feed);
  }

  /** Reads what `place` has found missing. */
  pump(): void {
    for (const feed of this.#unread) {
      const seq = (feed.forkedAt ?? 1) - 1;
      this.#read({ purpose: 'place', link: undefined, feed: feed.id, seq, bytesMax: 1 });
    }
    this.#unread.clear();
  }

  /** The answer to a read of `pump`. */
  placed({ feed: id, seq }: ReadRequest, records: readonly StoredRecord[]): void {
    const feed = this.#replica.find(id);
    const [record] = records;
    if (feed?.forkedAt !== seq + 1 || record === undefined) return;
    const rebuilt = rebuildRun(id, record.from, record.bytes, record.signed);
    if (!rebuilt.ok) return;
    feed.beforeFork = rebuilt.run.entries[seq - record.from]?.root;
    this.#replica.feedChanged(feed);
  }

  dropLink(link: number): void {
    this.#searches.delete(link);
  }

  /** Gives up searches that got no answer. */
  review(now: Now): void {
    for (const search of this.#all()) {
      if (search.progressAt + syncLimits.stallMs <= now.mono) this.#give(search);
    }
  }

  get deadline(): number | undefined {
    const progress = this.#all().map(({ progressAt }) => progressAt);
    return progress.length === 0 ? undefined : Math.min(...progress) + syncLimits.stallMs;
  }

  #all(): Search[] {
    return [...this.#searches.values()].flatMap((ofLink) => [...ofLink.values()]);
  }

  #find(link: number, key: FeedKey): Search | undefined {
    return this.#searches.get(link)?.get(key);
  }

  #give({ link, feed }: Search): void {
    this.#searches.get(link)?.delete(feed.key);
  }

  /** Doubles the stretch that is looked at, back from where this node's own branch ends. */
  #askEarlier(session: Session, search: Search, before: number): void {
    const stretch = sharedSeq(search.feed) - before + firstStretch;
    this.#ask(session, search, Math.max(1, before - stretch));
  }

  #ask(session: Session, search: Search, from: number): void {
    const { author, head, group } = search.feed.id;
    search.from = from;
    search.theirs = undefined;
    this.#outbox.send(session, {
      type: 'want',
      group: session.placeOf(group),
      places: [{ author, head, from }],
    });
  }

  #readOurs({ feed, link }: Search, { from: seq }: Run): void {
    this.#read({ purpose: 'fork', link, feed: feed.id, seq, bytesMax: segmentLimits.bytesMax });
  }

  #read(request: ReadRequest): void {
    this.#outbox.add({ type: 'read', request });
  }
}

/** Most forks are found where a node was restored, a few roots back. */
const firstStretch = 16;
