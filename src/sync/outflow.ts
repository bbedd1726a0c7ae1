// What goes out to peers: segments that they asked for, new segments as they reach the disk, and
// word of what this node has. Bounded by each peer's credit, fair over the feeds it asked for.
import type { GroupId } from '../cxo/ids.ts';
import {
  encodeSegment,
  entryBytes,
  parseSegment,
  rebuildRun,
  skipEntries,
  type Run,
} from '../cxo/segment.ts';
import type { StoredRecord } from '../cxo/store.ts';
import { segmentLimits } from '../cxo/limits.ts';
import type { ReadRequest } from './events.ts';
import { rootPrefixBytes, type Have, type Place, type Wanted } from './frames.ts';
import type { PendingRun } from './journal.ts';
import { syncLimits } from './limits.ts';
import type { Outbox } from './outbox.ts';
import { split, type Range, type Section } from './ranges.ts';
import { endOfFeed, sharedClaim, sharedRoot, type Feed, type Replica } from './replica.ts';
import type { OutgoingPart, Session } from './session.ts';

export class Outflow {
  readonly #replica: Replica;
  readonly #outbox: Outbox;
  readonly #sessions: ReadonlyMap<number, Session>;

  constructor(replica: Replica, outbox: Outbox, sessions: ReadonlyMap<number, Session>) {
    this.#replica = replica;
    this.#outbox = outbox;
    this.#sessions = sessions;
  }

  /** Starts to send feeds from places on: a part, or all there is and what follows as it comes. */
  want(session: Session, group: GroupId, places: readonly Wanted[]): void {
    const declined = places.filter((place) => {
      const feed = this.#replica.find({ group, author: place.author, head: place.head });
      if (feed === undefined || !this.#replica.accepts(feed.id)) return true;
      return place.to === undefined
        ? this.#wantAll(session, feed, place.from)
        : this.#wantPart(session, feed, place.from, place.to);
    });
    if (declined.length > 0) this.#decline(session, group, declined);
  }

  /** A stream takes the place of one before it, and of parts that it would pass. */
  #wantAll(session: Session, feed: Feed, from: number): false {
    const before = session.outgoing.get(feed.key)?.parts ?? [];
    const parts: OutgoingPart[] = before.filter(({ to = Infinity }) => to < from);
    session.lazy.delete(feed.key);
    session.outgoing.delete(feed.key);
    session.sentTo.set(feed.key, from - 1);
    if (from <= feed.stored.seq) parts.unshift({ from, next: from, to: undefined });
    if (parts.length > 0) session.outgoing.set(feed.key, { feed: feed.id, parts, isRead: false });
    return false;
  }

  /**
   * One that begins within what is being sent is its new end: the peer goes on where it is by now.
   * @returns whether it has to be declined
   */
  #wantPart(session: Session, feed: Feed, from: number, to: number): boolean {
    if (from > feed.stored.seq) return true;
    const outgoing = session.outgoing.get(feed.key) ?? { feed: feed.id, parts: [], isRead: false };
    const at = outgoing.parts.findIndex((part) => part.from <= from && from <= part.next);
    const [begun] = at === -1 ? [] : outgoing.parts.splice(at, 1);
    const next = begun?.next ?? from;
    if (outgoing.parts.length >= syncLimits.partsWantedMax) return true;
    if (next <= to) outgoing.parts.push({ from, next, to });
    if (outgoing.parts.length > 0) session.outgoing.set(feed.key, outgoing);
    else session.outgoing.delete(feed.key);
    return false;
  }

  /** The peer has other paths to these feeds: from now on it is sent word of them. */
  pruned(session: Session, group: GroupId, places: readonly Place[]): void {
    for (const { author, head, from } of places) {
      const feed = this.#replica.find({ group, author, head });
      if (feed === undefined) continue;
      session.lazy.add(feed.key);
      session.outgoing.delete(feed.key);
      session.has(feed.key, from - 1);
    }
  }

  /** Asks a peer for word of a feed instead of its segments; it is sent no more than that as well. */
  prune(session: Session, { id, key, tip }: Feed): void {
    const { group, author, head } = id;
    session.lazy.add(key);
    const places = [{ author, head, from: tip.seq + 1 }];
    this.#outbox.send(session, { type: 'prune', group: session.placeOf(group), places });
  }

  /** Asks the store for the next segments of a session, where credit and its answers allow. */
  pump(session: Session): void {
    for (const [key, outgoing] of session.outgoing) {
      if (session.reads >= syncLimits.readsMax || session.creditLeft <= 0) return;
      const [part] = outgoing.parts;
      if (outgoing.isRead || part === undefined) continue;
      // To the end of the line: each feed gets its turn. There it is met again, being read.
      session.outgoing.delete(key);
      session.outgoing.set(key, outgoing);
      outgoing.isRead = true;
      this.#read(session, outgoing.feed, part.next, syncLimits.readBytes);
    }
  }

  #read(session: Session, feed: ReadRequest['feed'], seq: number, bytesMax: number): void {
    session.reads++;
    const request: ReadRequest = { purpose: 'send', link: session.link, feed, seq, bytesMax };
    this.#outbox.add({ type: 'read', request });
  }

  /** Sends what was read, up to a root that has a signature. */
  answer(session: Session, request: ReadRequest, records: readonly StoredRecord[]): void {
    session.reads--;
    const feed = this.#replica.find(request.feed);
    if (feed === undefined) return;
    const outgoing = session.outgoing.get(feed.key);
    if (outgoing === undefined) return;
    outgoing.isRead = false;
    const [part] = outgoing.parts;
    // While the store was reading, a later want may have moved the place, and new roots may have
    // used up the credit: then it is read again once there is more.
    if (part?.next !== request.seq || session.creditLeft <= 0) return;
    const built = buildSegment(request, records, { last: part.to });
    if (built === 'unsigned' && request.bytesMax < syncLimits.readBytesMax) {
      outgoing.isRead = true;
      this.#read(session, request.feed, request.seq, syncLimits.readBytesMax);
      return;
    }
    if (built === undefined || built === 'unsigned') {
      session.outgoing.delete(feed.key);
      const { author, head } = request.feed;
      this.#decline(session, request.feed.group, [{ author, head, from: request.seq }]);
      this.#outbox.count('unread');
      this.#outbox.warn('the store could not read what a peer asked for', {
        author,
        from: request.seq,
      });
      return;
    }
    this.#sendSegment(session, feed, request.seq, built.bytes);
    part.next = built.last + 1;
    if (part.to === undefined) session.sentTo.set(feed.key, built.last);
    // Behind the end there is only what nobody takes any more.
    if (built.last < Math.min(part.to ?? Infinity, feed.stored.seq, endOfFeed(feed))) return;
    outgoing.parts.shift();
    if (outgoing.parts.length === 0) session.outgoing.delete(feed.key);
  }

  /**
   * Passes another's verified roots on along their tree, though they are not on this disk yet: to
   * peers that have shown the feed. Others may only be about to learn that its author is a member.
   */
  relay(from: Session, feed: Feed, run: Run): void {
    for (const session of this.#sessions.values()) {
      if (session === from || !session.shares(feed.id.group)) continue;
      if (session.claims.has(feed.key)) this.#push(session, feed, run);
    }
  }

  /**
   * What has just reached the disk: roots that have not gone along their tree go now, and everybody
   * gets word of them. To the link that brought them this is the receipt. What the author itself
   * sends was on its disk: it says no more.
   */
  announce(session: Session, runs: readonly PendingRun[], now: number): void {
    const receipts = new Set<Feed>();
    for (const { feed, run, link, live } of runs) {
      if (!session.shares(feed.id.group) || !this.#replica.accepts(feed.id)) continue;
      const isPushed = link !== session.link && live && this.#push(session, feed, run);
      if (session.isStreaming(feed.key) || (isPushed && link === undefined)) continue;
      if (session.peer === feed.id.author) receipts.add(feed);
      else session.note(feed, now);
    }
    this.tell(session, receipts);
  }

  /** Gives the peer the word that was gathered for long enough. */
  giveNotes(session: Session, now: number): void {
    if (session.notesAt === undefined || session.notesAt > now) return;
    this.tell(session, session.takeNotes());
  }

  #push(session: Session, feed: Feed, run: Run): boolean {
    if (session.lazy.has(feed.key) || !this.#replica.accepts(feed.id)) return false;
    const sentTo = session.sentTo.get(feed.key) ?? (run.from === 1 ? 0 : undefined);
    if (sentTo !== run.from - 1 || session.isStreaming(feed.key)) return false;
    if (session.creditLeft <= 0 || run.from > endOfFeed(feed)) return false;
    this.#sendSegment(session, feed, run.from, run.bytes);
    session.sentTo.set(feed.key, run.head.seq);
    return true;
  }

  #sendSegment(session: Session, feed: Feed, from: number, bytes: Uint8Array): void {
    const { group, author, head } = feed.id;
    session.sent += bytes.length;
    this.#outbox.send(session, {
      type: 'segment',
      group: session.placeOf(group),
      place: { author, head, from },
      sent: session.sent,
      bytes,
    });
  }

  /** Tells where this node stands in feeds of any groups. */
  tell(session: Session, feeds: Iterable<Feed>): void {
    const byGroup = new Map<GroupId, Feed[]>();
    for (const feed of feeds) {
      const list = byGroup.get(feed.id.group);
      if (list === undefined) byGroup.set(feed.id.group, [feed]);
      else list.push(feed);
    }
    const step = syncLimits.feedsInFrameMax;
    for (const [group, list] of byGroup) {
      for (let i = 0; i < list.length; i += step) {
        this.#have(session, group, list.slice(i, i + step), undefined);
      }
    }
  }

  /** Tells of every feed in a range, so that the peer can see what it lacks and what we lack. */
  list(session: Session, group: GroupId, section: Section): void {
    const shared = this.#replica.sharedFeeds(group);
    // A part grows by less than the feeds of one author.
    const step = syncLimits.feedsInFrameMax - syncLimits.headsMax;
    const parts = Math.ceil((section.end - section.first) / step);
    for (const part of split(shared.rows, section, parts)) {
      this.#have(session, group, shared.in(part), part);
    }
  }

  #have(session: Session, group: GroupId, feeds: readonly Feed[], range: Range | undefined): void {
    const covers = range && { lower: range.lower, upper: range.upper };
    const haves = feeds.map(haveOf);
    const place = session.placeOf(group);
    this.#outbox.send(session, { type: 'have', group: place, feeds: haves, covers });
  }

  #decline(session: Session, group: GroupId, places: readonly Place[]): void {
    this.#outbox.send(session, { type: 'decline', group: session.placeOf(group), places });
  }
}

const noPrefix = new Uint8Array(rootPrefixBytes);

/** A forked feed is told of only up to its fork. */
function haveOf(feed: Feed): Have {
  const { author, head } = feed.id;
  const { seq, count } = sharedClaim(feed);
  const rootPrefix = sharedRoot(feed)?.slice(0, rootPrefixBytes) ?? noPrefix;
  return { author, head, seq, count, rootPrefix };
}

/**
 * One segment from `seq` on out of consecutive records: up to the first signature behind
 * `bytesTarget` or at `last`, or the last one that fits. `unsigned` where there is none; undefined
 * where the records do not hold `seq`.
 */
export function buildSegment(
  request: Pick<ReadRequest, 'feed' | 'seq'>,
  records: readonly StoredRecord[],
  { bytesTarget = segmentLimits.bytesTarget, last = Infinity }: SegmentBounds = {},
): { readonly bytes: Uint8Array; readonly last: number } | 'unsigned' | undefined {
  const first = records[0];
  if (first === undefined || first.from > request.seq) return undefined;
  const cuts: Cut[] = [];
  let signed = 0;
  let [bytes, roots, objects] = [headerBytesMax, 0, 0];
  for (const record of records) {
    const cut = cutRecord(record, request.seq + roots);
    if (cut === undefined) break;
    bytes += cut.entries.length;
    roots += cut.roots;
    objects += cut.objects;
    if (bytes > segmentLimits.bytesMax || roots > segmentLimits.rootsMax) break;
    if (objects > segmentLimits.objectsMax) break;
    cuts.push(cut);
    if (cut.signature === undefined) continue;
    signed = cuts.length;
    if (bytes >= bytesTarget || request.seq + roots - 1 >= last) break;
  }
  const [head] = cuts;
  if (head === undefined) return undefined;
  const taken = cuts.slice(0, signed);
  const signature = taken.at(-1)?.signature;
  if (signature === undefined) return 'unsigned';
  const count = taken.reduce((sum, cut) => sum + cut.roots, 0);
  const header = { prev: head.prev, countBefore: head.countBefore, roots: count };
  const entries = taken.map((cut) => cut.entries);
  return { bytes: encodeSegment(header, entries, signature), last: request.seq + count - 1 };
}

interface SegmentBounds {
  readonly bytesTarget?: number | undefined;
  readonly last?: number | undefined;
}

/** Root id, two numbers, signature. */
const headerBytesMax = 32 + 8 + 8 + 64;

interface Cut {
  readonly prev: Run['prev'];
  readonly countBefore: number;
  readonly roots: number;
  readonly objects: number;
  readonly entries: Uint8Array;
  readonly signature: Uint8Array | undefined;
}

/** The entries of a record from `seq` on; roots have to be rebuilt only to begin inside of it. */
function cutRecord(record: StoredRecord, seq: number): Cut | undefined {
  if (seq === record.from) {
    const segment = parseSegment(record.bytes, record.signed);
    if (segment === undefined) return undefined;
    const { prev, countBefore, roots } = segment.header;
    const objects = segment.entries.reduce((sum, { slots }) => sum + slots.length, 0);
    const entries = record.bytes.subarray(segment.entries[0]?.offset ?? 0, segment.entriesEnd);
    return { prev, countBefore, roots, objects, entries, signature: segment.signature };
  }
  const rebuilt = rebuildRun(record.feed, record.from, record.bytes, record.signed);
  if (!rebuilt.ok || seq < record.from || seq > rebuilt.run.head.seq) return undefined;
  const run = skipEntries(rebuilt.run, seq - record.from);
  const { prev, countBefore, signature } = run;
  const objects = run.head.count - countBefore;
  return {
    prev,
    countBefore,
    roots: run.entries.length,
    objects,
    entries: entryBytes(run),
    signature,
  };
}
