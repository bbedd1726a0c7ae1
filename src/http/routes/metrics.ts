// GET /metrics: the figures of the node in Prometheus' text format.
import type { FastifyInstance } from 'fastify';
import { readFields } from '../fields.ts';
import type { Surface } from '../surface.ts';

export function addMetricsRoutes(fastify: FastifyInstance, { metrics }: Surface): void {
  fastify.get('/metrics', async (request, reply) => {
    readFields(request.query, {});
    const { contentType, text } = await metrics.read();
    return reply.type(contentType).send(text);
  });
}
