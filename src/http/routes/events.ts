// GET /events: server-sent events, resumed from a cursor.
import type { FastifyInstance, FastifyReply } from 'fastify';
import type { EventPage } from '../../chat/view.ts';
import type { Api } from '../api.ts';
import { contentTypes, eventsEncoding } from '../encodings.ts';
import { cursor, describe } from '../fields.ts';
import { openStream } from '../open-stream.ts';
import { addRoute } from '../operation.ts';
import { PeerEvents } from '../peer-events.ts';
import { withSchema } from '../schema.ts';
import type { Surface } from '../surface.ts';

const lastEventId = describe(
  'Where a reader left off; it goes before `after`.',
  withSchema(cursor.schema, (value, name) => (value === '' ? undefined : cursor(value, name))),
);

export function addEventRoutes(fastify: FastifyInstance, surface: Surface): void {
  const { api, readers } = surface;
  addRoute(fastify, {
    ...{ method: 'GET', url: '/events', tag: 'messages', scope: 'read' },
    summary: 'Server-sent events: all that happens, from a cursor on',
    query: { after: describe('A cursor, `0` or `now`.', cursor, 'now') },
    headers: { 'Last-Event-ID': lastEventId },
    answers: {
      200: {
        description: 'A stream that stays open. `data` is the object as its own route gives it.',
        content: { 'text/event-stream': { type: 'string' } },
      },
    },
    problems: ['bad-cursor'],
    example: { query: { after: '0' } },
    handle: async ({ query, headers }, request, reply) => {
      // A reconnecting browser repeats the address that it began with, so the header goes first.
      const after = headers['Last-Event-ID'] ?? query.after ?? 'now';
      readers.admit();
      const page = await firstPage(api, after);
      if (request.method === 'HEAD') return reply.type(contentTypes.events).send();
      return openEvents(surface, reply, page);
    },
  });
}

/** Reads once before the answer begins, so that a wrong cursor can still be refused. */
async function firstPage(api: Api, after: string): Promise<EventPage> {
  if (after === 'now') return { events: [], next: api.latestCursor(), more: false };
  await api.after(after, {}, 1);
  return { events: [], next: after, more: true };
}

function openEvents(surface: Surface, reply: FastifyReply, page: EventPage): FastifyReply {
  const { api } = surface;
  const peers = new PeerEvents();
  const stream = openStream(
    surface,
    reply,
    {
      contentType: contentTypes.events,
      encoding: eventsEncoding(peers),
      arrivals: {
        after: (cursor, limit) => api.eventsAfter(cursor, {}, limit),
        arrival: (cursor, signal) => api.arrival(cursor, signal),
      },
      page,
    },
    () => {
      unwatch();
    },
  );
  const unwatch = api.watchPeers((peer) => {
    peers.put(peer);
    stream.wake();
  });
  return reply;
}
