// POST /messages: a text as JSON or as the bare body, with an optional wait for other nodes' disks.
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { concat, utf8 } from '../../bytes.ts';
import { priorities, type Priority } from '../../chat/content/text-content.ts';
import { apiOf } from '../admission.ts';
import type { Draft, PostOptions } from '../api.ts';
import { bodyOf } from '../body.ts';
import { checkText } from '../check-text.ts';
import { exampleMessage } from '../examples.ts';
import {
  badField,
  describe,
  flag,
  hex64,
  integer,
  nameOrId,
  oneOf,
  type FieldReader,
  type Fields,
} from '../fields.ts';
import {
  bodyReader,
  boolean,
  choice,
  fieldsReader,
  integer as jsonInteger,
  like,
  string,
} from '../json-body.ts';
import {
  idempotencyKeyCharsMax,
  minPeersMax,
  replicationMsDefault,
  replicationMsMax,
} from '../limits.ts';
import { addRoute, json } from '../operation.ts';
import { leanOf, withSchema } from '../schema.ts';
import { messageSchema } from '../schemas/message.ts';
import type { Surface } from '../surface.ts';

const priority = oneOf(...priorities);

const readDraft = bodyReader(
  fieldsReader(
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
  ),
  (fields) => fields,
  { bare: { meaning: 'The text.', fields: (text) => ({ text }) } },
);

/** A bare text has no other place for these; a JSON body may use it as well. */
const query = {
  group: describe('Id or name of a group; the room where not given.', nameOrId),
  to: describe('The key of the only other member that is to read it.', hex64),
  reply_to: describe('Id of the message that this one answers.', hex64),
  priority,
  ack: describe('Whether readers are asked to acknowledge it.', flag),
  min_peers: describe(
    'Answer once so many other nodes have it on their disks.',
    integer(0, minPeersMax),
    0,
  ),
  timeout_ms: describe(
    'How long to wait for them.',
    integer(0, replicationMsMax),
    replicationMsDefault,
  ),
};

const idempotencyKey: FieldReader<string> = withSchema(
  {
    ...{ type: 'string', pattern: '^[\\x21-\\x7e]+$', maxLength: idempotencyKeyCharsMax },
    description: 'The same key and body give the first answer again, for 24 hours.',
  },
  (value, name) => {
    if (value.length <= idempotencyKeyCharsMax && /^[\x21-\x7e]+$/.test(value)) return value;
    throw badField(`${name} must have 1 to ${idempotencyKeyCharsMax} visible characters`);
  },
);

const replayedHeader = 'Idempotency-Replayed';

const answerHeaders = {
  Location: { type: 'string', description: 'The path of the message.' },
  [replayedHeader]: {
    ...{ type: 'string', enum: ['true'] },
    description: 'The same was posted under the key before: this is that message, as it is now.',
  },
} as const;

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

type Query = Fields<typeof query>;

export function addPostingRoutes(fastify: FastifyInstance, surface: Surface): void {
  const lean = leanOf(messageSchema);
  addRoute(fastify, {
    ...{ method: 'POST', url: '/messages', tag: 'messages', scope: 'post', perCaller: true },
    summary: 'Posts a message; it is on the disk when it is answered',
    query,
    headers: { 'Idempotency-Key': idempotencyKey },
    body: readDraft,
    answers: {
      201: { ...json('The message.', messageSchema), headers: answerHeaders },
      202: {
        ...json(
          'The message; `min_peers` was not reached in time. It goes on replicating.',
          messageSchema,
        ),
        headers: answerHeaders,
      },
    },
    serializer: { 201: lean, 202: lean },
    problems: [
      ...(['empty-text', 'idempotency-mismatch', 'unknown-group', 'unknown-message'] as const),
      ...(['not-a-member', 'group-left', 'no-key', 'bad-id'] as const),
    ],
    example: { body: { text: 'disk full on db1' }, answer: exampleMessage },
    handle: async ({ query: asked, headers, body }, request, reply) => {
      const fields = gatherPost(asked, body);
      checkText(fields.text);
      const options = optionsOf(request, asked, fields, headers['Idempotency-Key']);
      const posted = await apiOf(surface, request).post(draftOf(fields), options);
      const { message, replicated, replayed } = posted;
      const waited = (fields.min_peers ?? 0) > 0;
      if (replayed) reply.header(replayedHeader, 'true');
      reply.code(waited && !replicated ? 202 : 201).header('location', `/messages/${message.id}`);
      return message;
    },
  });
}

function draftOf(fields: PostFields): Draft {
  return {
    text: fields.text,
    ...(fields.group !== undefined && { group: fields.group }),
    ...(fields.to !== undefined && { to: fields.to.toLowerCase() }),
    ...(fields.reply_to !== undefined && { replyTo: fields.reply_to.toLowerCase() }),
    ...(fields.priority !== undefined && { priority: fields.priority }),
    ...(fields.ack !== undefined && { ack: fields.ack }),
  };
}

function gatherPost(inQuery: Query, inBody: PostFields): PostFields {
  for (const name of Object.keys(inQuery)) {
    if (Object.hasOwn(inBody, name)) throw badField(`${name} is given twice`);
  }
  const fields = { ...inQuery, ...inBody };
  if (fields.group !== undefined && fields.to !== undefined) {
    throw badField('group and to exclude each other');
  }
  return fields;
}

function optionsOf(
  request: FastifyRequest,
  asked: Query,
  fields: PostFields,
  key: string | undefined,
): PostOptions {
  const { min_peers: minPeers, timeout_ms: timeoutMs = replicationMsDefault } = fields;
  return {
    ...(minPeers !== undefined && { minPeers, timeoutMs }),
    ...(key !== undefined && { idempotency: { key, body: identify(request, asked) } }),
  };
}

/** The same text to another group is another request, though its body is the same. */
function identify(
  request: FastifyRequest,
  { group, to, reply_to: replyTo, ...rest }: Query,
): Uint8Array {
  const { bytes } = bodyOf(request);
  const asked = { group, to, replyTo, priority: rest.priority, ack: rest.ack };
  if (Object.values(asked).every((value) => value === undefined)) return bytes;
  return concat(bytes, utf8(`\n${JSON.stringify(asked)}`));
}
