import fc from 'fast-check';
import { expect, test } from 'vitest';
import { systemClock, systemTimers } from '../../src/env.ts';
import { Broadcast, Broadcasts, type Arrivals } from '../../src/http/broadcast.ts';
import { eventsEncoding, noOthers } from '../../src/http/encodings.ts';
import { streamQueueBytesMax, sharedBlockCharsMax } from '../../src/http/limits.ts';
import { LiveStream } from '../../src/http/live-stream.ts';
import { StreamCounters } from '../../src/http/readers.ts';
import { FakeApi } from '../support/fake-api.ts';
import { SlowResponse } from '../support/slow-response.ts';

const big = 'x'.repeat(30_000);

class World {
  readonly api = new FakeApi();
  readonly counters = new StreamCounters();
  readonly arrivals: Arrivals = {
    after: (cursor, limit) => this.api.eventsAfter(cursor, {}, limit),
    arrival: (cursor, signal) => this.api.arrival(cursor, signal),
  };
  encoded = 0;
  readonly broadcast = new Broadcast({
    ...{ arrivals: this.arrivals, clock: systemClock, timers: systemTimers },
    encode: (event) => {
      this.encoded++;
      return eventsEncoding.event(event);
    },
  });

  /** What a reader reads for itself may be old by the time that it has it. */
  readonly #alone: Pick<Arrivals, 'after'> = {
    after: async (cursor, limit) => {
      const page = await this.api.eventsAfter(cursor, {}, limit);
      for (let i = 0; i < 3; i++) await turn();
      return page;
    },
  };

  open(cursor: string): Reader {
    const slow = new SlowResponse();
    const stream = new LiveStream({
      ...{ cursor, response: slow.response, encoding: eventsEncoding, others: noOthers },
      ...{ arrivals: this.#alone, broadcast: this.broadcast, counters: this.counters },
    });
    return { slow, stream, ended: stream.run([]), from: Number(cursor) };
  }
}

interface Reader {
  readonly slow: SlowResponse;
  readonly stream: LiveStream;
  readonly ended: Promise<void>;
  readonly from: number;
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

function range(from: number, to: number): string[] {
  return Array.from({ length: to - from }, (_, i) => String(from + i + 1));
}

test('F06 F46 F47 each reader gets everything behind its cursor once, however it and the others read', async () => {
  const act = fc.oneof(
    fc.record({ do: fc.constant('arrive'), count: fc.integer({ min: 1, max: 12 }) }),
    fc.record({ do: fc.constant('open'), back: fc.nat(20) }),
    fc.record({ do: fc.constantFrom('stop', 'goOn', 'cut'), which: fc.nat(5) }),
    fc.record({ do: fc.constant('turns'), count: fc.integer({ min: 1, max: 8 }) }),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(act, { maxLength: 40 }), async (acts) => {
      const world = new World();
      const { api } = world;
      const readers: Reader[] = [world.open('0')];
      /** Where a reader that was cut off would resume, and what it had by then. */
      const cut: Reader[] = [];
      for (const one of acts) {
        const reader = 'which' in one ? readers[one.which % readers.length] : undefined;
        if (one.do === 'arrive' && 'count' in one) {
          for (let i = 0; i < one.count; i++) api.arrive(i % 3 === 0 ? big : 'small');
        } else if (one.do === 'turns' && 'count' in one) {
          for (let i = 0; i < one.count; i++) await turn();
        } else if ('back' in one) {
          readers.push(world.open(String(Math.max(0, api.stored.length - one.back))));
        } else if (one.do === 'stop') reader?.slow.stop();
        else if (one.do === 'goOn') reader?.slow.goOn();
        else if (reader !== undefined) {
          reader.slow.destroy();
          await reader.ended;
          cut.push(reader);
          const last = reader.slow.ids.at(-1) ?? String(reader.from);
          readers[readers.indexOf(reader)] = world.open(last);
        }
      }
      api.arrive('the last');
      const latest = api.stored.length;
      for (const { slow } of readers) slow.goOn();
      while (readers.some(({ slow }) => slow.ids.at(-1) !== String(latest))) await turn();
      for (const { slow, from } of readers) {
        expect(slow.ids).toEqual(range(from, latest));
        expect(slow.waitedMost).toBeLessThan(streamQueueBytesMax + 3 * sharedBlockCharsMax);
      }
      for (const { slow, from } of cut) {
        expect(slow.ids).toEqual(range(from, from + slow.ids.length));
      }
      for (const { slow, ended } of readers) {
        slow.destroy();
        await ended;
      }
      expect([world.broadcast.size, api.waits, world.counters.paused]).toEqual([0, 0, 0]);
    }),
    { numRuns: 60 },
  );
});

test('500 readers that keep up cost one read and one encoding of what arrives', async () => {
  const world = new World();
  const { api } = world;
  const readers = Array.from({ length: 500 }, () => world.open('0'));
  while (world.broadcast.size < 500) await turn();
  const reads = api.reads;
  for (let i = 0; i < 40; i++) {
    api.arrive(`text ${i}`);
    while (readers.some(({ slow }) => slow.ids.length <= i)) await turn();
  }
  expect(world.encoded).toBe(40);
  expect(api.reads - reads).toBe(40);
  for (const { slow } of readers) expect(slow.ids).toEqual(range(0, 40));
  for (const { slow, ended } of readers) {
    slow.destroy();
    await ended;
  }
});

test('F05 F06 a frozen reader leaves the others, is not read for, and comes back to them', async () => {
  const world = new World();
  const { api } = world;
  const [frozen, other] = [world.open('0'), world.open('0')];
  while (world.broadcast.size < 2) await turn();
  frozen.slow.stop();
  for (let i = 0; i < 40; i++) {
    api.arrive(big);
    while (other.slow.ids.length <= i) await turn();
  }
  expect([world.broadcast.size, world.counters.paused, world.counters.pauses]).toEqual([1, 1, 1]);
  expect(api.reads, 'one for each arrival, and one for each beginning').toBe(42);
  frozen.slow.goOn();
  while (world.broadcast.size < 2) await turn();
  expect(frozen.slow.ids).toEqual(range(0, 40));
  expect(world.counters.paused).toBe(0);
  for (const { slow, ended } of [frozen, other]) {
    slow.destroy();
    await ended;
  }
});

test('when the last reader leaves nothing is waited for, and the next begins where it is', async () => {
  const world = new World();
  const { api } = world;
  for (let round = 0; round < 3; round++) {
    const reader = world.open(String(api.stored.length));
    while (api.waits === 0) await turn();
    api.arrive('one');
    while (reader.slow.ids.length === 0) await turn();
    reader.slow.destroy();
    await reader.ended;
    api.arrive('between');
    while (api.waits > 0) await turn();
    expect(reader.slow.ids).toEqual([String(2 * round + 1)]);
  }
});

test('what cannot be read ends every stream that waits for it, so that all resume', async () => {
  const world = new World();
  const readers = [world.open('0'), world.open('0')];
  while (world.broadcast.size < 2 || world.api.waits === 0) await turn();
  world.api.failure = new Error('the disk is gone');
  world.api.arrive('one');
  for (const { ended } of readers) await expect(ended).rejects.toThrow('the disk is gone');
  expect(world.broadcast.size).toBe(0);
});

test('the rounds of many readers leave the processor to others, and those of few do not wait', async () => {
  const delays: number[] = [];
  let [now, roundMs] = [0, 0];
  const world = new World();
  const broadcast = new Broadcast({
    arrivals: world.arrivals,
    encode: eventsEncoding.event.bind(eventsEncoding),
    clock: { monotonic: () => (now += roundMs / 2) },
    timers: {
      after: (delayMs, callback) => {
        delays.push(delayMs);
        return systemTimers.after(0, callback);
      },
    },
  });
  const taken: string[] = [];
  const listener = {
    cursor: '0',
    take: ({ next }: { next: string }) => taken.push(next),
    fail: (error: Error) => {
      throw error;
    },
  };
  broadcast.join(listener);
  for (const took of [0, 0.5, 4, 100]) {
    roundMs = 2 * took;
    const before = taken.length;
    world.api.arrive('x');
    while (taken.length === before) await turn();
    await turn();
    await turn();
  }
  broadcast.leave(listener);
  expect(delays).toEqual([1, 8, 12]);
});

test('a broadcast is kept as long as anybody has taken it', () => {
  const world = new World();
  const broadcasts = new Broadcasts({ clock: systemClock, timers: systemTimers });
  const make = () => ({
    arrivals: world.arrivals,
    encode: eventsEncoding.event.bind(eventsEncoding),
  });
  const first = broadcasts.take('events', make);
  expect(broadcasts.take('events', make)).toBe(first);
  expect(broadcasts.take('text', make)).not.toBe(first);
  broadcasts.giveBack('text');
  broadcasts.giveBack('events');
  expect(broadcasts.size).toBe(1);
  broadcasts.giveBack('events');
  expect([broadcasts.size, broadcasts.listeners]).toEqual([0, 0]);
  expect(broadcasts.take('events', make)).not.toBe(first);
});
