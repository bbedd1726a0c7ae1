// A TCP proxy that delays and counts: each direction's bytes, and when they came. Sees ciphertext
// only; knows nothing of frames.
import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';

export interface Chunk {
  readonly from: 'dialer' | 'listener';
  readonly at: number;
  readonly bytes: number;
}

export class Proxy {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  /** Everything that passed since the latest connection was made. */
  chunks: Chunk[] = [];
  connections = 0;

  private constructor(target: { host: string; port: number }, delayMs: number) {
    this.#server = createServer((socket) => {
      this.connections++;
      this.chunks = [];
      const further = connect(target.port, target.host);
      this.#forward(socket, further, 'dialer', delayMs);
      this.#forward(further, socket, 'listener', delayMs);
    });
  }

  static async open(target: string, delayMs: number): Promise<Proxy> {
    const { hostname, port } = new URL(`tcp://${target}`);
    const proxy = new Proxy({ host: hostname, port: Number(port) }, delayMs);
    proxy.#server.listen(0, '127.0.0.1');
    await once(proxy.#server, 'listening');
    return proxy;
  }

  get address(): string {
    return `127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** Ends every connection, as a network that breaks. */
  cut(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  close(): void {
    this.cut();
    this.#server.close();
  }

  #forward(from: Socket, to: Socket, side: Chunk['from'], delayMs: number): void {
    this.#sockets.add(from);
    from.setNoDelay();
    from.on('data', (bytes: Buffer) => {
      this.chunks.push({ from: side, at: performance.now(), bytes: bytes.length });
      setTimeout(() => to.write(bytes), delayMs);
    });
    from.on('error', () => from.destroy());
    from.on('close', () => {
      this.#sockets.delete(from);
      to.destroy();
    });
  }
}
