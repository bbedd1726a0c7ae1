// One page of messages or events, collected up to its bounds. Knows nothing of where they come from.
import type { Entry } from '../cxo/archive.ts';
import { SkychatError } from '../errors.ts';
import { formatCursor } from './cursor.ts';
import type { MessageViews } from './message-views.ts';
import type { EventView, MessageView } from './view.ts';

interface Item {
  readonly event: EventView['event'];
  /** What arrived: the message, or the note about it. */
  readonly arrival: number;
  readonly message: Entry;
}

export class PageBuilder {
  readonly #views: MessageViews;
  readonly #limits: { readonly pageBytesMax: number };
  readonly #limit: number;
  readonly #items: Item[] = [];
  #bytes = 0;

  constructor(
    views: MessageViews,
    limits: { readonly pageBytesMax: number; readonly pageMessagesMax: number },
    limit: number,
  ) {
    if (!Number.isSafeInteger(limit) || limit < 1 || limit > limits.pageMessagesMax) {
      throw new SkychatError('bad-field', `a limit is from 1 to ${limits.pageMessagesMax}`);
    }
    this.#views = views;
    this.#limits = limits;
    this.#limit = limit;
  }

  /** False where the page is full: the message belongs to the next one. */
  add(message: Entry, event: EventView['event'] = 'message', arrival = message.arrival): boolean {
    if (this.#items.length >= this.#limit || this.#bytes >= this.#limits.pageBytesMax) {
      return false;
    }
    this.#items.push({ event, arrival, message });
    this.#bytes += message.object?.length ?? 0;
    return true;
  }

  views(): MessageView[] {
    return this.#items.map(({ message }) => this.#views.build(message));
  }

  events(): EventView[] {
    return this.#items.map(({ event, arrival, message }) => ({
      event,
      cursor: formatCursor(arrival),
      message: this.#views.build(message),
    }));
  }
}
