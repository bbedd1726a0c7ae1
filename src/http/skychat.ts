// Messages in the names and shapes of skywire's skychat, for its clients: rows of a history, and the
// data of its event stream. Knows nothing of requests.
import { LRUCache } from 'lru-cache';
import type { EventView, MessageView } from '../chat/view.ts';
import type { Api } from './api.ts';
import type { Encoding } from './live-stream.ts';
import { talksMax } from './limits.ts';
import { hex, shape, text, time, truth, whole } from './schema.ts';

/** Whom a message was exchanged with. */
export interface Talk {
  /** The other one's key between two, otherwise the id of the group. */
  readonly peer: string;
  readonly isDirect: boolean;
}

/** What of a group never changes, kept for those that were asked for last. */
export class Talks {
  readonly #api: Pick<Api, 'group' | 'members' | 'status'>;
  readonly #known = new LRUCache<string, Talk>({ max: talksMax });

  constructor(api: Pick<Api, 'group' | 'members' | 'status'>) {
    this.#api = api;
  }

  /** Has `of` know all groups of these messages. */
  async learn(messages: readonly MessageView[]): Promise<void> {
    for (const { group } of messages) {
      if (this.#known.get(group) === undefined) this.#known.set(group, await this.#find(group));
    }
  }

  of({ group }: MessageView): Talk {
    return this.#known.get(group) ?? { peer: group, isDirect: false };
  }

  async #find(group: string): Promise<Talk> {
    const { kind } = await this.#api.group(group);
    if (kind !== 'direct') return { peer: group, isDirect: false };
    const { pk } = await this.#api.status();
    const other = this.#api.members(group).find((member) => member.pk !== pk);
    return { peer: other?.pk ?? group, isDirect: true };
  }
}

/** What is said in a group is marked: clients that want to hear of nothing but talks of two skip it. */
function markOf({ isDirect }: Talk, { group }: MessageView): object {
  return isDirect ? {} : { channel: 'group', group_id: group };
}

export const historySchema = {
  title: 'SkychatMessage',
  ...shape(
    {
      peer: { ...hex, description: "The other one's key; in a group, the id of the group." },
      from: { ...hex, description: 'Left out of what this node has sent.' },
      outgoing: truth,
      text,
      timestamp: time,
      id: hex,
      reply_to: hex,
      channel: { ...text, description: '`group` where it is no message between two.' },
      group_id: hex,
    },
    ['from', 'reply_to', 'channel', 'group_id'],
  ),
};

export const exampleHistory = {
  ...{ outgoing: true, text: 'hello', timestamp: '2026-11-22T05:10:00.123Z' },
};

export function historyRow(message: MessageView, talk: Talk): object {
  return {
    peer: talk.peer,
    ...(!message.mine && { from: message.author }),
    outgoing: message.mine,
    text: message.text,
    timestamp: message.time,
    id: message.id,
    ...(message.reply_to !== null && { reply_to: message.reply_to }),
    ...markOf(talk, message),
  };
}

/** The data of one event: an object on one line. */
function eventData(message: MessageView, talk: Talk): string {
  return JSON.stringify({
    sender: message.author,
    message: message.text,
    network: 'skychat-node',
    dir: message.mine ? 'out' : 'in',
    id: message.id,
    len: Buffer.byteLength(message.text),
    ...(message.mine && { to: talk.peer }),
    ...(message.reply_to !== null && { reply_to_id: message.reply_to }),
    ...markOf(talk, message),
  });
}

/** Nothing for what is said about messages; what is no message has a channel of its own. */
function dataOf(event: EventView, talks: Talks): string {
  if (event.event === 'gap') return JSON.stringify({ channel: 'system', gap: event.gap });
  return event.event === 'message' ? eventData(event.message, talks.of(event.message)) : '';
}

/** Its stream has no names of events; the cursors are for those who reconnect with the last one. */
export function skychatEncoding(talks: Talks): Encoding {
  return {
    opening: (cursor) => `: connected\nid: ${cursor}\n\n`,
    event: (event) => {
      const data = dataOf(event, talks);
      return data === '' ? '' : `id: ${event.cursor}\ndata: ${data}\n\n`;
    },
    keepAlive: () => ': ping\n\n',
    shutdown: () => '',
  };
}

export const sentSchema = {
  title: 'SkychatSent',
  ...shape(
    {
      ok: { ...truth, description: 'It is on the disk of this node.' },
      acked: { ...truth, description: 'It is on the disk of the recipient.' },
      id: hex,
      ms: { ...whole, description: 'How long it took.' },
      reason: { ...text, description: '`timeout` where it was waited for in vain.' },
    },
    ['reason'],
  ),
};
