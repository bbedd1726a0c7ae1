// The JSON Schema of a message, by which the answer to a post is serialised (lists are faster without
// one). The types of src/chat/view.ts are the contract.
import type { AckView, DeliveryView, MessageView } from '../chat/view.ts';

const text = { type: 'string' } as const;
const whole = { type: 'integer' } as const;
const truth = { type: 'boolean' } as const;
const textOrNull = { type: ['string', 'null'] } as const;
const texts = { type: 'array', items: text } as const;

// The serialiser leaves out what its schema does not name: the compiler sees that nothing is missing.
const delivery = { stored: texts, members: whole } satisfies Record<keyof DeliveryView, object>;
const ack = { requested: truth, by: texts } satisfies Record<keyof AckView, object>;
const message = {
  id: text,
  cursor: text,
  group: text,
  author: text,
  name: textOrNull,
  bot: truth,
  node_name: textOrNull,
  seq: whole,
  index: whole,
  time: text,
  kind: text,
  text,
  reply_to: textOrNull,
  replies: whole,
  edited: truth,
  deleted: truth,
  hidden: truth,
  pinned: truth,
  priority: textOrNull,
  ack: {
    type: ['object', 'null'],
    properties: ack,
    required: Object.keys(ack),
    additionalProperties: false,
  },
  reactions: { type: 'object', additionalProperties: texts },
  mentions: texts,
  mine: truth,
  disputed: truth,
  delivery: {
    type: 'object',
    properties: delivery,
    required: Object.keys(delivery),
    additionalProperties: false,
  },
} satisfies Record<keyof MessageView, object>;

const isOptional: ReadonlySet<string> = new Set(['bot', 'node_name', 'disputed']);

export const messageSchema = {
  type: 'object',
  properties: message,
  required: Object.keys(message).filter((name) => !isOptional.has(name)),
  additionalProperties: false,
};
