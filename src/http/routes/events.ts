// GET /events: server-sent events, resumed from a cursor.
import type { FastifyInstance, FastifyReply } from 'fastify';
import type { EventPage, EventView } from '../../chat/view.ts';
import { SkychatError } from '../../errors.ts';
import { apiOf } from '../admission.ts';
import type { Arrivals } from '../broadcast.ts';
import type { GroupedApi } from '../caller-api.ts';
import { contentTypes, eventsEncoding, othersOf } from '../encodings.ts';
import {
  eventList,
  nameOfSelection,
  selectsEvent,
  selectsHappening,
  type EventSelection,
} from '../event-selection.ts';
import { cursor, describe, nameOrId } from '../fields.ts';
import { HappeningQueue } from '../happening-queue.ts';
import { openStream } from '../open-stream.ts';
import { addRoute } from '../operation.ts';
import { withSchema } from '../schema.ts';
import type { Surface } from '../surface.ts';

const lastEventId = describe(
  'Where a reader left off; it goes before `after`.',
  withSchema(cursor.schema, (value, name) => (value === '' ? undefined : cursor(value, name))),
);

export function addEventRoutes(fastify: FastifyInstance, surface: Surface): void {
  const { readers } = surface;
  addRoute(fastify, {
    ...{ method: 'GET', url: '/events', tag: 'messages', scope: 'read', perCaller: true },
    summary: 'Server-sent events: all that happens, from a cursor on',
    query: {
      after: describe('A cursor, `0` or `now`.', cursor, 'now'),
      group: describe('Id or name of a group: only what is about it.', nameOrId),
      events: describe('Names with commas; `gap` and `shutdown` always come.', eventList),
    },
    headers: { 'Last-Event-ID': lastEventId },
    answers: {
      200: {
        description: 'A stream that stays open. `data` is the object as its own route gives it.',
        content: { 'text/event-stream': { type: 'string' } },
      },
    },
    problems: ['bad-cursor', 'unknown-group'],
    example: { query: { after: '0', events: 'message,edit,delete' } },
    handle: async ({ query, headers }, request, reply) => {
      const { events, group } = query;
      const api = apiOf(surface, request);
      const selection = {
        ...(events !== undefined && { events }),
        // A group may be renamed while the stream is open.
        ...(group !== undefined && { group: (await api.group(group)).id }),
      };
      // A reconnecting browser repeats the address that it began with, so the header goes first.
      const last = headers['Last-Event-ID'];
      readers.admit();
      const page = await (last === undefined
        ? firstPage(api, query.after ?? 'now')
        : resumedPage(api, last));
      if (request.method === 'HEAD') return reply.type(contentTypes.events).send();
      return openEvents(surface, api, reply, page, selection);
    },
  });
}

/** Reads once before the answer begins, so that a wrong cursor can still be refused. */
async function firstPage(api: GroupedApi, after: string): Promise<EventPage> {
  if (after === 'now') return { events: [], next: api.latestCursor(), more: false };
  await api.after(after, {}, 1);
  return { events: [], next: after, more: true };
}

/**
 * A browser that is refused never comes back. So one whose cursor is beyond all that is here, since
 * the store is another one by now, is told so, and goes on from what there is.
 */
async function resumedPage(api: GroupedApi, last: string): Promise<EventPage> {
  try {
    return await firstPage(api, last);
  } catch (error) {
    const isBeyond = /^\d+$/.test(last) && error instanceof SkychatError;
    if (!isBeyond || error.code !== 'bad-cursor') throw error;
    const next = api.latestCursor();
    const gap = { reason: 'unknown-cursor', group: null, after: last, count: null } as const;
    const event: EventView = { event: 'gap', cursor: next, gap: { of: 'message', ...gap } };
    return { events: [event], next, more: false };
  }
}

function openEvents(
  surface: Surface,
  api: GroupedApi,
  reply: FastifyReply,
  page: EventPage,
  selection: EventSelection,
): FastifyReply {
  const queue = new HappeningQueue();
  const stream = openStream(
    surface,
    reply,
    {
      ...{ page, contentType: contentTypes.events, encoding: eventsEncoding },
      name: `events ${nameOfSelection(selection)}`,
      others: othersOf(queue),
      arrivals: arrivalsOf(api, selection),
    },
    () => {
      unwatch();
    },
  );
  const unwatch = api.happenings.watch((happening) => {
    if (!selectsHappening(selection, happening)) return;
    queue.put(happening);
    stream.wake();
  });
  return reply;
}

function arrivalsOf(api: GroupedApi, selection: EventSelection): Arrivals {
  const filter = selection.group === undefined ? {} : { group: selection.group };
  return {
    after: async (from, limit) => {
      const { events, ...rest } = await api.eventsAfter(from, filter, limit);
      return { events: events.filter((event) => selectsEvent(selection, event)), ...rest };
    },
    arrival: (from, signal) => api.arrival(from, signal),
  };
}
