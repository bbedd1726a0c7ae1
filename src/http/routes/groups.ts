// /groups and /feeds: what this node is part of, and how far each author's feed is here; making,
// describing and leaving groups.
import type { FastifyInstance } from 'fastify';
import { bodyOf } from '../body.ts';
import { readFields } from '../fields.ts';
import { readGroupChanges, readGroupDraft, readRetention, refuseFields } from '../group-bodies.ts';
import type { Surface } from '../surface.ts';

interface ById {
  Params: { id: string };
}

export function addGroupRoutes(fastify: FastifyInstance, surface: Surface): void {
  const { api } = surface;

  fastify.get('/groups', async (request) => {
    readFields(request.query, {});
    return { groups: await api.groups() };
  });

  fastify.get<ById>('/groups/:id', (request) => {
    readFields(request.query, {});
    return api.group(request.params.id);
  });

  fastify.get<ById>('/groups/:id/members', (request) => {
    readFields(request.query, {});
    return { members: api.members(request.params.id) };
  });

  fastify.get('/feeds', (request) => {
    readFields(request.query, {});
    return { feeds: api.feeds() };
  });

  fastify.post('/groups', async (request, reply) => {
    readFields(request.query, {});
    const group = await api.createGroup(readGroupDraft(bodyOf(request)));
    reply.code(201).header('location', `/groups/${group.id}`);
    return group;
  });

  fastify.patch<ById>('/groups/:id', (request) => {
    readFields(request.query, {});
    return api.describeGroup(request.params.id, readGroupChanges(bodyOf(request)));
  });

  fastify.post<ById>('/groups/:id/leave', (request) => {
    readFields(request.query, {});
    refuseFields(bodyOf(request));
    return api.leaveGroup(request.params.id);
  });

  fastify.put<ById>('/groups/:id/retention', (request) => {
    readFields(request.query, {});
    return api.setRetention(request.params.id, readRetention(bodyOf(request)));
  });
}
