// Builds the HTTP surface over an Api. It does not listen by itself: tests inject requests, listen.ts
// binds it to an address.
import Fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import type { Clock, Logger, Random, Timers } from '../env.ts';
import { SkychatError } from '../errors.ts';
import { Allowance } from './allowance.ts';
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
import { Methods } from './methods.ts';
import { answerNotFound } from './not-found.ts';
import { Refusals } from './problems.ts';
import type { Programs } from './programs.ts';
import { Documents } from './openapi.ts';
import { requireOperations } from './operation.ts';
import { Readers } from './readers.ts';
import { NoiseHandler, refuse } from './refuse.ts';
import { RequestTally, type RouteTally } from './request-tally.ts';
import { requestIds } from './request-ids.ts';
import { addCarryingRoutes } from './routes/carrying.ts';
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
import { addSkychatRoutes } from './routes/skychat.ts';
import { addTokenRoutes } from './routes/tokens.ts';
import { SharedReads } from './shared-reads.ts';
import type { Surface } from './surface.ts';
import type { WebFiles } from './web-files.ts';

export interface HttpOptions extends Omit<GuardOptions, 'tokens'> {
  readonly programs: Programs;
  readonly metrics: Metrics;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly logger: Logger;
  /** The built page, where there is one. */
  readonly web?: WebFiles | undefined;
  readonly random: Random;
  /** How often a second each caller may write for good; 0: no bound. */
  readonly writeRate: number;
  readonly carrying: Carrying;
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
  const { clock, timers, logger, programs, metrics, carrying, web } = options;
  const readers = new Readers(timers, times.keepAliveMs);
  const refusals = new Refusals();
  let closing = false;
  const broadcasts = new Broadcasts(options);
  const sources = { api, programs, metrics, carrying, web, clock, timers, logger };
  const newest = new SharedReads<string>();
  const surface: Surface = { ...sources, readers, broadcasts, refusals, newest };
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
    genReqId: requestIds(options.random),
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
  boundServer(fastify, surface, noise);
  tally.watch(fastify);
  addGate(fastify, refusalOf, new Allowance(clock, options.writeRate));
  addRoutes(fastify, surface);

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

/** What node:http decides without a route. */
function boundServer(
  { server }: FastifyInstance,
  { refusals }: Surface,
  noise: NoiseHandler,
): void {
  server.maxConnections = connectionsMax;
  server.on('connect', ({ socket: { remoteAddress } }, socket) => {
    noise.refuse('bad-request', 'CONNECT', socket, remoteAddress);
  });
  // Nothing is expected of this surface that it could not meet by answering (RFC 9110, 10.1.1).
  server.on('checkExpectation', (request, response) => {
    server.emit('request', request, response);
  });
  server.on('drop', () => {
    refusals.count('too-many-requests');
  });
}

/** What every request passes before its route, whichever that is. */
function addGate(
  fastify: FastifyInstance,
  refusalOf: (request: FastifyRequest) => SkychatError | undefined,
  allowance: Allowance,
): void {
  fastify.decorateRequest('caller', null);
  fastify.addHook('onRequest', (request, reply, done) => {
    const { raw } = reply;
    raw.setHeader('cache-control', 'no-store');
    raw.setHeader('x-content-type-options', 'nosniff');
    raw.setHeader('x-request-id', request.id);
    const refusal = refusalOf(request) ?? refusalOfPace(request, reply, allowance);
    if (refusal?.code === 'closing' && resumesByItself(request)) {
      reply.hijack();
      request.raw.socket.destroy();
    } else done(refusal);
  });
}

const readingMethods: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS']);

function refusalOfPace(
  request: FastifyRequest,
  reply: FastifyReply,
  allowance: Allowance,
): SkychatError | undefined {
  if (readingMethods.has(request.method)) return undefined;
  const { caller, raw } = request;
  // A program with a token counts by itself; on a Unix socket there is one caller otherwise.
  const waitSeconds = allowance.take(caller?.bot?.id ?? raw.socket.remoteAddress ?? 'local');
  if (waitSeconds === undefined) return undefined;
  reply.header('retry-after', String(waitSeconds));
  return new SkychatError('too-many-requests', 'this caller has written too much for too long', {
    hint: 'Write more slowly; the operator sets the rate with --write-rate.',
  });
}

function addRoutes(fastify: FastifyInstance, surface: Surface): void {
  // A shell's prompt begins on a line of its own behind curl.
  fastify.addHook('onSend', (_request, reply, payload, done) => {
    const isJson = String(reply.getHeader('content-type')).includes('json');
    done(null, typeof payload === 'string' && isJson ? `${payload}\n` : payload);
  });
  fastify.setErrorHandler((error, request, reply) => refuse(surface, request, reply, error));
  const methods = new Methods();
  fastify.setNotFoundHandler(answerNotFound(surface, methods));
  addBodyParsers(fastify);
  const documents = new Documents();
  requireOperations(fastify);
  fastify.addHook('onRoute', ({ method, url, prefix, config }) => {
    methods.add(url, String(method));
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
    addSkychatRoutes(scope, surface);
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
