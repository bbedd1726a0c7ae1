// Sees to it that the members of each group that only they pass on are linked with each other: whoever
// has too few links with members dials some, and everybody one more now and then, since the group may
// have come apart into parts that have links enough. Knows nothing of what goes over links.
import type { GroupId } from '../cxo/ids.ts';
import type { Random, Timers } from '../env.ts';
import type { PublicKey } from '../identity.ts';
import type { Endpoint } from '../net/transport.ts';

export const groupLinkLimits = {
  /** A link that fails is looked for again after this long; the mesh itself is as patient. */
  reviewMs: 15_000,
  /** Graphs in which everybody has chosen two others at random are connected, nearly always. */
  linksMin: 2,
  /** One review of so many dials one more: each five minutes. */
  reviewsOfWalk: 20,
} as const;

export interface Reached {
  readonly pk: PublicKey;
  readonly endpoints: readonly Endpoint[];
}

export interface GroupLinksPorts {
  readonly timers: Timers;
  readonly random: Pick<Random, 'unit'>;
  /** Groups whose feeds only their members pass on, each with the members that can be dialed. */
  groups(): Iterable<{ readonly id: GroupId; readonly reachable: () => readonly Reached[] }>;
  /** Links with members of the group that this node has. */
  linkCount(group: GroupId): number;
  isLinked(key: PublicKey): boolean;
  /** Dials the key once, at each endpoint until one answers. */
  dial(key: PublicKey, endpoints: readonly Endpoint[]): void;
}

export class GroupLinks {
  readonly #ports: GroupLinksPorts;
  #cancel: (() => void) | undefined;

  constructor(ports: GroupLinksPorts) {
    this.#ports = ports;
  }

  start(): void {
    this.#cancel = this.#ports.timers.after(groupLinkLimits.reviewMs, () => {
      this.review();
      this.start();
    });
  }

  close(): void {
    this.#cancel?.();
  }

  /** One member of each group that has too few links: another one each time, as chance has it. */
  review(): void {
    const { random } = this.#ports;
    const dialed = new Set<PublicKey>();
    const all = [...this.#ports.groups()];
    for (const group of all) {
      if (this.#ports.linkCount(group.id) < groupLinkLimits.linksMin) this.#dialOne(group, dialed);
    }
    if (random.unit() >= 1 / groupLinkLimits.reviewsOfWalk) return;
    const group = all[Math.floor(random.unit() * all.length)];
    if (group !== undefined) this.#dialOne(group, dialed);
  }

  #dialOne({ reachable }: { reachable: () => readonly Reached[] }, dialed: Set<PublicKey>): void {
    const ports = this.#ports;
    const members = reachable().filter(({ pk }) => !ports.isLinked(pk));
    const chosen = members[Math.floor(ports.random.unit() * members.length)];
    if (chosen === undefined || dialed.has(chosen.pk)) return;
    dialed.add(chosen.pk);
    ports.dial(chosen.pk, chosen.endpoints);
  }
}
