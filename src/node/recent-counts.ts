// What was counted of late: totals that only grow, less what they were some minutes ago. Knows nothing of
// what is counted.
import type { Clock, Timers } from '../env.ts';

type Counts = Readonly<Record<string, number>>;

/** What is older is over: whoever looks for what is wrong now is not told of it any more. */
export const recentMinutes = 10;
/** A total is remembered this often: what is called recent is at most so much older. */
const stepMs = 60_000;
const windowMs = recentMinutes * stepMs;

interface Sample {
  readonly at: number;
  readonly counts: Counts;
}

export interface RecentCountsPorts {
  readonly clock: Pick<Clock, 'monotonic'>;
  readonly timers: Timers;
}

export class RecentCounts {
  readonly #ports: RecentCountsPorts;
  readonly #total: () => Counts;
  /** The oldest first; all but it are younger than the window, so there are never many. */
  #samples: readonly Sample[];
  #cancel: () => void;

  /** @param total what was counted since the start of this */
  constructor(ports: RecentCountsPorts, total: () => Counts) {
    this.#ports = ports;
    this.#total = total;
    this.#samples = [{ at: ports.clock.monotonic(), counts: {} }];
    this.#cancel = this.#plan();
  }

  /** Of late, by name; only what is above 0. */
  read(): Record<string, number> {
    return aboveZero(this.#total(), this.#recent()[0]?.counts);
  }

  /** The same of all that was counted. */
  total(): Record<string, number> {
    return aboveZero(this.#total());
  }

  close(): void {
    this.#cancel();
  }

  /** The samples of the window, and the last one before it. */
  #recent(): readonly Sample[] {
    const begin = this.#ports.clock.monotonic() - windowMs;
    const first = this.#samples.findLastIndex(({ at }) => at <= begin);
    return this.#samples.slice(Math.max(0, first));
  }

  #plan(): () => void {
    return this.#ports.timers.after(stepMs, () => {
      const at = this.#ports.clock.monotonic();
      this.#samples = [...this.#recent(), { at, counts: { ...this.#total() } }];
      this.#cancel = this.#plan();
    });
  }
}

function aboveZero(counts: Counts, before: Counts = {}): Record<string, number> {
  return Object.fromEntries(
    Object.entries(counts)
      .map(([name, count]) => [name, count - (before[name] ?? 0)] as const)
      .filter(([, count]) => count > 0),
  );
}
