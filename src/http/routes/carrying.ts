// /bundle and /backup: what a node has, to be carried by hand and kept safe.
import { Readable } from 'node:stream';
import type { FastifyInstance } from 'fastify';
import { SkychatError } from '../../errors.ts';
import type { Carrying } from '../carrying.ts';
import { nameOrId } from '../fields.ts';
import { bodyReader, boolean, fieldsReader, string } from '../json-body.ts';
import { bundleBodyBytesMax } from '../limits.ts';
import { addRoute, json, type Answer } from '../operation.ts';
import { listOf, shape, text, truth, whole } from '../schema.ts';

const tag = 'carrying';
const bytesType = 'application/octet-stream';

const takenSchema = shape({
  taken: listOf({
    title: 'Taken',
    ...shape({
      verdict: { ...text, description: '`stored`, `known`, or why it was refused.' },
      messages: { ...whole, description: 'Messages that are here now and were not.' },
      new_fork: truth,
    }),
  }),
});

const readBundle = bodyReader(fieldsReader({ bundle: string }, { last: boolean }), (fields) => ({
  bytes: bytesOf(fields.bundle),
  isLast: fields.last ?? false,
}));

export function addCarryingRoutes(fastify: FastifyInstance, carrying: Carrying): void {
  addRoute(fastify, {
    ...{ method: 'GET', url: '/bundle', tag, scope: 'admin' },
    summary: 'What this node has of its groups, as a bundle',
    query: { group: nameOrId },
    answers: { 200: bytes('The bundle (docs/PROTOCOL.md).') },
    problems: ['unknown-group'],
    example: { query: { group: 'lobby' } },
    handle: async ({ query: { group } }, _request, reply) =>
      reply.type(bytesType).send(Readable.from(await carrying.exportBundle(group))),
  });

  addRoute(fastify, {
    ...{ method: 'POST', url: '/bundle', tag, scope: 'admin' },
    summary: 'Takes the parts of a bundle in',
    description: 'A long bundle is sent in several, each whole for itself: see `import`.',
    bodyLimit: bundleBodyBytesMax,
    body: readBundle,
    answers: { 200: json('What became of each part, in order.', takenSchema) },
    problems: ['bad-bundle', 'disk-full'],
    example: {
      body: { bundle: exampleBundle, last: false },
      answer: { taken: [] },
    },
    handle: async ({ body }) => ({
      taken: await carrying.importBundle(body.bytes, body.isLast),
    }),
  });

  addRoute(fastify, {
    ...{ method: 'GET', url: '/backup', tag, scope: 'admin' },
    summary: 'The whole store as of now, with the keys of encrypted groups: see `backup`',
    answers: { 200: bytes('The rows of the store.') },
    problems: [],
    example: {},
    handle: (_input, _request, reply) =>
      reply.type(bytesType).send(Readable.from(carrying.copyStore())),
  });
}

/** One without a part. */
const exampleBundle =
  'c2t5Y2hhdC1ub2RlIGJ1bmRsZQoBACIAAEiumFkm0ivAzZLrrVSA/Eiyfk+hIPqBrIJBDBvyA1Ce';

function bytes(description: string): Answer {
  return { description, content: { [bytesType]: { type: 'string', format: 'binary' } } };
}

function bytesOf(base64: string): Uint8Array {
  const found = Buffer.from(base64, 'base64');
  if (found.toString('base64') === base64) {
    return new Uint8Array(found.buffer, found.byteOffset, found.length);
  }
  throw new SkychatError('bad-bundle', 'the bundle is not written in base64');
}
