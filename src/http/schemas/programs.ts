// Tokens and hooks, as JSON Schemas. The types of ../tokens.ts and ../hooks.ts are the contract: the
// compiler sees that nothing is missing.
import type { IncomingHookView, OutgoingHookView } from '../hooks.ts';
import { choiceOf, hex, listOf, orNull, shape, text, time, truth, whole } from '../schema.ts';
import { scopes, type TokenView } from '../tokens.ts';
import { cursorSchema } from './message.ts';

const id = { type: 'string', pattern: '^[0-9a-f]{16}$' } as const;
const name = { ...text, description: 'Under which it posts.' };
const sinceStart = { ...orNull(time), description: 'Since the node started.' };

const token = {
  id,
  name,
  scope: choiceOf(...scopes),
  groups: { ...orNull(listOf(hex)), description: 'Null where it is not limited to groups.' },
  created: time,
  expires: orNull(time),
  last_used: sinceStart,
} satisfies Record<keyof TokenView, object>;

export const tokenSchema = { title: 'Token', ...shape(token) };

export const newTokenSchema = {
  title: 'NewToken',
  ...shape({ ...token, token: { ...text, description: 'For `Authorization: Bearer`.' } }),
};

export const tokensSchema = shape({ tokens: listOf(tokenSchema) });

const base = { id, name, created: time };

const incoming = {
  ...base,
  kind: choiceOf('incoming'),
  group: hex,
  last_used: sinceStart,
} satisfies Record<keyof IncomingHookView, object>;

const outgoing = {
  ...base,
  kind: choiceOf('outgoing'),
  url: text,
  group: orNull(hex),
  events: listOf(choiceOf('message', 'edit', 'delete', 'reaction', 'ack', 'pin', 'hide')),
  mentions: truth,
  bots: truth,
  state: choiceOf('active', 'retrying', 'dead'),
  reason: { ...orNull(text), description: 'Why it does not get on.' },
  failures: { ...whole, description: 'Of the delivery at hand.' },
  next_attempt: orNull(time),
  last_delivered: sinceStart,
  cursor: cursorSchema,
} satisfies Record<keyof OutgoingHookView, object>;

const incomingSchema = { title: 'IncomingHook', ...shape(incoming) };
const outgoingSchema = { title: 'OutgoingHook', ...shape(outgoing) };
const secret = {
  ...text,
  description: 'What opens an incoming hook, or signs for an outgoing one.',
};

export const hookSchema = { oneOf: [incomingSchema, outgoingSchema] };

export const newHookSchema = {
  oneOf: [
    { title: 'NewIncomingHook', ...shape({ ...incoming, secret, post_to: text }) },
    { title: 'NewOutgoingHook', ...shape({ ...outgoing, secret }) },
  ],
};

export const hooksSchema = shape({ hooks: listOf(hookSchema) });
