// What concerns this node's own people alone: how far they have read, and whom they do not want to read.
import type { FastifyInstance } from 'fastify';
import { bodyOf, parseJson, type RequestBody } from '../body.ts';
import { cursor, readFields } from '../fields.ts';
import { refuseFields } from '../group-bodies.ts';
import { bodyReader, boolean, like } from '../json-body.ts';
import type { Surface } from '../surface.ts';
import { parseId } from './messages.ts';

interface ById {
  Params: { id: string };
}

interface ByKey {
  Params: { pk: string };
}

const checkMark = bodyReader({ cursor: like(cursor) }, { back: boolean });

export function addReadingRoutes(fastify: FastifyInstance, { api }: Surface): void {
  fastify.put<ById>('/groups/:id/read', (request) => {
    readFields(request.query, {});
    const { cursor: read, back = false } = checkMark(fieldsOf(bodyOf(request)));
    return api.markRead(request.params.id, read, back);
  });

  fastify.get('/blocks', (request) => {
    readFields(request.query, {});
    return { blocked: api.blocks() };
  });

  fastify.put<ByKey>('/members/:pk/block', (request) => {
    readFields(request.query, {});
    refuseFields(bodyOf(request));
    return api.block(parseId(request.params.pk));
  });

  fastify.delete<ByKey>('/members/:pk/block', async (request, reply) => {
    readFields(request.query, {});
    refuseFields(bodyOf(request));
    await api.unblock(parseId(request.params.pk));
    return reply.code(204).send();
  });
}

/** Without a word, all of it was read. */
function fieldsOf(body: RequestBody): unknown {
  if (body.kind === 'json') return body.value;
  return body.text.trim() === '' ? { cursor: 'now' } : parseJson(body.text);
}
