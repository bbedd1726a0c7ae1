// A client of GET /events, as the specification of server-sent events has it (WHATWG HTML, 9.2).
import type { Daemon } from './node-daemon.ts';

export interface ServerEvent {
  readonly id: string;
  readonly event: string;
  readonly data: string;
}

export class EventStream {
  /** What a client sends when it comes back. */
  lastId: string;
  readonly #controller = new AbortController();
  readonly #events: AsyncGenerator<ServerEvent>;

  private constructor(response: Response, lastId: string, controller: AbortController) {
    this.lastId = lastId;
    this.#controller = controller;
    this.#events = this.#parse(response);
  }

  static async open(node: Daemon, lastId = ''): Promise<EventStream> {
    const controller = new AbortController();
    const response = await fetch(`${node.http}/events`, {
      headers: lastId === '' ? {} : { 'last-event-id': lastId },
      signal: controller.signal,
    });
    if (response.status !== 200) throw new Error(`GET /events: ${await response.text()}`);
    return new EventStream(response, lastId, controller);
  }

  /** The next event of that name; undefined where the stream ends before. */
  async next(name = 'message'): Promise<ServerEvent | undefined> {
    for (;;) {
      const event = await this.#events.next();
      if (event.done === true) return undefined;
      if (event.value.event === name) return event.value;
    }
  }

  async take(count: number): Promise<ServerEvent[]> {
    const events: ServerEvent[] = [];
    while (events.length < count) {
      const event = await this.next();
      if (event === undefined) throw new Error(`the stream ended after ${events.length}`);
      events.push(event);
    }
    return events;
  }

  close(): void {
    this.#controller.abort();
  }

  async *#parse(response: Response): AsyncGenerator<ServerEvent> {
    const { body } = response;
    if (body === null) throw new Error('an answer without a body');
    let buffer = '';
    let fields: Record<string, string> = {};
    const decoder = new TextDecoder();
    try {
      for await (const part of body as AsyncIterable<Uint8Array>) {
        buffer += decoder.decode(part, { stream: true });
        const lines = buffer.split('\n');
        buffer = lines.pop() ?? '';
        for (const line of lines) {
          if (line !== '') {
            const [name = '', value = ''] = line.split(/: ?(.*)/s, 2);
            if (name !== '') fields[name] = value;
            continue;
          }
          this.lastId = fields['id'] ?? this.lastId;
          const { data, event = 'message' } = fields;
          fields = {};
          // A block without data is no event; what opens a stream is one that tells the cursor.
          if (data !== undefined) yield { id: this.lastId, event, data };
          else yield { id: this.lastId, event: 'opening', data: '' };
        }
      }
    } catch (error) {
      // The node may have been killed; what follows is for the next stream.
      if (!(error instanceof TypeError || this.#controller.signal.aborted)) throw error;
    }
  }
}

export function idOf(event: ServerEvent | undefined): string | undefined {
  return event && (JSON.parse(event.data) as { id: string }).id;
}
