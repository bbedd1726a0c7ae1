// POST /messages: a text as JSON or as the bare body, with an optional wait for other nodes' disks.
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { concat, utf8 } from '../../bytes.ts';
import { priorities, type Priority } from '../../chat/text-content.ts';
import { SkychatError } from '../../errors.ts';
import type { Draft, PostOptions } from '../api.ts';
import { bodyOf, type RequestBody } from '../body.ts';
import { badField, flag, hex64, integer, nameOrId, oneOf, readFields } from '../fields.ts';
import {
  idempotencyKeyCharsMax,
  minPeersMax,
  replicationMsDefault,
  replicationMsMax,
  textBytesMax,
} from '../limits.ts';
import { bodyReader, boolean, choice, integer as jsonInteger, like, string } from '../json-body.ts';
import { messageSchema } from '../message-schema.ts';
import type { Surface } from '../surface.ts';

const priority = oneOf(...priorities);

const checkPost = bodyReader(
  { text: string },
  {
    group: like(nameOrId),
    to: like(hex64),
    reply_to: like(hex64),
    priority: choice(priority),
    ack: boolean,
    min_peers: jsonInteger(0, minPeersMax),
    timeout_ms: jsonInteger(0, replicationMsMax),
  },
);

/** A bare text has no other place for these; a JSON body may use it as well. */
const table = {
  group: nameOrId,
  to: hex64,
  reply_to: hex64,
  priority,
  ack: flag,
  min_peers: integer(0, minPeersMax),
  timeout_ms: integer(0, replicationMsMax),
};

interface PostFields {
  readonly text: string;
  readonly group?: string;
  readonly to?: string;
  readonly reply_to?: string;
  readonly priority?: Priority;
  readonly ack?: boolean;
  readonly min_peers?: number;
  readonly timeout_ms?: number;
}

export function addPostingRoutes(fastify: FastifyInstance, surface: Surface): void {
  const schema = { response: { 201: messageSchema, 202: messageSchema } };
  fastify.post('/messages', { schema }, async (request, reply) => {
    const body = bodyOf(request);
    const fields = readPost(request.query, body);
    checkText(fields.text);
    const draft: Draft = {
      text: fields.text,
      ...(fields.group !== undefined && { group: fields.group }),
      ...(fields.to !== undefined && { to: fields.to.toLowerCase() }),
      ...(fields.reply_to !== undefined && { replyTo: fields.reply_to.toLowerCase() }),
      ...(fields.priority !== undefined && { priority: fields.priority }),
      ...(fields.ack !== undefined && { ack: fields.ack }),
    };
    const options = optionsOf(request, body, fields);
    const { message, replicated } = await surface.api.post(draft, options);
    const waited = (fields.min_peers ?? 0) > 0;
    reply.code(waited && !replicated ? 202 : 201).header('location', `/messages/${message.id}`);
    return message;
  });
}

function readPost(query: unknown, body: RequestBody): PostFields {
  const fields = gatherPost(query, body);
  if (fields.group !== undefined && fields.to !== undefined) {
    throw badField('group and to exclude each other');
  }
  return fields;
}

function gatherPost(query: unknown, body: RequestBody): PostFields {
  const inQuery = readFields(query, table);
  if (body.kind === 'text') return { ...inQuery, text: body.text };
  const inBody: PostFields = checkPost(body.value);
  for (const name of Object.keys(inQuery)) {
    if (Object.hasOwn(inBody, name)) throw badField(`${name} is given twice`);
  }
  return { ...inQuery, ...inBody };
}

/** What UTF-8 or the encoding of objects would not bring back as it was is refused at the door. */
export function checkText(text: string): void {
  if (text === '') throw new SkychatError('empty-text', 'the text is empty');
  if (text.length > textBytesMax || Buffer.byteLength(text) > textBytesMax) {
    throw new SkychatError('text-too-large', `the text has more than ${textBytesMax} bytes`);
  }
  if (text.startsWith('\ufeff')) {
    throw new SkychatError('bad-text', 'the text begins with U+FEFF');
  }
  if (/\p{Surrogate}/u.test(text)) {
    throw new SkychatError('bad-text', 'the text has an unpaired surrogate');
  }
}

function optionsOf(request: FastifyRequest, body: RequestBody, fields: PostFields): PostOptions {
  const { min_peers: minPeers, timeout_ms: timeoutMs = replicationMsDefault } = fields;
  const key = request.headers['idempotency-key'];
  return {
    ...(minPeers !== undefined && { minPeers, timeoutMs }),
    ...(key !== undefined && {
      idempotency: { key: parseKey(key), body: identify(request, body) },
    }),
  };
}

function parseKey(key: string | string[]): string {
  if (
    typeof key === 'string' &&
    key.length <= idempotencyKeyCharsMax &&
    /^[\x21-\x7e]+$/.test(key)
  ) {
    return key;
  }
  throw badField(`Idempotency-Key must have 1 to ${idempotencyKeyCharsMax} visible characters`);
}

/** The same text to another group is another request, though its body is the same. */
function identify(request: FastifyRequest, body: RequestBody): Uint8Array {
  const { group, to, reply_to: replyTo, ...rest } = readFields(request.query, table);
  const asked = { group, to, replyTo, priority: rest.priority, ack: rest.ack };
  if (Object.values(asked).every((value) => value === undefined)) return body.bytes;
  return concat(body.bytes, utf8(`\n${JSON.stringify(asked)}`));
}
