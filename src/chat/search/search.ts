// Searches what the messages of all groups say. The index is made in memory when somebody first asks,
// from the newest message backwards, and kept up to date from then on; nothing of it is written. Knows
// nothing of requests.
import type { Entry } from '../../cxo/archive.ts';
import { parseMessageId, type GroupId } from '../../cxo/ids.ts';
import type { Timers } from '../../env.ts';
import { searchLimits } from '../limits.ts';
import type { MessageSource } from '../ports.ts';
import { compareEntries, Timeline } from '../timeline/timeline.ts';
import type { DocumentFilter } from './documents.ts';
import { MessageIndex } from './message-index.ts';
import type { Query } from './query.ts';

export interface SearchOptions {
  readonly archive: Pick<MessageSource, 'after' | 'find' | 'timeline'>;
  readonly groups: ReadonlySet<GroupId>;
  /** Arrival number up to which every entry was announced. */
  readonly latest: () => number;
  /** Resolves once `read` knows what was said about messages before. */
  readonly ready: () => Promise<void>;
  /** The text as it stands by now; undefined where nothing is shown. */
  readonly read: (entry: Entry) => { readonly text: string } | undefined;
  readonly timers: Timers;
  /** For tests of the bounds. */
  readonly limits?: Partial<Record<keyof typeof searchLimits, number>>;
}

export interface Found {
  /** In the order of the timeline, the newest first. */
  readonly entries: readonly Entry[];
  /** Whether there are older ones that were indexed. */
  readonly more: boolean;
  /** Everything at or after this time was searched, microseconds: 0 where all of it was. */
  readonly reached: number;
}

/** An index and how far the building of it has come. */
interface Build {
  readonly index: MessageIndex;
  /** What arrived later comes by being announced. */
  readonly latest: number;
  /** The last message that was looked at. */
  last: Entry | undefined;
  state: 'building' | 'complete' | 'full' | 'dropped';
  done: Promise<void>;
}

export class Search {
  readonly #options: SearchOptions;
  readonly #limits: Readonly<Record<keyof typeof searchLimits, number>>;
  #build: Build | undefined;
  /** Messages that have to be looked at again: ids, with their groups. */
  readonly #touched = new Map<string, GroupId>();
  #reviewing: Promise<void> | undefined;

  constructor(options: SearchOptions) {
    this.#options = options;
    this.#limits = { ...searchLimits, ...options.limits };
  }

  /** Messages in the index, and its estimated bytes. */
  get size(): { readonly messages: number; readonly bytes: number } {
    const index = this.#build?.index;
    return { messages: index?.size ?? 0, bytes: index?.bytes ?? 0 };
  }

  /**
   * The newest messages that the query means.
   * @param before only those that sort before this one in the timeline
   * @param waitMs how long to wait for an index that is being built
   */
  async find(
    { clauses }: Pick<Query, 'clauses'>,
    filter: DocumentFilter,
    before: Entry | undefined,
    limit: number,
    waitMs: number = this.#limits.patienceMs,
  ): Promise<Found> {
    await this.#options.ready();
    this.#build ??= this.#begin();
    if (this.#build.state === 'building') await this.#wait(this.#build.done, waitMs);
    await this.#reviewed();
    const build = (this.#build ??= this.#begin());
    const arrivals = build.index.find(clauses, filter, before, limit + 1);
    const entries = await Promise.all(arrivals.slice(0, limit).map((each) => this.#entryOf(each)));
    return {
      entries: entries.filter((entry) => entry !== undefined),
      more: arrivals.length > limit,
      reached: build.state === 'complete' ? 0 : (build.last?.time ?? Infinity),
    };
  }

  /** To be called with all entries that were announced, in arrival order. */
  arrived(entries: readonly Entry[]): void {
    const build = this.#build;
    if (build === undefined) return;
    for (const entry of entries) this.#put(build.index, entry);
    const { messagesMax, bytesMax, growth } = this.#limits;
    const { count, bytes } = build.index;
    if (count > messagesMax * growth || bytes > bytesMax * growth) this.reset();
  }

  /** To be called when something was said about messages. */
  touched(targets: Iterable<{ readonly group: GroupId; readonly id: string }>): void {
    if (this.#build === undefined) return;
    for (const { group, id } of targets) this.#touched.set(id, group);
    if (this.#touched.size > this.#limits.touchedMax) this.reset();
  }

  /** To be called when other messages are shown than before: the next search builds the index anew. */
  reset(): void {
    if (this.#build !== undefined) this.#build.state = 'dropped';
    this.#build = undefined;
    this.#touched.clear();
  }

  #begin(): Build {
    const build: Build = {
      ...{ index: new MessageIndex(), latest: this.#options.latest(), last: undefined },
      ...{ state: 'building', done: Promise.resolve() },
    };
    build.done = this.#fill(build);
    // Whoever waits for it is told; the next search begins again.
    build.done.catch(() => {
      if (this.#build === build) this.reset();
    });
    return build;
  }

  async #fill(build: Build): Promise<void> {
    const { archive, groups } = this.#options;
    const timeline = new Timeline(archive, groups, undefined, this.#limits.sliceMessages);
    for (let looked = 1; build.state === 'building'; looked++) {
      if (this.#isFull(build.index)) {
        build.state = 'full';
        return;
      }
      const entry = await timeline.next();
      if (this.#isDropped(build)) return;
      if (entry === undefined) {
        build.state = 'complete';
        return;
      }
      build.last = entry;
      if (entry.arrival <= build.latest) this.#put(build.index, entry);
      if (looked % this.#limits.sliceMessages === 0) await this.#pause();
    }
  }

  #isDropped({ state }: Build): boolean {
    return state === 'dropped';
  }

  #isFull({ count, bytes }: MessageIndex): boolean {
    return count >= this.#limits.messagesMax || bytes >= this.#limits.bytesMax;
  }

  #put(index: MessageIndex, entry: Entry): void {
    index.put(entry, this.#options.read(entry)?.text);
  }

  /** Also what another search is looking at already. */
  async #reviewed(): Promise<void> {
    // Once for what was under way, and once for what was touched meanwhile.
    for (let round = 0; round < 2; round++) {
      if (this.#reviewing === undefined && this.#touched.size === 0) return;
      this.#reviewing ??= this.#review().finally(() => {
        this.#reviewing = undefined;
      });
      await this.#reviewing;
    }
  }

  /** Looks again at what was touched, where the building has come so far. */
  async #review(): Promise<void> {
    const touched = [...this.#touched.keys()];
    this.#touched.clear();
    for (const text of touched) {
      const id = parseMessageId(text);
      const entry = id && (await this.#options.archive.find(id));
      const build = this.#build;
      if (build === undefined) return;
      if (entry === undefined || entry.arrival === 0 || !isReached(build, entry)) continue;
      this.#put(build.index, entry);
    }
  }

  async #entryOf(arrival: number): Promise<Entry | undefined> {
    const [entry] = await this.#options.archive.after(arrival - 1, 1);
    return entry?.arrival === arrival && this.#options.read(entry) !== undefined
      ? entry
      : undefined;
  }

  async #wait(done: Promise<void>, waitMs: number): Promise<void> {
    let cancel = (): void => undefined;
    const over = new Promise<void>((resolve) => {
      cancel = this.#options.timers.after(waitMs, resolve);
    });
    try {
      await Promise.race([done, over]);
    } finally {
      cancel();
    }
  }

  #pause(): Promise<void> {
    return new Promise((resolve) => {
      this.#options.timers.after(0, resolve);
    });
  }
}

function isReached({ state, latest, last }: Build, entry: Entry): boolean {
  if (state === 'complete' || entry.arrival > latest) return true;
  return last !== undefined && compareEntries(entry, last) >= 0;
}
