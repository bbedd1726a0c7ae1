// What waits for the disk: verified runs of any feed and own objects, gathered into one commit at a
// time. Own objects that arrive while a commit is under way share the next root and its signature.
import type { Entry } from '../cxo/archive.ts';
import type { FeedHead, FeedState, FeedTail } from '../cxo/feed.ts';
import type { GroupId } from '../cxo/ids.ts';
import { buildRecord, type LabelOf } from '../cxo/record.ts';
import { sliceRun, type Run, type RunObject } from '../cxo/segment.ts';
import type { Commit, CommitArrivals, HeldRecord, LocalChange, RecordKey } from '../cxo/store.ts';
import type { Identity, PublicKey } from '../identity.ts';
import type { Now, OwnSegment } from './events.ts';
import { Held } from './held.ts';
import { syncLimits } from './limits.ts';
import { takeBatch, type Append, type FailedAppend } from './own-objects.ts';
import { buildOwnRun } from './own-root.ts';
import type { OwnFeeds } from './own-feeds.ts';
import type { Feed, Replica } from './replica.ts';

/** A run on its way to the disk, and where it came from. */
export interface PendingRun {
  readonly feed: Feed;
  readonly run: Run;
  /** The link that brought it; undefined for an own one. */
  readonly link: number | undefined;
  /** Segment bytes to give back as credit to that link. */
  readonly credit: number;
  /** Where its feed stands behind it. */
  readonly after: { readonly head: FeedHead; readonly tail: FeedTail | undefined };
  /** Whether it shows that the feed's tail is of another branch: the tail goes. */
  readonly withdraws: boolean;
  /** Whether it came while its feed was not being caught up: it goes on to others at once. */
  readonly live: boolean;
  /** Roots that were too far ahead of the clock as it came. */
  readonly ahead: number;
  /** Of who has carried it here and waits for the disk. */
  readonly ticket?: number;
}

interface OwnRun extends PendingRun {
  readonly tickets: readonly number[];
}

/** What becomes one record; with the tickets of own objects, in order. */
interface Part {
  readonly run: Run;
  readonly held: boolean;
  readonly tickets: readonly number[];
}

/** Local rows that wait for a commit of their own; a ticket where somebody waits for them. */
interface LocalWrite {
  readonly ticket: number | undefined;
  readonly changes: readonly LocalChange[];
}

interface InFlight {
  readonly runs: readonly PendingRun[];
  readonly parts: readonly Part[];
  readonly releases: readonly HeldRecord[];
  readonly frozen: readonly Feed[];
  readonly local: readonly LocalWrite[];
}

export interface Plan {
  readonly commit: Commit;
  readonly own: readonly OwnSegment[];
}

export interface Settled {
  readonly runs: readonly PendingRun[];
  readonly appended: readonly { readonly ticket: number; readonly entry: Entry }[];
  readonly arrived: readonly Entry[];
  /** Tickets of local rows that were written. */
  readonly written: readonly number[];
  /** Whether messages became visible that only the store knows. */
  readonly reread: boolean;
  /** Feeds whose fork is on disk now. */
  readonly frozen: readonly Feed[];
  /** Whether messages that were shown are gone: their author had signed two branches. */
  readonly withdrawn: boolean;
}

export interface JournalOptions {
  readonly identity: Identity;
  readonly replica: Replica;
  readonly held: readonly HeldRecord[];
  readonly ownFeeds: OwnFeeds;
  /** The label under which the store finds objects of a kind again. */
  readonly labelOf: LabelOf;
}

export class Journal {
  readonly #identity: Identity;
  readonly #replica: Replica;
  readonly #ownFeeds: OwnFeeds;
  readonly #labelOf: LabelOf;
  #pending: PendingRun[] = [];
  #pendingBytes = 0;
  #appends: Append[] = [];
  readonly #failed: FailedAppend[] = [];
  readonly #held: Held;
  #frozen: Feed[] = [];
  #local: LocalWrite[] = [];
  #inFlight: InFlight | undefined;
  /** When an own object was last taken. */
  #postedAt = -Infinity;

  constructor(options: JournalOptions) {
    this.#identity = options.identity;
    this.#replica = options.replica;
    this.#labelOf = options.labelOf;
    this.#ownFeeds = options.ownFeeds;
    this.#held = new Held(options.held);
  }

  get pendingBytes(): number {
    return this.#pendingBytes;
  }

  /** Held records, with those that are on their way to the disk. */
  get heldCount(): number {
    let count = this.#held.size;
    for (const { ahead } of this.#pending) count += ahead;
    for (const { ahead } of this.#inFlight?.runs ?? []) count += ahead;
    return count;
  }

  /** Whether there is room for more held records of an author. */
  mayHold(author: PublicKey, records: number): boolean {
    let ofAuthor = records + this.#held.ofAuthor(author);
    for (const { feed, ahead } of [...this.#pending, ...(this.#inFlight?.runs ?? [])]) {
      if (feed.id.author === author) ofAuthor += ahead;
    }
    const { heldMax, heldOfAuthorMax } = syncLimits;
    return ofAuthor <= heldOfAuthorMax && this.heldCount + records <= heldMax;
  }

  /** Wall clock at which the next held record may be shown; behind a commit, that ends first. */
  get nextRelease(): number | undefined {
    return this.#inFlight === undefined ? this.#held.nextRelease : undefined;
  }

  /** Whether a commit of this journal's is under way. */
  get isWriting(): boolean {
    return this.#inFlight !== undefined;
  }

  /** Whether a fork of the feed is known that is not on disk yet. */
  isFreezing(feed: Feed): boolean {
    return this.#frozen.includes(feed) || this.#inFlight?.frozen.includes(feed) === true;
  }

  get appendsWaiting(): number {
    return this.#appends.length;
  }

  get localWaiting(): number {
    return this.#local.length;
  }

  /** Groups for which own objects wait. */
  get groupsWaiting(): ReadonlySet<GroupId> {
    return new Set(this.#appends.map(({ group }) => group));
  }

  /** Own objects that could not be built where they were to stand. */
  takeFailed(): readonly FailedAppend[] {
    return this.#failed.splice(0);
  }

  append(append: Append): void {
    this.#appends.push(append);
  }

  /** Takes back the objects that no root holds yet. */
  withdraw(groups?: ReadonlySet<GroupId>): readonly Append[] {
    const withdrawn = this.#appends.filter(({ group }) => groups?.has(group) ?? true);
    this.#appends = this.#appends.filter((append) => !withdrawn.includes(append));
    return withdrawn;
  }

  /** Accepts a run directly behind its feed's tip, or behind its tail. */
  add(pending: PendingRun): void {
    const { feed, run, after } = pending;
    feed.tip = after.head;
    feed.tail = after.tail;
    this.#pending.push(pending);
    this.#pendingBytes += run.bytes.length;
  }

  /** Notes a fork with its proof, for the next commit. */
  freeze(feed: Feed, proof: LocalChange): void {
    this.#frozen.push(feed);
    this.#local.push({ ticket: undefined, changes: [proof] });
  }

  writeLocal(ticket: number, changes: readonly LocalChange[]): void {
    this.#local.push({ ticket, changes });
  }

  /** The next commit, where none is under way and something waits. */
  take(now: Now, mayAppend: (group: GroupId) => boolean): Plan | undefined {
    if (this.#inFlight !== undefined) return undefined;
    const own = this.#takeAppends(now, mayAppend);
    if (own.length > 0) this.#postedAt = now.mono;
    const pending = this.#takePending(now);
    const withdrawn = pending.filter(({ withdraws }) => withdraws).map(({ feed }) => feed);
    for (const { id, storedTail } of withdrawn) this.#held.forget(id, storedTail?.from ?? 1);
    const releases = this.#held.takeDue(now.wall);
    const runs = [...own.map((one) => one.pending), ...pending];
    const frozen = this.#frozen;
    const local = this.#local;
    if (runs.length + releases.length + frozen.length + local.length === 0) return undefined;
    this.#frozen = [];
    this.#local = [];
    const parts = this.#partsOf(own, pending, now);
    this.#inFlight = { runs, parts, releases, frozen, local };
    const states = new Map(
      frozen.map((feed) => [feed, stateOf(feed, feed.stored, feed.storedTail)]),
    );
    for (const { feed, after } of runs) states.set(feed, stateOf(feed, after.head, after.tail));
    return {
      commit: {
        records: parts.map(({ run, held }) => buildRecord(run, held, this.#labelOf)),
        states: [...states.values()],
        withdrawn: withdrawn.map(({ id }) => id),
        releases: releases.map(({ feed, from }): RecordKey => ({ feed, from })),
        local: [...local.flatMap(({ changes }) => changes), ...own.flatMap((one) => one.local)],
      },
      own: own.map(({ pending: { run }, local: rows }) => ({
        feed: run.feed,
        from: run.from,
        bytes: run.bytes,
        local: rows,
      })),
    };
  }

  /** The commit is on disk. */
  settle(arrivals: CommitArrivals): Settled {
    const done = this.#inFlight;
    if (done === undefined) throw new Error('no commit is under way');
    this.#inFlight = undefined;
    const arrived: Entry[] = [];
    const appended: { ticket: number; entry: Entry }[] = [];
    done.parts.forEach(({ run, held, tickets }, i) => {
      if (held) {
        this.#held.add({ feed: run.feed, from: run.from, time: run.head.time });
        return;
      }
      const entries = entriesOfRun(run, arrivals.records[i] ?? 0);
      for (const entry of entries) arrived.push(entry);
      tickets.forEach((ticket, index) => {
        const entry = entries[index];
        if (entry !== undefined) appended.push({ ticket, entry });
      });
    });
    for (const { feed, after } of done.runs) {
      feed.stored = after.head;
      feed.storedTail = after.tail;
      this.#replica.feedChanged(feed);
    }
    for (const { feed, time } of done.releases) this.#replica.see(feed.group, time);
    for (const feed of done.frozen) this.#replica.feedChanged(feed);
    const written = ticketsOf(done.local);
    const reread = done.releases.length > 0 || arrivals.repeats === true;
    const shown = arrivals.repeats === true ? [] : arrived;
    const { runs, frozen } = done;
    const withdrawn = runs.some(({ withdraws }) => withdraws);
    return { runs, appended, arrived: shown, written, reread, frozen, withdrawn };
  }

  /**
   * Nothing of the commit is on disk: its runs, and those that were to follow them, are forgotten.
   * @returns the runs, and the tickets of own objects that were in the commit
   */
  fail(): { readonly runs: readonly PendingRun[]; readonly tickets: readonly number[] } {
    const failed = this.#inFlight;
    if (failed === undefined) throw new Error('no commit is under way');
    this.#inFlight = undefined;
    for (const held of failed.releases) this.#held.add(held);
    this.#frozen.push(...failed.frozen);
    // A proof of a fork is not given up.
    this.#local.push(...failed.local.filter(({ ticket }) => ticket === undefined));
    const runs = [...failed.runs, ...this.#pending];
    for (const { feed } of runs) {
      feed.tip = feed.stored;
      feed.tail = feed.storedTail;
    }
    this.#pending = [];
    this.#pendingBytes = 0;
    const tickets = failed.parts.flatMap((part) => part.tickets);
    return { runs, tickets: [...tickets, ...ticketsOf(failed.local)] };
  }

  /** What this node wrote itself is never held back from its own view. */
  #partsOf(own: readonly { pending: OwnRun }[], others: readonly PendingRun[], now: Now): Part[] {
    const horizon = now.wall + syncLimits.horizonMicros;
    return [
      ...own.map(({ pending: { run, tickets } }) => ({ run, held: false, tickets })),
      ...others.flatMap(({ run }) => splitAtHorizon(run, horizon)),
    ];
  }

  #takePending(now: Now): PendingRun[] {
    const { commitBytesMax, commitBytesBesidePostsMax, postingMs } = syncLimits;
    const isPosting = now.mono < this.#postedAt + postingMs;
    const bytesMax = isPosting ? commitBytesBesidePostsMax : commitBytesMax;
    let bytes = 0;
    let end = 0;
    for (const { run, withdraws } of this.#pending) {
      if (end > 0 && bytes + run.bytes.length > bytesMax) break;
      // A withdrawal comes first in its commit.
      if (end > 0 && withdraws) break;
      bytes += run.bytes.length;
      end++;
    }
    this.#pendingBytes -= bytes;
    return this.#pending.splice(0, end);
  }

  #takeAppends(
    now: Now,
    mayAppend: (group: GroupId) => boolean,
  ): { pending: OwnRun; local: readonly LocalChange[] }[] {
    const groups = new Set(this.#appends.map(({ group }) => group));
    const taken: { pending: OwnRun; local: readonly LocalChange[] }[] = [];
    for (const group of groups) {
      if (!mayAppend(group)) continue;
      const feed = this.#replica.open(this.#ownFeeds.current(group));
      if (feed.tail !== undefined) throw new Error('an own feed has no tail');
      // A root may not follow one that is not on disk: both would be lost with the first.
      if (feed.tip !== feed.stored) continue;
      const time = Math.max(now.wall, this.#replica.seen(group) + 1, feed.tip.time + 1);
      const { batch: appends, rest, failed } = takeBatch(this.#appends, feed, time);
      this.#appends = rest;
      this.#failed.push(...failed);
      if (appends.length === 0) continue;
      const run = buildOwnRun(this.#identity, feed.id, feed.tip, time, appends);
      feed.tip = run.head;
      const tickets = appends.map(({ ticket }) => ticket);
      const after = { head: run.head, tail: undefined };
      const own = { link: undefined, credit: 0, after, withdraws: false, live: true, ahead: 0 };
      const pending = { feed, run, tickets, ...own };
      taken.push({ pending, local: appends.flatMap(({ local }) => local) });
    }
    return taken;
  }
}

function stateOf({ id, forkedAt }: Feed, head: FeedHead, tail: FeedTail | undefined): FeedState {
  return { feed: id, head, tail, forkedAt };
}

function ticketsOf(writes: readonly LocalWrite[]): number[] {
  return writes.flatMap(({ ticket }) => ticket ?? []);
}

/** The part of a run that may be shown, and each root that is too far ahead as a part of its own. */
function splitAtHorizon(run: Run, horizon: number): Part[] {
  const tickets: readonly number[] = [];
  const first = run.entries.findIndex(({ time }) => time > horizon);
  if (first === -1) return [{ run, held: false, tickets }];
  const parts = first === 0 ? [] : [{ run: sliceRun(run, 0, first), held: false, tickets }];
  for (let i = first; i < run.entries.length; i++) {
    parts.push({ run: sliceRun(run, i, i + 1), held: true, tickets });
  }
  return parts;
}

function entriesOfRun(run: Run, arrival: number): Entry[] {
  const entries: Entry[] = [];
  for (const { seq, time, objects } of run.entries) {
    objects.forEach((object: RunObject, index) => {
      entries.push({
        arrival: arrival + entries.length,
        feed: run.feed,
        seq,
        index,
        time,
        id: object.message,
        objectId: object.id,
        object: object.bytes,
      });
    });
  }
  return entries;
}
