// Segments that people carry by hand, from a bundle: verified and admitted as those of a peer are, with
// a verdict for each in place of credit and a conversation. Whoever brings them is no peer: nothing that
// a bundle has counts as stored elsewhere, nor as a peer's word of where the own feed stands.
import type { FeedHead, FeedTail } from '../cxo/feed.ts';
import type { GroupId } from '../cxo/ids.ts';
import type { FeedId } from '../cxo/root.ts';
import { skipEntries, type Run, type verifySegment } from '../cxo/segment.ts';
import { eraseOfRun } from '../cxo/erasure.ts';
import type { ErrorCode } from '../errors.ts';
import { admit, endOf, placeOf } from './admission.ts';
import type { Carried, Event, Imported, Now } from './events.ts';
import type { ForkProof } from './fork-proof.ts';
import type { Forks } from './forks.ts';
import { findHole, type Shedding } from './holes.ts';
import { dropReasonOf, entriesOf, lacksObjects } from './intake.ts';
import type { Journal } from './journal.ts';
import { syncLimits } from './limits.ts';
import type { DropReason, Outbox } from './outbox.ts';
import type { OwnFeeds } from './own-feeds.ts';
import type { Feed, Replica } from './replica.ts';

export interface ImportingParts {
  readonly replica: Replica;
  readonly journal: Journal;
  readonly forks: Forks;
  readonly outbox: Outbox;
  readonly ownFeeds: OwnFeeds;
  readonly shedding: Shedding;
  readonly verify: typeof verifySegment;
  /** The groups whose feeds are kept here. */
  readonly groups: () => readonly GroupId[];
}

type Verdict = Imported['verdict'];

/** What is here already, or was shown already, but not on the disk yet. */
interface Waiting {
  readonly ticket: number;
  readonly feed: Feed;
  /** The last root of a segment; undefined for a proof. */
  readonly seq: number | undefined;
  readonly verdict: 'known' | 'stored';
}

export class Importing {
  readonly #parts: ImportingParts;
  #waiting: readonly Waiting[] = [];

  constructor(parts: ImportingParts) {
    this.#parts = parts;
  }

  /** Answers at once, or, where what is said to be here is on its way to the disk, once it is there. */
  handle(event: Extract<Event, { type: 'import' | 'import-fork' }>, now: Now): void {
    const { ticket } = event;
    const isFork = event.type === 'import-fork';
    const verdict = isFork
      ? this.#takeFork(ticket, event.feed, event.proof)
      : this.#take(ticket, event, now);
    if (verdict === undefined) return;
    if (verdict !== 'known' && verdict !== 'stored') this.#parts.outbox.count(verdict);
    this.answer(ticket, verdict, 0);
  }

  answer(ticket: number, verdict: Verdict, messages: number): void {
    this.#parts.outbox.add({ type: 'imported', ticket, imported: { verdict, messages } });
  }

  /** To be called when a commit is on disk. */
  settled(): void {
    const waiting = this.#waiting;
    this.#waiting = waiting.filter((one) => this.#isOnItsWay(one));
    for (const one of waiting) {
      if (this.#waiting.includes(one)) continue;
      const { ticket, feed, seq, verdict } = one;
      // It was of another branch than what came below it.
      const isGone = seq !== undefined && !hasSeq(feed.stored, feed.storedTail, seq);
      this.answer(ticket, isGone ? 'forked' : verdict, 0);
    }
  }

  /** To be called when a commit failed: nothing that waits is sure to come to the disk. */
  failed(code: ErrorCode): void {
    for (const { ticket } of this.#waiting) {
      this.#parts.outbox.add({ type: 'append-failed', ticket, code });
    }
    this.#waiting = [];
  }

  #isOnItsWay({ feed, seq }: Waiting): boolean {
    if (seq === undefined) return this.#parts.journal.isFreezing(feed);
    return !hasSeq(feed.stored, feed.storedTail, seq) && hasSeq(feed.tip, feed.tail, seq);
  }

  /** @returns the verdict, or undefined where it is given once the disk has what it says */
  #onceStored(waiting: Waiting): Verdict | undefined {
    if (!this.#isOnItsWay(waiting)) return waiting.verdict;
    this.#waiting = [...this.#waiting, waiting];
    return undefined;
  }

  /** @returns undefined where it is on its way to the disk */
  #takeFork(ticket: number, id: FeedId, proof: ForkProof): Verdict | undefined {
    const { replica, forks } = this.#parts;
    const refusal = this.#refuse(id);
    if (refusal !== undefined) return refusal;
    const taken = forks.receive(id, proof);
    if (taken === 'invalid') return 'bad-fork-proof';
    if (taken === 'refused') return 'too-many-heads';
    const verdict = taken === 'new' ? 'stored' : 'known';
    return this.#onceStored({ ticket, feed: replica.open(id), seq: undefined, verdict });
  }

  #refuse(id: FeedId): DropReason | undefined {
    const { replica, groups } = this.#parts;
    if (!groups().includes(id.group)) return 'unknown-group';
    if (!replica.accepts(id)) return 'not-a-member';
    return undefined;
  }

  /** @returns undefined where it is on its way to the disk */
  #take(ticket: number, carried: Carried, now: Now): Verdict | undefined {
    const { replica, journal, shedding, verify } = this.#parts;
    const { feed: id, from, bytes } = carried;
    const refusal = this.#refuse(id);
    if (refusal !== undefined) return refusal;
    const feed = replica.find(id);
    if (feed === undefined && replica.hasAllHeads(id)) return 'too-many-heads';
    if (journal.pendingBytes > syncLimits.pendingBytesMax) return 'pending-full';
    const verified = verify(id, from, bytes);
    if (!verified.ok) return dropReasonOf(verified.reason);
    const { run } = verified;
    const mayBeTail = carried.isLast && this.#parts.ownFeeds.isOthers(id);
    const where = placeOf(feed, from, mayBeTail ? 'tail' : undefined);
    // What is behind a gap may say why there is one.
    if (where === 'gap' || where === 'early') {
      shedding.learn(entriesOf(run));
      return 'gap';
    }
    if (feed !== undefined && run.head.seq <= endOf(feed, where)) {
      return this.#onceStored({ ticket, feed, seq: run.head.seq, verdict: 'known' });
    }
    if (feed?.forkedAt !== undefined && feed.tip.seq >= feed.forkedAt - 1) return 'forked';
    if (from > (feed?.limit ?? replica.limitOf(id) ?? Infinity)) return 'removed';
    const whole = this.#withoutHole(run, feed, where, carried.isLast);
    if (typeof whole === 'string') return whole;
    return this.#accept(ticket, whole.run, whole.where, now);
  }

  /** As with a last peer that has it: what is behind objects that nobody has becomes the newest part. */
  #withoutHole(
    run: Run,
    feed: Feed | undefined,
    where: 'chain' | 'tail',
    isLast: boolean,
  ): { readonly run: Run; readonly where: 'chain' | 'tail' } | 'object-missing' {
    const { shedding, ownFeeds } = this.#parts;
    if (!lacksObjects(run) || !ownFeeds.isOthers(run.feed)) return { run, where };
    const below = where === 'tail' ? Infinity : (feed?.tail?.from ?? Infinity);
    shedding.learn(entriesOf(run));
    const hole = findHole(run, endOf(feed, where), below, (...of) => shedding.mayLack(...of));
    if (hole === undefined) return { run, where };
    if (!isLast) return 'object-missing';
    if (where === 'tail' && feed?.tail !== undefined) return { run, where };
    const behind = hole.last + 1 - run.from;
    if (feed?.tail !== undefined || behind >= run.entries.length) return 'object-missing';
    return { run: skipEntries(run, behind), where: 'tail' };
  }

  #accept(ticket: number, run: Run, where: 'chain' | 'tail', now: Now): Verdict | undefined {
    const { replica, journal } = this.#parts;
    const acceptance = admit(replica.find(run.feed), run, where);
    if (acceptance.verdict === 'duplicate') return 'known';
    if (acceptance.verdict === 'fork') return 'forked';
    if (acceptance.verdict === 'gap') return 'gap';
    if (acceptance.verdict === 'refused') return dropReasonOf(acceptance.reason);
    const { entries } = acceptance.run;
    const ahead = entries.filter(({ time }) => time > now.wall + syncLimits.horizonMicros);
    if (ahead.length > 0 && !journal.mayHold(run.feed.author, ahead.length)) return 'held-full';
    const feed = replica.open(run.feed);
    const latest = entries[entries.length - ahead.length - 1];
    if (latest !== undefined) replica.see(run.feed.group, latest.time);
    const { after, withdraws } = acceptance;
    const from = { link: undefined, credit: 0, live: false, ahead: ahead.length, ticket };
    journal.add({ feed, run: this.#shed(acceptance.run), after, withdraws, ...from });
    return undefined;
  }

  /** What was deleted, or is not kept for so long, is not even written. */
  #shed(run: Run): Run {
    const { shedding } = this.#parts;
    const erasures = entriesOf(run, (time, id) => shedding.mayLack(run.feed, time, id));
    const due = erasures.filter((entry) => shedding.sheds(entry));
    return due.length === 0 ? run : eraseOfRun(run, due);
  }
}

/** Whether a root is in the chain up to a head, or in the newest part. */
function hasSeq(head: FeedHead, tail: FeedTail | undefined, seq: number): boolean {
  if (seq <= head.seq) return true;
  return tail !== undefined && tail.from <= seq && seq <= tail.head.seq;
}

/** Messages of a run. */
export function countMessages({ head, countBefore }: Run): number {
  return head.count - countBefore;
}
