// One answer that stays open: writes what arrives after a cursor to one socket, and never more than
// its reader takes. A reader that stops reading is paused, costs a bounded number of bytes, and is
// read to again from its cursor; nothing is skipped and nobody else waits. Knows nothing of formats.
import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import type { EventPage, EventView } from '../chat/view.ts';
import type { Api } from './api.ts';
import { streamPageMessages, streamQueueBytesMax } from './limits.ts';
import type { Reader } from './readers.ts';

/** How a stream is written; an empty string writes nothing. */
export interface Encoding {
  opening(cursor: string): string;
  /** A message, or what was said about one. */
  event(event: EventView): string;
  keepAlive(cursor: string): string;
  shutdown(cursor: string): string;
  /** What else happened since the last call, where the stream carries more than messages. */
  others(cursor: string): string;
}

/** What the stream reads, from a cursor on, and the wait for more of it. */
export interface Arrivals {
  after(cursor: string, limit: number): Promise<EventPage>;
  arrival: Api['arrival'];
}

export class LiveStream implements Reader {
  readonly #arrivals: Arrivals;
  readonly #response: ServerResponse;
  readonly #encoding: Encoding;
  readonly #ended = new AbortController();
  #cursor: string;
  #wait: AbortController | undefined;
  #woken = false;

  constructor(arrivals: Arrivals, cursor: string, response: ServerResponse, encoding: Encoding) {
    this.#arrivals = arrivals;
    this.#cursor = cursor;
    this.#response = response;
    this.#encoding = encoding;
  }

  /**
   * Writes until the reader or the surface ends it. `initial` are events to begin with, in any
   * order. Rejects where the api fails.
   */
  async run(initial: readonly EventView[]): Promise<void> {
    const onClose = (): void => {
      this.#end();
    };
    if (this.#response.closed) this.#end();
    this.#response.once('close', onClose);
    try {
      this.#write(this.#encoding.opening(this.#cursor));
      for (const event of initial) {
        this.#write(this.#encoding.event(event));
        await this.#room();
      }
      while (!this.#isEnded) await this.#step();
    } finally {
      this.#end();
      this.#response.off('close', onClose);
      this.#response.end();
    }
  }

  /** Has the loop look at `others` again. */
  wake(): void {
    this.#woken = true;
    this.#wait?.abort();
  }

  keepAlive(): void {
    // A reader with a backlog needs no sign of life, and a comment would only add to it.
    if (!this.#response.writableNeedDrain) this.#write(this.#encoding.keepAlive(this.#cursor));
  }

  shutdown(): void {
    this.#write(this.#encoding.shutdown(this.#cursor));
    this.#end();
  }

  get #isEnded(): boolean {
    return this.#ended.signal.aborted;
  }

  async #step(): Promise<void> {
    this.#woken = false;
    this.#write(this.#encoding.others(this.#cursor));
    const page = await this.#arrivals.after(this.#cursor, streamPageMessages);
    if (this.#writePage(page)) {
      this.#cursor = page.next;
      if (!page.more) await this.#arrival();
    }
    await this.#room();
  }

  /** False where the rest was left out because the reader is behind: it is read again. */
  #writePage(page: EventPage): boolean {
    for (const event of page.events) {
      if (this.#isEnded || this.#isFull) return false;
      this.#write(this.#encoding.event(event));
      this.#cursor = event.cursor;
    }
    return true;
  }

  get #isFull(): boolean {
    return this.#response.writableLength > streamQueueBytesMax;
  }

  #write(text: string): void {
    if (text !== '' && !this.#isEnded) this.#response.write(text);
  }

  async #room(): Promise<void> {
    if (!this.#isFull || this.#isEnded) return;
    const { signal } = this.#ended;
    await once(this.#response, 'drain', { signal }).catch((error: unknown) => {
      if (!signal.aborted) throw error;
    });
  }

  async #arrival(): Promise<void> {
    if (this.#isEnded || this.#woken) return;
    this.#wait = new AbortController();
    await this.#arrivals.arrival(this.#cursor, this.#wait.signal);
    this.#wait = undefined;
  }

  #end(): void {
    this.#ended.abort();
    this.#wait?.abort();
  }
}
