// The transport over TCP. Host names are tried at all their addresses (RFC 8305).
// Knows nothing of what the bytes mean; Buffers do not leave this file.
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { SkychatError } from '../errors.ts';
import { formatEndpoint } from './address.ts';
import { addressMs, tcpReadBytes, tcpWriteBytesMax } from './limits.ts';
import type { ByteStream, ByteStreamHandler, Endpoint, Listener, Transport } from './transport.ts';

export const tcpTransport: Transport = { dial, listen };

class TcpStream implements ByteStream {
  readonly remote: string;
  handler: ByteStreamHandler | undefined;
  readonly #socket: Socket;
  readonly #queue: Uint8Array[] = [];
  #queuedBytes = 0;
  #writing = false;
  #ending = false;
  #closeReason = 'the other side ended the connection';

  constructor(socket: Socket, remote: string) {
    this.#socket = socket;
    this.remote = remote;
    socket.setNoDelay(true);
    socket.on('data', (bytes: Buffer) => {
      this.handler?.onData(new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length));
      if (bytes.length >= tcpReadBytes) this.#letOthers();
    });
    socket.on('end', () => {
      // Who sends no more reads no more: there are no half-open streams.
      socket.destroy();
    });
    socket.on('error', (error) => {
      this.#closeReason = inWords(error);
    });
    socket.on('close', () => {
      this.#queue.length = 0;
      this.#queuedBytes = 0;
      this.handler?.onClose(this.#closeReason);
    });
  }

  get queuedBytes(): number {
    return this.#queuedBytes;
  }

  write(bytes: Uint8Array): void {
    if (this.#ending || this.#socket.destroyed) return;
    this.#queue.push(bytes);
    this.#queuedBytes += bytes.length;
    if (!this.#writing) this.#pump();
  }

  end(): void {
    this.#ending = true;
    if (!this.#writing) this.#socket.end();
  }

  destroy(): void {
    this.#ending = true;
    this.#socket.destroy();
  }

  // Where more is waiting, node would read it all, up to 2 MiB, before it looks at any other socket.
  #letOthers(): void {
    this.#socket.pause();
    setImmediate(() => {
      this.#socket.resume();
    });
  }

  // Hands the kernel a bounded part at a time: node reports a write only when all of it is taken,
  // and a slow peer must be seen to move.
  #pump(): void {
    let count = 0;
    let bytes = 0;
    while (count < this.#queue.length && (count === 0 || bytes < tcpWriteBytesMax)) {
      bytes += this.#queue[count]?.length ?? 0;
      count++;
    }
    const parts = this.#queue.splice(0, count);
    this.#writing = true;
    this.#socket.cork();
    for (const [i, part] of parts.entries()) {
      if (i < parts.length - 1) this.#socket.write(part);
      else
        this.#socket.write(part, (error) => {
          this.#onWritten(bytes, error);
        });
    }
    this.#socket.uncork();
  }

  #onWritten(bytes: number, error: Error | null | undefined): void {
    this.#writing = false;
    // The 'close' event follows a failed write.
    if (error || this.#socket.destroyed) return;
    this.#queuedBytes -= bytes;
    if (this.#queue.length > 0) this.#pump();
    else if (this.#ending) this.#socket.end();
    this.handler?.onDrain();
  }
}

function dial({ host, port }: Endpoint, signal: AbortSignal): Promise<ByteStream> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) {
      reject(abortReason(signal));
      return;
    }
    const socket = connect({
      host,
      port,
      autoSelectFamily: true,
      autoSelectFamilyAttemptTimeout: addressMs,
    });
    const settle = (): void => {
      signal.removeEventListener('abort', onAbort);
      socket.off('connect', onConnect);
      socket.off('error', onError);
    };
    const onConnect = (): void => {
      settle();
      resolve(new TcpStream(socket, formatEndpoint({ host, port })));
    };
    const onError = (error: Error): void => {
      settle();
      reject(new Error(inWords(error), { cause: error }));
    };
    const onAbort = (): void => {
      settle();
      // An error that is already under way must not become an uncaught one.
      socket.on('error', () => undefined);
      socket.destroy();
      reject(abortReason(signal));
    };
    signal.addEventListener('abort', onAbort);
    socket.on('connect', onConnect);
    socket.on('error', onError);
  });
}

function listen(endpoint: Endpoint, onStream: (stream: ByteStream) => void): Promise<Listener> {
  return new Promise((resolve, reject) => {
    const server = createServer((socket) => {
      onStream(new TcpStream(socket, remoteOf(socket)));
    });
    server.once('error', (error) => {
      reject(listenFailure(endpoint, error));
    });
    server.listen(endpoint, () => {
      // A failed accept costs that connection alone; node goes on listening.
      server.on('error', () => undefined);
      resolve({
        endpoint: { host: endpoint.host, port: (server.address() as AddressInfo).port },
        close: () => closed(server),
      });
    });
  });
}

function closed(server: Server): Promise<void> {
  return new Promise((resolve) => {
    // Resolve when no more can be accepted, not when the last established stream has ended.
    if (server.listening) server.close();
    resolve();
  });
}

function listenFailure(endpoint: Endpoint, error: Error): SkychatError {
  const where = formatEndpoint(endpoint);
  if (codeOf(error) === 'EADDRINUSE') {
    return new SkychatError('port-busy', `another program listens on ${where}`, {
      hint: 'Stop it, or choose another port (0 picks a free one).',
      cause: error,
    });
  }
  return new SkychatError('bad-config', `cannot listen on ${where}: ${inWords(error)}`, {
    hint: 'Use an address of this machine and a port that this user may open.',
    cause: error,
  });
}

function remoteOf(socket: Socket): string {
  // IPv4 arrives at a dual-stack listener as ::ffff:a.b.c.d.
  const host = (socket.remoteAddress ?? 'unknown').replace(/^::ffff:(?=\d+\.)/, '');
  return formatEndpoint({ host, port: socket.remotePort ?? 0 });
}

function abortReason(signal: AbortSignal): Error {
  return signal.reason instanceof Error ? signal.reason : new Error('aborted');
}

const words: Record<string, string> = {
  EACCES: 'not permitted',
  EADDRNOTAVAIL: 'no such address on this machine',
  EAI_AGAIN: 'the name could not be looked up',
  ECONNREFUSED: 'connection refused',
  ECONNRESET: 'connection reset by the other side',
  EHOSTDOWN: 'the host is down',
  EHOSTUNREACH: 'no route to the host',
  EMFILE: 'too many open files',
  ENETDOWN: 'the network is down',
  ENETUNREACH: 'the network is unreachable',
  ENFILE: 'too many open files',
  ENOTFOUND: 'no such host name',
  EPIPE: 'connection reset by the other side',
  ETIMEDOUT: 'connection timed out',
};

function inWords(error: Error): string {
  // Several addresses were tried: the first failure speaks for all.
  const first: unknown = error instanceof AggregateError ? error.errors[0] : error;
  const code = codeOf(first instanceof Error ? first : error);
  return words[code] ?? (code === '' ? error.message : `failed with ${code}`);
}

function codeOf(error: Error): string {
  return 'code' in error && typeof error.code === 'string' ? error.code : '';
}
