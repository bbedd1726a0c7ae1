// Listens to a node's event stream and notes when each text comes by. Knows nothing of who posts.
import { connect, type Socket } from 'node:net';
import { once } from 'node:events';

/** Texts to look for begin with `#`, a number and a space. */
const mark = /"text":"#(\d+) /g;

export class EventStream {
  readonly #socket: Socket;
  readonly #waiting = new Map<number, (seenAt: number) => void>();
  #rest = '';

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.on('data', (bytes: Buffer) => {
      this.#take(bytes.toString('latin1'), performance.now());
    });
    socket.on('error', () => socket.destroy());
  }

  /** Open, from here on, once it resolves. */
  static async open(host: string, port: number): Promise<EventStream> {
    const socket = connect(port, host);
    socket.setNoDelay();
    socket.write(`GET /events HTTP/1.1\r\nhost: ${host}:${port}\r\n\r\n`);
    await once(socket, 'readable');
    return new EventStream(socket);
  }

  /** When the text with the number is seen; milliseconds of performance.now(). */
  seen(number: number): Promise<number> {
    return new Promise((resolve) => {
      this.#waiting.set(number, resolve);
    });
  }

  close(): void {
    this.#socket.destroy();
  }

  #take(text: string, now: number): void {
    this.#rest += text;
    let end = 0;
    for (const match of this.#rest.matchAll(mark)) {
      const number = Number(match[1]);
      this.#waiting.get(number)?.(now);
      this.#waiting.delete(number);
      end = match.index + match[0].length;
    }
    this.#rest = this.#rest.slice(Math.max(end, this.#rest.length - 64));
  }
}
