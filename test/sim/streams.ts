// Byte streams between simulated hosts in virtual time, for the production net layer: in order and
// without loss, as TCP; but late, stalled, cut, or dead without a word. Knows no frames.
import { formatEndpoint } from '../../src/net/address.ts';
import type {
  ByteStream,
  ByteStreamHandler,
  Endpoint,
  Listener,
  Transport,
} from '../../src/net/transport.ts';
import { drawDelay, type Faults } from './links.ts';
import type { SeededRandom } from './random.ts';
import type { VirtualTime } from './timeline.ts';

export interface StreamWorld {
  readonly time: VirtualTime;
  readonly random: SeededRandom;
  faults(): Faults;
  /** Whether bytes pass from one host to another now; a stream waits while they do not. */
  passes(from: string, to: string): boolean;
  /** Milliseconds until when a host takes nothing. */
  readsAgainAt(host: string): number;
}

/** How often a stream that waits looks whether it may go on: TCP tries again in such steps. */
const retryMs = 300;

export class SimStreams {
  readonly #world: StreamWorld;
  readonly #listeners = new Map<string, (stream: ByteStream) => void>();
  readonly #streams = new Map<string, Set<SimStream>>();
  #nextPort = 40_000;

  constructor(world: StreamWorld) {
    this.#world = world;
  }

  /** The transport of one life of a host. */
  host(name: string, isAlive: () => boolean): Transport {
    return {
      dial: (endpoint, signal) => this.#dial(name, endpoint, signal, isAlive),
      listen: (endpoint, onStream) => this.#listen({ ...endpoint, host: name }, onStream),
    };
  }

  /** Streams of a host that are open at its end. */
  open(host: string): number {
    return this.#streams.get(host)?.size ?? 0;
  }

  /** The host goes down; the others are told, or find out by themselves (the power went). */
  crash(host: string, isTold: boolean): void {
    for (const key of this.#listeners.keys()) {
      if (key.startsWith(`${host}:`)) this.#listeners.delete(key);
    }
    for (const stream of [...(this.#streams.get(host) ?? [])]) stream.crash(isTold);
  }

  #dial(
    from: string,
    endpoint: Endpoint,
    signal: AbortSignal,
    isAlive: () => boolean,
  ): Promise<ByteStream> {
    const { time, random } = this.#world;
    return new Promise((resolve, reject) => {
      const fail = (reason: string): void => {
        time.touch();
        reject(new Error(reason));
      };
      signal.addEventListener('abort', () => {
        fail('given up');
      });
      const attempt = (): void => {
        if (signal.aborted || !isAlive()) return;
        const { host } = endpoint;
        if (!this.#world.passes(from, host) || !this.#world.passes(host, from)) {
          time.after(1000, attempt);
          return;
        }
        const onStream = this.#listeners.get(formatEndpoint(endpoint));
        if (onStream === undefined) {
          fail('connection refused');
          return;
        }
        const [mine, theirs] = this.#pair({ host: from, port: this.#nextPort++ }, endpoint);
        time.touch();
        onStream(theirs);
        time.after(drawDelay(this.#world.faults(), random), () => {
          // Until it is handed over nobody hears of its end.
          if (signal.aborted) mine.destroy();
          else if (mine.isClosed()) fail('connection reset by the other side');
          else {
            time.touch();
            resolve(mine);
          }
        });
      };
      time.after(drawDelay(this.#world.faults(), random), attempt);
    });
  }

  #pair(from: Endpoint, to: Endpoint): [SimStream, SimStream] {
    const mine = new SimStream(this.#world, from.host, to);
    const theirs = new SimStream(this.#world, to.host, from);
    mine.other = theirs;
    theirs.other = mine;
    for (const stream of [mine, theirs]) {
      const streams = this.#streams.get(stream.host) ?? new Set();
      this.#streams.set(stream.host, streams.add(stream));
      stream.onEnd = () => streams.delete(stream);
    }
    return [mine, theirs];
  }

  #listen(endpoint: Endpoint, onStream: (stream: ByteStream) => void): Promise<Listener> {
    const key = formatEndpoint(endpoint);
    this.#listeners.set(key, onStream);
    const close = (): Promise<void> => {
      this.#listeners.delete(key);
      return Promise.resolve();
    };
    return Promise.resolve({ endpoint, close });
  }
}

class SimStream implements ByteStream {
  readonly host: string;
  readonly remote: string;
  readonly #world: StreamWorld;
  readonly #to: string;
  handler: ByteStreamHandler | undefined;
  other: SimStream | undefined;
  onEnd: () => void = () => undefined;
  #queue: Uint8Array[] = [];
  #queuedBytes = 0;
  /** Why the stream ends once the queue is empty. */
  #ending: string | undefined;
  #closed = false;
  /** Nothing passes any more, and nobody is told. */
  #dead = false;
  #isPlanned = false;
  #busyUntil = 0;

  constructor(world: StreamWorld, host: string, to: Endpoint) {
    this.#world = world;
    this.host = host;
    this.#to = to.host;
    this.remote = formatEndpoint(to);
  }

  get queuedBytes(): number {
    return this.#queuedBytes;
  }

  write(bytes: Uint8Array): void {
    if (this.#closed || this.#ending !== undefined) return;
    const { random } = this.#world;
    const { breaking, dying } = this.#world.faults();
    this.#queue.push(bytes);
    this.#queuedBytes += bytes.length;
    if (breaking > 0 && random.chance(breaking)) this.reset();
    else if (dying > 0 && random.chance(dying)) this.die();
    else this.#plan();
  }

  end(): void {
    this.#ending ??= 'the other side ended the connection';
    this.#plan();
  }

  destroy(): void {
    if (this.#closed) return;
    const { other } = this;
    this.finish('ended here');
    if (!this.#dead) this.#later(() => other?.finish('connection reset by the other side'));
  }

  /** Both sides lose the stream, each in its own time. */
  reset(): void {
    for (const side of [this, this.other]) {
      this.#later(() => side?.finish('connection reset by the other side'));
    }
  }

  /** This side is gone; the other is told, or is not. */
  crash(isTold: boolean): void {
    const { other } = this;
    this.handler = undefined;
    this.#closed = true;
    this.onEnd();
    if (isTold) this.#later(() => other?.finish('connection reset by the other side'));
    else this.die();
  }

  /** Nothing passes any more, and nobody is told. */
  die(): void {
    this.#dead = true;
    if (this.other !== undefined) this.other.#dead = true;
  }

  #later(run: () => void): void {
    const { time, random } = this.#world;
    time.after(drawDelay(this.#world.faults(), random), () => {
      time.touch();
      run();
    });
  }

  #plan(retryAt = 0): void {
    if (this.#isPlanned || this.#closed) return;
    this.#isPlanned = true;
    const { time, random } = this.#world;
    const at = time.now + drawDelay(this.#world.faults(), random);
    this.#busyUntil = Math.max(at, this.#busyUntil, retryAt);
    time.at(this.#busyUntil, () => {
      this.#isPlanned = false;
      this.#deliver();
    });
  }

  #deliver(): void {
    const { time } = this.#world;
    const { other } = this;
    if (this.#dead || this.#closed || other === undefined) return;
    const readsAgainAt = this.#world.readsAgainAt(this.#to);
    if (readsAgainAt > time.now || !this.#world.passes(this.host, this.#to)) {
      this.#plan(Math.max(readsAgainAt, time.now + retryMs));
      return;
    }
    time.touch();
    const arriving = this.#queue;
    this.#queue = [];
    this.#queuedBytes = 0;
    for (const bytes of arriving) if (!other.#closed) other.handler?.onData(bytes);
    // As a method, since the handler may have closed this side.
    if (arriving.length > 0 && !this.isClosed()) this.handler?.onDrain();
    if (this.#ending === undefined || this.#queue.length > 0) return;
    other.finish(this.#ending);
    this.finish(this.#ending);
  }

  isClosed(): boolean {
    return this.#closed;
  }

  /** The stream is over; the handler hears of it a moment later. */
  finish(reason: string): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#queue = [];
    this.onEnd();
    queueMicrotask(() => {
      this.handler?.onClose(reason);
    });
  }
}
