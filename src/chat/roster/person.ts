// What is known of one key in a group's roster: its own operations, the grants and ends that concern
// it. Knows nothing of how these were found valid.
import { compareTimeline } from '../../cxo/timeline-page.ts';
import type { PublicKey } from '../../identity.ts';
import { compareOwn, type Act } from './act.ts';
import { Tenure, type End, type OwnEnds } from './tenure.ts';

/** A grant of membership. */
export interface Grant {
  readonly act: Act | undefined;
  readonly history: boolean;
}

const noActs: readonly Act[] = [];
const noLeaves: ReadonlyMap<number, Act> = new Map();
const noOwnEnds: OwnEnds = { acts: noActs, leaves: noLeaves };

export class Person {
  readonly key: PublicKey;
  readonly isFounder: boolean;
  /** Its own operations. */
  readonly acts: Act[];
  /** In the order in which they were found valid. */
  readonly ends: End[] = [];
  readonly grants: Grant[] = [];
  /** By seniority. */
  readonly stints: Tenure[] = [];
  readonly #leaves: OwnEnds;
  readonly #resignations: OwnEnds;
  #tenures: readonly Tenure[] | undefined;
  #endsKnown = 0;

  /** @param acts of this key, in any order */
  constructor(key: PublicKey, isFounder: boolean, acts: readonly Act[]) {
    this.key = key;
    this.isFounder = isFounder;
    this.acts = [...acts];
    const own = isFounder ? noActs : acts.toSorted(compareOwn);
    const leaves = own.filter(({ operation }) => operation.op === 'leave');
    const resigned = own.filter(
      ({ operation }) =>
        operation.op === 'leave' || (operation.op === 'demote' && operation.key === key),
    );
    const first = firstOfHeads(leaves);
    this.#leaves = leaves.length > 0 ? { acts: leaves, leaves: first } : noOwnEnds;
    this.#resignations = resigned.length > 0 ? { acts: resigned, leaves: first } : noOwnEnds;
  }

  /** The power that a promotion gives, by what is known when its turn has come. */
  openStint(grant: Act | undefined): Tenure {
    const stint = new Tenure(grant, this.ends, this.#resignations);
    this.stints.push(stint);
    return stint;
  }

  /** Whether all that it wrote stands before an end by somebody else. */
  isWithin(end: End): boolean {
    return this.acts.every(
      ({ entry }) =>
        entry.seq <= end.cutOf(entry.feed.head) && compareTimeline(entry, end.act.entry) < 0,
    );
  }

  /** Membership by each grant. Only once all that admins did is known. */
  get tenures(): readonly Tenure[] {
    if (this.#tenures?.length === this.grants.length && this.#endsKnown === this.ends.length) {
      return this.#tenures;
    }
    this.#endsKnown = this.ends.length;
    const removals = this.ends.filter(({ isRemoval }) => isRemoval);
    this.#tenures = this.grants.map(({ act }) => new Tenure(act, removals, this.#leaves));
    return this.#tenures;
  }

  get isRemoved(): boolean {
    return this.ends.some(({ isRemoval }) => isRemoval);
  }

  get isMember(): boolean {
    return this.tenures.some(({ isEnded }) => !isEnded);
  }

  /** Seq of the last root under the head that counts; Infinity for all, 0 for none. */
  reachOf(head: number): number {
    let reach = 0;
    // The latest grant is the one most likely in force, beyond which there is nothing.
    for (let i = this.tenures.length - 1; i >= 0 && reach < Infinity; i--) {
      reach = Math.max(reach, this.tenures[i]?.reachOf(head) ?? 0);
    }
    return reach;
  }

  /** The power that it has now; the most senior where it has several. */
  get stint(): Tenure | undefined {
    return this.stints.find(({ isEnded }) => !isEnded);
  }
}

function firstOfHeads(leaves: readonly Act[]): ReadonlyMap<number, Act> {
  if (leaves.length === 0) return noLeaves;
  const first = new Map<number, Act>();
  for (const leave of leaves) {
    const { head } = leave.entry.feed;
    if (!first.has(head)) first.set(head, leave);
  }
  return first;
}
