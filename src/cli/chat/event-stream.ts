// Reads server-sent events out of text that comes in any pieces (WHATWG HTML, section 9.2.6). Pure.
import { eventCharsMax } from '../limits.ts';

export interface StreamEvent {
  /** The last id that the stream gave. */
  readonly id: string;
  readonly event: string;
  readonly data: string;
}

export class EventParser {
  #rest = '';
  #id = '';
  #event = '';
  #data: string[] = [];

  /** The events that end in this piece. Throws where an event has no end. */
  push(piece: string): StreamEvent[] {
    const events: StreamEvent[] = [];
    const lines = (this.#rest + piece).split('\n');
    this.#rest = lines.pop() ?? '';
    if (this.#rest.length > eventCharsMax) throw new Error('an event is too long');
    for (const line of lines) {
      const event = this.#line(line.endsWith('\r') ? line.slice(0, -1) : line);
      if (event !== undefined) events.push(event);
    }
    return events;
  }

  #line(line: string): StreamEvent | undefined {
    if (line === '') return this.#dispatch();
    const [, field = '', value = ''] = /^([^:]*):? ?(.*)$/u.exec(line) ?? [];
    if (field === 'id') this.#id = value;
    else if (field === 'event') this.#event = value;
    else if (field === 'data') this.#data.push(value);
    return undefined;
  }

  #dispatch(): StreamEvent | undefined {
    const event = { id: this.#id, event: this.#event, data: this.#data.join('\n') };
    const isEmpty = this.#data.length === 0;
    this.#event = '';
    this.#data = [];
    return isEmpty ? undefined : event;
  }
}
