// /messages: reading pages, long polls and followed lists; single messages and their proofs.
import { Readable } from 'node:stream';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Page, SearchPage } from '../../chat/view.ts';
import { apiOf } from '../admission.ts';
import type { GroupedApi } from '../caller-api.ts';
import { chunksOf, contentTypes, eventsOf, lineEncodings, noOthers } from '../encodings.ts';
import { exampleId, exampleKey, exampleMessage, examplePage } from '../examples.ts';
import { describe, idInPath, type Fields } from '../fields.ts';
import { listTable, readListQuery, type ListQuery } from '../list-query.ts';
import { openStream } from '../open-stream.ts';
import { addRoute, json } from '../operation.ts';
import { listSchema, messageSchema, proofSchema } from '../schemas/message.ts';
import type { Surface } from '../surface.ts';

const tag = 'messages';
const byId = { id: describe('Id of a message.', idInPath) };

export function addMessageRoutes(fastify: FastifyInstance, surface: Surface): void {
  addRoute(fastify, {
    ...{ method: 'GET', url: '/messages', tag, scope: 'read', perCaller: true },
    summary:
      'A page of messages: the newest, what arrived after a cursor, or before or from a place on',
    query: listTable,
    answers: { 200: { description: 'The page.', content: pageContent } },
    problems: ['bad-cursor', 'bad-id', 'unknown-group', 'unknown-message', 'not-a-member'],
    example: { query: { after: '0', limit: '10' }, answer: examplePage },
    handle: ({ query }, request, reply) => list(surface, query, request, reply),
  });

  addRoute(fastify, {
    ...{ method: 'GET', url: '/messages/:id', tag, scope: 'read', perCaller: true, snapshot: true },
    summary: 'One message',
    path: byId,
    answers: { 200: json('The message as it is now.', messageSchema) },
    problems: ['bad-id', 'unknown-message'],
    example: { path: { id: exampleId }, answer: exampleMessage },
    handle: ({ path: { id } }, request) => apiOf(surface, request).message(id),
  });

  addRoute(fastify, {
    ...{
      method: 'GET',
      url: '/messages/:id/proof',
      tag,
      scope: 'read',
      perCaller: true,
      snapshot: true,
    },
    summary: 'All that is needed to verify one message alone',
    path: byId,
    answers: { 200: json('The proof, in hex.', proofSchema) },
    problems: ['bad-id', 'unknown-message', 'deleted'],
    example: {
      path: { id: exampleId },
      answer: { object: '00', root: '01', signature: '02', author: exampleKey, chain: [] },
    },
    handle: ({ path: { id } }, request) => apiOf(surface, request).proof(id),
  });
}

const pageContent = {
  'application/json': listSchema,
  'application/x-ndjson': { type: 'string', description: 'One message a line, as JSON.' },
  'text/plain': { type: 'string', description: 'One line a message: time, name, text.' },
};

async function list(
  surface: Surface,
  fields: Fields<typeof listTable>,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const { clock, newest, readers } = surface;
  const api = apiOf(surface, request);
  const query = readListQuery(fields, request.headers, clock.now());
  const follow = query.follow && request.method !== 'HEAD';
  if (follow || query.waitMs > 0) readers.admit();
  if (api === surface.api && isNewest(query)) {
    const { filter, limit } = query;
    const key = JSON.stringify([limit, filter]);
    const read = async (): Promise<string> => JSON.stringify(await api.newest(filter, limit));
    return reply.type(contentTypes.json).send(await newest.read(key, read));
  }
  if (query.search !== undefined) return sendPage(reply, query, await search(api, query));
  const page = await readPage(api, query);
  if (follow) return followFrom(surface, api, reply, query, page);
  const empty = page.messages.length === 0;
  if (empty && query.waitMs > 0 && request.method !== 'HEAD') {
    return sendPage(reply, query, await poll(surface, api, reply, query, page));
  }
  return sendPage(reply, query, page);
}

/** What every reader asks for first, and a crowd of them at once. */
function isNewest({ after, before, from, search: line, follow, format }: ListQuery): boolean {
  const isElsewhere = [after, before, from, line].some((one) => one !== undefined);
  return !isElsewhere && !follow && format === 'json';
}

function search(api: GroupedApi, query: ListQuery): Promise<SearchPage> {
  const { search: line = '', before, filter, limit, waitMs } = query;
  return api.search(line, filter, {
    limit,
    ...(before !== undefined && { before }),
    ...(waitMs > 0 && { waitMs }),
  });
}

function readPage(api: GroupedApi, query: ListQuery): Promise<Page> {
  const { after, before, from, filter, limit } = query;
  if (before !== undefined) return api.before(before, filter, limit);
  if (from !== undefined) return api.from(from, filter, limit);
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
  api: GroupedApi,
  reply: FastifyReply,
  query: ListQuery,
  first: Page,
): Promise<Page> {
  const { readers, timers } = surface;
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
  api: GroupedApi,
  reply: FastifyReply,
  query: ListQuery,
  page: Page,
): FastifyReply {
  if (query.format === 'json') return reply;
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
