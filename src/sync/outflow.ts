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
import { rootPrefixBytes, type Have, type Place } from './frames.ts';
import type { PendingRun } from './journal.ts';
import { syncLimits } from './limits.ts';
import type { Outbox } from './outbox.ts';
import { sharedClaim, sharedRoot, type Feed, type Replica } from './replica.ts';
import type { Session } from './session.ts';

export class Outflow {
  readonly #replica: Replica;
  readonly #outbox: Outbox;

  constructor(replica: Replica, outbox: Outbox) {
    this.#replica = replica;
    this.#outbox = outbox;
  }

  /** Starts to send feeds from places on; what follows goes out as it comes. */
  want(session: Session, group: GroupId, places: readonly Place[]): void {
    const declined = places.filter((place) => {
      const feed = this.#replica.find({ group, author: place.author, head: place.head });
      if (feed === undefined || !this.#replica.accepts(feed.id)) return true;
      session.outgoing.delete(feed.key);
      session.sentTo.set(feed.key, place.from - 1);
      if (place.from <= feed.stored.seq) {
        session.outgoing.set(feed.key, { feed: feed.id, next: place.from });
      }
      return false;
    });
    if (declined.length > 0) this.#decline(session, group, declined);
  }

  /** Asks the store for the next segment of a session, where credit and its answers allow. */
  pump(session: Session): void {
    if (session.reading || session.creditLeft <= 0) return;
    const next = session.outgoing.entries().next();
    if (next.done === true) return;
    const [key, outgoing] = next.value;
    // To the end of the line: each feed gets its turn.
    session.outgoing.delete(key);
    session.outgoing.set(key, outgoing);
    this.#read(session, outgoing.feed, outgoing.next, syncLimits.readBytes);
  }

  #read(session: Session, feed: ReadRequest['feed'], seq: number, bytesMax: number): void {
    session.reading = true;
    const request: ReadRequest = { purpose: 'send', link: session.link, feed, seq, bytesMax };
    this.#outbox.add({ type: 'read', request });
  }

  /** Sends what was read, up to a root that has a signature. */
  answer(session: Session, request: ReadRequest, records: readonly StoredRecord[]): void {
    session.reading = false;
    const feed = this.#replica.find(request.feed);
    if (feed === undefined) return;
    const outgoing = session.outgoing.get(feed.key);
    // While the store was reading, a later want may have moved the place, and new roots may have
    // used up the credit: then it is read again once there is more.
    if (outgoing?.next !== request.seq || session.creditLeft <= 0) return;
    const built = buildSegment(request, records);
    if (built === 'unsigned' && request.bytesMax < syncLimits.readBytesMax) {
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
    outgoing.next = built.last + 1;
    session.sentTo.set(feed.key, built.last);
    // Behind a fork there is only what nobody takes any more.
    const end = feed.forkedAt === undefined ? Infinity : feed.forkedAt - 1;
    if (built.last >= Math.min(feed.stored.seq, end)) session.outgoing.delete(feed.key);
  }

  /**
   * Passes on what has just reached the disk: the roots themselves where the peer is known to lack
   * nothing before them, else word of them. To the link that brought them, word is the receipt.
   */
  announce(session: Session, runs: readonly PendingRun[]): void {
    const told = new Set<Feed>();
    for (const { feed, run, link, live } of runs) {
      if (!session.shares(feed.id.group) || !this.#replica.accepts(feed.id)) continue;
      if (link !== session.link && live && this.#push(session, feed, run)) continue;
      if (!session.outgoing.has(feed.key)) told.add(feed);
    }
    this.tell(session, told);
  }

  #push(session: Session, feed: Feed, run: Run): boolean {
    const sentTo = session.sentTo.get(feed.key) ?? (run.from === 1 ? 0 : undefined);
    if (sentTo !== run.from - 1 || session.outgoing.has(feed.key)) return false;
    if (session.creditLeft <= 0 || feed.forkedAt !== undefined) return false;
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
    for (const [group, list] of byGroup) this.#tellGroup(session, group, list, false);
  }

  /** Tells of every feed of a group, so that the peer can see what it lacks and what we lack. */
  tellAll(session: Session, group: GroupId): void {
    this.#tellGroup(session, group, this.#replica.shared(group), true);
  }

  #tellGroup(session: Session, group: GroupId, feeds: readonly Feed[], listing: boolean): void {
    const place = session.placeOf(group);
    const step = syncLimits.feedsInFrameMax;
    for (let i = 0; i === 0 || i < feeds.length; i += step) {
      this.#outbox.send(session, {
        type: 'have',
        group: place,
        feeds: feeds.slice(i, i + step).map(haveOf),
        complete: listing && i + step >= feeds.length,
      });
    }
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
 * `bytesTarget`, or the last one that fits. `unsigned` where there is none; undefined where the
 * records do not hold `seq`.
 */
export function buildSegment(
  request: Pick<ReadRequest, 'feed' | 'seq'>,
  records: readonly StoredRecord[],
  bytesTarget: number = segmentLimits.bytesTarget,
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
    if (bytes >= bytesTarget) break;
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
