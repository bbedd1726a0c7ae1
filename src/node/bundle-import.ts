// Imports a bundle: first all of it is checked, then it is taken feed by feed, and again as long as
// that makes anything possible that was not (who is a member is in the feeds themselves), so that the
// order of the bundle does not matter. Knows nothing of who takes it: a store, or a daemon over HTTP.
import {
  readBundle,
  readBundleItem,
  type BundleEnd,
  type BundleItem,
  type PlacedItem,
  type ReadAt,
} from '../cxo/bundle.ts';
import { bundlePartsMax } from '../cxo/limits.ts';
import { feedKey, type FeedId, type FeedKey } from '../cxo/root.ts';
import { verifySegment } from '../cxo/segment.ts';
import { SkychatError } from '../errors.ts';
import { verifyForkProof } from '../sync/fork-proof.ts';
import { parseProof, type Taken } from './bundle-intake.ts';

/** Who takes the parts. */
export interface BundleTaker {
  /** As `BundleIntake.take`, for parts of one feed in order. */
  take(items: readonly BundleItem[], isLast: boolean): Promise<readonly Taken[]>;
  settle(): Promise<void>;
  /** Some time in which a disk that is busy gets on. */
  pause(): Promise<void>;
}

export interface RefusedFeed {
  readonly feed: FeedId;
  /** As in the status' counters of what was dropped. */
  readonly reason: string;
  readonly messages: number;
}

export interface ImportReport {
  readonly feeds: number;
  readonly segments: number;
  /** Of the bundle; stored, known and refused together. */
  readonly messages: number;
  readonly stored: number;
  readonly known: number;
  readonly refused: number;
  readonly refusedFeeds: readonly RefusedFeed[];
  /** Feeds whose author is shown to have signed two branches, which was news. */
  readonly forks: number;
}

interface Part {
  readonly offset: number;
  readonly length: number;
  /** Seq of the first root; proofs come first. */
  readonly from: number;
  readonly messages: number;
  readonly isSegment: boolean;
  /** Why it was not taken so far. */
  waits: string | undefined;
}

interface FeedParts {
  readonly feed: FeedId;
  /** What was not settled yet, in the order of the feed. */
  parts: Part[];
}

/** Verdicts that stay as they are, whatever else the bundle brings. */
const final = new Set<string>(['stored', 'known', 'forked', 'bad-fork-proof', 'held-full']);
/** What is read and handed on at a time: enough for one sync of the disk. */
const batchBytes = 512 * 1024;
const batchPartsMax = 256;
/** A disk that stays so busy for a minute is taken for stuck. */
const pausesMax = 600;

/**
 * @throws SkychatError `bad-bundle`, nothing being changed; and what the taker throws: then some of the
 * bundle was taken, and the rest is by another import.
 */
export async function importBundle(readAt: ReadAt, taker: BundleTaker): Promise<ImportReport> {
  return new Import(readAt, taker, (await checkBundle(readAt)).feeds).run();
}

/** What is in a bundle, every part of which is verified. @throws SkychatError `bad-bundle` */
export async function countBundle(
  readAt: ReadAt,
): Promise<{ feeds: number; segments: number; messages: number } & BundleEnd> {
  const { feeds, end } = await checkBundle(readAt);
  const parts = [...feeds.values()].flatMap((feed) => feed.parts);
  const messages = parts.reduce((sum, part) => sum + part.messages, 0);
  const segments = parts.filter(({ isSegment }) => isSegment).length;
  return { feeds: feeds.size, segments, messages, ...end };
}

/** Verifies every part for itself. @throws SkychatError `bad-bundle` */
async function checkBundle(
  readAt: ReadAt,
): Promise<{ readonly feeds: Map<FeedKey, FeedParts>; readonly end: BundleEnd }> {
  const feeds = new Map<FeedKey, FeedParts>();
  let count = 0;
  const items = readBundle(readAt);
  for (;;) {
    const step = await items.next();
    if (step.done === true) {
      for (const { parts } of feeds.values()) parts.sort((a, b) => a.from - b.from);
      return { feeds, end: step.value };
    }
    const item = step.value;
    if (++count > bundlePartsMax) throw bad(`it has more than ${bundlePartsMax} parts`);
    const { feed, offset, length } = item;
    const key = feedKey(feed);
    const known = feeds.get(key) ?? { feed, parts: [] };
    known.parts.push({ offset, length, ...checkItem(item), waits: undefined });
    feeds.set(key, known);
  }
}

function checkItem(item: PlacedItem): Pick<Part, 'from' | 'messages' | 'isSegment'> {
  const { feed, offset } = item;
  if (item.type === 'fork') {
    const proof = parseProof(item.proof);
    if (proof === undefined || !verifyForkProof(feed, proof)) {
      throw bad(`the proof at byte ${offset} shows no fork`);
    }
    return { from: 0, messages: 0, isSegment: false };
  }
  const verified = verifySegment(feed, item.from, item.bytes);
  if (!verified.ok) {
    throw bad(`the segment at byte ${offset}, of ${feed.author}, is refused: ${verified.reason}`);
  }
  const { head, countBefore } = verified.run;
  return { from: item.from, messages: head.count - countBefore, isSegment: true };
}

class Import {
  readonly #readAt: ReadAt;
  readonly #taker: BundleTaker;
  readonly #feeds: ReadonlyMap<FeedKey, FeedParts>;
  readonly #counts = { segments: 0, messages: 0, stored: 0, refused: 0, forks: 0 };
  readonly #finallyRefused = new Map<string, { feed: FeedId; reason: string; messages: number }>();
  #progressed = false;
  #pauses = 0;

  constructor(readAt: ReadAt, taker: BundleTaker, feeds: ReadonlyMap<FeedKey, FeedParts>) {
    this.#readAt = readAt;
    this.#taker = taker;
    this.#feeds = feeds;
    for (const { parts } of feeds.values()) {
      for (const { isSegment, messages } of parts) {
        if (isSegment) this.#counts.segments++;
        this.#counts.messages += messages;
      }
    }
  }

  async run(): Promise<ImportReport> {
    for (const isLast of [false, true]) {
      let isDone = false;
      while (!isDone) isDone = !(await this.#takeAll(isLast));
    }
    const refusedFeeds = this.#refused();
    const { stored, refused, messages } = this.#counts;
    const known = messages - stored - refused;
    return { feeds: this.#feeds.size, ...this.#counts, known, refusedFeeds };
  }

  /** @returns whether that made anything possible that was not */
  async #takeAll(isLast: boolean): Promise<boolean> {
    this.#progressed = false;
    for (const feed of this.#feeds.values()) await this.#takeFeed(feed, isLast);
    await this.#taker.settle();
    return this.#progressed;
  }

  async #takeFeed(known: FeedParts, isLast: boolean): Promise<void> {
    const rest: Part[] = [];
    let at = 0;
    while (at < known.parts.length) {
      const batch = batchOf(known.parts, at);
      at += batch.length;
      const verdicts = await this.#takeBatch(known.feed, batch, isLast);
      rest.push(...batch.filter(({ waits }) => waits !== undefined && !final.has(waits)));
      this.#noteRefused(known.feed, batch);
      const isOut = verdicts.every((one) => one === 'unknown-group' || one === 'not-a-member');
      if (!isOut) continue;
      const others = known.parts.slice(at);
      for (const part of others) part.waits = verdicts[0];
      rest.push(...others);
      break;
    }
    known.parts = rest;
  }

  async #takeBatch(feed: FeedId, batch: readonly Part[], isLast: boolean): Promise<string[]> {
    const items: BundleItem[] = [];
    for (const part of batch) items.push(await readBundleItem(this.#readAt, { feed, ...part }));
    const taken = await this.#taker.take(items, isLast);
    const verdicts: string[] = [];
    for (const [i, part] of batch.entries()) {
      const one = taken[i];
      if (one === undefined) throw new Error('each part is answered');
      const { verdict, messages, isNewFork } = one;
      verdicts.push(verdict);
      part.waits = verdict === 'stored' || verdict === 'known' ? undefined : verdict;
      this.#counts.stored += messages;
      if (isNewFork) this.#counts.forks++;
      if (verdict === 'stored' || isNewFork) this.#progressed = true;
    }
    if (verdicts.includes('pending-full') && this.#pauses < pausesMax) {
      this.#pauses++;
      this.#progressed = true;
      await this.#taker.pause();
    }
    return verdicts;
  }

  #noteRefused(feed: FeedId, parts: readonly Part[], isEnd = false): void {
    for (const { waits, messages } of parts) {
      if (waits === undefined || (!isEnd && !final.has(waits))) continue;
      const key = `${feedKey(feed)} ${waits}`;
      const one = this.#finallyRefused.get(key) ?? { feed, reason: waits, messages: 0 };
      one.messages += messages;
      this.#counts.refused += messages;
      this.#finallyRefused.set(key, one);
    }
  }

  #refused(): RefusedFeed[] {
    for (const { feed, parts } of this.#feeds.values()) this.#noteRefused(feed, parts, true);
    return [...this.#finallyRefused.values()];
  }
}

function batchOf(parts: readonly Part[], from: number): Part[] {
  let bytes = 0;
  let end = from;
  while (end < parts.length && end - from < batchPartsMax) {
    bytes += parts[end]?.length ?? 0;
    if (end > from && bytes > batchBytes) break;
    end++;
  }
  return parts.slice(from, end);
}

function bad(what: string): SkychatError {
  return new SkychatError('bad-bundle', `the bundle cannot be used: ${what}`, {
    hint: 'export it again, or copy it again; nothing was imported',
  });
}
