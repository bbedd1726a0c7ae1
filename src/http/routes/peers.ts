// /peers: who is linked, and adding and removing them.
import type { FastifyInstance } from 'fastify';
import { bodyOf, parseJson, type RequestBody } from '../body.ts';
import { badField, readFields } from '../fields.ts';
import { bodyReader, like } from '../json-body.ts';
import type { Surface } from '../surface.ts';
import { parseId } from './messages.ts';

const notEmpty = like((value, name) => {
  if (value === '') throw badField(`${name} is empty`);
});
const checkPeer = bodyReader({ address: notEmpty }, {});

export function addPeerRoutes(fastify: FastifyInstance, surface: Surface): void {
  const { api } = surface;

  fastify.get('/peers', (request) => {
    readFields(request.query, {});
    return { peers: api.peers() };
  });

  fastify.post('/peers', async (request, reply) => {
    readFields(request.query, {});
    const peer = await api.addPeer(addressOf(bodyOf(request)));
    reply.code(201);
    return peer;
  });

  fastify.delete<{ Params: { pk: string } }>('/peers/:pk', async (request, reply) => {
    readFields(request.query, {});
    await api.removePeer(parseId(request.params.pk));
    return reply.code(204).send();
  });
}

/** `curl -d` names no JSON: no address begins with a brace, so both it and JSON can be meant. */
function addressOf(body: RequestBody): string {
  if (body.kind === 'json') return checkPeer(body.value).address;
  const text = body.text.trim();
  if (text.startsWith('{')) return checkPeer(parseJson(text)).address;
  return checkPeer({ address: text }).address;
}
