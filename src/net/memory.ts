// The transport inside one process: a network of named hosts whose streams can be cut, stalled and
// swallowed, for tests. Delivers on the next turn of the event loop, in order; knows no other time.
import { SkychatError } from '../errors.ts';
import { formatEndpoint } from './address.ts';
import type { ByteStream, ByteStreamHandler, Endpoint, Listener, Transport } from './transport.ts';

/** One stream between two hosts, in the hands of a test. */
export interface MemoryConnection {
  readonly dialer: string;
  readonly endpoint: Endpoint;
  /** Ends both sides, what is under way is lost. */
  cut(): void;
  /** From now on this side takes no bytes, as a process that is stopped; the other is not told. */
  stall(side: 'dialer' | 'listener'): void;
  resume(): void;
}

export class MemoryNetwork {
  readonly #listeners = new Map<string, (stream: ByteStream) => void>();
  readonly #blackHoles = new Set<string>();
  readonly #connections = new Set<Pair>();
  #nextPort = 40_000;
  #pending = 0;
  #onIdle: (() => void)[] = [];

  /** The transport of one host. */
  host(name: string): Transport {
    return {
      dial: (endpoint, signal) => this.#dial(name, endpoint, signal),
      listen: (endpoint, onStream) => this.#listen({ ...endpoint, host: name }, onStream),
    };
  }

  /** Streams of which a side is still open. */
  get connections(): readonly MemoryConnection[] {
    return [...this.#connections];
  }

  /** Dials to this endpoint are neither accepted nor refused. */
  swallow(endpoint: Endpoint): void {
    this.#blackHoles.add(formatEndpoint(endpoint));
  }

  /** Resolves once nothing that can be delivered is under way. */
  idle(): Promise<void> {
    return new Promise((resolve) => {
      this.#onIdle.push(resolve);
      this.later(() => undefined);
    });
  }

  /** Runs a delivery on the next turn. */
  later(deliver: () => void): void {
    this.#pending++;
    setImmediate(() => {
      deliver();
      // Promises that the delivery settled may cause further ones.
      setImmediate(() => {
        this.#pending--;
        if (this.#pending > 0) return;
        const waiting = this.#onIdle;
        this.#onIdle = [];
        for (const resolve of waiting) resolve();
      });
    });
  }

  #dial(dialer: string, endpoint: Endpoint, signal: AbortSignal): Promise<ByteStream> {
    return new Promise((resolve, reject) => {
      const onAbort = (): void => {
        reject(signal.reason instanceof Error ? signal.reason : new Error('aborted'));
      };
      if (signal.aborted) {
        onAbort();
        return;
      }
      signal.addEventListener('abort', onAbort);
      if (this.#blackHoles.has(formatEndpoint(endpoint))) return;
      this.later(() => {
        signal.removeEventListener('abort', onAbort);
        if (signal.aborted) return;
        const onStream = this.#listeners.get(formatEndpoint(endpoint));
        if (onStream === undefined) {
          reject(new Error('connection refused'));
          return;
        }
        const pair = new Pair(this, { host: dialer, port: this.#freePort() }, endpoint);
        this.#connections.add(pair);
        pair.onEnd = () => this.#connections.delete(pair);
        onStream(pair.ofListener);
        resolve(pair.ofDialer);
      });
    });
  }

  #listen(endpoint: Endpoint, onStream: (stream: ByteStream) => void): Promise<Listener> {
    const bound = endpoint.port === 0 ? { ...endpoint, port: this.#freePort() } : endpoint;
    const key = formatEndpoint(bound);
    if (this.#listeners.has(key)) {
      const failure = new SkychatError('port-busy', `another program listens on ${key}`);
      return Promise.reject(failure);
    }
    this.#listeners.set(key, onStream);
    const close = (): Promise<void> => {
      this.#listeners.delete(key);
      return Promise.resolve();
    };
    return Promise.resolve({ endpoint: bound, close });
  }

  #freePort(): number {
    return this.#nextPort++;
  }
}

class Pair implements MemoryConnection {
  readonly dialer: string;
  readonly endpoint: Endpoint;
  readonly ofDialer: MemoryStream;
  readonly ofListener: MemoryStream;
  onEnd: (() => void) | undefined;

  constructor(network: MemoryNetwork, from: Endpoint, to: Endpoint) {
    this.dialer = from.host;
    this.endpoint = to;
    const onEnd = (): void => {
      if (this.ofDialer.closed && this.ofListener.closed) this.onEnd?.();
    };
    this.ofDialer = new MemoryStream(network, formatEndpoint(to), onEnd);
    this.ofListener = new MemoryStream(network, formatEndpoint(from), onEnd);
    this.ofDialer.other = this.ofListener;
    this.ofListener.other = this.ofDialer;
  }

  cut(): void {
    this.ofDialer.finish('connection reset by the other side');
    this.ofListener.finish('connection reset by the other side');
  }

  stall(side: 'dialer' | 'listener'): void {
    (side === 'dialer' ? this.ofDialer : this.ofListener).stalled = true;
  }

  resume(): void {
    for (const side of [this.ofDialer, this.ofListener]) {
      side.stalled = false;
      side.other?.deliver();
    }
  }
}

class MemoryStream implements ByteStream {
  readonly remote: string;
  handler: ByteStreamHandler | undefined;
  other: MemoryStream | undefined;
  stalled = false;
  closed = false;
  readonly #network: MemoryNetwork;
  readonly #onEnd: () => void;
  #outbox: Uint8Array[] = [];
  #queuedBytes = 0;
  #ending: string | undefined;
  #scheduled = false;

  constructor(network: MemoryNetwork, remote: string, onEnd: () => void) {
    this.#network = network;
    this.remote = remote;
    this.#onEnd = onEnd;
  }

  get queuedBytes(): number {
    return this.#queuedBytes;
  }

  write(bytes: Uint8Array): void {
    if (this.closed || this.#ending !== undefined) return;
    this.#outbox.push(bytes);
    this.#queuedBytes += bytes.length;
    this.deliver();
  }

  end(): void {
    this.#ending ??= 'the other side ended the connection';
    this.deliver();
  }

  destroy(): void {
    if (this.closed) return;
    this.#outbox = [];
    this.#ending = 'connection reset by the other side';
    this.deliver();
    this.finish('ended here');
  }

  /** Hands what is queued to the other side on the next turn, unless that side is stalled. */
  deliver(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    this.#network.later(() => {
      this.#scheduled = false;
      const { other } = this;
      if (other === undefined || other.stalled) return;
      const arriving = this.#outbox;
      this.#outbox = [];
      this.#queuedBytes = 0;
      for (const bytes of arriving) if (!other.closed) other.handler?.onData(bytes);
      if (arriving.length > 0 && !this.closed) this.handler?.onDrain();
      if (this.#ending !== undefined && this.#outbox.length === 0) {
        other.finish(this.#ending);
        this.finish(this.#ending);
      }
    });
  }

  finish(reason: string): void {
    if (this.closed) return;
    this.closed = true;
    this.#network.later(() => {
      this.handler?.onClose(reason);
    });
    this.#onEnd();
  }
}
