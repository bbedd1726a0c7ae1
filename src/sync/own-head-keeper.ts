// Keeps the latest own segment safe beside the store, a moment behind the commits: a second sync for
// each of them costs a tenth of the rate of posts. The file shows at a start that the store has lost own
// roots, whose places must not be signed again.
import type { Logger, Timers } from '../env.ts';
import type { OwnSegment } from './events.ts';
import { syncLimits } from './limits.ts';

/** The file beside the store. */
export interface OwnHeadFile {
  write(segment: OwnSegment): Promise<void>;
}

export class OwnHeadKeeper {
  readonly #file: OwnHeadFile;
  readonly #timers: Timers;
  readonly #logger: Logger;
  #latest: OwnSegment | undefined;
  #writing: Promise<void> | undefined;
  #cancelPause: (() => void) | undefined;

  constructor(file: OwnHeadFile, timers: Timers, logger: Logger) {
    this.#file = file;
    this.#timers = timers;
    this.#logger = logger;
  }

  /** Takes a segment that the store has. */
  keep(segment: OwnSegment): void {
    this.#latest = segment;
    this.#cancelPause ??= this.#timers.after(syncLimits.ownHeadPauseMs, () => {
      this.#writing = this.#writeLatest();
    });
  }

  /** Resolves once the latest segment was written. */
  async close(): Promise<void> {
    this.#cancelPause?.();
    await this.#writing;
    await this.#writeLatest();
  }

  async #writeLatest(): Promise<void> {
    const segment = this.#latest;
    this.#latest = undefined;
    if (segment !== undefined) await this.#write(segment);
    this.#cancelPause = undefined;
    this.#keepLatest();
  }

  /** What came during the write waits for the next. */
  #keepLatest(): void {
    if (this.#latest !== undefined) this.keep(this.#latest);
  }

  async #write(segment: OwnSegment): Promise<void> {
    try {
      await this.#file.write(segment);
    } catch (error) {
      this.#logger.warn(
        { cause: String(error) },
        'the own head could not be kept beside the store',
      );
    }
  }
}
