// /tokens: what the owner of the node made for programs. A token is shown once, when it is made.
import type { FastifyInstance } from 'fastify';
import { exampleGroup } from '../examples.ts';
import { credentialId, describe, oneOf } from '../fields.ts';
import { span, secondsOf } from '../group-bodies.ts';
import { bodyReader, choice, fieldsReader, nullable, string, textList } from '../json-body.ts';
import { groupsOfTokenMax } from '../limits.ts';
import { addRoute, json } from '../operation.ts';
import { newTokenSchema, tokenSchema, tokensSchema } from '../schemas/programs.ts';
import type { Surface } from '../surface.ts';
import { scopes } from '../tokens.ts';

/** Whoever does not say more may read and post. */
const readDraft = bodyReader(
  fieldsReader(
    { name: string },
    {
      scope: choice(oneOf(...scopes)),
      groups: nullable(textList(groupsOfTokenMax)),
      expires_in: nullable(span),
    },
  ),
  ({ name, scope = 'post', groups, expires_in: expiresIn }) => ({
    ...{ name, scope, groups: groups ?? undefined },
    expiresInS: expiresIn == null ? null : secondsOf(expiresIn),
  }),
);

const tag = 'programs';
const view = {
  ...{ id: '5f0c9a1e2b3d4c6f', name: 'grafana', scope: 'post', groups: [exampleGroup] },
  ...{ created: '2026-11-22T05:10:00.000Z', expires: '2026-12-22T05:10:00.000Z', last_used: null },
};
const byId = { id: describe('Id of a token, as the list gives it.', credentialId) };

export function addTokenRoutes(fastify: FastifyInstance, { programs }: Surface): void {
  addRoute(fastify, {
    ...{ method: 'POST', url: '/tokens', tag, scope: 'admin' },
    summary: 'Makes a token for a program, which posts under its name',
    body: readDraft,
    answers: { 201: json('The token, which is shown this once.', newTokenSchema) },
    problems: ['unknown-group'],
    example: {
      body: { name: 'grafana', scope: 'post', groups: ['ops'], expires_in: '30d' },
      answer: {
        ...view,
        token: 'skt_5f0c9a1e2b3d4c6f_cX0wY2x9fN3hQm6kR8sT1uV4wZ7aB5dE0gH2jK9lP3o',
      },
    },
    handle: async ({ body }, _request, reply) => {
      const token = await programs.tokens.create(body);
      reply.code(201);
      return token;
    },
  });

  addRoute(fastify, {
    ...{ method: 'GET', url: '/tokens', tag, scope: 'admin', snapshot: true },
    summary: 'The tokens, without what opens',
    answers: { 200: json('The tokens, in the order in which they were made.', tokensSchema) },
    problems: [],
    example: { answer: { tokens: [view] } },
    handle: () => ({ tokens: programs.tokens.list() }),
  });

  addRoute(fastify, {
    ...{ method: 'DELETE', url: '/tokens/:id', tag, scope: 'admin' },
    summary: 'Revokes a token, at once',
    path: byId,
    answers: { 200: json('The token as it was.', tokenSchema) },
    problems: ['unknown-token', 'bad-id'],
    example: { path: { id: view.id }, answer: view },
    handle: ({ path: { id } }) => programs.tokens.revoke(id),
  });
}
