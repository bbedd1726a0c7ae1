// Erases bodies that are not to be kept: at once what authors have deleted, and in sweeps, at the start
// and each hour, what is older than this node or a group keeps. In steps, so that nobody waits for it.
// Knows nothing of LevelDB and links.
import { parseHex, toHex } from '../../bytes.ts';
import type { Erasure } from '../../cxo/erasure.ts';
import type { Entry } from '../../cxo/entry.ts';
import {
  groupIdBytes,
  idBytes,
  messageIdOf,
  objectIdOf,
  type GroupId,
  type MessageId,
} from '../../cxo/ids.ts';
import { storeLimits } from '../../cxo/limits.ts';
import { feedKey, type FeedId, type FeedKey } from '../../cxo/root.ts';
import { parseSegment } from '../../cxo/segment.ts';
import type { LocalChange, Store, StoredRecord } from '../../cxo/store.ts';
import type { Logger, Timers } from '../../env.ts';
import { publicKeyBytes, type PublicKey } from '../../identity.ts';
import type { Contents } from '../content/contents.ts';
import { retentionLimits } from '../limits.ts';
import { BytesCut, isBody, type Retention } from './retention.ts';

/** Messages that are to go, where they are really by that author: hex ids. */
export interface Deleted {
  readonly group: GroupId;
  readonly author: PublicKey;
  readonly ids: readonly string[];
}

export interface EraserOptions {
  readonly store: Pick<Store, 'feeds' | 'records' | 'positions' | 'findLocal'>;
  readonly contents: Contents;
  readonly retention: Retention;
  readonly timers: Timers;
  readonly logger: Logger;
  /** Resolves when the objects are gone from the store, and the rows are written. */
  readonly erase: (erasures: readonly Erasure[], local: readonly LocalChange[]) => Promise<void>;
  readonly writeLocal: (local: readonly LocalChange[]) => Promise<void>;
  /** Gives back the room, on the disk and in the file of the own head; `everything`: after a start. */
  readonly reclaim: (everything: boolean) => Promise<void>;
  /** More may be missing than before: what was left with peers because of it can be asked for again. */
  readonly explained: () => void;
  /** Told of messages whose bodies are gone from this node. */
  readonly onErased: (erased: readonly Erasure[]) => void;
  /** Everything that authors have deleted, for the sweep at the start and after too much at once. */
  readonly allDeleted: () => Iterable<Deleted>;
}

/** The row that says that erased bytes may still be in the files. */
export const reclaimRow = 'erased';

export class Eraser {
  readonly #options: EraserOptions;
  #queue: Deleted[] = [];
  /** Whether deletions did not fit the queue, or were not looked at since the start. */
  #missedSome = true;
  /** Roots of each feed's chain up to here are swept: times only grow in a feed. */
  readonly #swept = new Map<FeedKey, number>();
  #wantsSweep = false;
  #wantsReclaim: 'no' | 'touched' | 'everything' = 'no';
  /** Whether something was erased whose bytes may still be in the files. */
  #owesReclaim = false;
  #working: Promise<void> | undefined;
  #cancelSweep: (() => void) | undefined;
  #cancelRest: (() => void) | undefined;
  #closed = false;

  constructor(options: EraserOptions) {
    this.#options = options;
  }

  /** Begins the first sweep; resolves when it is over. */
  async start(): Promise<void> {
    const owed = await this.#options.store.findLocal(reclaimRow);
    if (owed !== undefined) this.#wantsReclaim = 'everything';
    this.sweep();
    await this.idle();
  }

  /** Erases what authors have deleted, soon. */
  erase(deleted: readonly Deleted[]): void {
    if (deleted.length === 0) return;
    for (const one of deleted) {
      if (this.#queue.length >= retentionLimits.deletionsWaitingMax) this.#missedSome = true;
      else this.#queue.push(one);
    }
    this.#options.explained();
    this.#work();
  }

  /**
   * Looks at what has arrived: a body may have been on its way to the disk when word of its deletion
   * came, and was not there to be erased.
   */
  arrived(entries: readonly Entry[]): void {
    const { retention } = this.#options;
    const late = entries.filter(
      (entry) =>
        entry.object !== undefined &&
        retention.mayLack(entry.feed, entry.time, entry.id) &&
        retention.sheds(entry),
    );
    this.erase(
      late.map(({ feed: { group, author }, id }) => ({ group, author, ids: [toHex(id)] })),
    );
  }

  /** Looks through everything, now: at the start, each hour, and when a policy has changed. */
  sweep(): void {
    this.#wantsSweep = true;
    this.#work();
  }

  /** Resolves when nothing is under way. */
  async idle(): Promise<void> {
    await this.#working;
  }

  /** Resolves once nothing is under way; nothing begins afterwards. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#cancelSweep?.();
    this.#cancelRest?.();
    await this.#working;
  }

  #work(): void {
    if (this.#closed) return;
    this.#working ??= this.#drain().finally(() => {
      this.#working = undefined;
      this.#plan();
    });
  }

  /** A step that fails is left to be tried again later. */
  async #drain(): Promise<void> {
    try {
      while (!this.#closed && this.#isWanted()) await this.#step();
    } catch (error) {
      if (this.#closed) return;
      this.#options.logger.warn({ cause: String(error) }, 'messages could not be erased');
    }
  }

  #isWanted(): boolean {
    return this.#wantsSweep || this.#queue.length > 0 || this.#wantsReclaim !== 'no';
  }

  async #step(): Promise<void> {
    if (this.#wantsSweep) {
      this.#wantsSweep = false;
      await this.#sweep().catch((error: unknown) => {
        this.#wantsSweep = true;
        throw error;
      });
      if (this.#owesReclaim && this.#wantsReclaim === 'no') this.#wantsReclaim = 'touched';
    } else if (this.#queue.length > 0) {
      const some = this.#queue.slice(0, storeLimits.erasuresMax);
      await this.#eraseDeleted(some);
      this.#queue.splice(0, some.length);
    } else {
      const { reclaim, writeLocal } = this.#options;
      await reclaim(this.#wantsReclaim === 'everything');
      await writeLocal([{ key: reclaimRow, value: undefined }]);
      this.#wantsReclaim = 'no';
      this.#owesReclaim = false;
    }
  }

  #plan(): void {
    this.#cancelSweep?.();
    this.#cancelRest?.();
    if (this.#closed) return;
    const { timers } = this.#options;
    this.#cancelSweep = timers.after(retentionLimits.sweepPauseMs, () => {
      this.sweep();
    });
    if (!this.#owesReclaim && !this.#isWanted()) return;
    this.#cancelRest = timers.after(retentionLimits.reclaimPauseMs, () => {
      if (this.#wantsReclaim === 'no') this.#wantsReclaim = 'touched';
      this.#work();
    });
  }

  async #sweep(): Promise<void> {
    const { store, retention, explained, allDeleted } = this.#options;
    if (this.#missedSome) {
      this.#missedSome = false;
      let some: Deleted[] = [];
      for (const deleted of allDeleted()) {
        if (some.push(deleted) < storeLimits.erasuresMax) continue;
        await this.#eraseDeleted(some);
        some = [];
      }
      await this.#eraseDeleted(some);
    }
    const groups = new Set(store.feeds().map(({ feed }) => feed.group));
    for (const group of groups) {
      const { bytes } = retention.policyOf(group);
      retention.setCut(group, bytes === undefined ? undefined : await this.#findCut(group, bytes));
      const { erase } = retention.cutoffs(group);
      if (erase > 0) await this.#sweepGroup(group, erase);
    }
    explained();
  }

  async #sweepGroup(group: GroupId, cutoff: number): Promise<void> {
    for (const { feed, head, tail } of this.#options.store.feeds()) {
      if (feed.group !== group) continue;
      const from = (this.#swept.get(feedKey(feed)) ?? 0) + 1;
      const swept = await this.#sweepStretch(feed, from, head.seq, cutoff);
      this.#swept.set(feedKey(feed), swept);
      if (tail !== undefined) await this.#sweepStretch(feed, tail.from, tail.head.seq, cutoff);
    }
  }

  /** @returns the last root that is before the cutoff */
  async #sweepStretch(feed: FeedId, from: number, last: number, cutoff: number): Promise<number> {
    let due: Erasure[] = [];
    let swept = from - 1;
    for await (const record of this.#recordsOf(feed, from, last)) {
      const { entries, end } = bodiesBefore(record, from, cutoff);
      for (const entry of entries) {
        if (isBody(this.#options.contents.of(entry).type)) due.push(entry);
        if (due.length < storeLimits.erasuresMax) continue;
        await this.#eraseNow(due);
        due = [];
      }
      swept = Math.max(swept, end - 1);
      if (end < record.from + record.roots) break;
    }
    await this.#eraseNow(due);
    return swept;
  }

  /** Where a bound on bytes cuts: all bodies of the group, from the newest on. */
  async #findCut(group: GroupId, bytesMax: number): Promise<BytesCut['cutoffs']> {
    const sizes: { time: number; bytes: number }[] = [];
    for (const { feed, head, tail } of this.#options.store.feeds()) {
      if (feed.group !== group) continue;
      const end = tail?.head.seq ?? head.seq;
      for (const from of tail === undefined ? [1] : [1, tail.from]) {
        for await (const record of this.#recordsOf(feed, from, from === 1 ? head.seq : end)) {
          for (const entry of bodiesBefore(record, from, Infinity).entries) {
            if (!isBody(this.#options.contents.of(entry).type)) continue;
            sizes.push({ time: entry.time, bytes: entry.object?.length ?? 0 });
          }
        }
      }
    }
    const cut = new BytesCut(bytesMax);
    sizes.sort((a, b) => b.time - a.time);
    for (const { time, bytes } of sizes) if (!cut.add(time, bytes)) break;
    return cut.cutoffs;
  }

  async *#recordsOf(feed: FeedId, from: number, last: number): AsyncGenerator<StoredRecord> {
    for (let next = from; next <= last && !this.#closed;) {
      const records = await this.#options.store.records(feed, next, retentionLimits.stepBytes);
      yield* records;
      const end = records.at(-1);
      // A damaged record: the sweep of the feed ends before it.
      if (end === undefined) return;
      next = end.from + end.roots;
      await new Promise<void>((resolve) => this.#options.timers.after(0, resolve));
    }
  }

  async #eraseDeleted(deleted: readonly Deleted[]): Promise<void> {
    let due: Erasure[] = [];
    for (const { group, author, ids } of deleted) {
      for (const hex of ids) {
        const id = parseHex(hex);
        if (id?.length !== idBytes) continue;
        due.push(...(await this.#placesOf(group, author, id as MessageId)));
        if (due.length < storeLimits.erasuresMax / 2) continue;
        await this.#eraseNow(due);
        due = [];
      }
    }
    await this.#eraseNow(due);
  }

  /** Under every head of the author. */
  async #placesOf(group: GroupId, author: PublicKey, id: MessageId): Promise<Erasure[]> {
    const { store, contents } = this.#options;
    const places: Erasure[] = [];
    for (const { feed, seq, index } of await store.positions(id)) {
      if (feed.group !== group || feed.author !== author) continue;
      const [record] = await store.records(feed, seq, 1);
      const entry =
        record &&
        bodiesBefore(record, seq, Infinity, seq).entries.find((one) => one.index === index);
      if (entry !== undefined && isBody(contents.of(entry).type))
        places.push({ feed, seq, index, id });
    }
    return places;
  }

  async #eraseNow(due: readonly Erasure[]): Promise<void> {
    if (due.length === 0) return;
    const { erase, onErased } = this.#options;
    const erasures = due.map(({ feed, seq, index, id }) => ({ feed, seq, index, id }));
    this.#owesReclaim = true;
    await erase(erasures, [{ key: reclaimRow, value: Uint8Array.of(1) }]);
    onErased(erasures);
  }
}

/** What a record has of objects, from a root on and before a time. @returns with the first root behind */
function bodiesBefore(
  { feed, from, bytes, signed, roots }: StoredRecord,
  first: number,
  cutoff: number,
  last = Infinity,
): { readonly entries: Entry[]; readonly end: number } {
  const group = groupIdBytes(feed.group);
  const author = publicKeyBytes(feed.author);
  const entries: Entry[] = [];
  for (const [i, { time, slots }] of (parseSegment(bytes, signed)?.entries ?? []).entries()) {
    const seq = from + i;
    if (time >= cutoff) return { entries, end: seq };
    if (seq < first || seq > last) continue;
    for (const [index, { object }] of slots.entries()) {
      if (object === undefined) continue;
      const objectId = objectIdOf(object);
      const id = messageIdOf(group, author, objectId);
      entries.push({ arrival: 0, feed, seq, index, time, id, objectId, object });
    }
  }
  return { entries, end: from + roots };
}
