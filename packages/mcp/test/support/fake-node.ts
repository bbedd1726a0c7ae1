// A node in memory that answers over real HTTP what the protocol server asks, and fails on demand.
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { onTestFinished } from 'vitest';
import type { GroupView, MemberView, MessageView, StatusView } from '../../../../src/chat/view.ts';
import type { NodeGroup, NodeMember, NodeMessage, NodeStatus } from '../../src/node-shapes.ts';

export const self = 'aa'.repeat(32);
export const bob = 'bb'.repeat(32);
export const lobby = '10'.repeat(32);
export const ops = '20'.repeat(32);

/** What the node really gives has to have all that is read of it. */
type Covers<Narrow, Wide extends Narrow> = Wide;
export type Checked = [
  Covers<NodeMessage, MessageView>,
  Covers<NodeGroup, GroupView>,
  Covers<NodeMember, MemberView>,
  Covers<NodeStatus, StatusView>,
];

/** What happens to a request in place of its answer. */
export type Fault = 'lost-request' | 'lost-answer' | 'closing' | 'freeze';

interface Asked {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly body: Record<string, unknown>;
  readonly headers: IncomingMessage['headers'];
}

class Refusal extends Error {
  readonly status: number;
  readonly code: string;

  constructor(status: number, code: string) {
    super(`refused: ${code}`);
    this.status = status;
    this.code = code;
  }
}

export class FakeNode {
  readonly messages: NodeMessage[] = [];
  readonly groups: NodeGroup[] = [groupOf(lobby, 'lobby', 'room'), groupOf(ops, 'ops', 'group')];
  readonly asked: Asked[] = [];
  /** Of the next requests whose path begins so, one fault each. */
  readonly faults: { readonly path: string; readonly fault: Fault }[] = [];
  token: string | undefined;
  /** Long polls that are open. */
  polls = 0;
  #server: Server | undefined;
  #port = 0;
  readonly #posts = new Map<string, { body: string; message: NodeMessage }>();
  readonly #waiting = new Set<() => void>();

  static async start(): Promise<FakeNode> {
    const node = new FakeNode();
    await node.start();
    onTestFinished(() => node.stop());
    return node;
  }

  get http(): string {
    return `http://127.0.0.1:${this.#port}`;
  }

  /** At the same port as before. */
  async start(): Promise<void> {
    this.#server = createServer((request, response) => void this.#serve(request, response));
    this.#server.listen(this.#port, '127.0.0.1');
    await once(this.#server, 'listening');
    this.#port = (this.#server.address() as AddressInfo).port;
  }

  async stop(): Promise<void> {
    const server = this.#server;
    this.#server = undefined;
    if (server === undefined) return;
    server.close();
    server.closeAllConnections();
    this.#wake();
    await once(server, 'close');
  }

  arrive(text: string, over: Partial<NodeMessage> = {}): NodeMessage {
    const position = this.messages.length + 1;
    const message: NodeMessage = {
      ...{
        id: position.toString(16).padStart(64, '0'),
        cursor: String(position).padStart(16, '0'),
      },
      ...{ group: lobby, author: bob, name: 'bob', kind: 'text', text, reply_to: null, replies: 0 },
      time: new Date(1_700_000_000_000 + position).toISOString(),
      ...{ edited: false, deleted: false, hidden: false, priority: null, ack: null },
      ...{ reactions: {}, mentions: [], mine: false, delivery: { stored: [], members: 2 } },
      ...over,
    };
    this.messages.push(message);
    this.#wake();
    return message;
  }

  /** Resolves once so many long polls are open. */
  async untilPolls(count: number): Promise<void> {
    while (this.polls !== count) await this.#arrival();
  }

  #wake(): void {
    const waiting = [...this.#waiting];
    this.#waiting.clear();
    for (const wake of waiting) wake();
  }

  async #arrival(): Promise<void> {
    await new Promise<void>((resolve) => this.#waiting.add(resolve));
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '/', this.http);
    let text = '';
    for await (const part of request.setEncoding('utf8')) text += String(part);
    const body = text === '' ? {} : (JSON.parse(text) as Record<string, unknown>);
    const { method = 'GET', headers } = request;
    const asked = { method, path: url.pathname, query: url.searchParams, body, headers };
    this.asked.push(asked);
    const at = this.faults.findIndex(({ path }) => `${method} ${url.pathname}`.startsWith(path));
    const fault = at < 0 ? undefined : this.faults.splice(at, 1)[0]?.fault;
    if (fault === 'freeze') return;
    if (fault === 'lost-request') {
      request.socket.destroy();
      return;
    }
    let status = 200;
    let value: unknown;
    try {
      if (fault === 'closing') throw new Refusal(503, 'closing');
      value = await this.#answer(asked, response);
      if (method === 'POST') status = 201;
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      const { code, message: detail } = error;
      status = error.status;
      value = { code, detail, title: 'title', hint: 'Do something else.' };
    }
    if (fault === 'lost-answer') request.socket.destroy();
    else
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(value));
  }

  async #answer({ method, path, query, body, headers }: Asked, response: ServerResponse) {
    if (this.token !== undefined && headers.authorization !== `Bearer ${this.token}`) {
      throw new Refusal(401, 'unauthorized');
    }
    const [, noun = '', name = '', verb = ''] = path.split('/').map(decodeURIComponent);
    if (noun === 'status') return statusView;
    if (noun === 'groups') return this.#group(name, verb, body);
    if (method === 'POST') return this.#post(body, String(headers['idempotency-key']));
    if (name === '') return this.#page(query, response);
    const message = this.messages.find(({ id }) => id === name);
    if (message === undefined) throw new Refusal(404, 'unknown-message');
    if (verb !== 'replies') return message;
    return this.#last(
      this.messages.filter(({ reply_to }) => reply_to === name),
      query,
    );
  }

  #group(name: string, verb: string, body: Record<string, unknown>) {
    if (name === '') return { groups: this.groups };
    const found = this.groups.filter((each) => each.id === name || each.name === name);
    const [group] = found;
    if (group === undefined || found.length > 1) throw new Refusal(404, 'unknown-group');
    if (verb === 'members') {
      return { members: [{ pk: bob, name: 'bob', role: 'member', online: true }] };
    }
    return verb === 'read' ? { group: group.id, ...body, unread: 0, mentions: 0 } : group;
  }

  #post(body: Record<string, unknown>, key: string): NodeMessage {
    const known = this.#posts.get(key);
    if (known !== undefined) {
      if (known.body !== JSON.stringify(body)) throw new Refusal(422, 'idempotency-mismatch');
      return known.message;
    }
    const { text, group, reply_to: replyTo } = body as Record<string, string | undefined>;
    const message = this.arrive(text ?? '', {
      ...{ mine: true, author: self, name: 'alice', group: group ?? lobby },
      reply_to: replyTo ?? null,
    });
    this.#posts.set(key, { body: JSON.stringify(body), message });
    return message;
  }

  async #page(query: URLSearchParams, response: ServerResponse) {
    const cursor = query.get('after');
    const words = query.get('q');
    if (cursor === null) {
      const shown = this.messages.filter((each) => passes(each, query));
      if (words === null) return this.#last(shown, query);
      const found = shown.filter(({ text }) => text.includes(words)).reverse();
      const limit = Number(query.get('limit') ?? 50);
      const messages = found.slice(0, limit);
      const more = found.length > limit;
      return { messages, next: '0', more, complete: true, searched_from: null };
    }
    const start = cursor === 'now' ? this.messages.length : Number(cursor);
    if (start > this.messages.length) throw new Refusal(400, 'bad-cursor');
    const read = () => {
      const rest = this.messages.slice(start).filter((each) => passes(each, query));
      const messages = rest.slice(0, Number(query.get('limit') ?? 50));
      const more = rest.length > messages.length;
      const last = more ? messages.at(-1)?.cursor : undefined;
      return { messages, next: last ?? this.#latest, more };
    };
    if (read().messages.length === 0 && Number(query.get('wait') ?? 0) > 0) {
      await this.#poll(() => read().messages.length > 0, Number(query.get('wait')), response);
    }
    return read();
  }

  async #poll(isOver: () => boolean, waitS: number, response: ServerResponse): Promise<void> {
    const over = new AbortController();
    const end = (): void => {
      over.abort();
      this.#wake();
    };
    const timer = setTimeout(end, waitS * 1000);
    response.once('close', end);
    this.polls++;
    this.#wake();
    while (!over.signal.aborted && !isOver()) await this.#arrival();
    clearTimeout(timer);
    this.polls--;
    this.#wake();
  }

  #last(found: readonly NodeMessage[], query: URLSearchParams) {
    const before = query.get('before');
    const end = before === null ? found.length : found.findIndex(({ id }) => id === before);
    const start = Math.max(0, end - Number(query.get('limit') ?? 50));
    return { messages: found.slice(start, end), next: this.#latest, more: start > 0 };
  }

  get #latest(): string {
    return String(this.messages.length).padStart(16, '0');
  }
}

function passes({ group }: NodeMessage, query: URLSearchParams): boolean {
  const wanted = query.get('group');
  return wanted === null || [group, { [lobby]: 'lobby', [ops]: 'ops' }[group]].includes(wanted);
}

export function groupOf(id: string, name: string, kind: string): NodeGroup {
  return {
    ...{ id, name, kind, topic: null, encrypted: false, role: 'member', state: 'active' },
    ...{ members: 2, unread: 0, mentions: 0, read_cursor: '0', last_message: null },
  };
}

const statusView: NodeStatus = {
  ...{ pk: self, name: 'alice', version: '0.0.0', room: 'lobby', behind: 0 },
  peers: { known: 0, connected: 0 },
};
