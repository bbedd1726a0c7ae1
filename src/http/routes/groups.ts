// /groups and /feeds: what this node is part of, and how far each author's feed is here; making,
// describing and leaving groups.
import type { FastifyInstance } from 'fastify';
import { apiOf } from '../admission.ts';
import { exampleGroupView, exampleKey, examplePeerKey } from '../examples.ts';
import { readGroupChanges, readGroupDraft, readRetention } from '../group-bodies.ts';
import { adminProblems, byGroup, groupProblems } from '../group-operations.ts';
import { addRoute, json } from '../operation.ts';
import { groupSchema, groupsSchema, membersSchema } from '../schemas/group.ts';
import { feedsSchema } from '../schemas/node.ts';
import type { Surface } from '../surface.ts';

const tag = 'groups';
const path = { id: exampleGroupView.id };

export function addGroupRoutes(fastify: FastifyInstance, surface: Surface): void {
  addReading(fastify, surface);
  addChanging(fastify, surface);
}

function addReading(fastify: FastifyInstance, surface: Surface): void {
  const group = exampleGroupView.id;

  addRoute(fastify, {
    ...{ method: 'GET', url: '/groups', tag, scope: 'read', perCaller: true, snapshot: true },
    summary: 'The room and the groups, with what is unread',
    answers: { 200: json('The groups.', groupsSchema) },
    problems: [],
    example: { answer: { groups: [exampleGroupView] } },
    handle: async (_input, request) => ({ groups: await apiOf(surface, request).groups() }),
  });

  addRoute(fastify, {
    ...{ method: 'GET', url: '/groups/:id', tag, scope: 'read', perCaller: true, snapshot: true },
    summary: 'One group, by its id, or by its name where only one has it',
    path: byGroup,
    answers: { 200: json('The group.', groupSchema) },
    problems: groupProblems,
    example: { path, answer: exampleGroupView },
    handle: ({ path: { id } }, request) => apiOf(surface, request).group(id),
  });

  addRoute(fastify, {
    ...{
      method: 'GET',
      url: '/groups/:id/members',
      tag,
      scope: 'read',
      perCaller: true,
      snapshot: true,
    },
    summary: 'Keys and names of the members, and which are linked to this node',
    path: byGroup,
    answers: { 200: json('The members.', membersSchema) },
    problems: groupProblems,
    example: {
      path,
      answer: {
        members: [
          {
            ...{ pk: exampleKey, name: 'alice', role: 'founder', since: null, online: true },
            ...{ note: null, bot: false, history: true },
          },
        ],
      },
    },
    handle: ({ path: { id } }, request) => ({ members: apiOf(surface, request).members(id) }),
  });

  addRoute(fastify, {
    ...{ method: 'GET', url: '/feeds', tag: 'node', scope: 'read', snapshot: true },
    summary: "How far each author's feed is here, and who has more",
    answers: { 200: json('The feeds.', feedsSchema) },
    problems: [],
    example: {
      answer: {
        feeds: [
          {
            ...{ group, author: examplePeerKey, head: 12, seq: 12, count: 12, behind: 0 },
            ...{ sources: [examplePeerKey], last_inbound: '2026-11-22T05:09:59.500Z' },
            time: '2026-11-22T05:09:59.480Z',
          },
        ],
      },
    },
    handle: () => ({ feeds: surface.api.feeds() }),
  });
}

function addChanging(fastify: FastifyInstance, { api }: Surface): void {
  const answers = { 200: json('The group as it is then.', groupSchema) };

  addRoute(fastify, {
    ...{ method: 'POST', url: '/groups', tag, scope: 'admin' },
    summary: 'Makes a group, of which this node is the founder',
    body: readGroupDraft,
    answers: { 201: json('The group.', groupSchema) },
    problems: [],
    example: {
      body: { name: 'ops', encrypted: true, members: [examplePeerKey] },
      answer: { ...exampleGroupView, topic: null, unread: 0, last_message: null },
    },
    handle: async ({ body }, _request, reply) => {
      const group = await api.createGroup(body);
      reply.code(201).header('location', `/groups/${group.id}`);
      return group;
    },
  });

  addRoute(fastify, {
    ...{ method: 'PATCH', url: '/groups/:id', tag, scope: 'admin', answers },
    summary: 'Changes name, topic or both',
    path: byGroup,
    body: readGroupChanges,
    problems: adminProblems,
    example: { path, body: { topic: 'who is on call' }, answer: exampleGroupView },
    handle: ({ path: { id }, body }) => api.describeGroup(id, body),
  });

  addRoute(fastify, {
    ...{ method: 'POST', url: '/groups/:id/leave', tag, scope: 'admin', answers },
    summary: 'Leaves a group, or gives up joining it',
    path: byGroup,
    problems: [...groupProblems, 'not-a-member', 'group-left'],
    example: { path, answer: { ...exampleGroupView, state: 'left' } },
    handle: ({ path: { id } }) => api.leaveGroup(id),
  });

  addRoute(fastify, {
    ...{ method: 'PUT', url: '/groups/:id/retention', tag, scope: 'admin', answers },
    summary: 'What its members keep: null for no bound',
    path: byGroup,
    body: readRetention,
    problems: adminProblems,
    example: {
      path,
      body: { age: '30d', bytes: null },
      answer: { ...exampleGroupView, retention: { age_s: 2_592_000, bytes: null } },
    },
    handle: ({ path: { id }, body }) => api.setRetention(id, body),
  });
}
