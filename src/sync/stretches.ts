// Which stretches of which feeds were asked of which peers, in the order in which they are looked at
// again; and the runs that came before what is in front of them. Pure state.
import type { FeedId, FeedKey } from '../cxo/root.ts';
import type { Run } from '../cxo/segment.ts';
import { syncLimits } from './limits.ts';
import type { Span } from './plan.ts';

/** Part of a feed that one peer was asked for. */
export interface Stretch {
  readonly feed: FeedId;
  readonly key: FeedKey;
  readonly link: number;
  /** The next root that the peer is to send. */
  next: number;
  /** The last one; undefined: all that it has, and what it gets. */
  to: number | undefined;
  /** Where it began; of the newest part of a feed, whose history is asked for as well. */
  readonly tailFrom: number | undefined;
  /** Set where its roots are only looked at. */
  readonly isRead?: boolean | undefined;
  /** Whether it is a few new roots rather than history. */
  readonly graft: boolean;
  /** When it was asked for, or last brought something; monotonic milliseconds. */
  progressAt: number;
  /** When it was last looked at, or made progress. */
  seenAt: number;
}

/** A verified run that does not follow what is here yet, and the credit that waits with it. */
export interface EarlyRun {
  readonly run: Run;
  readonly link: number;
  readonly credit: number;
}

export class Stretches {
  /** By `seenAt`: the first is the next to be looked at. */
  readonly #all = new Set<Stretch>();
  readonly #byFeed = new Map<FeedKey, readonly Stretch[]>();
  readonly #loads = new Map<number, number>();
  readonly #early = new Map<FeedKey, readonly EarlyRun[]>();

  /** In the order in which they were asked for. */
  of(key: FeedKey): readonly Stretch[] {
    return this.#byFeed.get(key) ?? [];
  }

  isAskedOf(asked: number, key: FeedKey): boolean {
    return this.of(key).some(({ link }) => link === asked);
  }

  /** What a link was asked for that goes on there: only to be looked at, the newest part, or another. */
  kindOf(asked: number, key: FeedKey, from: number): 'read' | 'tail' | 'part' | undefined {
    const found = this.of(key).find(({ link, next }) => link === asked && next === from);
    if (found === undefined) return undefined;
    if (found.isRead === true) return 'read';
    return found.tailFrom === undefined ? 'part' : 'tail';
  }

  /** Roots that are only looked at have come up to `seq`. @param now monotonic milliseconds */
  hasRead(asked: number, key: FeedKey, seq: number, now: number): void {
    for (const stretch of this.of(key)) {
      if (stretch.isRead !== true || stretch.link !== asked) continue;
      stretch.next = seq + 1;
      stretch.progressAt = now;
      if (stretch.next > (stretch.to ?? 0)) this.delete(stretch);
      else this.touch(stretch, now);
    }
  }

  /** How many stretches are asked for. */
  get size(): number {
    return this.#all.size;
  }

  /** How many stretches a link is being asked for. */
  load(link: number): number {
    return this.#loads.get(link) ?? 0;
  }

  /** `seenAt` is now. */
  add(stretch: Stretch): void {
    this.#all.add(stretch);
    this.#byFeed.set(stretch.key, [...this.of(stretch.key), stretch]);
    this.#loads.set(stretch.link, this.load(stretch.link) + 1);
  }

  delete(stretch: Stretch): void {
    if (!this.#all.delete(stretch)) return;
    const rest = this.of(stretch.key).filter((one) => one !== stretch);
    if (rest.length > 0) this.#byFeed.set(stretch.key, rest);
    else this.#byFeed.delete(stretch.key);
    const load = this.load(stretch.link) - 1;
    if (load > 0) this.#loads.set(stretch.link, load);
    else this.#loads.delete(stretch.link);
  }

  /** @returns whether one of them had no end */
  deleteOf(key: FeedKey, link: number): boolean {
    const ofLink = this.of(key).filter((stretch) => stretch.link === link);
    for (const stretch of ofLink) this.delete(stretch);
    return ofLink.some(({ to }) => to === undefined);
  }

  /** It was looked at: it is not due for a while. */
  touch(stretch: Stretch, now: number): void {
    stretch.seenAt = now;
    this.#all.delete(stretch);
    this.#all.add(stretch);
  }

  ofLink(link: number): Stretch[] {
    if (this.load(link) === 0) return [];
    return [...this.#all].filter((stretch) => stretch.link === link);
  }

  /** Stretches that have not been looked at for as long as a peer may be silent. */
  due(now: number): Stretch[] {
    const due: Stretch[] = [];
    for (const stretch of this.#all) {
      if (stretch.seenAt + syncLimits.stallMs > now) break;
      due.push(stretch);
    }
    return due;
  }

  get deadline(): number | undefined {
    const first = this.#all.values().next();
    return first.done === true ? undefined : first.value.seenAt + syncLimits.stallMs;
  }

  keepEarly(key: FeedKey, early: EarlyRun): void {
    const runs = [...(this.#early.get(key) ?? []), early];
    this.#early.set(
      key,
      runs.sort((a, b) => a.run.from - b.run.from),
    );
  }

  /** The first early run of the feed that begins at or before a place. */
  takeEarly(key: FeedKey, from: number): EarlyRun | undefined {
    const [first] = this.#early.get(key) ?? [];
    if (first === undefined || first.run.from > from) return undefined;
    this.#dropEarly(key, (early) => early === first);
    return first;
  }

  /** Gives up the early runs of a feed that a link has brought, or all. */
  dropEarly(key: FeedKey, link?: number): readonly EarlyRun[] {
    return this.#dropEarly(key, (early) => link === undefined || early.link === link);
  }

  #dropEarly(key: FeedKey, isDropped: (early: EarlyRun) => boolean): readonly EarlyRun[] {
    const all = this.#early.get(key) ?? [];
    const kept = all.filter((early) => !isDropped(early));
    if (kept.length > 0) this.#early.set(key, kept);
    else this.#early.delete(key);
    return all.filter(isDropped);
  }

  /** Credit of a link that waits with early runs. */
  earlyCredit(link: number): number {
    let sum = 0;
    for (const runs of this.#early.values()) {
      for (const early of runs) if (early.link === link) sum += early.credit;
    }
    return sum;
  }

  /** Whether some of a feed's history is on its way, or here and waiting. */
  isBusy(key: FeedKey): boolean {
    return this.#early.has(key) || this.of(key).some(({ tailFrom }) => tailFrom === undefined);
  }

  /** What of a feed is on its way, or here and waiting. */
  taken(key: FeedKey): Span[] {
    return [
      ...this.of(key).map(({ next, to = Infinity }) => ({ from: next, to })),
      ...(this.#early.get(key) ?? []).map(({ run }) => ({ from: run.from, to: run.head.seq })),
    ];
  }
}
