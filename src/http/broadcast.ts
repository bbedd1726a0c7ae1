// The streams that have everything: what arrives is read once and encoded once, and written to all of
// them. Who falls behind leaves, reads for itself, and joins again. Knows nothing of sockets.
import { compareCursors } from '../chat/timeline/cursor.ts';
import type { EventPage, EventView } from '../chat/view.ts';
import type { Clock, Timers } from '../env.ts';
import { roundPauseFactor, roundPauseMsMax, sharedPageMessages } from './limits.ts';
import { SharedPage } from './shared-page.ts';

/** What is read, from a cursor on, and the wait for more of it. */
export interface Arrivals {
  after(cursor: string, limit: number): Promise<EventPage>;
  /** Resolves once something arrived after the cursor, or when `signal` aborts. */
  arrival(cursor: string, signal: AbortSignal): Promise<void>;
}

export interface Listener {
  /** Everything up to it was written. */
  readonly cursor: string;
  take(page: SharedPage): void;
  /** What arrives cannot be read. */
  fail(error: Error): void;
}

export interface BroadcastOptions {
  readonly arrivals: Arrivals;
  readonly encode: (event: EventView) => string;
  readonly clock: Pick<Clock, 'monotonic'>;
  readonly timers: Timers;
}

export class Broadcast {
  readonly #options: BroadcastOptions;
  readonly #listeners = new Set<Listener>();
  #cursor = '';
  /** Ends the reading when nobody listens any more. */
  #run: AbortController | undefined;

  constructor(options: BroadcastOptions) {
    this.#options = options;
  }

  get size(): number {
    return this.#listeners.size;
  }

  /** False for a listener that has to read first what was read for the others already. */
  join(listener: Listener): boolean {
    if (this.#run === undefined) {
      this.#cursor = listener.cursor;
      this.#run = new AbortController();
      void this.#pump(this.#run.signal);
    } else if (compareCursors(listener.cursor, this.#cursor) < 0) return false;
    this.#listeners.add(listener);
    return true;
  }

  leave(listener: Listener): void {
    this.#listeners.delete(listener);
    if (this.#listeners.size > 0) return;
    this.#run?.abort();
    this.#run = undefined;
  }

  async #pump(signal: AbortSignal): Promise<void> {
    try {
      while (!signal.aborted) await this.#round(signal);
    } catch (error) {
      if (signal.aborted) return;
      for (const listener of [...this.#listeners]) {
        this.leave(listener);
        listener.fail(error as Error);
      }
    }
  }

  async #round(signal: AbortSignal): Promise<void> {
    const { arrivals, encode, clock } = this.#options;
    await arrivals.arrival(this.#cursor, signal);
    const page = await arrivals.after(this.#cursor, sharedPageMessages);
    if (signal.aborted) return;
    const startedAt = clock.monotonic();
    const shared = new SharedPage(this.#cursor, page, encode);
    this.#cursor = page.next;
    for (const listener of [...this.#listeners]) listener.take(shared);
    // Sockets are written to at the end of the turn.
    await new Promise(setImmediate);
    if (!page.more) await this.#pause(clock.monotonic() - startedAt, signal);
  }

  /**
   * What arrives during the pause goes with the next round in one write: so the streams take no more
   * than a share of the processor, however many there are, and few of them never wait.
   */
  #pause(roundMs: number, signal: AbortSignal): Promise<void> {
    const pauseMs = Math.min(Math.floor(roundMs * roundPauseFactor), roundPauseMsMax);
    if (pauseMs === 0 || signal.aborted) return Promise.resolve();
    return new Promise((resolve) => {
      const done = (): void => {
        cancel();
        signal.removeEventListener('abort', done);
        resolve();
      };
      const cancel = this.#options.timers.after(pauseMs, done);
      signal.addEventListener('abort', done);
    });
  }
}

/** The broadcasts that anybody listens to, by what they read and how it is written. */
export class Broadcasts {
  readonly #ports: Pick<BroadcastOptions, 'clock' | 'timers'>;
  readonly #open = new Map<string, { broadcast: Broadcast; users: number }>();

  constructor(ports: Pick<BroadcastOptions, 'clock' | 'timers'>) {
    this.#ports = ports;
  }

  /** Streams that are written to as things arrive; the others read for themselves. */
  get listeners(): number {
    return [...this.#open.values()].reduce((sum, { broadcast }) => sum + broadcast.size, 0);
  }

  get size(): number {
    return this.#open.size;
  }

  /** The one of that name, which is made where there is none; each has to be given back. */
  take(name: string, make: () => Pick<BroadcastOptions, 'arrivals' | 'encode'>): Broadcast {
    const entry = this.#open.get(name) ?? {
      broadcast: new Broadcast({ ...this.#ports, ...make() }),
      users: 0,
    };
    entry.users++;
    this.#open.set(name, entry);
    return entry.broadcast;
  }

  giveBack(name: string): void {
    const entry = this.#open.get(name);
    if (entry !== undefined && --entry.users === 0) this.#open.delete(name);
  }
}
