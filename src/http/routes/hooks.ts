// /hooks: URLs by which other programs post here, and URLs to which this node posts what arrives.
import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { RequestBody } from '../body.ts';
import { exampleGroup, exampleId } from '../examples.ts';
import { anyInPath, badField, credentialId, describe, nameOrId, oneOf } from '../fields.ts';
import type { IncomingHookDraft, NewHookView, OutgoingHookDraft } from '../hooks.ts';
import {
  bodyReader,
  boolean,
  fieldsReader,
  like,
  nullable,
  string,
  textList,
  type BodyReader,
} from '../json-body.ts';
import { addRoute, json } from '../operation.ts';
import { hookSchema, hooksSchema, newHookSchema } from '../schemas/programs.ts';
import type { Surface } from '../surface.ts';

const eventName = oneOf('message', 'edit', 'delete', 'reaction', 'ack', 'pin', 'hide');
const eventsMax = 7;

type HookDraft =
  | { readonly kind: 'incoming'; readonly draft: IncomingHookDraft }
  | { readonly kind: 'outgoing'; readonly draft: OutgoingHookDraft };

/** What has a url is outgoing. */
const readDraft: BodyReader<HookDraft> = bodyReader(
  fieldsReader(
    { name: string },
    {
      url: string,
      group: nullable(like(nameOrId)),
      events: textList(eventsMax),
      mentions: boolean,
      bots: boolean,
    },
  ),
  ({ name, group: named, url, ...asked }): HookDraft => {
    const group = named ?? undefined;
    if (url !== undefined) {
      const { mentions = false, bots = false } = asked;
      const events = (asked.events ?? ['message']).map((each) => eventName(each, 'events'));
      return { kind: 'outgoing', draft: { name, group, url, events, mentions, bots } };
    }
    const [only] = Object.keys(asked);
    if (only !== undefined) throw badField(`${only} is for hooks with a url`);
    return { kind: 'incoming', draft: { name, group } };
  },
);

const readRevival = bodyReader(fieldsReader({}, { skip: boolean }), ({ skip = false }) => skip, {
  optional: true,
});

const tag = 'programs';
const byId = { id: describe('Id of a hook, as the list gives it.', credentialId) };
const common = { id: '0f1e2d3c4b5a6978', created: '2026-11-22T05:10:00.000Z' };
const incoming = {
  ...{ ...common, kind: 'incoming', name: 'grafana', group: exampleGroup, last_used: null },
};
const outgoing = {
  ...{ ...common, kind: 'outgoing', name: 'deploy', url: 'http://10.0.0.7:9000/skychat' },
  ...{ group: null, events: ['message'], mentions: true, bots: false, state: 'retrying' },
  ...{ reason: 'the receiver answered 500', failures: 3, last_delivered: null },
  ...{ next_attempt: '2026-11-22T05:10:07.000Z', cursor: '0000000000000001' },
};

export function addHookRoutes(fastify: FastifyInstance, surface: Surface): void {
  addOfOwner(fastify, surface);
  addOfOutgoing(fastify, surface);
  addReceiving(fastify, surface);
}

function addOfOwner(fastify: FastifyInstance, { programs }: Surface): void {
  addRoute(fastify, {
    ...{ method: 'POST', url: '/hooks', tag, scope: 'admin' },
    summary: 'Makes a URL by which others post; with `url`, has what arrives posted there',
    body: readDraft,
    answers: { 201: json('The hook, with what opens or signs, shown this once.', newHookSchema) },
    problems: ['unknown-group'],
    example: {
      body: { name: 'grafana', group: 'ops' },
      answer: {
        ...incoming,
        secret: 'skh_0f1e2d3c4b5a6978_cX0wY2x9fN3hQm6kR8sT1uV4wZ7aB5dE0gH2jK9lP3o',
        post_to:
          'http://127.0.0.1:8001/hooks/skh_0f1e2d3c4b5a6978_cX0wY2x9fN3hQm6kR8sT1uV4wZ7aB5dE0gH2jK9lP3o',
      },
    },
    handle: async ({ body }, request, reply) => {
      const { hooks } = programs;
      const hook = await (body.kind === 'incoming'
        ? hooks.createIncoming(body.draft)
        : hooks.createOutgoing(body.draft));
      reply.code(201);
      return { ...hook, ...addressOf(hook, request) };
    },
  });

  addRoute(fastify, {
    ...{ method: 'GET', url: '/hooks', tag, scope: 'admin', snapshot: true },
    summary: 'The hooks, and how those get on that post elsewhere',
    answers: { 200: json('The hooks, in the order in which they were made.', hooksSchema) },
    problems: [],
    example: { answer: { hooks: [incoming, outgoing] } },
    handle: () => ({ hooks: programs.hooks.list() }),
  });

  addRoute(fastify, {
    ...{ method: 'DELETE', url: '/hooks/:id', tag, scope: 'admin' },
    summary: 'Removes a hook: its URL opens nothing any more, or nothing more is posted to it',
    path: byId,
    answers: { 200: json('The hook as it was.', hookSchema) },
    problems: ['unknown-hook', 'bad-id'],
    example: { path: { id: common.id }, answer: incoming },
    handle: ({ path: { id } }) => programs.hooks.remove(id),
  });
}

function addOfOutgoing(fastify: FastifyInstance, { programs }: Surface): void {
  addRoute(fastify, {
    ...{ method: 'POST', url: '/hooks/:id/revive', tag, scope: 'admin' },
    summary: 'Goes on with an outgoing hook at once, where it stopped or, with `skip`, from now on',
    path: byId,
    body: readRevival,
    answers: { 200: json('The hook.', hookSchema) },
    problems: ['unknown-hook', 'bad-id'],
    example: {
      ...{ path: { id: common.id }, body: { skip: true } },
      answer: { ...outgoing, state: 'active', reason: null, failures: 0, next_attempt: null },
    },
    handle: ({ path: { id }, body: skip }) => programs.hooks.revive(id, skip),
  });
}

/** What ntfy takes as parameters, by all of its names. */
const ntfyQuery = Object.fromEntries(
  [
    ...['message', 'm', 'title', 't', 'ti', 'priority', 'prio', 'p', 'tags', 'tag', 'ta', 'click'],
  ].map((name) => [name, anyInPath]),
);

/** Any body is read: what it means is for the hook to say. */
const readAnything: BodyReader<RequestBody> = Object.assign((body: RequestBody) => body, {
  ...{ schema: {}, optional: true, bare: 'The text, or JSON that is not named so.' },
});

function addReceiving(fastify: FastifyInstance, { programs }: Surface): void {
  for (const method of ['POST', 'PUT'] as const) {
    addRoute(fastify, {
      ...{ method, url: '/hooks/:id', tag, scope: 'none' },
      summary:
        'Posts what a program sends in the shape of Slack, ntfy, Alertmanager, Grafana or GitHub',
      description: 'The secret in the path is what opens: no token is asked for.',
      path: { id: describe('The secret of a hook, as its URL has it.', anyInPath) },
      query: ntfyQuery,
      body: readAnything,
      answers: {
        200: {
          description: 'It is on the disk. `ok`, or to a message of ntfy its own answer.',
          content: { 'text/plain': { type: 'string' }, 'application/json': { type: 'object' } },
        },
      },
      problems: [
        ...(['unknown-hook', 'empty-text', 'unknown-group', 'not-a-member', 'group-left'] as const),
        ...(['no-key', 'idempotency-mismatch'] as const),
      ],
      example: {
        path: { id: 'skh_0f1e2d3c4b5a6978_cX0wY2x9fN3hQm6kR8sT1uV4wZ7aB5dE0gH2jK9lP3o' },
        body: { topic: 'disks', message: 'disk full on db1', priority: 5 },
        answer: {
          ...{ id: exampleId, time: 1_795_324_200, event: 'message', topic: 'disks' },
          message: 'disk full on db1',
        },
      },
      handle: async ({ path: { id: secret }, query, body }, request, reply) => {
        const asked = { headers: request.headers, query, body: body.bytes };
        const answer = await programs.hooks.receive(secret, asked);
        // Also where it is JSON, it is what it is.
        return reply.type(answer.contentType).send(answer.body);
      },
    });
  }
}

/** The Host has passed the guard: it is a name of this surface. */
function addressOf(hook: NewHookView, { headers }: FastifyRequest): { post_to?: string } {
  if (hook.kind === 'outgoing') return {};
  return { post_to: `http://${headers.host ?? ''}/hooks/${hook.secret}` };
}
