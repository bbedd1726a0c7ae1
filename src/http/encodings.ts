// How messages are written to answers that are read line by line: ndjson, text and server-sent events
// (WHATWG HTML, section 9.2). Knows nothing of sockets.
import type { Happening } from '../chat/news/happenings.ts';
import { buildTextLine } from '../chat/text-line.ts';
import type { EventView, MessageView } from '../chat/view.ts';
import type { Encoding, Others } from './live-stream.ts';
import type { HappeningQueue } from './happening-queue.ts';

const nothing = (): string => '';
const bare = { opening: nothing, keepAlive: nothing, shutdown: nothing };

export const noOthers = nothing;

type LineOf = (message: MessageView) => string;
type LineFormat = 'ndjson' | 'text';

const lines: Readonly<Record<LineFormat, LineOf>> = {
  ndjson: (message) => `${JSON.stringify(message)}\n`,
  text: (message) => `${buildTextLine(message)}\n`,
};

export const lineEncodings: Readonly<Record<LineFormat, Encoding>> = {
  ndjson: { ...bare, event: lineOf(lines.ndjson) },
  text: { ...bare, event: lineOf(lines.text) },
};

/** What is no message has no line. */
function lineOf(line: LineOf): Encoding['event'] {
  return (event) => (event.event === 'gap' ? '' : line(event.message));
}

/** Messages as the events that brought them. */
export function eventsOf(messages: readonly MessageView[]): EventView[] {
  return messages.map((message) => ({ cursor: message.cursor, event: 'message', message }));
}

export const contentTypes = {
  json: 'application/json; charset=utf-8',
  ndjson: 'application/x-ndjson; charset=utf-8',
  text: 'text/plain; charset=utf-8',
  events: 'text/event-stream; charset=utf-8',
} as const;

/** Between attempts of a browser to reconnect. */
const retryMs = 1000;

export const eventsEncoding: Encoding = {
  // An id without data dispatches nothing, but a reader that loses the connection before the first
  // event then resumes from here and not from whatever `now` is by that time.
  opening: (cursor) => `retry: ${retryMs}\nid: ${cursor}\n\n`,
  event: (event) =>
    eventOf(event.event, event.cursor, event.event === 'gap' ? event.gap : event.message),
  keepAlive: () => ': still here\n\n',
  shutdown: (cursor) => eventOf('shutdown', cursor, { reason: 'the node is closing' }),
};

/** What the stream has yet to tell beside the messages. */
export function othersOf(queue: HappeningQueue): Others {
  return (cursor) => {
    const { happenings, gaps } = queue.take();
    return [
      ...happenings.map((happening) => blockOf(happening.event, cursor, dataOf(happening))),
      ...gaps.map((gap) => eventOf('gap', cursor, gap)),
    ].join('');
  };
}

/** Every stream tells the same. */
const encoded = new WeakMap<Happening, string>();

function dataOf(happening: Happening): string {
  const known = encoded.get(happening) ?? JSON.stringify(happening.data);
  encoded.set(happening, known);
  return known;
}

function eventOf(event: string, cursor: string, data: object): string {
  return blockOf(event, cursor, JSON.stringify(data));
}

/** JSON has no raw newline, so the data is always one line. */
function blockOf(event: string, cursor: string, data: string): string {
  return `id: ${cursor}\nevent: ${event}\ndata: ${data}\n\n`;
}

const chunkChars = 16 * 1024;

/** The lines in pieces that are worth a write each. */
export function* chunksOf(
  messages: readonly MessageView[],
  format: LineFormat,
): Generator<string, void> {
  let chunk = '';
  for (const message of messages) {
    chunk += lines[format](message);
    if (chunk.length < chunkChars) continue;
    yield chunk;
    chunk = '';
  }
  if (chunk !== '') yield chunk;
}
