// What is said about a message: edits, deletion, reactions, acknowledgement, pin, hide; and its
// answers. Each change is answered with the message as it is then.
import type { FastifyInstance } from 'fastify';
import { apiOf } from '../admission.ts';
import { checkText } from '../check-text.ts';
import { exampleId, exampleMessage, examplePage } from '../examples.ts';
import { anyInPath, cursor, describe, idInPath, integer } from '../fields.ts';
import { bodyReader, fieldsReader, string } from '../json-body.ts';
import { pageMessagesDefault, pageMessagesMax } from '../limits.ts';
import { addRoute, json } from '../operation.ts';
import type { ProblemCode } from '../problems.ts';
import { messageSchema, pageSchema } from '../schemas/message.ts';
import type { Surface } from '../surface.ts';

const readEdit = bodyReader(
  fieldsReader({ text: string }, {}),
  ({ text }) => {
    checkText(text);
    return text;
  },
  { bare: { meaning: 'The text.', fields: (text) => ({ text }) } },
);

const tag = 'messages';
const byId = { id: describe('Id of a message.', idInPath) };
const path = { id: exampleId };
const answers = { 200: json('The message as it is then.', messageSchema) };
const common = { tag, scope: 'post', perCaller: true, answers } as const;
/** Of those who keep order in the group. */
const ofOrder = { tag, scope: 'admin', answers } as const;
const noteProblems = [
  ...(['bad-id', 'unknown-message', 'not-a-member', 'group-left', 'no-key', 'deleted'] as const),
] satisfies readonly ProblemCode[];

export function addNoteRoutes(fastify: FastifyInstance, surface: Surface): void {
  addOfAuthor(fastify, surface);
  addOfReaders(fastify, surface);
  addOfGroup(fastify, surface);
}

function addOfAuthor(fastify: FastifyInstance, surface: Surface): void {
  addRoute(fastify, {
    ...{ ...common, method: 'PATCH', url: '/messages/:id' },
    summary: 'Its author gives it another text',
    path: byId,
    body: readEdit,
    problems: [...noteProblems, 'empty-text', 'not-the-author'],
    example: {
      ...{ path, body: { text: 'disk full on db2' } },
      answer: { ...exampleMessage, text: 'disk full on db2', edited: true },
    },
    handle: ({ path: { id }, body }, request) => apiOf(surface, request).edit(id, body),
  });

  addRoute(fastify, {
    ...{ ...common, method: 'DELETE', url: '/messages/:id' },
    summary: 'Its author deletes it; every node that hears of it erases the body',
    path: byId,
    problems: [...noteProblems, 'not-the-author'],
    example: { path, answer: { ...exampleMessage, text: '', deleted: true } },
    handle: ({ path: { id } }, request) => apiOf(surface, request).erase(id),
  });
}

function addOfReaders(fastify: FastifyInstance, surface: Surface): void {
  addRoute(fastify, {
    ...{
      method: 'GET',
      url: '/messages/:id/replies',
      tag,
      scope: 'read',
      perCaller: true,
      snapshot: true,
    },
    summary: 'A page of its answers, oldest first',
    path: byId,
    query: {
      before: describe('The page before one of them.', cursor),
      limit: describe('Messages of one page.', integer(1, pageMessagesMax), pageMessagesDefault),
    },
    answers: { 200: json('The answers.', pageSchema) },
    problems: ['bad-id', 'bad-cursor', 'unknown-message'],
    example: { path, query: { limit: '10' }, answer: examplePage },
    handle: ({ path: { id }, query: { before, limit = pageMessagesDefault } }, request) =>
      apiOf(surface, request).replies(id, before, limit),
  });

  addRoute(fastify, {
    ...{ ...common, method: 'PUT', url: '/messages/:id/ack' },
    summary: 'Acknowledges a message that asked for it',
    path: byId,
    problems: noteProblems,
    example: { path, answer: exampleMessage },
    handle: ({ path: { id } }, request) => apiOf(surface, request).ack(id),
  });

  for (const [method, on, summary] of [
    ['PUT', true, 'Reacts with an emoji, percent-encoded'],
    ['DELETE', false, 'Takes a reaction back'],
  ] as const) {
    addRoute(fastify, {
      ...{ ...common, method, url: '/messages/:id/reactions/:emoji', summary },
      path: { ...byId, emoji: describe('One emoji.', anyInPath) },
      problems: noteProblems,
      example: { path: { ...path, emoji: '👍' }, answer: exampleMessage },
      handle: ({ path: { id, emoji } }, request) => apiOf(surface, request).react(id, emoji, on),
    });
  }
}

function addOfGroup(fastify: FastifyInstance, { api }: Surface): void {
  for (const [method, on] of [
    ['PUT', true],
    ['DELETE', false],
  ] as const) {
    addRoute(fastify, {
      ...{ ...ofOrder, method, url: '/messages/:id/pin' },
      summary: on ? 'Pins it: admins; everybody in the room and between two' : 'Pins it no more',
      path: byId,
      problems: [...noteProblems, 'not-an-admin'],
      example: { path, answer: { ...exampleMessage, pinned: on } },
      handle: ({ path: { id } }) => api.pin(id, on),
    });
    addRoute(fastify, {
      ...{ ...ofOrder, method, url: '/messages/:id/hide' },
      summary: on ? 'Hides it from all members: admins only' : 'Hides it no more',
      path: byId,
      problems: [...noteProblems, 'not-an-admin'],
      example: { path, answer: { ...exampleMessage, hidden: on } },
      handle: ({ path: { id } }) => api.hide(id, on),
    });
  }
}
