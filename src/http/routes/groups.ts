// /groups and /feeds: what this node is part of, and how far each author's feed is here.
import type { FastifyInstance } from 'fastify';
import { readFields } from '../fields.ts';
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
}
