// Answers a request, or a connection that is no request at all, with a problem; counts and logs it.
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Clock } from '../env.ts';
import { lingerMs, noiseLogMs } from './limits.ts';
import {
  buildProblem,
  problemOf,
  retryAfterSeconds,
  type Problem,
  type ProblemCode,
} from './problems.ts';
import type { Surface } from './surface.ts';

const contentType = 'application/problem+json; charset=utf-8';

/** Connections that were refused while a request on them was still being read. */
const refusedSockets = new WeakSet<object>();

export function refuse(
  surface: Surface,
  request: FastifyRequest,
  reply: FastifyReply,
  error: unknown,
): FastifyReply {
  const problem = problemOf(error);
  const { code } = problem;
  // A body that the parser refused breaks off for its route as well; that is one refusal.
  if (!refusedSockets.has(request.raw.socket)) surface.refusals.count(code);
  log(surface, request, problem, error);
  const retryAfter = retryAfterSeconds(code);
  if (retryAfter !== undefined && !reply.hasHeader('retry-after')) {
    reply.header('retry-after', String(retryAfter));
  }
  reply.header('x-request-id', request.id);
  if (code === 'unauthorized') reply.header('www-authenticate', 'Bearer realm="skychat-node"');
  return reply.code(problem.status).type(contentType).serializer(JSON.stringify).send(problem);
}

/** The route and not the path: logs show no ids, names or texts. */
function log(
  { logger }: Surface,
  request: FastifyRequest,
  { code, status }: Problem,
  error: unknown,
): void {
  const { method } = request;
  const fields = {
    method,
    route: request.routeOptions.url ?? 'unknown',
    code,
    request: request.id,
  };
  if (code === 'internal') {
    const stack = error instanceof Error ? error.stack : String(error);
    logger.error({ ...fields, stack }, 'a request failed');
  } else if (status >= 500) {
    logger.warn(fields, 'a request was refused');
  } else {
    logger.debug(fields, 'a request was refused');
  }
}

/** Refuses bytes that are not HTTP, headers that are too long and requests that come too slowly. */
export class NoiseHandler {
  readonly #surface: Surface;
  readonly #clock: Clock;
  #quietUntil = 0;
  #unlogged = 0;

  constructor(surface: Surface) {
    this.#surface = surface;
    this.#clock = surface.clock;
  }

  handle(error: Error & { code?: string }, socket: Socket): void {
    if (error.code === 'ECONNRESET') socket.destroy();
    // The parser complains again at whatever follows on a socket that is already being ended.
    if (!socket.writable) return;
    this.refuse(codeOfNoise(error.code), error.code, socket, socket.remoteAddress);
  }

  refuse(code: ProblemCode, reason: string | undefined, socket: Duplex, remote?: string): void {
    refusedSockets.add(socket);
    this.#surface.refusals.count(code);
    this.#log(code, reason, remote);
    // Closing with bytes unread would reset the connection before the answer is read.
    socket.end(answerOf(code));
    const cancel = this.#surface.timers.after(lingerMs, () => socket.destroy());
    socket.once('close', cancel);
  }

  #log(code: ProblemCode, reason: string | undefined, remote: string | undefined): void {
    const now = this.#clock.monotonic();
    if (now < this.#quietUntil) {
      this.#unlogged++;
      return;
    }
    const fields = { code, reason, remote, unlogged: this.#unlogged };
    this.#surface.logger.warn(fields, 'a connection to the HTTP port was refused');
    this.#quietUntil = now + noiseLogMs;
    this.#unlogged = 0;
  }
}

function codeOfNoise(code: string | undefined): ProblemCode {
  if (code === 'HPE_HEADER_OVERFLOW') return 'header-too-large';
  return code === 'ERR_HTTP_REQUEST_TIMEOUT' ? 'request-timeout' : 'bad-request';
}

const details: Partial<Record<ProblemCode, string>> = {
  'header-too-large': 'the request line and headers are larger than 16 KiB',
  'request-timeout': 'the connection is closed',
};

function answerOf(code: ProblemCode): string {
  const problem = buildProblem(code, details[code] ?? 'the bytes are no HTTP request');
  const body = JSON.stringify(problem);
  return [
    `HTTP/1.1 ${problem.status} ${problem.title}`,
    `Content-Type: ${contentType}`,
    `Content-Length: ${Buffer.byteLength(body)}`,
    'Connection: close',
    '',
    body,
  ].join('\r\n');
}
