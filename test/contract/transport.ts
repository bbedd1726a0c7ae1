// What every transport promises: the suite is run on TCP and on memory.
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { concat, equal } from '../../src/bytes.ts';
import type { ByteStream, Endpoint, Listener, Transport } from '../../src/net/transport.ts';
import { patterned } from '../support/net-rig.ts';

/** A transport to listen with, one to dial with, and an endpoint whose port is free. */
export interface TransportUnderTest {
  readonly listening: Transport;
  readonly dialing: Transport;
  readonly endpoint: Endpoint;
}

/** One side of a stream, its events recorded and awaitable. */
export class Side {
  readonly stream: ByteStream;
  received: Uint8Array[] = [];
  drains = 0;
  closed: string | undefined;
  #waiting: { met: () => boolean; resolve: () => void }[] = [];

  constructor(stream: ByteStream) {
    this.stream = stream;
    stream.handler = {
      onData: (bytes) => {
        if (this.closed !== undefined) throw new Error('data after the end');
        this.received.push(bytes.slice());
        this.#check();
      },
      onDrain: () => {
        this.drains++;
        this.#check();
      },
      onClose: (reason) => {
        if (this.closed !== undefined) throw new Error('closed twice');
        this.closed = reason;
        this.#check();
      },
    };
  }

  get bytes(): Uint8Array {
    return concat(...this.received);
  }

  get receivedBytes(): number {
    return this.received.reduce((sum, { length }) => sum + length, 0);
  }

  /** Resolves as soon as the condition holds; it is looked at after every event. */
  until(met: () => boolean): Promise<void> {
    if (met()) return Promise.resolve();
    return new Promise((resolve) => this.#waiting.push({ met, resolve }));
  }

  untilClosed(): Promise<void> {
    return this.until(() => this.closed !== undefined);
  }

  #check(): void {
    const waiting = this.#waiting;
    this.#waiting = waiting.filter(({ met }) => !met());
    for (const { met, resolve } of waiting) if (met()) resolve();
  }
}

export const never = new AbortController().signal;

export function describeTransport(name: string, make: () => TransportUnderTest): void {
  describe(`${name} is a transport`, () => {
    let under: TransportUnderTest;
    let listener: Listener;
    let accepted: Side[];
    let onAccepted: () => void;
    beforeEach(async () => {
      under = make();
      accepted = [];
      onAccepted = () => undefined;
      listener = await under.listening.listen(under.endpoint, (stream) => {
        accepted.push(new Side(stream));
        onAccepted();
      });
    });
    afterEach(async () => {
      for (const { stream } of accepted) stream.destroy();
      await Promise.all(accepted.map((side) => side.untilClosed()));
      await listener.close();
    });

    async function pair(): Promise<[Side, Side]> {
      const arrived = new Promise<void>((resolve) => (onAccepted = resolve));
      const dialed = new Side(await under.dialing.dial(listener.endpoint, never));
      await arrived;
      const side = accepted.at(-1);
      if (side === undefined) throw new Error('nothing was accepted');
      return [dialed, side];
    }

    test('the listener tells the port that was bound', () => {
      expect(listener.endpoint.host).toBe(under.endpoint.host);
      expect(listener.endpoint.port).toBeGreaterThan(0);
    });

    test('bytes arrive in order and complete, in both directions at once', async () => {
      const [a, b] = await pair();
      const size = 3_000_000;
      const bytes = patterned(size);
      for (let at = 0; at < size; at += 70_001) {
        a.stream.write(bytes.subarray(at, at + 70_001));
        b.stream.write(bytes.subarray(at, at + 70_001));
      }
      for (const side of [a, b]) {
        await side.until(() => side.receivedBytes === size);
        expect(equal(side.bytes, bytes)).toBe(true);
        expect(side.received.some((part) => Buffer.isBuffer(part))).toBe(false);
      }
      a.stream.end();
      await b.untilClosed();
    });

    test('what is queued is counted, and drains', async () => {
      const [a, b] = await pair();
      expect(a.stream.queuedBytes).toBe(0);
      a.stream.write(new Uint8Array(100_000));
      a.stream.write(new Uint8Array(100_000));
      expect(a.stream.queuedBytes).toBe(200_000);
      await a.until(() => a.stream.queuedBytes === 0);
      expect(a.drains).toBeGreaterThan(0);
      await b.until(() => b.receivedBytes === 200_000);
    });

    test('ending flushes what was written, then closes both sides', async () => {
      const [a, b] = await pair();
      a.stream.write(new Uint8Array(2_000_000));
      a.stream.end();
      a.stream.write(Uint8Array.of(1));
      await b.untilClosed();
      expect(b.receivedBytes).toBe(2_000_000);
      await a.untilClosed();
    });

    test('destroying ends both sides at once, and may be done twice', async () => {
      const [a, b] = await pair();
      a.stream.destroy();
      a.stream.destroy();
      a.stream.write(Uint8Array.of(1));
      a.stream.end();
      await Promise.all([a.untilClosed(), b.untilClosed()]);
      expect(b.receivedBytes).toBe(0);
    });

    test('the remote of a stream is host:port', async () => {
      const [a, b] = await pair();
      expect(a.stream.remote).toMatch(new RegExp(`:${listener.endpoint.port}$`));
      expect(b.stream.remote).toMatch(/^.+:\d+$/);
    });

    test('a second listener on the same endpoint is refused with port-busy', async () => {
      const second = under.listening.listen(listener.endpoint, () => undefined);
      await expect(second).rejects.toMatchObject({ code: 'port-busy' });
    });

    test('a dial that nobody listens to is refused in words', async () => {
      await listener.close();
      const dialed = under.dialing.dial(listener.endpoint, never);
      await expect(dialed).rejects.toThrow('connection refused');
    });

    test('a listener that was closed keeps its streams, and its port is free again', async () => {
      const [a, b] = await pair();
      await listener.close();
      a.stream.write(Uint8Array.of(1, 2));
      await b.until(() => b.receivedBytes === 2);
      listener = await under.listening.listen(listener.endpoint, () => undefined);
    });

    test('a dial that was given up rejects with the reason, before and after it began', async () => {
      const controller = new AbortController();
      const dialed = under.dialing.dial(listener.endpoint, controller.signal);
      controller.abort(new Error('changed my mind'));
      await expect(dialed).rejects.toThrow('changed my mind');
      const late = under.dialing.dial(listener.endpoint, controller.signal);
      await expect(late).rejects.toThrow('changed my mind');
    });
  });
}
