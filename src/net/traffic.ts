// What went over all links since the start: those that are open, and what the others had carried when
// they ended. Knows nothing of peers.
import type { LinkStats } from './transport.ts';

export interface Traffic {
  readonly bytesIn: number;
  readonly bytesOut: number;
  readonly framesIn: number;
  readonly framesOut: number;
}

export function addTraffic(a: Traffic, b: Pick<LinkStats, keyof Traffic>): Traffic {
  return {
    bytesIn: a.bytesIn + b.bytesIn,
    bytesOut: a.bytesOut + b.bytesOut,
    framesIn: a.framesIn + b.framesIn,
    framesOut: a.framesOut + b.framesOut,
  };
}

export class TrafficTally {
  /** Links that were made, of either side's dialing. */
  opened = 0;
  #ended: Traffic = { bytesIn: 0, bytesOut: 0, framesIn: 0, framesOut: 0 };

  ended(link: LinkStats): void {
    this.#ended = addTraffic(this.#ended, link);
  }

  with(open: Iterable<LinkStats>): Traffic {
    let sum = this.#ended;
    for (const link of open) sum = addTraffic(sum, link);
    return sum;
  }
}
