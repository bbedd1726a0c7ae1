// /groups/{id}/members and admins: who is on the roster of a group, and with which rights.
import type { FastifyInstance } from 'fastify';
import { exampleGroupView, examplePeerKey } from '../examples.ts';
import { readHistory } from '../group-bodies.ts';
import { adminProblems, byGroupAndKey } from '../group-operations.ts';
import { addRoute, json } from '../operation.ts';
import { groupSchema } from '../schemas/group.ts';
import type { Surface } from '../surface.ts';

export function addMemberRoutes(fastify: FastifyInstance, { api }: Surface): void {
  const common = {
    tag: 'groups',
    scope: 'admin',
    path: byGroupAndKey,
    answers: { 200: json('The group as it is then.', groupSchema) },
  } as const;
  const example = { path: { id: 'ops', pk: examplePeerKey }, answer: exampleGroupView };

  addRoute(fastify, {
    ...{ ...common, method: 'POST', url: '/groups/:id/members/:pk' },
    summary: 'Adds a key; with `history` it can read what was said before',
    body: readHistory,
    problems: [...adminProblems, 'already-member'],
    example: { ...example, body: { history: true } },
    handle: ({ path: { id, pk }, body }) => api.addMember(id, pk, body),
  });

  addRoute(fastify, {
    ...{ ...common, method: 'DELETE', url: '/groups/:id/members/:pk' },
    summary: 'Removes a member',
    problems: [...adminProblems, 'unknown-member', 'founder-stays', 'senior-admin'],
    example: { ...example, answer: { ...exampleGroupView, members: 1 } },
    handle: ({ path: { id, pk } }) => api.removeMember(id, pk),
  });

  addRoute(fastify, {
    ...{ ...common, method: 'PUT', url: '/groups/:id/admins/:pk' },
    summary: 'Makes a key an admin, and a member',
    problems: [...adminProblems, 'unknown-member'],
    example,
    handle: ({ path: { id, pk } }) => api.promote(id, pk),
  });

  addRoute(fastify, {
    ...{ ...common, method: 'DELETE', url: '/groups/:id/admins/:pk' },
    summary: 'Makes an admin a member again',
    problems: [...adminProblems, 'unknown-member', 'founder-stays', 'senior-admin'],
    example,
    handle: ({ path: { id, pk } }) => api.demote(id, pk),
  });
}
