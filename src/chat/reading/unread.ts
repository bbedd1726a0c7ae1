// How many messages of each group are unread, and how many of them name this node: counted when
// somebody asks, from the latest arrival back to the read marker, and kept up to date from then on.
// Knows nothing of where the marker is kept.
import type { Entry } from '../../cxo/archive.ts';
import { parseMessageId, type GroupId } from '../../cxo/ids.ts';
import type { PublicKey } from '../../identity.ts';
import { readingLimits, unreadLimits } from '../limits.ts';
import type { MessageSource } from '../ports.ts';
import { Tally } from './unread-tally.ts';

export interface UnreadOptions {
  readonly self: PublicKey;
  readonly archive: Pick<MessageSource, 'after' | 'find'>;
  /** Every group that is counted. */
  readonly groups: ReadonlySet<GroupId>;
  /** Arrival number up to which the group is read; undefined where it is not counted. */
  readonly markerOf: (group: GroupId) => number | undefined;
  /** When this node came into the group, microseconds; Infinity for one that it is not in yet. */
  readonly since: (group: GroupId) => number;
  /** Arrival number up to which every entry was announced. */
  readonly latest: () => number;
  /** Resolves once `read` knows what was said about messages before. */
  readonly ready: () => Promise<void>;
  /** Keys that the message names; undefined where there is nothing to read. */
  readonly read: (
    entry: Entry,
  ) => { readonly mentions: readonly string[]; readonly isBot?: boolean } | undefined;
  /** For tests of the bounds. */
  readonly limits?: Readonly<Record<keyof typeof unreadLimits, number>>;
}

/** Of the newest unread messages: neither is above the bound. */
export interface UnreadCounts {
  readonly unread: number;
  readonly mentions: number;
}

/** A message that may be unread: of the group, and hex. */
interface Target {
  readonly group: GroupId;
  readonly id: string;
}

const none: UnreadCounts = { unread: 0, mentions: 0 };

export class Unread {
  readonly #options: UnreadOptions;
  readonly #limits: Readonly<Record<keyof typeof unreadLimits, number>>;
  readonly #tallies = new Map<GroupId, Tally>();
  /** Those of the count under way. */
  #drafts = new Map<GroupId, Tally>();
  #counting: Promise<void> | undefined;
  /** Messages that have to be looked at again, by id. */
  readonly #touched = new Map<string, GroupId>();
  #reviewing: Promise<void> | undefined;

  constructor(options: UnreadOptions) {
    this.#options = options;
    this.#limits = options.limits ?? unreadLimits;
  }

  /** Groups that are counted at this moment: no I/O for them. */
  get size(): number {
    return this.#tallies.size;
  }

  async counts(group: GroupId): Promise<UnreadCounts> {
    const { unread, mentions } = await this.#read(group);
    return { unread, mentions };
  }

  async #read(group: GroupId): Promise<UnreadCounts> {
    if (this.#options.markerOf(group) === undefined) return none;
    await this.#options.ready();
    // Each round does what the last one found undone: marks and blocks may come in between.
    for (let round = 0; round < this.#limits.roundsMax; round++) {
      if (this.#touched.size > 0 || this.#reviewing !== undefined) {
        await (this.#reviewing ??= this.#review().finally(() => (this.#reviewing = undefined)));
      } else if (this.#isCounted(group)) break;
      else await (this.#counting ??= this.#count().finally(() => (this.#counting = undefined)));
    }
    return this.#tallies.get(group) ?? none;
  }

  /** Whether it was, and this node has come into the group no earlier or later since. */
  #isCounted(group: GroupId): boolean {
    return this.#tallies.get(group)?.since === this.#options.since(group);
  }

  /** To be called with all entries that were announced, in arrival order. */
  arrived(entries: readonly Entry[]): void {
    for (const entry of entries) {
      const { group } = entry.feed;
      for (const tally of [this.#tallies.get(group), this.#drafts.get(group)]) {
        if (tally !== undefined) this.#put(tally, entry);
      }
    }
  }

  /** To be called when something was said about messages: they may be deleted, or name somebody else. */
  touched(targets: Iterable<Target>): void {
    for (const { group, id } of targets) {
      if (this.#tallies.has(group) || this.#drafts.has(group)) this.#touched.set(id, group);
    }
    if (this.#touched.size <= this.#limits.touchedMax) return;
    this.#touched.clear();
    this.forget();
  }

  /** To be called when a marker has moved, or other messages of the group are shown than before. */
  forget(group?: GroupId): void {
    for (const tallies of [this.#tallies, this.#drafts]) {
      if (group === undefined) tallies.clear();
      else tallies.delete(group);
    }
  }

  /** To be called when a marker went forward: what is counted behind it still counts. */
  advanced(group: GroupId, marker: number): void {
    this.#drafts.delete(group);
    this.#tallies.get(group)?.advance(marker);
  }

  /** Every group that is not counted, in one walk back over the arrivals. */
  async #count(): Promise<void> {
    const { groups, markerOf, since, latest, archive } = this.#options;
    const drafts = new Map<GroupId, Tally>();
    for (const group of groups) {
      const marker = markerOf(group);
      if (marker === undefined || this.#isCounted(group)) continue;
      drafts.set(group, new Tally(marker, this.#limits.countMax, since(group)));
    }
    this.#drafts = drafts;
    for (let end = latest(); ;) {
      const wanted = [...drafts.values()].filter(({ isFull }) => !isFull);
      const floor = Math.min(...wanted.map(({ marker }) => marker));
      if (floor >= end) break;
      const start = Math.max(floor, end - readingLimits.chunkEntriesMax);
      const entries = await archive.after(start, end - start);
      for (const entry of entries.filter(({ arrival }) => arrival <= end).reverse()) {
        const draft = drafts.get(entry.feed.group);
        if (draft?.isFull === false) this.#put(draft, entry);
      }
      for (const draft of wanted) draft.close();
      end = start;
    }
    for (const [group, draft] of drafts) this.#tallies.set(group, draft);
    this.#drafts = new Map();
  }

  async #review(): Promise<void> {
    const touched = [...this.#touched];
    this.#touched.clear();
    for (const [text, group] of touched) {
      const id = parseMessageId(text);
      const entry = id && (await this.#options.archive.find(id));
      if (entry === undefined || entry.arrival === 0 || entry.feed.group !== group) continue;
      for (const tallies of [this.#tallies, this.#drafts]) {
        const tally = tallies.get(group);
        if (tally === undefined || this.#put(tally, entry)) continue;
        tally.remove(entry.arrival);
        if (!tally.isWhole) tallies.delete(group);
      }
    }
  }

  /** False where the entry is not unread. */
  #put(tally: Tally, entry: Entry): boolean {
    const { self, read } = this.#options;
    if (entry.arrival <= tally.marker || entry.time < tally.since) return false;
    const reading = read(entry);
    // What a bot wrote by this node its people have not seen either.
    const isOwn = entry.feed.author === self && reading?.isBot !== true;
    if (reading === undefined || isOwn) return false;
    tally.put(entry.arrival, reading.mentions.includes(self));
    return true;
  }
}
