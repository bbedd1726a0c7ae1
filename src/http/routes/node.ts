// The node itself: /status, /healthz, /readyz, /openapi.json, and the cheat sheet at /.
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

  addRoute(fastify, {
    ...{ method: 'GET', url: '/', tag, scope: 'none' },
    summary: 'A page of curl lines',
    answers: { 200: { description: 'The page.', content: { 'text/plain': { type: 'string' } } } },
    problems: [],
    example: {},
    handle: (_input, request, reply) =>
      reply.type('text/plain; charset=utf-8').send(cheatSheet(request.headers.host ?? '')),
  });
}

const exampleStatus = {
  ...{ pk: exampleKey, name: 'alice', version: '0.1.0', uptime_s: 86_400, room: 'lobby' },
  ...{ listen: '0.0.0.0:8870', http: 'http://127.0.0.1:8001', messages: 4711, feeds: 3, behind: 0 },
  sync: {
    ...{ state: 'in-sync', reason: null, have: 4711, of: 4711, behind: 0, per_s: 0, eta_s: null },
    ...{ sources: [], since: null },
  },
  ...{ peers: { known: 2, connected: 2 }, store: { bytes: 1_400_000 } },
  counters: { dropped: {}, refused: { 'bad-json': 1 }, held: 0, forks: 0 },
};

/** The host has passed the guard, so it holds nothing but a name and a port. */
function cheatSheet(host: string): string {
  const url = `http://${host}`;
  return `skychat-node

post         curl -d 'disk full on db1' ${url}/messages
as JSON      curl -H 'Content-Type: application/json' -d '{"text":"hi","min_peers":1}' ${url}/messages
read         curl '${url}/messages?format=text&limit=20'
since        curl '${url}/messages?format=text&since=10m'
follow       curl -N '${url}/messages?format=text&follow=1'
resume       curl '${url}/messages?after=0&limit=100'     then after=NEXT until more is false
wait         curl '${url}/messages?after=now&wait=30'
events       curl -N ${url}/events                        resumes with Last-Event-ID
one          curl ${url}/messages/ID                      and /messages/ID/proof
peers        curl ${url}/peers
add          curl -d 'PUBLIC_KEY@HOST:PORT' ${url}/peers
remove       curl -X DELETE ${url}/peers/PUBLIC_KEY
state        curl ${url}/status                           also /feeds /groups /healthz /readyz
new group    curl -d '{"name":"ops","encrypted":true}' ${url}/groups
invite       curl -d '{"expires_in":"1d","uses":5}' ${url}/groups/ops/invites
join         curl -d 'skychat://…' ${url}/groups/join
members      curl ${url}/groups/ops/members                 POST, DELETE /groups/ops/members/KEY

GET /messages   after before limit group author since wait follow format=json|ndjson|text
POST /messages  text group reply_to min_peers timeout_ms, and the header Idempotency-Key
`;
}
