// Keys that misbehaved and wait: each ban of the same key is twice as long as the one before.
// Knows nothing of links.
import type { Clock } from '../env.ts';
import type { PublicKey } from '../identity.ts';
import { banMsMax, banMsMin, bansMax } from './limits.ts';

interface Ban {
  readonly until: number;
  readonly lengthMs: number;
}

export class Bans {
  readonly #clock: Clock;
  readonly #bans = new Map<PublicKey, Ban>();
  /** Bans since the start. */
  given = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Gives the length of the ban in milliseconds. */
  add(key: PublicKey): number {
    this.given++;
    const now = this.#clock.monotonic();
    const last = this.#bans.get(key);
    // Good conduct for as long as the longest ban makes a clean slate.
    const clean = last === undefined || now - last.until > banMsMax;
    const lengthMs = clean ? banMsMin : Math.min(2 * last.lengthMs, banMsMax);
    this.#bans.delete(key);
    if (this.#bans.size >= bansMax) this.#bans.delete(this.#bans.keys().next().value ?? key);
    this.#bans.set(key, { until: now + lengthMs, lengthMs });
    return lengthMs;
  }

  /** Keys that have to wait now. */
  get size(): number {
    let size = 0;
    for (const key of this.#bans.keys()) if (this.leftMs(key) > 0) size++;
    return size;
  }

  /** Milliseconds that the key still has to wait; 0 where it is free. */
  leftMs(key: PublicKey): number {
    const ban = this.#bans.get(key);
    return ban === undefined ? 0 : Math.max(0, ban.until - this.#clock.monotonic());
  }
}
