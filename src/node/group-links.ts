// Sees to it that this node has a link into each of its groups: where none of the peers that it
// happens to be linked with is a member, a member is dialed. Knows nothing of what goes over links.
import type { GroupId } from '../cxo/ids.ts';
import type { Random, Timers } from '../env.ts';
import type { PublicKey } from '../identity.ts';
import type { Endpoint } from '../net/transport.ts';

/** A link that fails is looked for again after this long; the mesh itself is as patient. */
export const reviewMs = 15_000;

export interface Reached {
  readonly pk: PublicKey;
  readonly endpoints: readonly Endpoint[];
}

export interface GroupLinksPorts {
  readonly timers: Timers;
  readonly random: Pick<Random, 'unit'>;
  /** Groups whose feeds only their members pass on, each with the members that can be dialed. */
  groups(): Iterable<{ readonly id: GroupId; readonly reachable: () => readonly Reached[] }>;
  /** Whether any member of the group has a link to this node. */
  isLinked(group: GroupId): boolean;
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
    this.#cancel = this.#ports.timers.after(reviewMs, () => {
      this.review();
      this.start();
    });
  }

  close(): void {
    this.#cancel?.();
  }

  /** One member of each group without a link: another one each time, as chance has it. */
  review(): void {
    const ports = this.#ports;
    const dialed = new Set<PublicKey>();
    for (const { id, reachable } of ports.groups()) {
      if (ports.isLinked(id)) continue;
      const members = reachable();
      const chosen = members[Math.floor(ports.random.unit() * members.length)];
      if (chosen === undefined || dialed.has(chosen.pk)) continue;
      dialed.add(chosen.pk);
      ports.dial(chosen.pk, chosen.endpoints);
    }
  }
}
