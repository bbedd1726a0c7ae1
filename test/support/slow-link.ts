// A TCP relay that lets the listener's bytes through only as far as it was told: a link of any speed,
// without a clock. Sees ciphertext alone.
import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { onTestFinished } from 'vitest';

export class SlowLink {
  readonly #server = createServer();
  readonly #sockets = new Set<Socket>();
  /** Of those that come from the listener: what waits for its bytes to be let through. */
  readonly #waiting = new Set<Socket>();
  #allowed = 0;

  private constructor(targetPort: number) {
    this.#server.on('connection', (dialer) => {
      const listener = connect(targetPort, '127.0.0.1');
      this.#join(dialer, listener);
      dialer.pipe(listener);
      listener.on('data', (chunk: Uint8Array) => {
        dialer.write(chunk);
        this.#allowed -= chunk.length;
        if (this.#allowed > 0) return;
        listener.pause();
        this.#waiting.add(listener);
      });
    });
  }

  /** In front of a port of this machine; it is gone with the test. */
  static async open(targetPort: number): Promise<SlowLink> {
    const link = new SlowLink(targetPort);
    link.#server.listen(0, '127.0.0.1');
    await once(link.#server, 'listening');
    onTestFinished(() => {
      link.#server.close();
      link.cut();
    });
    return link;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** So many bytes more, to the next whole chunk. */
  allow(bytes: number): void {
    this.#allowed += bytes;
    if (this.#allowed <= 0) return;
    for (const listener of this.#waiting) listener.resume();
    this.#waiting.clear();
  }

  /** What waits for leave to pass does not notice its end by itself. */
  cut(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  #join(one: Socket, other: Socket): void {
    for (const [socket, end] of [
      [one, other],
      [other, one],
    ] as const) {
      this.#sockets.add(socket);
      socket.on('error', () => undefined);
      socket.on('close', () => {
        this.#sockets.delete(socket);
        this.#waiting.delete(socket);
        end.destroy();
      });
    }
  }
}
