// The set of open readers (event streams, followers, long polls): bounds their number, keeps them
// alive, and tells all of them when the surface closes. Knows nothing of what they read.
import type { Timers } from '../env.ts';
import { SkychatError } from '../errors.ts';
import { readersMax } from './limits.ts';

export interface Reader {
  /** Called regularly, so that a connection with nothing to say still shows life. */
  keepAlive(): void;
  /** The surface closes: say so and end. */
  shutdown(): void;
}

/** How open streams get on. */
export class StreamCounters {
  #paused = 0;
  #pauses = 0;

  /** Streams whose readers have not taken what was written to them. */
  get paused(): number {
    return this.#paused;
  }

  /** How often a stream was paused. */
  get pauses(): number {
    return this.#pauses;
  }

  /** Returns what is to be called when the stream goes on. */
  pause(): () => void {
    this.#paused++;
    this.#pauses++;
    return () => {
      this.#paused--;
    };
  }
}

export class Readers {
  readonly streams = new StreamCounters();
  readonly #readers = new Set<Reader>();
  readonly #timers: Timers;
  readonly #keepAliveMs: number;
  #stopTimer: (() => void) | undefined;
  #closed = false;

  constructor(timers: Timers, keepAliveMs: number) {
    this.#timers = timers;
    this.#keepAliveMs = keepAliveMs;
  }

  get size(): number {
    return this.#readers.size;
  }

  /** Throws where there are too many; called before anything is promised to the caller. */
  admit(): void {
    if (this.#closed) throw new SkychatError('closing', 'no stream is opened any more');
    if (this.#readers.size >= readersMax) {
      throw new SkychatError('too-many-requests', `${readersMax} readers are open`);
    }
  }

  /** Adds a reader; returns how to remove it. */
  add(reader: Reader): () => void {
    this.admit();
    this.#readers.add(reader);
    this.#stopTimer ??= this.#arm();
    return () => {
      this.#readers.delete(reader);
      if (this.#readers.size === 0) this.#disarm();
    };
  }

  close(): void {
    this.#closed = true;
    this.#disarm();
    for (const reader of [...this.#readers]) reader.shutdown();
  }

  #arm(): () => void {
    return this.#timers.after(this.#keepAliveMs, () => {
      this.#stopTimer = this.#arm();
      for (const reader of this.#readers) reader.keepAlive();
    });
  }

  #disarm(): void {
    this.#stopTimer?.();
    this.#stopTimer = undefined;
  }
}
