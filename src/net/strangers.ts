// Keys that were refused because nobody allows them: who has knocked lately, so that an operator can see
// whom to allow. Knows nothing of why a key is allowed.
import type { Clock } from '../env.ts';
import type { PublicKey } from '../identity.ts';
import { strangerMs, strangersMax } from './limits.ts';

export interface Stranger {
  readonly pk: PublicKey;
  /** `host:port` that it came from. */
  readonly address: string;
  /** Wall clock, microseconds. */
  readonly time: number;
}

export class Strangers {
  readonly #clock: Clock;
  /** The latest last. */
  readonly #seen = new Map<PublicKey, Stranger & { readonly at: number }>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  note(pk: PublicKey, address: string): void {
    this.#seen.delete(pk);
    const [oldest] = this.#seen.keys();
    if (this.#seen.size >= strangersMax && oldest !== undefined) this.#seen.delete(oldest);
    const at = this.#clock.monotonic();
    this.#seen.set(pk, { pk, address, time: this.#clock.now(), at });
  }

  /** @param isAllowed whether a key would be let in by now */
  list(isAllowed: (pk: PublicKey) => boolean): Stranger[] {
    const since = this.#clock.monotonic() - strangerMs;
    return [...this.#seen.values()]
      .filter(({ pk, at }) => at >= since && !isAllowed(pk))
      .map(({ pk, address, time }) => ({ pk, address, time }));
  }
}
