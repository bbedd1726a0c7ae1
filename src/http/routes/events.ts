// GET /events: server-sent events, resumed from a cursor.
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { EventPage } from '../../chat/view.ts';
import type { Api } from '../api.ts';
import { contentTypes, eventsEncoding, othersOf } from '../encodings.ts';
import { cursor, readFields } from '../fields.ts';
import { openStream } from '../open-stream.ts';
import { PeerEvents } from '../peer-events.ts';
import type { Surface } from '../surface.ts';

export function addEventRoutes(fastify: FastifyInstance, surface: Surface): void {
  const { api, readers } = surface;
  fastify.get('/events', async (request, reply) => {
    const after = startOf(request);
    readers.admit();
    const page = await firstPage(api, after);
    if (request.method === 'HEAD') return reply.type(contentTypes.events).send();
    return openEvents(surface, reply, page);
  });
}

/** A reconnecting browser repeats the address that it began with, so the header goes first. */
function startOf(request: FastifyRequest): string {
  const { after = 'now' } = readFields(request.query, { after: cursor });
  const last = request.headers['last-event-id'];
  return typeof last === 'string' && last !== '' ? cursor(last, 'Last-Event-ID') : after;
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
      encoding: eventsEncoding,
      name: 'events',
      others: othersOf(peers),
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
