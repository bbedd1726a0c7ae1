// How the catching up of history gets on: how fast messages reach the disk and from whom, since when
// something is missing, and when it is expected to end. Pure state: the time comes in, and what is
// missing is told. Knows nothing of feeds, links or frames.
import type { PublicKey } from '../identity.ts';
import type { Now } from './events.ts';
import { syncLimits } from './limits.ts';

const { progressBucketMs, progressBuckets, progressPeersMax } = syncLimits;

/** Rates are those of this long. */
export const progressWindowMs = progressBucketMs * progressBuckets;

export interface ProgressSource {
  readonly peer: PublicKey;
  readonly ratePerS: number;
  /** Messages that came from it since nothing was missing. */
  readonly messages: number;
}

export interface ProgressView {
  readonly have: number;
  /** With what is known to be missing. */
  readonly total: number;
  readonly behind: number;
  /** Messages of peers that reached the disk, over the last seconds. */
  readonly ratePerS: number;
  /** Until nothing is missing at this rate; undefined where nothing moves or nothing is missing. */
  readonly etaS: number | undefined;
  /** Who has sent anything lately, the fastest first. */
  readonly sources: readonly ProgressSource[];
  /** Wall clock since when something is missing, microseconds; undefined where nothing is. */
  readonly since: number | undefined;
  /** Whether something is missing and nothing has come for the length of the window. */
  readonly stalled: boolean;
}

interface Source {
  readonly window: RateWindow;
  messages: number;
}

export class Progress {
  readonly #all = new RateWindow();
  /** The one that was silent the longest is first. */
  readonly #sources = new Map<PublicKey, Source>();
  #since: Now | undefined;

  /** Messages of a peer have reached the disk. */
  note(peer: PublicKey, messages: number, now: Now): void {
    if (messages <= 0) return;
    this.#all.add(messages, now.mono);
    const source = this.#sources.get(peer) ?? { window: new RateWindow(), messages: 0 };
    source.window.add(messages, now.mono);
    source.messages += messages;
    this.#sources.delete(peer);
    this.#sources.set(peer, source);
    if (this.#sources.size <= progressPeersMax) return;
    const [silent] = this.#sources.keys();
    if (silent !== undefined) this.#sources.delete(silent);
  }

  /** To be told from time to time what is missing: an episode begins with something, ends with nothing. */
  missing(behind: number, now: Now): void {
    if (behind > 0) this.#since ??= now;
    else this.#end();
  }

  #end(): void {
    this.#since = undefined;
    for (const source of this.#sources.values()) source.messages = 0;
  }

  /** @param have messages on disk; @param behind messages that are known to be missing */
  view(have: number, behind: number, now: Now): ProgressView {
    this.missing(behind, now);
    const ratePerS = this.#all.ratePerS(now.mono);
    const since = this.#since;
    const waitedMs = since === undefined ? 0 : now.mono - since.mono;
    return {
      ...{ have, total: have + behind, behind, ratePerS },
      etaS: behind > 0 && ratePerS > 0 ? behind / ratePerS : undefined,
      sources: this.#moving(now.mono),
      since: since?.wall,
      stalled: behind > 0 && ratePerS === 0 && waitedMs >= progressWindowMs,
    };
  }

  #moving(now: number): ProgressSource[] {
    return [...this.#sources]
      .map(([peer, { window, messages }]) => ({ peer, ratePerS: window.ratePerS(now), messages }))
      .filter(({ ratePerS }) => ratePerS > 0)
      .sort((a, b) => b.ratePerS - a.ratePerS);
  }
}

/** A count over the last seconds, in a ring of buckets: its size does not depend on the rate. */
export class RateWindow {
  readonly #counts = new Float64Array(progressBuckets);
  /** Which stretch of time a bucket counts. */
  readonly #stretches = new Float64Array(progressBuckets).fill(-Infinity);
  /** When the count began that has not been empty since. */
  #begunAt = 0;

  /** @param now monotonic milliseconds */
  add(count: number, now: number): void {
    if (this.sum(now) === 0) this.#begunAt = now;
    const stretch = Math.floor(now / progressBucketMs);
    const place = stretch % progressBuckets;
    if (this.#stretches[place] !== stretch) {
      this.#stretches[place] = stretch;
      this.#counts[place] = 0;
    }
    this.#counts[place] = (this.#counts[place] ?? 0) + count;
  }

  sum(now: number): number {
    const oldest = oldestStretch(now);
    return this.#counts.reduce(
      (sum, count, place) => ((this.#stretches[place] ?? 0) >= oldest ? sum + count : sum),
      0,
    );
  }

  /** What has just begun is taken to have lasted for one bucket. */
  ratePerS(now: number): number {
    const coveredMs = now - Math.max(this.#begunAt, oldestStretch(now) * progressBucketMs);
    return (1000 * this.sum(now)) / Math.max(progressBucketMs, coveredMs);
  }
}

function oldestStretch(now: number): number {
  return Math.floor(now / progressBucketMs) - progressBuckets + 1;
}
