// /groups/{id}/members and admins: who is on the roster of a group, and with which rights.
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { bodyOf } from '../body.ts';
import { readFields } from '../fields.ts';
import { readHistory, refuseFields } from '../group-bodies.ts';
import type { Surface } from '../surface.ts';
import { parseId } from './messages.ts';

interface ByKey {
  Params: { id: string; pk: string };
}

export function addMemberRoutes(fastify: FastifyInstance, surface: Surface): void {
  const { api } = surface;

  fastify.post<ByKey>('/groups/:id/members/:pk', (request) => {
    const { id, key } = namedIn(request);
    return api.addMember(id, key, readHistory(bodyOf(request)));
  });

  fastify.delete<ByKey>('/groups/:id/members/:pk', (request) => {
    const { id, key } = namedIn(request);
    refuseFields(bodyOf(request));
    return api.removeMember(id, key);
  });

  fastify.put<ByKey>('/groups/:id/admins/:pk', (request) => {
    const { id, key } = namedIn(request);
    refuseFields(bodyOf(request));
    return api.promote(id, key);
  });

  fastify.delete<ByKey>('/groups/:id/admins/:pk', (request) => {
    const { id, key } = namedIn(request);
    refuseFields(bodyOf(request));
    return api.demote(id, key);
  });
}

function namedIn({ query, params }: FastifyRequest<ByKey>): { id: string; key: string } {
  readFields(query, {});
  return { id: params.id, key: parseId(params.pk) };
}
