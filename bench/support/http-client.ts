// One keep-alive connection that sends requests as they are given and looks at answers no more than
// it must, so that the measuring costs little. Speaks to nodes and bare servers only.
import { connect, type Socket } from 'node:net';

interface Answer {
  readonly status: number;
  readonly body: string;
}

export class HttpClient {
  readonly #host: string;
  readonly #port: number;
  #socket: Socket | undefined;
  #received: Buffer = Buffer.alloc(0);
  readonly #waiting: { resolve: (answer: Answer) => void; reject: (error: Error) => void }[] = [];

  constructor(host: string, port: number) {
    this.#host = host;
    this.#port = port;
  }

  /** The bytes of a request; making them once is cheaper than with each request. */
  build(method: string, path: string, body = ''): string {
    const length = Buffer.byteLength(body);
    const content =
      body === '' ? '' : `content-type: application/json\r\ncontent-length: ${length}\r\n`;
    const head = `${method} ${path} HTTP/1.1\r\nhost: ${this.#host}:${this.#port}\r\n`;
    return `${head}${content}\r\n${body}`;
  }

  send(request: string): Promise<Answer> {
    this.#socket ??= this.#open();
    const socket = this.#socket;
    return new Promise((resolve, reject) => {
      this.#waiting.push({ resolve, reject });
      socket.write(request);
    });
  }

  /** The body of an answer that is good. */
  async json(method: string, path: string, body = ''): Promise<unknown> {
    const answer = await this.send(this.build(method, path, body));
    if (answer.status >= 300) throw new Error(`${method} ${path}: ${answer.body}`);
    return answer.body === '' ? undefined : JSON.parse(answer.body);
  }

  close(): void {
    this.#socket?.destroy();
    this.#socket = undefined;
  }

  #open(): Socket {
    const socket = connect(this.#port, this.#host);
    socket.setNoDelay();
    socket.on('data', (bytes: Buffer) => {
      this.#received = this.#received.length === 0 ? bytes : Buffer.concat([this.#received, bytes]);
      while (this.#take());
    });
    const onEnd = (): void => {
      for (const { reject } of this.#waiting.splice(0)) reject(new Error('the connection ended'));
      if (this.#socket === socket) this.#socket = undefined;
    };
    socket.on('error', onEnd);
    socket.on('close', onEnd);
    return socket;
  }

  /** Hands on the first answer, where all of it is here. */
  #take(): boolean {
    const headEnd = this.#received.indexOf('\r\n\r\n');
    if (headEnd === -1) return false;
    const head = this.#received.toString('latin1', 0, headEnd);
    const [, length = '0'] = /\r\ncontent-length: (\d+)/i.exec(head) ?? [];
    const end = headEnd + 4 + Number(length);
    if (this.#received.length < end) return false;
    const body = this.#received.toString('utf8', headEnd + 4, end);
    this.#received = this.#received.subarray(end);
    this.#waiting.shift()?.resolve({ status: Number(head.slice(9, 12)), body });
    return true;
  }
}
