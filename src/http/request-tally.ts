// Counts requests by route and status, and measures how long their answers took to begin. Knows
// nothing of what they asked for.
import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { Clock } from '../env.ts';
import { Histogram, type HistogramView } from '../histogram.ts';

declare module 'fastify' {
  interface FastifyRequest {
    /** Monotonic milliseconds; negative where the request failed before it was looked at. */
    begunAt: number;
  }
}

export interface RouteTally {
  readonly method: string;
  /** The pattern of the route, never a path. */
  readonly route: string;
  /** By status. */
  readonly answers: ReadonlyMap<number, number>;
  readonly seconds: HistogramView;
}

interface Counted {
  readonly method: string;
  readonly route: string;
  readonly answers: Map<number, number>;
  readonly seconds: Histogram;
}

/** Posts wait for a synced write; what waits for peers or arrivals goes beyond the last. */
const secondsBounds = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1, 5];

/** Bounded by the routes that there are: what has none is one more. */
export class RequestTally {
  readonly #clock: Clock;
  readonly #routes = new Map<string, Counted>();
  /** The same by the route as fastify has it: each is there once more below /v1. */
  readonly #found = new Map<string, Counted>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Answers that are streams are counted where they are opened, as readers. */
  watch(fastify: FastifyInstance): void {
    fastify.decorateRequest('begunAt', -1);
    fastify.addHook('onRequest', (request, _reply, done) => {
      request.begunAt = this.#clock.monotonic();
      done();
    });
    fastify.addHook('onSend', (request, reply, payload, done) => {
      this.#count(request, reply.statusCode);
      done(null, payload);
    });
  }

  view(): RouteTally[] {
    return [...this.#routes.values()].map((each) => ({ ...each, seconds: each.seconds.view() }));
  }

  #count(request: FastifyRequest, status: number): void {
    const { answers, seconds } = this.#tallyOf(request);
    answers.set(status, (answers.get(status) ?? 0) + 1);
    if (request.begunAt >= 0) seconds.observe((this.#clock.monotonic() - request.begunAt) / 1000);
  }

  #tallyOf({ method, routeOptions }: FastifyRequest): Counted {
    const { url } = routeOptions;
    // Anybody can make up a method; a route has its own.
    const key = url === undefined ? '' : `${method} ${url}`;
    const found = this.#found.get(key);
    if (found !== undefined) return found;
    const tally =
      url === undefined
        ? this.#add('other', 'unknown')
        : this.#add(method, url.replace(/^\/v1(?=\/)/, ''));
    this.#found.set(key, tally);
    return tally;
  }

  #add(method: string, route: string): Counted {
    const key = `${method} ${route}`;
    const known = this.#routes.get(key);
    if (known !== undefined) return known;
    const seconds = new Histogram(secondsBounds);
    const tally: Counted = { method, route, answers: new Map(), seconds };
    this.#routes.set(key, tally);
    return tally;
  }
}
