// Builds the HTTP surface over an Api. It does not listen by itself: tests inject requests, listen.ts
// binds it to an address.
import Fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import type { Clock, Logger, Timers } from '../env.ts';
import { SkychatError } from '../errors.ts';
import { admit } from './admission.ts';
import type { Api } from './api.ts';
import type { Carrying } from './carrying.ts';
import { addBodyParsers } from './body.ts';
import { Broadcasts } from './broadcast.ts';
import { Connections } from './connections.ts';
import { Guard, type GuardOptions } from './guard.ts';
import {
  bodyBytesMax,
  connectionsMax,
  headerBytesMax,
  httpTimes,
  pathPartCharsMax,
  type HttpTimes,
} from './limits.ts';
import type { Metrics } from './metrics.ts';
import { Refusals } from './problems.ts';
import type { Programs } from './programs.ts';
import { Documents } from './openapi.ts';
import { requireOperations } from './operation.ts';
import { Readers } from './readers.ts';
import { NoiseHandler, refuse } from './refuse.ts';
import { addCarryingRoutes } from './routes/carrying.ts';
import { RequestTally, type RouteTally } from './request-tally.ts';
import { addEventRoutes } from './routes/events.ts';
import { addGroupRoutes } from './routes/groups.ts';
import { addHookRoutes } from './routes/hooks.ts';
import { addInviteRoutes } from './routes/invites.ts';
import { addMemberRoutes } from './routes/members.ts';
import { addMessageRoutes } from './routes/messages.ts';
import { addMetricsRoutes } from './routes/metrics.ts';
import { addNoteRoutes } from './routes/notes.ts';
import { addNodeRoutes } from './routes/node.ts';
import { addPageRoutes } from './routes/page.ts';
import { addPeerRoutes } from './routes/peers.ts';
import { addPostingRoutes } from './routes/posting.ts';
import { addReadingRoutes } from './routes/reading.ts';
import { addTokenRoutes } from './routes/tokens.ts';
import type { Surface } from './surface.ts';
import type { WebFiles } from './web-files.ts';

export interface HttpOptions extends Omit<GuardOptions, 'tokens'> {
  readonly programs: Programs;
  readonly metrics: Metrics;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly logger: Logger;
  readonly carrying: Carrying;
  /** The built page, where there is one. */
  readonly web?: WebFiles | undefined;
  /** Shorter times for tests. */
  readonly times?: Partial<HttpTimes>;
}

export interface HttpServer {
  readonly fastify: FastifyInstance;
  /** Event streams, followers and long polls that are open. */
  readonly readers: number;
  /** How the streams among them get on. */
  readonly streams: StreamFigures;
  /** How often each problem code was answered. */
  counters(): Record<string, number>;
  /** Requests by route, with what they were answered and how soon. */
  requests(): RouteTally[];
  /** Ends the streams with a `shutdown`, lets requests in flight finish for a while, then closes. */
  close(): Promise<void>;
}

export interface StreamFigures {
  /** Streams whose readers have everything. */
  readonly live: number;
  /** Streams whose readers have not taken what was written to them. */
  readonly paused: number;
  /** How often a stream was paused. */
  readonly pauses: number;
}

export function createHttpServer(api: Api, options: HttpOptions): HttpServer {
  const times = { ...httpTimes, ...options.times };
  const { carrying, clock, timers, logger, programs, metrics } = options;
  const readers = new Readers(timers, times.keepAliveMs);
  const refusals = new Refusals();
  let closing = false;
  const broadcasts = new Broadcasts(options);
  const { web } = options;
  const sources = { api, programs, metrics, web, carrying, clock, timers, logger };
  const surface: Surface = { ...sources, readers, broadcasts, refusals };
  const tally = new RequestTally(clock);
  const noise = new NoiseHandler(surface);
  const guard = new Guard({ ...options, tokens: programs.tokens });

  const refusalOf = (request: FastifyRequest): SkychatError | undefined =>
    admit(guard, request) ??
    (closing ? new SkychatError('closing', 'the node is closing') : undefined);

  const fastify = Fastify({
    http: {
      maxHeaderSize: headerBytesMax,
      headersTimeout: times.headersMs,
      connectionsCheckingInterval: Math.min(1000, times.headersMs),
      // The guard answers a missing Host like any other wrong one.
      requireHostHeader: false,
      // The kernel finds out that a reader's machine has vanished.
      keepAlive: true,
    },
    requestTimeout: times.requestMs,
    connectionTimeout: times.stalledMs,
    bodyLimit: bodyBytesMax,
    routerOptions: { maxParamLength: pathPartCharsMax },
    forceCloseConnections: 'idle',
    return503OnClosing: false,
    clientErrorHandler: (error, socket) => {
      noise.handle(error, socket);
    },
    frameworkErrors: (error, request, reply) => {
      // Routing failed before the hooks ran.
      refuse(surface, request, reply, refusalOf(request) ?? error);
    },
  });
  fastify.server.maxConnections = connectionsMax;
  fastify.server.on('drop', () => {
    refusals.count('too-many-requests');
  });
  tally.watch(fastify);
  addRoutes(fastify, surface, refusalOf);

  const connections = new Connections(fastify.server);
  const close = (): Promise<void> => {
    closing = true;
    readers.close();
    const isDone = (): boolean => readers.size === 0;
    return connections.drain(options, times.closeMs, isDone, () => fastify.close());
  };
  let closed: Promise<void> | undefined;

  return {
    fastify,
    get readers() {
      return readers.size;
    },
    get streams() {
      const { paused, pauses } = readers.streams;
      return { live: broadcasts.listeners, paused, pauses };
    },
    counters: () => refusals.counters(),
    requests: () => tally.view(),
    close: () => (closed ??= close()),
  };
}

/**
 * An EventSource that is refused, with whatever status, gives up for good; one that is cut off comes
 * back, as it does when nobody listens any more.
 */
function resumesByItself({ headers }: FastifyRequest): boolean {
  return headers.accept?.includes('text/event-stream') === true;
}

function addRoutes(
  fastify: FastifyInstance,
  surface: Surface,
  refusalOf: (request: FastifyRequest) => SkychatError | undefined,
): void {
  fastify.decorateRequest('caller', null);
  fastify.addHook('onRequest', (request, reply, done) => {
    reply.raw.setHeader('cache-control', 'no-store');
    reply.raw.setHeader('x-content-type-options', 'nosniff');
    const refusal = refusalOf(request);
    if (refusal?.code === 'closing' && resumesByItself(request)) {
      reply.hijack();
      request.raw.socket.destroy();
    } else done(refusal);
  });
  // A shell's prompt begins on a line of its own behind curl.
  fastify.addHook('onSend', (_request, reply, payload, done) => {
    const isJson = String(reply.getHeader('content-type')).includes('json');
    done(null, typeof payload === 'string' && isJson ? `${payload}\n` : payload);
  });
  fastify.setErrorHandler((error, request, reply) => refuse(surface, request, reply, error));
  fastify.setNotFoundHandler((request: FastifyRequest, reply: FastifyReply) =>
    refuse(surface, request, reply, new SkychatError('unknown-route', 'nothing is served there')),
  );
  addBodyParsers(fastify);
  const documents = new Documents();
  requireOperations(fastify);
  fastify.addHook('onRoute', ({ method, prefix, config }) => {
    if (prefix === '' && method !== 'HEAD' && config?.operation !== undefined) {
      documents.add(config.operation);
    }
  });
  const routes = (scope: FastifyInstance, _options: unknown, done: () => void): void => {
    addMessageRoutes(scope, surface);
    addPostingRoutes(scope, surface);
    addEventRoutes(scope, surface);
    addPeerRoutes(scope, surface);
    addGroupRoutes(scope, surface);
    addMemberRoutes(scope, surface);
    addInviteRoutes(scope, surface);
    addNoteRoutes(scope, surface);
    addReadingRoutes(scope, surface);
    addCarryingRoutes(scope, surface.carrying);
    addTokenRoutes(scope, surface);
    addHookRoutes(scope, surface);
    addNodeRoutes(scope, surface, documents);
    addMetricsRoutes(scope, surface);
    addPageRoutes(scope, surface);
    done();
  };
  fastify.register(routes);
  fastify.register(routes, { prefix: '/v1' });
}
