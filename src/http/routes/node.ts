// The node itself: /status, /healthz and /readyz.
import type { FastifyInstance } from 'fastify';
import { SkychatError } from '../../errors.ts';
import { readFields } from '../fields.ts';
import type { Surface } from '../surface.ts';

export function addNodeRoutes(fastify: FastifyInstance, surface: Surface): void {
  const { api } = surface;

  fastify.get('/status', (request) => {
    readFields(request.query, {});
    return api.status();
  });

  fastify.get('/healthz', () => ({ status: 'ok' }));

  fastify.get('/readyz', () => {
    const reasons = api.notReady();
    if (reasons.length > 0) throw new SkychatError('not-ready', reasons.join('; '));
    return { status: 'ready' };
  });
}
