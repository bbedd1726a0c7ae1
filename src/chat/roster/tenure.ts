// How far what somebody wrote counts by one grant: of membership, or of an admin's power. Knows the
// ends that concern the person, and nothing of how they were found valid.
import { compareTimeline, type TimelinePosition } from '../../cxo/timeline-page.ts';
import { precedes, type Act } from './act.ts';

/** What somebody else did to end a person's membership (a removal) or an admin's power alone. */
export interface End {
  readonly act: Act;
  readonly isRemoval: boolean;
  /** Seq up to which it leaves the head of the person's feeds as they were; 0 for none of it. */
  cutOf(head: number): number;
}

/** What a person itself wrote to end its membership or its power. */
export interface OwnEnds {
  /** In the order of the author. */
  readonly acts: readonly Act[];
  /** The first leave under each head. Nothing behind it counts, whatever else there is. */
  readonly leaves: ReadonlyMap<number, Act>;
}

/**
 * An end made in the knowledge of the grant's end is past: it closes the heads that it names, so
 * that the person goes on under a new one. Any other end counts against the grant, though it may be
 * concurrent: removal is strong.
 */
export class Tenure {
  /** The operation that granted it; undefined where the genesis did. */
  readonly grant: Act | undefined;
  readonly #ends: readonly End[];
  /** Ends that came to be known later are no business of this. */
  readonly #count: number;
  readonly #own: OwnEnds;
  #limits: Map<number, number> | undefined;
  #sorted: { readonly against: readonly End[]; readonly past: readonly End[] } | undefined;
  #ownEnd: Act | null | undefined;

  constructor(grant: Act | undefined, ends: readonly End[], own: OwnEnds) {
    this.grant = grant;
    this.#ends = ends;
    this.#count = ends.length;
    this.#own = own;
  }

  /** By others, not known to who granted. */
  get against(): readonly End[] {
    return this.#sort().against;
  }

  /** The first thing of its own that ends it. */
  get ownEnd(): Act | undefined {
    if (this.#ownEnd === undefined) {
      this.#ownEnd =
        this.#own.acts.find(
          (act) => !this.#isPast(act) && act.entry.seq <= this.#limitOf(act.entry.feed.head),
        ) ?? null;
    }
    return this.#ownEnd ?? undefined;
  }

  get isEnded(): boolean {
    // From the last on: where there are many, the latest is the one that nobody has answered.
    for (let i = this.#count - 1; i >= 0; i--) {
      const end = this.#ends[i];
      if (end !== undefined && !this.#isPast(end.act)) return true;
    }
    return this.ownEnd !== undefined;
  }

  /** Seq of the last root under the head that counts; Infinity for all, 0 for none. */
  reachOf(head: number): number {
    const limit = this.#limitOf(head);
    if (this.ownEnd === undefined) return limit;
    const { feed, seq } = this.ownEnd.entry;
    if (head === feed.head) return Math.min(limit, seq);
    return head < feed.head ? limit : 0;
  }

  /**
   * Whether what stands there was said within the tenure. A position within a cut is not enough: its
   * time has to be before the end as well, or an admin could leave something behind for later.
   */
  covers(place: TimelinePosition): boolean {
    if (this.grant !== undefined && compareTimeline(this.grant.entry, place) >= 0) return false;
    const { head } = place.feed;
    if (place.seq > this.reachOf(head)) return false;
    if (this.#sort().past.some((end) => end.cutOf(head) > 0)) return false;
    return this.against.every(({ act }) => compareTimeline(place, act.entry) < 0);
  }

  #isPast(act: Act): boolean {
    return this.grant !== undefined && precedes(act, this.grant);
  }

  #sort(): { readonly against: readonly End[]; readonly past: readonly End[] } {
    if (this.#sorted !== undefined) return this.#sorted;
    if (this.#count === 0) return nothing;
    const against: End[] = [];
    const past: End[] = [];
    for (let i = 0; i < this.#count; i++) {
      const end = this.#ends[i];
      if (end === undefined) continue;
      if (!this.#isPast(end.act)) against.push(end);
      else if (end.isRemoval) past.push(end);
    }
    this.#sorted = { against, past };
    return this.#sorted;
  }

  #limitOf(head: number): number {
    const known = this.#limits?.get(head);
    if (known !== undefined) return known;
    if (this.#count === 0 && this.#own.leaves.size === 0) return Infinity;
    let limit = Infinity;
    for (let i = this.#count - 1; i >= 0; i--) {
      const end = this.#ends[i];
      const cut = end?.cutOf(head) ?? Infinity;
      // Whether it is past is asked of those alone that cut lower than others: there may be thousands.
      if (end === undefined || cut >= limit) continue;
      if (!this.#isPast(end.act) || (end.isRemoval && cut > 0)) limit = cut;
    }
    const leave = this.#own.leaves.get(head);
    if (leave !== undefined) limit = Math.min(limit, leave.entry.seq);
    this.#limits ??= new Map();
    this.#limits.set(head, limit);
    return limit;
  }
}

const nothing = { against: [], past: [] };
