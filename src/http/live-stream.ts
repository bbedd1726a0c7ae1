// One answer that stays open: writes what arrives after a cursor to one socket, and never more than
// its reader takes. While the reader keeps up it is one listener of a broadcast. One that stops
// reading is paused, costs a bounded number of bytes, and is read to again from its cursor; nothing is
// skipped and nobody else waits. Knows nothing of formats.
import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import type { EventPage, EventView } from '../chat/view.ts';
import type { Arrivals, Broadcast, Listener } from './broadcast.ts';
import { streamPageMessages, streamQueueBytesMax } from './limits.ts';
import type { Reader, StreamCounters } from './readers.ts';
import type { SharedPage } from './shared-page.ts';

/** How a stream is written; an empty string writes nothing. */
export interface Encoding {
  opening(cursor: string): string;
  /** A message, or what was said about one. */
  event(event: EventView): string;
  keepAlive(cursor: string): string;
  shutdown(cursor: string): string;
}

/** What else happened since the last call, where the stream carries more than messages. */
export type Others = (cursor: string) => string;

export interface LiveStreamOptions {
  readonly arrivals: Pick<Arrivals, 'after'>;
  readonly broadcast: Broadcast;
  readonly cursor: string;
  readonly response: ServerResponse;
  readonly encoding: Encoding;
  readonly others: Others;
  readonly counters: StreamCounters;
}

export class LiveStream implements Reader, Listener {
  readonly #options: LiveStreamOptions;
  readonly #response: ServerResponse;
  readonly #ended = new AbortController();
  #cursor: string;
  /** Set while the broadcast writes to this stream. */
  #release: ((error?: Error) => void) | undefined;
  #isFlushing = false;

  constructor(options: LiveStreamOptions) {
    this.#options = options;
    this.#cursor = options.cursor;
    this.#response = options.response;
  }

  get cursor(): string {
    return this.#cursor;
  }

  /**
   * Writes until the reader or the surface ends it. `initial` are events to begin with, in any
   * order. Rejects where what arrives cannot be read.
   */
  async run(initial: readonly EventView[]): Promise<void> {
    const { encoding } = this.#options;
    const onClose = (): void => {
      this.#end();
    };
    if (this.#response.closed) this.#end();
    this.#response.once('close', onClose);
    try {
      this.#write(encoding.opening(this.#cursor));
      for (const event of initial) {
        this.#write(encoding.event(event));
        await this.#room();
      }
      while (!this.#isEnded) {
        await this.#catchUp();
        await this.#listen();
      }
    } finally {
      this.#end();
      this.#response.off('close', onClose);
      this.#response.end();
    }
  }

  /** To be called when there are `others` to be written. */
  wake(): void {
    if (this.#isFlushing) return;
    this.#isFlushing = true;
    // What happens in one turn is told as it is at its end.
    queueMicrotask(() => {
      this.#isFlushing = false;
      if (this.#release !== undefined) this.#writeOthers();
    });
  }

  take(page: SharedPage): void {
    for (const block of page.after(this.#cursor)) {
      if (this.#isEnded) return;
      if (this.#isFull) {
        this.#leave();
        return;
      }
      this.#response.write(block.bytes);
      this.#cursor = block.cursor;
    }
    this.#cursor = page.next;
  }

  fail(error: Error): void {
    this.#leave(error);
  }

  keepAlive(): void {
    // A reader with a backlog needs no sign of life, and a comment would only add to it.
    if (!this.#response.writableNeedDrain) {
      this.#write(this.#options.encoding.keepAlive(this.#cursor));
    }
  }

  shutdown(): void {
    this.#write(this.#options.encoding.shutdown(this.#cursor));
    this.#end();
  }

  get #isEnded(): boolean {
    return this.#ended.signal.aborted;
  }

  get #isFull(): boolean {
    return this.#response.writableLength > streamQueueBytesMax;
  }

  /** Reads alone until there is nothing left to read. */
  async #catchUp(): Promise<void> {
    for (let more = true; more;) {
      await this.#room();
      if (this.#isEnded) return;
      this.#writeOthers();
      const page = await this.#options.arrivals.after(this.#cursor, streamPageMessages);
      if (!this.#writePage(page)) continue;
      this.#cursor = page.next;
      more = page.more;
    }
  }

  /** False where the rest was left out because the reader is behind: it is read again. */
  #writePage(page: EventPage): boolean {
    for (const event of page.events) {
      if (this.#isEnded || this.#isFull) return false;
      this.#write(this.#options.encoding.event(event));
      this.#cursor = event.cursor;
    }
    return true;
  }

  /** Until the reader is behind, or it is over. */
  async #listen(): Promise<void> {
    const { broadcast } = this.#options;
    if (this.#isEnded || !broadcast.join(this)) return;
    await new Promise<void>((resolve, reject) => {
      this.#release = (error) => {
        if (error === undefined) resolve();
        else reject(error);
      };
      this.#writeOthers();
    });
  }

  #leave(error?: Error): void {
    const release = this.#release;
    this.#release = undefined;
    this.#options.broadcast.leave(this);
    release?.(error);
  }

  #write(text: string): void {
    if (text !== '' && !this.#isEnded) this.#response.write(text);
  }

  /** Those that a slow reader has no room for wait, the latest of each. */
  #writeOthers(): void {
    if (!this.#isFull) this.#write(this.#options.others(this.#cursor));
  }

  async #room(): Promise<void> {
    if (!this.#isFull || this.#isEnded) return;
    const { signal } = this.#ended;
    const goOn = this.#options.counters.pause();
    await once(this.#response, 'drain', { signal })
      .catch((error: unknown) => {
        if (!signal.aborted) throw error;
      })
      .finally(goOn);
  }

  #end(): void {
    this.#ended.abort();
    if (this.#release !== undefined) this.#leave();
  }
}
