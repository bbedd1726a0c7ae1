// /groups/{id}/invites and /groups/join: letting in whoever has a link, and being let in by one.
import type { FastifyInstance } from 'fastify';
import { bodyOf } from '../body.ts';
import { readFields } from '../fields.ts';
import { readInviteLink, readTerms, refuseFields } from '../group-bodies.ts';
import type { Surface } from '../surface.ts';
import { parseId } from './messages.ts';

interface ById {
  Params: { id: string };
}

interface ByInvite {
  Params: { id: string; invite: string };
}

export function addInviteRoutes(fastify: FastifyInstance, surface: Surface): void {
  const { api } = surface;

  fastify.post<ById>('/groups/:id/invites', async (request, reply) => {
    readFields(request.query, {});
    const invite = await api.invite(request.params.id, readTerms(bodyOf(request)));
    reply.code(201);
    return invite;
  });

  fastify.get<ById>('/groups/:id/invites', async (request) => {
    readFields(request.query, {});
    return { invites: await api.invites(request.params.id) };
  });

  fastify.delete<ByInvite>('/groups/:id/invites/:invite', (request) => {
    readFields(request.query, {});
    refuseFields(bodyOf(request));
    const { id, invite } = request.params;
    return api.revokeInvite(id, parseId(invite));
  });

  fastify.post('/groups/join', async (request, reply) => {
    readFields(request.query, {});
    const group = await api.joinGroup(readInviteLink(bodyOf(request)));
    reply.code(202).header('location', `/groups/${group.id}`);
    return group;
  });
}
