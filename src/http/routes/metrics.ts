// GET /metrics: the figures of the node in Prometheus' text format.
import type { FastifyInstance } from 'fastify';
import { addRoute } from '../operation.ts';
import { text } from '../schema.ts';
import type { Surface } from '../surface.ts';

export function addMetricsRoutes(fastify: FastifyInstance, { metrics }: Surface): void {
  addRoute(fastify, {
    ...{ method: 'GET', url: '/metrics', tag: 'node', scope: 'read' },
    summary: "The figures of the node in Prometheus' text format",
    answers: { 200: { description: 'The figures.', content: { 'text/plain': text } } },
    problems: [],
    example: {},
    handle: async (_input, _request, reply) => {
      const { contentType, text: figures } = await metrics.read();
      return reply.type(contentType).send(figures);
    },
  });
}
