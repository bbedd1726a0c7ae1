// What arrived, encoded once for all streams that are at the same place. Knows nothing of sockets.
import type { EventPage, EventView } from '../chat/view.ts';
import { compareCursors } from '../chat/timeline/cursor.ts';
import { utf8 } from '../bytes.ts';
import { sharedBlockCharsMax } from './limits.ts';

/** Bytes that belong together, and the cursor behind them. */
export interface Block {
  readonly cursor: string;
  readonly bytes: Uint8Array;
}

interface Encoded {
  readonly cursor: string;
  readonly text: string;
}

export class SharedPage {
  /** The cursor that it was read from, and the one to go on from. */
  readonly from: string;
  readonly next: string;
  readonly #events: readonly Encoded[];
  #whole: readonly Block[] | undefined;

  constructor(from: string, page: EventPage, encode: (event: EventView) => string) {
    this.from = from;
    this.next = page.next;
    this.#events = page.events.map((event) => ({ cursor: event.cursor, text: encode(event) }));
  }

  /** What is behind the cursor; all streams at the same place get the same bytes. */
  after(cursor: string): readonly Block[] {
    if (cursor === this.from) return (this.#whole ??= blocksOf(this.#events));
    return blocksOf(this.#events.filter((event) => compareCursors(event.cursor, cursor) > 0));
  }
}

/** As few as can be: each is a write to every socket, and a slow reader stops between two of them. */
function blocksOf(events: readonly Encoded[]): Block[] {
  const blocks: Block[] = [];
  let text = '';
  events.forEach((event, i) => {
    text += event.text;
    const following = events[i + 1]?.text.length ?? Infinity;
    if (text.length + following <= sharedBlockCharsMax) return;
    if (text !== '') blocks.push({ cursor: event.cursor, bytes: utf8(text) });
    text = '';
  });
  return blocks;
}
