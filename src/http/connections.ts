// The sockets of a server, as far as closing needs to know them: node:http takes a connection for idle
// once its answer was handed over, though part of it may not be sent yet. Knows nothing of requests.
import type { Server } from 'node:http';
import type { Socket } from 'node:net';
import type { Clock, Timers } from '../env.ts';
import { closeSweepMs } from './limits.ts';

export class Connections {
  readonly #sockets = new Set<Socket>();
  readonly #server: Server;

  constructor(server: Server) {
    this.#server = server;
    server.on('connection', (socket) => {
      this.#sockets.add(socket);
      socket.once('close', () => this.#sockets.delete(socket));
    });
  }

  /**
   * Calls `close`, which must stop the server, once `isDone` holds and all answers are sent. Ends what
   * becomes idle, and after `closeMs` all that is left.
   */
  async drain(
    { clock, timers }: { readonly clock: Clock; readonly timers: Timers },
    closeMs: number,
    isDone: () => boolean,
    close: () => Promise<void>,
  ): Promise<void> {
    const deadline = clock.monotonic() + closeMs;
    const isOver = (): boolean => clock.monotonic() >= deadline;
    const pause = (): Promise<void> =>
      new Promise((resolve) => {
        timers.after(closeSweepMs, resolve);
      });
    while (!(isDone() && this.#isSent()) && !isOver()) await pause();
    let closed = false;
    const closing = close().then(() => {
      closed = true;
    });
    const isClosed = (): boolean => closed;
    while (!isClosed()) {
      if (isOver()) this.#server.closeAllConnections();
      else if (this.#isSent()) this.#server.closeIdleConnections();
      await Promise.race([closing, pause()]);
    }
    // What was cut off at the end still hears of it.
    if (!isDone()) await pause();
  }

  #isSent(): boolean {
    for (const socket of this.#sockets) if (socket.writableLength > 0) return false;
    return true;
  }
}
