// /groups/{id}/invites and /groups/join: letting in whoever has a link, and being let in by one.
import type { FastifyInstance } from 'fastify';
import { exampleGroupView, exampleInvite, exampleKey } from '../examples.ts';
import { idInPath } from '../fields.ts';
import { readInviteLink, readTerms } from '../group-bodies.ts';
import { adminProblems, byGroup, groupProblems } from '../group-operations.ts';
import { addRoute, json } from '../operation.ts';
import { groupSchema, invitesSchema, newInviteSchema } from '../schemas/group.ts';
import type { Surface } from '../surface.ts';

const tag = 'groups';
const terms = {
  ...{ id: exampleInvite, expires: '2026-11-23T05:10:00.000Z', uses: 5, history: false },
};

export function addInviteRoutes(fastify: FastifyInstance, { api }: Surface): void {
  addRoute(fastify, {
    ...{ method: 'POST', url: '/groups/:id/invites', tag, scope: 'admin' },
    summary: 'Makes an invite, which holds for 7 days where nothing else is asked for',
    path: byGroup,
    body: readTerms,
    answers: { 201: json('The invite; its link is shown this once.', newInviteSchema) },
    problems: adminProblems,
    example: {
      ...{ path: { id: 'ops' }, body: { expires_in: '1d', uses: 5 } },
      answer: { ...terms, invite: 'skychat://AGDVQX5FMRVW' },
    },
    handle: async ({ path: { id }, body }, _request, reply) => {
      const invite = await api.invite(id, body);
      reply.code(201);
      return invite;
    },
  });

  addRoute(fastify, {
    ...{ method: 'GET', url: '/groups/:id/invites', tag, scope: 'admin', snapshot: true },
    summary: 'The invites with their terms, how often each was used, and its state',
    path: byGroup,
    answers: { 200: json('The invites, without their links.', invitesSchema) },
    problems: adminProblems,
    example: {
      path: { id: 'ops' },
      answer: { invites: [{ ...terms, by: exampleKey, used: 1, state: 'open' }] },
    },
    handle: async ({ path: { id } }) => ({ invites: await api.invites(id) }),
  });

  addRoute(fastify, {
    ...{ method: 'DELETE', url: '/groups/:id/invites/:invite', tag, scope: 'admin' },
    summary: 'Revokes an invite by its id',
    path: { ...byGroup, invite: idInPath },
    answers: { 200: json('The group.', groupSchema) },
    problems: [...adminProblems, 'unknown-invite'],
    example: { path: { id: 'ops', invite: exampleInvite }, answer: exampleGroupView },
    handle: ({ path: { id, invite } }) => api.revokeInvite(id, invite),
  });

  addRoute(fastify, {
    ...{ method: 'POST', url: '/groups/join', tag, scope: 'admin' },
    summary: 'Joins by an invite; `join` of the group shows how it gets on',
    body: readInviteLink,
    answers: { 202: json('The group, as far as the link tells of it.', groupSchema) },
    problems: [
      ...groupProblems,
      ...(['already-member', 'invite-altered', 'invite-expired', 'invite-used'] as const),
      'invite-revoked',
    ],
    example: {
      body: { invite: 'skychat://AGDVQX5FMRVW' },
      answer: { ...exampleGroupView, state: 'joining', last_message: null },
    },
    handle: async ({ body: link }, _request, reply) => {
      const group = await api.joinGroup(link);
      reply.code(202).header('location', `/groups/${group.id}`);
      return group;
    },
  });
}
