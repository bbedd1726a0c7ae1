// Messages and what is read of them, as JSON Schemas. The types of src/chat/view.ts are the contract:
// the compiler sees that nothing is missing.
import type {
  AckView,
  DeliveryView,
  MessageView,
  Page,
  ProofView,
  SearchPage,
} from '../../chat/view.ts';
import {
  choiceOf,
  hex,
  hexText,
  listOf,
  orNull,
  shape,
  text,
  time,
  truth,
  whole,
} from '../schema.ts';

const deliverySchema = {
  title: 'Delivery',
  ...shape({
    stored: { ...listOf(hex), description: 'Other nodes known to have it on their disks.' },
    members: { ...whole, description: 'Members of the group, this node among them.' },
  } satisfies Record<keyof DeliveryView, object>),
};

const ackSchema = {
  title: 'Ack',
  ...shape({ requested: truth, by: listOf(hex) } satisfies Record<keyof AckView, object>),
};

export const cursorSchema = {
  ...text,
  description: 'A position in the order of arrival at this node: opaque, durable, never reused.',
};

const message = {
  id: hex,
  cursor: cursorSchema,
  group: hex,
  author: hex,
  name: { ...orNull(text), description: 'Of a bot, what the node of the author calls it.' },
  bot: { ...truth, description: "Set where a program wrote it by the author's node." },
  node_name: {
    ...orNull(text),
    description: 'Of a bot: the name of the author, who speaks for it.',
  },
  seq: whole,
  index: whole,
  time,
  kind: { ...text, description: '`text`, or a kind that this version does not know.' },
  text: { ...text, description: 'That of the latest edit; empty where deleted or hidden.' },
  reply_to: orNull(hex),
  replies: whole,
  edited: truth,
  deleted: truth,
  hidden: truth,
  pinned: truth,
  priority: orNull(choiceOf('low', 'high', 'urgent')),
  ack: orNull(ackSchema),
  reactions: { type: 'object', additionalProperties: listOf(hex) },
  mentions: listOf(hex),
  mine: truth,
  disputed: {
    ...truth,
    description: 'Set where the author signed two different entries at this place.',
  },
  delivery: deliverySchema,
} satisfies Record<keyof MessageView, object>;

export const messageSchema = {
  title: 'Message',
  ...shape(message, ['bot', 'node_name', 'disputed']),
};

const page = {
  messages: listOf(messageSchema),
  next: { ...cursorSchema, description: 'The cursor to go on from.' },
  more: truth,
} satisfies Record<keyof Page, object>;

export const pageSchema = { title: 'Page', ...shape(page) };

const search = {
  ...page,
  complete: { ...truth, description: 'False where older messages are not indexed.' },
  searched_from: orNull(time),
} satisfies Record<keyof SearchPage, object>;

/** A page, and what a search adds to it. */
export const listSchema = { title: 'List', ...shape(search, ['complete', 'searched_from']) };

export const proofSchema = {
  title: 'Proof',
  ...shape({
    object: hexText,
    root: { ...hexText, description: 'The root that lists the object.' },
    signature: { ...hexText, description: "The author's, over the last root of `chain`." },
    author: hex,
    chain: listOf(hexText),
  } satisfies Record<keyof ProofView, object>),
};
