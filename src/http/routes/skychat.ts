// /message, /sse and /history: what clients of skywire's skychat call, over the same store.
import type { FastifyInstance, FastifyReply } from 'fastify';
import type { EventPage } from '../../chat/view.ts';
import { SkychatError } from '../../errors.ts';
import { apiOf } from '../admission.ts';
import type { Api, Filter } from '../api.ts';
import { checkText } from '../check-text.ts';
import { contentTypes, noOthers } from '../encodings.ts';
import { exampleId, examplePeerKey } from '../examples.ts';
import { cursor, describe, integer, hex64 } from '../fields.ts';
import {
  bodyReader,
  boolean,
  fieldsReader,
  integer as jsonInteger,
  like,
  string,
} from '../json-body.ts';
import {
  historyMessagesDefault,
  historyMessagesMax,
  pageMessagesMax,
  skychatWaitMsMin,
  replicationMsMax,
} from '../limits.ts';
import { openStream } from '../open-stream.ts';
import { addRoute, json } from '../operation.ts';
import { listOf, withSchema } from '../schema.ts';
import {
  exampleHistory,
  historyRow,
  historySchema,
  sentSchema,
  skychatEncoding,
  Talks,
} from '../skychat.ts';
import type { Surface } from '../surface.ts';
import { lastEventId, startPage } from './events.ts';

const tag = 'skychat';

const hint = 'Keys of this network are 64 hex characters; those of skywire name nobody here.';

/** skywire's keys are compressed points of secp256k1: 66 characters, of which the first is a zero. */
const recipient = like(
  withSchema(hex64.schema, (value: string, name: string) => {
    if (/^0[23][0-9a-f]{64}$/i.test(value)) {
      throw new SkychatError('bad-field', `${name} is a key of skywire`, { hint });
    }
    hex64(value, name);
  }),
);

const readMessage = bodyReader(
  fieldsReader(
    { recipient, message: string },
    {
      wait_ms: jsonInteger(-(2 ** 31), 2 ** 31),
      reply_to: like(hex64),
      // Of networks there is one, and receipts are there in any case.
      network: string,
      receipts: boolean,
    },
  ),
  (fields) => {
    checkText(fields.message);
    return { ...fields, recipient: fields.recipient.toLowerCase() };
  },
);

export function addSkychatRoutes(fastify: FastifyInstance, surface: Surface): void {
  const talks = new Talks(surface.api);
  addSending(fastify, surface);
  addHistory(fastify, surface, talks);
  addStream(fastify, surface, talks);
}

function addSending(fastify: FastifyInstance, surface: Surface): void {
  const { clock } = surface;
  addRoute(fastify, {
    ...{ method: 'POST', url: '/message', tag, scope: 'post', perCaller: true },
    summary: "As in skywire's skychat: sends to one key, and waits for its disk",
    body: readMessage,
    answers: {
      200: json('It is sent; with `wait_ms` it is on the disk of the recipient.', sentSchema),
      504: json('It is not there yet, and goes on replicating.', sentSchema),
    },
    problems: ['empty-text', 'unknown-member', 'unknown-message', 'bad-id', 'no-key', 'group-left'],
    example: {
      body: { recipient: examplePeerKey, message: 'hello', wait_ms: 5000 },
      answer: { ok: true, acked: true, id: exampleId, ms: 12 },
    },
    handle: async ({ body }, request, reply) => {
      const { recipient: to, message: text, wait_ms: asked = 0, reply_to: replyTo } = body;
      const startedAt = clock.monotonic();
      const timeoutMs = Math.min(Math.max(asked, skychatWaitMsMin), replicationMsMax);
      const { message } = await apiOf(surface, request).post(
        { text, to, ...(replyTo !== undefined && { replyTo: replyTo.toLowerCase() }) },
        asked > 0 ? { storedBy: to, timeoutMs } : {},
      );
      const ms = Math.round(clock.monotonic() - startedAt);
      const acked = message.delivery.stored.includes(to);
      const isLate = asked > 0 && !acked;
      reply.code(isLate ? 504 : 200);
      return { ok: true, acked, id: message.id, ms, ...(isLate && { reason: 'timeout' }) };
    },
  });
}

const peer = describe("A key: what was said between it and this node. A group's id: there.", hex64);

/** skychat takes any number, and gives so many at most. */
const limit = describe(
  `At most ${historyMessagesMax}.`,
  integer(1, 999_999_999),
  historyMessagesDefault,
);

function addHistory(fastify: FastifyInstance, { api }: Surface, talks: Talks): void {
  addRoute(fastify, {
    ...{ method: 'GET', url: '/history', tag, scope: 'read' },
    summary: "As in skywire's skychat: the latest messages, the newest last",
    query: { peer, limit },
    answers: { 200: json('The messages.', listOf(historySchema)) },
    problems: ['unknown-group', 'not-a-member'],
    example: {
      query: { limit: '10' },
      answer: [{ ...exampleHistory, peer: examplePeerKey, id: exampleId }],
    },
    handle: async ({ query }) => {
      const filter = await filterOf(api, talks, query.peer);
      if (filter === undefined) return [];
      const count = Math.min(query.limit ?? historyMessagesDefault, historyMessagesMax);
      const { messages } = await api.newest(filter, Math.min(count, pageMessagesMax));
      await talks.learn(messages);
      return messages.map((message) => historyRow(message, talks.of(message)));
    },
  });
}

/** Undefined where nothing was ever said. */
async function filterOf(
  api: Api,
  talks: Talks,
  key: string | undefined,
): Promise<Filter | undefined> {
  if (key === undefined) return {};
  for (const { id, kind, last_message: latest } of await api.groups()) {
    if (id === key) return { group: id };
    if (kind !== 'direct' || latest === null) continue;
    await talks.learn([latest]);
    if (talks.of(latest).peer === key) return { group: id };
  }
  return undefined;
}

function addStream(fastify: FastifyInstance, surface: Surface, talks: Talks): void {
  const { api, readers } = surface;
  addRoute(fastify, {
    ...{ method: 'GET', url: '/sse', tag, scope: 'read' },
    summary: "As in skywire's skychat: messages as they come, as events without a name",
    query: { after: describe('A cursor, `0` or `now`.', cursor, 'now') },
    headers: { 'Last-Event-ID': lastEventId },
    answers: {
      200: {
        description: 'A stream that stays open: sender, message, network, dir, id, len, to.',
        content: { 'text/event-stream': { type: 'string' } },
      },
    },
    problems: ['bad-cursor'],
    example: {},
    handle: async ({ query, headers }, request, reply) => {
      readers.admit();
      const page = await startPage(api, headers['Last-Event-ID'], query.after);
      if (request.method === 'HEAD') return reply.type(contentTypes.events).send();
      return openSse(surface, talks, reply, page);
    },
  });
}

function openSse(
  surface: Surface,
  talks: Talks,
  reply: FastifyReply,
  page: EventPage,
): FastifyReply {
  const { api } = surface;
  const start = {
    ...{ contentType: contentTypes.events, encoding: skychatEncoding(talks), page },
    ...{ name: 'skychat', others: noOthers },
    arrivals: {
      after: async (from: string, count: number) => {
        const found = await api.eventsAfter(from, {}, count);
        await talks.learn(
          found.events.flatMap((event) => (event.event === 'gap' ? [] : [event.message])),
        );
        return found;
      },
      arrival: (from: string, signal: AbortSignal) => api.arrival(from, signal),
    },
  };
  openStream(surface, reply, start, () => undefined);
  return reply;
}
