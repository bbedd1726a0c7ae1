// A response whose reader can be stopped: what was written while it does not read waits, as it would
// in a socket. Keeps all that was read.
import type { ServerResponse } from 'node:http';
import { Writable } from 'node:stream';

export class SlowResponse extends Writable {
  received = '';
  /** The most that waited at any time, bytes. */
  waitedMost = 0;
  #isReading = true;
  #waiting: (() => void) | undefined;

  constructor() {
    super({ highWaterMark: 16 * 1024, decodeStrings: true });
  }

  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    this.waitedMost = Math.max(this.waitedMost, this.writableLength);
    const take = (): void => {
      this.received += chunk.toString();
      done();
    };
    if (this.#isReading) take();
    else this.#waiting = take;
  }

  stop(): void {
    this.#isReading = false;
  }

  goOn(): void {
    this.#isReading = true;
    const waiting = this.#waiting;
    this.#waiting = undefined;
    waiting?.();
  }

  /** As what a stream writes to. */
  get response(): ServerResponse {
    return this as unknown as ServerResponse;
  }

  /** Ids of the events that have data, in the order in which they were read. */
  get ids(): string[] {
    return [...this.received.matchAll(/^id: (.*)\nevent: .*\ndata: /gm)].map(([, id = '']) => id);
  }
}
