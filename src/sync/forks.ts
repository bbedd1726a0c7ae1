// Finds where two branches of a feed part, freezes the feed there and hands the proof on. Knows
// nothing of what an author does after a fork.
import { feedKey, type FeedId, type FeedKey } from '../cxo/root.ts';
import { verifySegment, type Run } from '../cxo/segment.ts';
import type { LocalRow, StoredRecord } from '../cxo/store.ts';
import { decode, encode } from '../cxo/codec.ts';
import { parseGroupId } from '../cxo/ids.ts';
import { parsePublicKey } from '../identity.ts';
import type { Now, ReadRequest } from './events.ts';
import { buildForkProof, verifyForkProof, type ForkProof } from './fork-proof.ts';
import type { Journal } from './journal.ts';
import { syncLimits } from './limits.ts';
import type { Outbox } from './outbox.ts';
import { buildSegment } from './outflow.ts';
import type { Feed, Replica } from './replica.ts';
import type { Session } from './session.ts';

/** The prefix of the local rows that keep the proofs. */
export const forkRowPrefix = 'fork/';

/** Reads a row back that `take` wrote; undefined where it is damaged. */
export function parseForkRow(row: LocalRow): { feed: FeedId; proof: ForkProof } | undefined {
  const [group = '', author = '', head = ''] = row.key.slice(forkRowPrefix.length).split('/');
  const feed = { group: parseGroupId(group), author: parsePublicKey(author), head: Number(head) };
  const decoded = decode(row.value);
  if (!decoded.ok || !Array.isArray(decoded.value)) return undefined;
  const [seq, first, second] = decoded.value;
  if (feed.group === undefined || feed.author === undefined || typeof seq !== 'number') {
    return undefined;
  }
  if (!(first instanceof Uint8Array) || !(second instanceof Uint8Array)) return undefined;
  const { group: ofGroup, author: byAuthor } = feed;
  return { feed: { ...feed, group: ofGroup, author: byAuthor }, proof: { seq, first, second } };
}

interface Search {
  readonly feed: Feed;
  readonly link: number;
  /** How far back the other branch was asked for. */
  from: number;
  /** What the peer has sent of the other branch; undefined until it answers. */
  theirs: Run | undefined;
  readonly startedAt: number;
}

export class Forks {
  readonly #replica: Replica;
  readonly #journal: Journal;
  readonly #outbox: Outbox;
  readonly #searches = new Map<FeedKey, Search>();
  readonly #proofs = new Map<FeedKey, ForkProof>();

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
  }

  get count(): number {
    return this.#proofs.size;
  }

  /** Whether segments of this feed from this link are evidence rather than news. */
  isSearching(feed: Feed | undefined, session: Session): boolean {
    return feed !== undefined && this.#searches.get(feed.key)?.link === session.link;
  }

  /** A peer shows another branch: with a run of it, or only by naming another root at our head. */
  suspect(session: Session, feed: Feed, theirs: Run | undefined, now: Now): void {
    if (this.#searches.has(feed.key) || feed.tip !== feed.stored || feed.stored.seq === 0) return;
    if (feed.forkedAt !== undefined) return;
    const from = theirs?.from ?? feed.stored.seq + 1;
    const search = { feed, link: session.link, from, theirs, startedAt: now.mono };
    this.#searches.set(feed.key, search);
    if (theirs === undefined || from > feed.stored.seq) this.#askEarlier(session, search, from);
    else this.#readOurs(search, theirs);
  }

  evidence(feed: Feed, from: number, bytes: Uint8Array): void {
    const search = this.#searches.get(feed.key);
    if (search === undefined || from > search.from) return;
    const verified = verifySegment(feed.id, from, bytes);
    if (!verified.ok) {
      this.#searches.delete(feed.key);
      return;
    }
    search.theirs = verified.run;
    this.#readOurs(search, verified.run);
  }

  /** Compares this node's own roots with the other branch. */
  compare(
    session: Session | undefined,
    request: ReadRequest,
    records: readonly StoredRecord[],
  ): void {
    const search = this.#searches.get(feedKey(request.feed));
    if (search?.theirs === undefined || session?.link !== search.link) return;
    const { feed, theirs } = search;
    const segment = buildSegment(request, records, Infinity);
    if (segment === undefined || segment === 'unsigned') {
      this.#searches.delete(feed.key);
      return;
    }
    const ours = verifySegment(feed.id, request.seq, segment.bytes);
    const proof = ours.ok ? buildForkProof(ours.run, theirs) : undefined;
    if (proof !== undefined) {
      this.#searches.delete(feed.key);
      this.take(feed.id, proof);
      return;
    }
    if (theirs.from === 1) {
      this.#searches.delete(feed.key);
      return;
    }
    this.#askEarlier(session, search, theirs.from);
  }

  /**
   * Takes a verified proof: freezes the feed at the earliest fork that is known.
   * @returns whether that was news
   */
  take(id: FeedId, proof: ForkProof): boolean {
    const feed = this.#replica.open(id);
    if (feed.forkedAt !== undefined && feed.forkedAt <= proof.seq) return false;
    feed.forkedAt = proof.seq;
    this.#proofs.set(feed.key, proof);
    const value = encode([proof.seq, proof.first, proof.second]);
    this.#journal.freeze(feed, { key: `${forkRowPrefix}${feed.key}`, value });
    this.#outbox.warn('an author signed two branches of one feed', {
      author: id.author,
      head: id.head,
      seq: proof.seq,
    });
    return true;
  }

  /** A proof from a peer; false where it proves nothing. */
  receive(id: FeedId, proof: ForkProof): 'new' | 'known' | 'invalid' {
    const known = this.#replica.find(id)?.forkedAt;
    if (known !== undefined && known <= proof.seq) return 'known';
    if (!verifyForkProof(id, proof)) return 'invalid';
    return this.take(id, proof) ? 'new' : 'known';
  }

  send(session: Session, id: FeedId): void {
    const proof = this.#proofs.get(feedKey(id));
    if (proof === undefined || !session.shares(id.group)) return;
    this.#outbox.send(session, {
      type: 'fork',
      group: session.placeOf(id.group),
      proof: { author: id.author, head: id.head, ...proof },
    });
  }

  dropLink(link: number): void {
    for (const [key, search] of this.#searches) {
      if (search.link === link) this.#searches.delete(key);
    }
  }

  /** Gives up searches that got no answer. */
  review(now: Now): void {
    for (const [key, search] of this.#searches) {
      if (search.startedAt + syncLimits.stallMs <= now.mono) this.#searches.delete(key);
    }
  }

  get deadline(): number | undefined {
    const starts = [...this.#searches.values()].map(({ startedAt }) => startedAt);
    return starts.length === 0 ? undefined : Math.min(...starts) + syncLimits.stallMs;
  }

  /** Doubles the stretch that is looked at, back from where this node's own branch ends. */
  #askEarlier(session: Session, search: Search, before: number): void {
    const { author, head, group } = search.feed.id;
    const stretch = search.feed.stored.seq - before + firstStretch;
    search.from = Math.max(1, before - stretch);
    search.theirs = undefined;
    this.#outbox.send(session, {
      type: 'want',
      group: session.placeOf(group),
      places: [{ author, head, from: search.from }],
    });
  }

  #readOurs(search: Search, theirs: Run): void {
    const { feed, link } = search;
    const bytesMax = theirs.bytes.length + syncLimits.readBytes;
    const request: ReadRequest = {
      purpose: 'fork',
      link,
      feed: feed.id,
      seq: theirs.from,
      bytesMax,
    };
    this.#outbox.add({ type: 'read', request });
  }
}

/** Most forks are found where a node was restored, a few roots back. */
const firstStretch = 16;
