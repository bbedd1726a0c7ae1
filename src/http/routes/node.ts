// The node itself: /status, /healthz, /readyz, and the cheat sheet at /.
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

  fastify.get('/', (request, reply) =>
    reply.type('text/plain; charset=utf-8').send(cheatSheet(request.headers.host ?? '')),
  );
}

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
