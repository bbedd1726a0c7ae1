// What is answered where no route was found: OPTIONS with what the path is served with, another method
// than those with 405, and everything else with 404. Knows nothing of what the routes do.
import type { FastifyReply, FastifyRequest } from 'fastify';
import { SkychatError } from '../errors.ts';
import { pathOf, type Methods } from './methods.ts';
import { refuse } from './refuse.ts';
import type { Surface } from './surface.ts';

export function answerNotFound(surface: Surface, methods: Methods) {
  return (request: FastifyRequest, reply: FastifyReply): FastifyReply => {
    const served = methods.find(pathOf(request.url));
    if (served.length === 0) {
      return refuse(surface, request, reply, new SkychatError('unknown-route', 'nothing is there'));
    }
    reply.header('allow', served.join(', '));
    // Nothing here is for pages of other origins: there are no CORS headers.
    if (request.method === 'OPTIONS') return reply.code(204).send();
    const detail = `it is served with ${served.join(', ')}`;
    return refuse(surface, request, reply, new SkychatError('method-not-allowed', detail));
  };
}
