// What concerns this node's own people alone: how far they have read, and whom they do not want to read.
import type { FastifyInstance } from 'fastify';
import { apiOf } from '../admission.ts';
import { parseJson } from '../body.ts';
import { exampleGroup, examplePeerKey } from '../examples.ts';
import { cursor, describe, idInPath } from '../fields.ts';
import { byGroup, groupProblems } from '../group-operations.ts';
import { bodyReader, boolean, fieldsReader, like } from '../json-body.ts';
import { addRoute, json, nothing } from '../operation.ts';
import { blockSchema, blocksSchema, readSchema } from '../schemas/group.ts';
import type { Surface } from '../surface.ts';

/** Without a word, all of it was read. */
const readMark = bodyReader(
  fieldsReader({ cursor: like(cursor) }, { back: boolean }),
  (mark) => mark,
  {
    optional: true,
    bare: {
      meaning: 'JSON; nothing at all: everything was read.',
      fields: (text) => (text.trim() === '' ? { cursor: 'now' } : parseJson(text)),
    },
  },
);

const tag = 'reading';
const byKey = { pk: describe('A public key.', idInPath) };
const exampleBlock = { pk: examplePeerKey, name: 'bob', since: '2026-11-22T05:10:00.000Z' };

export function addReadingRoutes(fastify: FastifyInstance, surface: Surface): void {
  const { api } = surface;
  addRoute(fastify, {
    ...{ method: 'PUT', url: '/groups/:id/read', tag, scope: 'post', perCaller: true },
    summary: 'Everything up to a cursor is read; it goes back only where `back` says so',
    path: byGroup,
    body: readMark,
    answers: { 200: json('How far it is read.', readSchema) },
    problems: [...groupProblems, 'bad-cursor', 'not-a-member'],
    example: {
      ...{ path: { id: 'lobby' }, body: { cursor: 'now' } },
      answer: { group: exampleGroup, cursor: '0000000000000001', unread: 0, mentions: 0 },
    },
    handle: ({ path: { id }, body: { cursor: read, back = false } }, request) =>
      apiOf(surface, request).markRead(id, read, back),
  });

  addRoute(fastify, {
    ...{ method: 'GET', url: '/blocks', tag, scope: 'read', snapshot: true },
    summary: 'The blocked keys',
    answers: { 200: json('The keys, in the order in which they were blocked.', blocksSchema) },
    problems: [],
    example: { answer: { blocked: [exampleBlock] } },
    handle: () => ({ blocked: api.blocks() }),
  });

  addRoute(fastify, {
    ...{ method: 'PUT', url: '/members/:pk/block', tag, scope: 'admin' },
    summary: 'Shows nothing of a key on this node any more; nobody is told',
    path: byKey,
    answers: { 200: json('The block.', blockSchema) },
    problems: ['bad-id'],
    example: { path: { pk: examplePeerKey }, answer: exampleBlock },
    handle: ({ path: { pk } }) => api.block(pk),
  });

  addRoute(fastify, {
    ...{ method: 'DELETE', url: '/members/:pk/block', tag, scope: 'admin' },
    summary: 'Shows all of a key again',
    path: byKey,
    answers: { 204: nothing('It is shown.') },
    problems: ['bad-id'],
    example: { path: { pk: examplePeerKey } },
    handle: async ({ path: { pk } }, _request, reply) => {
      await api.unblock(pk);
      return reply.code(204).send();
    },
  });
}
