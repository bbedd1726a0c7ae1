// The node itself: /status, /healthz, /readyz and /openapi.json.
import type { FastifyInstance } from 'fastify';
import { SkychatError } from '../../errors.ts';
import { exampleKey } from '../examples.ts';
import type { Documents } from '../openapi.ts';
import { addRoute, json } from '../operation.ts';
import { stateSchema, statusSchema } from '../schemas/node.ts';
import type { Surface } from '../surface.ts';

const tag = 'node';

export function addNodeRoutes(
  fastify: FastifyInstance,
  { api }: Surface,
  documents: Documents,
): void {
  addRoute(fastify, {
    ...{ method: 'GET', url: '/status', tag, scope: 'read', snapshot: true },
    summary: 'The node: key, room, how far behind it is, sizes, counters',
    answers: { 200: json('The node.', statusSchema) },
    problems: [],
    example: { answer: exampleStatus },
    handle: () => api.status(),
  });

  addRoute(fastify, {
    ...{ method: 'GET', url: '/healthz', tag, scope: 'none' },
    summary: 'The process lives',
    answers: { 200: json('It does.', stateSchema) },
    problems: [],
    example: { answer: { status: 'ok' } },
    handle: () => ({ status: 'ok' }),
  });

  addRoute(fastify, {
    ...{ method: 'GET', url: '/readyz', tag, scope: 'none' },
    summary: 'The node can be used; 503 with the reasons where not',
    answers: { 200: json('It can.', stateSchema) },
    problems: ['not-ready'],
    example: { answer: { status: 'ready' } },
    handle: () => {
      const reasons = api.notReady();
      if (reasons.length > 0) throw new SkychatError('not-ready', reasons.join('; '));
      return { status: 'ready' };
    },
  });

  addRoute(fastify, {
    ...{ method: 'GET', url: '/openapi.json', tag, scope: 'none', snapshot: true },
    summary: 'This surface in OpenAPI 3.1',
    answers: { 200: json('The document.', { type: 'object' }) },
    problems: [],
    example: {},
    handle: (_input, _request, reply) =>
      reply.type('application/json; charset=utf-8').send(documents.text()),
  });
}

const exampleStatus = {
  ...{ pk: exampleKey, name: 'alice', version: '0.1.0', uptime_s: 86_400, room: 'lobby' },
  ...{ listen: '0.0.0.0:8870', http: 'http://127.0.0.1:8001', messages: 4711, feeds: 3, behind: 0 },
  sync: {
    ...{ state: 'in-sync', reason: null, have: 4711, of: 4711, behind: 0, per_s: 0, eta_s: null },
    ...{ sources: [], since: null },
  },
  ...{ peers: { known: 2, connected: 2 }, strangers: [], store: { bytes: 1_400_000, damaged: 0 } },
  counters: {
    ...{ dropped: {}, refused: { 'bad-json': 1 }, held: 0, forks: 0 },
    recent: { minutes: 10, dropped: {}, refused: {} },
  },
};
