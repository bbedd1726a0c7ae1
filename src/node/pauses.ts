// What failed and has to wait: each failure in a row makes the next wait longer, with full jitter.
// Knows nothing of what it is that waits.
import type { Clock, Random } from '../env.ts';
import { cleanMs, pausedMax, pauses, type Pause } from './mesh-limits.ts';

interface Paused {
  readonly until: number;
  readonly failures: number;
}

export interface PausesPorts {
  readonly clock: Pick<Clock, 'monotonic'>;
  readonly random: Pick<Random, 'unit'>;
}

/** Milliseconds to wait after the given number of failures in a row (1, 2, …). */
export function pauseMs(pause: Pause, failures: number, unit: number): number {
  const [min, max] = pauses[pause];
  const ceiling = Math.min(max, min * 2 ** Math.min(failures, 30));
  return min + unit * (ceiling - min);
}

export class Pauses {
  readonly #ports: PausesPorts;
  readonly #paused = new Map<string, Paused>();

  constructor(ports: PausesPorts) {
    this.#ports = ports;
  }

  get size(): number {
    return this.#paused.size;
  }

  /** One more failure; gives how long to wait. */
  add(name: string, pause: Pause): number {
    const now = this.#ports.clock.monotonic();
    const earlier = this.#paused.get(name);
    const isNew = earlier === undefined || now - earlier.until > cleanMs;
    const failures = isNew ? 1 : earlier.failures + 1;
    const lengthMs = pauseMs(pause, failures, this.#ports.random.unit());
    this.#paused.delete(name);
    if (this.#paused.size >= pausedMax) {
      this.#paused.delete(this.#paused.keys().next().value ?? name);
    }
    this.#paused.set(name, { until: now + lengthMs, failures });
    return lengthMs;
  }

  /** On the monotonic clock; 0 where it does not wait. */
  until(name: string): number {
    return this.#paused.get(name)?.until ?? 0;
  }

  forget(name: string): void {
    this.#paused.delete(name);
  }
}
