// The last second of streams: what is queued may still flow out, then the stream is ended by force,
// so that no remote side can keep a socket half-open. Knows nothing of what flows.
import type { Timers } from '../env.ts';
import { lingerMs } from './limits.ts';
import type { ByteStream } from './transport.ts';

export class Endings {
  readonly #timers: Timers;
  readonly #ending = new Set<ByteStream>();
  #waiting: (() => void)[] = [];

  constructor(timers: Timers) {
    this.#timers = timers;
  }

  /** Takes over the stream, ignores what still arrives, and calls back when it is closed. */
  end(stream: ByteStream, onClosed?: () => void): void {
    this.#ending.add(stream);
    const cancel = this.#timers.after(lingerMs, () => {
      stream.destroy();
    });
    stream.handler = {
      onData: () => undefined,
      onDrain: () => undefined,
      onClose: () => {
        cancel();
        this.#ending.delete(stream);
        onClosed?.();
        if (this.#ending.size === 0) this.#settle();
      },
    };
    stream.end();
  }

  /** Resolves when every stream that was taken over is closed. */
  settled(): Promise<void> {
    if (this.#ending.size === 0) return Promise.resolve();
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  #settle(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const resolve of waiting) resolve();
  }
}
