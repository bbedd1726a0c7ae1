// Server-sent events out of the pieces in which a stream brings them (WHATWG HTML, section 9.2), as
// far as the node writes them: one line of data, each line ended by a line feed.
import type { StreamEvent } from './wire.ts';

/** More than the longest message with all that is said about it. */
const bufferCharsMax = 8 * 1024 * 1024;

export class EventParser {
  #buffer = '';
  #cursor = '';
  /** Not the cursor yet: the event that it names has to be whole. */
  #id = '';
  #event = '';
  #data: string | undefined;

  /** The cursor to resume from; empty before the first. */
  get cursor(): string {
    return this.#cursor;
  }

  /** Throws where a line is longer than any that the node writes. */
  push(text: string): StreamEvent[] {
    const lines = (this.#buffer + text).split('\n');
    this.#buffer = lines.pop() ?? '';
    if (this.#buffer.length > bufferCharsMax) throw new RangeError('the line has no end');
    const events: StreamEvent[] = [];
    for (const line of lines) {
      if (line !== '') {
        this.#field(line);
        continue;
      }
      if (this.#id !== '') this.#cursor = this.#id;
      if (this.#data !== undefined) events.push(this.#take(this.#data));
    }
    return events;
  }

  #field(line: string): void {
    const colon = line.indexOf(':');
    const value = line.slice(colon + 1).replace(/^ /, '');
    const name = line.slice(0, colon);
    if (name === 'id') this.#id = value;
    else if (name === 'event') this.#event = value;
    else if (name === 'data') this.#data = value;
  }

  #take(data: string): StreamEvent {
    const event = { cursor: this.#cursor, event: this.#event, data };
    this.#event = '';
    this.#data = undefined;
    return event;
  }
}
