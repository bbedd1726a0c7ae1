// One page of messages or events, collected up to its bounds. Knows nothing of where they come from.
import type { Entry } from '../../cxo/archive.ts';
import { SkychatError } from '../../errors.ts';
import { formatCursor } from './cursor.ts';
import type { MessageViews } from './message-views.ts';
import type { EventView, MessageEventView, MessageGapView, MessageView } from '../view.ts';

interface Item {
  readonly event: MessageEventView['event'];
  /** What arrived: the message, or the note about it. */
  readonly arrival: number;
  readonly message: Entry;
}

interface Gap {
  readonly event: 'gap';
  readonly arrival: number;
  readonly gap: MessageGapView;
}

export class PageBuilder {
  readonly #views: MessageViews;
  readonly #limits: { readonly pageBytesMax: number };
  readonly #limit: number;
  readonly #items: (Item | Gap)[] = [];
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
  add(
    message: Entry,
    event: MessageEventView['event'] = 'message',
    arrival = message.arrival,
  ): boolean {
    if (this.#items.length >= this.#limit || this.#bytes >= this.#limits.pageBytesMax) {
      return false;
    }
    this.#items.push({ event, arrival, message });
    this.#bytes += message.object?.length ?? 0;
    return true;
  }

  /**
   * Messages that arrived there are not there to be shown; false where the page is full. Those that
   * follow each other in one group are one gap.
   * @param group null, and `count` null, where nobody can tell
   */
  addGap(
    reason: MessageGapView['reason'],
    { group, arrival, count }: { group: string | null; arrival: number; count: number | null },
    after = arrival - 1,
  ): boolean {
    const last = this.#items.at(-1);
    const isSame = last?.event === 'gap' && last.gap.reason === reason && last.gap.group === group;
    if (isSame && count !== null && last.gap.count !== null) {
      const gap = { ...last.gap, count: last.gap.count + count };
      this.#items[this.#items.length - 1] = { event: 'gap', arrival, gap };
      return true;
    }
    if (this.#items.length >= this.#limit) return false;
    const gap = { of: 'message', reason, group, after: formatCursor(after), count } as const;
    this.#items.push({ event: 'gap', arrival, gap });
    return true;
  }

  views(): MessageView[] {
    return this.#items
      .filter((item) => item.event !== 'gap')
      .map(({ message }) => this.#views.build(message));
  }

  events(): EventView[] {
    return this.#items.map((item) => {
      const cursor = formatCursor(item.arrival);
      if (item.event === 'gap') return { event: 'gap', cursor, gap: item.gap };
      return { event: item.event, cursor, message: this.#views.build(item.message) };
    });
  }
}
