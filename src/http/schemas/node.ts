// The node, its peers and its feeds, as JSON Schemas. The types of src/chat/view.ts are the contract:
// the compiler sees that nothing is missing.
import type { FeedView, PeerView, StatusView, SyncSourceView, SyncView } from '../../chat/view.ts';
import { choiceOf, hex, listOf, orNull, shape, text, time, whole } from '../schema.ts';

const number = { type: 'number' } as const;
const countersByName = { type: 'object', additionalProperties: whole } as const;

export const peerSchema = {
  title: 'Peer',
  ...shape({
    pk: hex,
    name: orNull(text),
    address: orNull(text),
    state: choiceOf('connected', 'dialing', 'waiting', 'refused'),
    reason: { ...orNull(text), description: 'The reason of the state in words.' },
    reason_code: {
      ...orNull(text),
      description: 'The same as a stable code; `peer-` before it where the peer gave it.',
    },
    agent: { ...orNull(text), description: 'What program a linked peer says that it is.' },
    since: time,
    last_inbound: orNull(time),
    rtt_ms: orNull(number),
    behind: { ...whole, description: 'Messages that the peer has and this node has not.' },
    ahead: { ...whole, description: 'Messages that the peer is not known to have.' },
    bytes_in: whole,
    bytes_out: whole,
  } satisfies Record<keyof PeerView, object>),
};

export const peersSchema = shape({ peers: listOf(peerSchema) });

const feedSchema = {
  title: 'Feed',
  ...shape({
    group: hex,
    author: hex,
    head: whole,
    seq: whole,
    count: whole,
    behind: whole,
    sources: listOf(hex),
    last_inbound: orNull(time),
    time: { ...orNull(time), description: 'When its author wrote the latest part, by its clock.' },
  } satisfies Record<keyof FeedView, object>),
};

export const feedsSchema = shape({ feeds: listOf(feedSchema) });

const sourceSchema = {
  title: 'SyncSource',
  ...shape({ pk: hex, name: orNull(text), per_s: number, messages: whole } satisfies Record<
    keyof SyncSourceView,
    object
  >),
};

const syncSchema = {
  title: 'Sync',
  ...shape({
    state: choiceOf('in-sync', 'syncing', 'waiting'),
    reason: orNull(text),
    have: whole,
    of: whole,
    behind: whole,
    per_s: number,
    eta_s: orNull(number),
    sources: listOf(sourceSchema),
    since: orNull(time),
  } satisfies Record<keyof SyncView, object>),
};

export const statusSchema = {
  title: 'Status',
  ...shape({
    pk: hex,
    name: orNull(text),
    version: text,
    uptime_s: number,
    room: text,
    listen: orNull(text),
    http: text,
    messages: whole,
    feeds: whole,
    behind: {
      ...whole,
      description: 'Messages that peers have and this node has not: 0, in sync.',
    },
    sync: syncSchema,
    peers: shape({ known: whole, connected: whole }),
    strangers: {
      ...listOf(shape({ pk: hex, address: text, time })),
      description: 'Keys that were refused lately, because nobody allows them.',
    },
    store: shape({
      bytes: whole,
      damaged: { ...whole, description: 'Parts that could not be read since the start.' },
    }),
    counters: shape({
      dropped: countersByName,
      refused: countersByName,
      held: whole,
      forks: whole,
      recent: {
        ...shape({ minutes: whole, dropped: countersByName, refused: countersByName }),
        description:
          'What of these was counted in the last `minutes`; the rest is since the start.',
      },
    } satisfies Record<keyof StatusView['counters'], object>),
  } satisfies Record<keyof StatusView, object>),
};

export const stateSchema = shape({ status: text });
