// /messages: reading pages, long polls and followed lists; single messages and their proofs.
import { Readable } from 'node:stream';
import type { FastifyInstance, FastifyReply } from 'fastify';
import type { Page, SearchPage } from '../../chat/view.ts';
import { SkychatError } from '../../errors.ts';
import type { Api } from '../api.ts';
import { chunksOf, contentTypes, eventsOf, lineEncodings, noOthers } from '../encodings.ts';
import { readFields } from '../fields.ts';
import { readListQuery, type ListQuery } from '../list-query.ts';
import { openStream } from '../open-stream.ts';
import type { Surface } from '../surface.ts';

export function addMessageRoutes(fastify: FastifyInstance, surface: Surface): void {
  const { api, clock, readers } = surface;

  fastify.get('/messages', async (request, reply) => {
    const query = readListQuery(request.query, request.headers, clock.now());
    const follow = query.follow && request.method !== 'HEAD';
    if (follow || query.waitMs > 0) readers.admit();
    if (query.search !== undefined) return sendPage(reply, query, await search(api, query));
    const page = await readPage(api, query);
    if (follow) return followFrom(surface, reply, query, page);
    const empty = page.messages.length === 0;
    if (empty && query.waitMs > 0 && request.method !== 'HEAD') {
      return sendPage(reply, query, await poll(surface, reply, query, page));
    }
    return sendPage(reply, query, page);
  });

  interface ById {
    Params: { id: string };
  }
  fastify.get<ById>('/messages/:id', (request) => {
    readFields(request.query, {});
    return api.message(parseId(request.params.id));
  });
  fastify.get<ById>('/messages/:id/proof', (request) => {
    readFields(request.query, {});
    return api.proof(parseId(request.params.id));
  });
}

/** An id or a key in a path. */
export function parseId(text: string): string {
  if (/^[0-9a-fA-F]{64}$/.test(text)) return text.toLowerCase();
  throw new SkychatError('bad-id', 'the path needs 64 hex characters here');
}

function search(api: Api, query: ListQuery): Promise<SearchPage> {
  const { search: line = '', before, filter, limit, waitMs } = query;
  return api.search(line, filter, {
    limit,
    ...(before !== undefined && { before }),
    ...(waitMs > 0 && { waitMs }),
  });
}

function readPage(api: Api, query: ListQuery): Promise<Page> {
  const { after, before, filter, limit } = query;
  if (before !== undefined) return api.before(before, filter, limit);
  if (after !== undefined) return api.after(after, filter, limit);
  return api.newest(filter, limit);
}

function sendPage(reply: FastifyReply, query: ListQuery, page: Page): FastifyReply {
  const { format } = query;
  if (format === 'json') return reply.send(page);
  const lines = chunksOf(page.messages, format);
  return reply.type(contentTypes[format]).send(Readable.from(lines));
}

/** Waits for the first arrival that passes the filter; an empty page when the time is over. */
async function poll(
  surface: Surface,
  reply: FastifyReply,
  query: ListQuery,
  first: Page,
): Promise<Page> {
  const { api, readers, timers } = surface;
  const over = new AbortController();
  const { signal } = over;
  const abort = (): void => {
    over.abort();
  };
  const remove = readers.add({ keepAlive: () => undefined, shutdown: abort });
  const stopTimer = timers.after(query.waitMs, abort);
  reply.raw.once('close', abort);
  try {
    let page = first;
    while (page.messages.length === 0 && !signal.aborted) {
      if (!page.more) await api.arrival(page.next, signal);
      page = await api.after(page.next, query.filter, query.limit);
    }
    return page;
  } finally {
    stopTimer();
    remove();
    reply.raw.off('close', abort);
  }
}

function followFrom(
  surface: Surface,
  reply: FastifyReply,
  query: ListQuery,
  page: Page,
): FastifyReply {
  if (query.format === 'json') return reply;
  const { api } = surface;
  openStream(
    surface,
    reply,
    {
      contentType: contentTypes[query.format],
      encoding: lineEncodings[query.format],
      name: JSON.stringify([query.format, query.filter]),
      others: noOthers,
      arrivals: {
        after: async (cursor, limit) => {
          const { messages, next, more } = await api.after(cursor, query.filter, limit);
          return { events: eventsOf(messages), next, more };
        },
        arrival: (cursor, signal) => api.arrival(cursor, signal),
      },
      page: { events: eventsOf(page.messages), next: page.next, more: page.more },
    },
    () => undefined,
  );
  return reply;
}
