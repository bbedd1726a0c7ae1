// /peers: who is linked, and adding and removing them.
import type { FastifyInstance } from 'fastify';
import { parseJson } from '../body.ts';
import { examplePeer, examplePeerKey } from '../examples.ts';
import { badField, idInPath } from '../fields.ts';
import { bodyReader, fieldsReader, like } from '../json-body.ts';
import { addRoute, json, nothing } from '../operation.ts';
import { withSchema } from '../schema.ts';
import { peerSchema, peersSchema } from '../schemas/node.ts';
import type { Surface } from '../surface.ts';

const notEmpty = like(
  withSchema({ type: 'string', minLength: 1 }, (value: string, name: string) => {
    if (value === '') throw badField(`${name} is empty`);
  }),
);

/** `curl -d` names no JSON: no address begins with a brace, so both it and JSON can be meant. */
const readAddress = bodyReader(fieldsReader({ address: notEmpty }, {}), ({ address }) => address, {
  bare: {
    meaning: 'The address: `PUBLIC_KEY@HOST:PORT`.',
    fields: (text) => {
      const address = text.trim();
      return address.startsWith('{') ? parseJson(address) : { address };
    },
  },
});

const tag = 'peers';

export function addPeerRoutes(fastify: FastifyInstance, { api }: Surface): void {
  addRoute(fastify, {
    ...{ method: 'GET', url: '/peers', tag, scope: 'read', snapshot: true },
    summary: 'State of each peer, and the reason in words',
    answers: { 200: json('The peers.', peersSchema) },
    problems: [],
    example: { answer: { peers: [examplePeer] } },
    handle: () => ({ peers: api.peers() }),
  });

  addRoute(fastify, {
    ...{ method: 'POST', url: '/peers', tag, scope: 'admin' },
    summary: 'Adds a peer, at once and over restarts',
    body: readAddress,
    answers: { 201: json('The peer, which is being dialed.', peerSchema) },
    problems: ['bad-peer-address'],
    example: {
      body: { address: examplePeer.address },
      answer: { ...examplePeer, state: 'dialing' },
    },
    handle: async ({ body: address }, _request, reply) => {
      const peer = await api.addPeer(address);
      reply.code(201);
      return peer;
    },
  });

  addRoute(fastify, {
    ...{ method: 'DELETE', url: '/peers/:pk', tag, scope: 'admin' },
    summary: 'Dials a peer no more and vouches for it no more',
    path: { pk: idInPath },
    answers: { 204: nothing('It is removed.') },
    problems: ['bad-id', 'unknown-peer'],
    example: { path: { pk: examplePeerKey } },
    handle: async ({ path }, _request, reply) => {
      await api.removePeer(path.pk);
      return reply.code(204).send();
    },
  });
}
