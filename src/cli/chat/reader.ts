// Follows a daemon's event stream from a cursor on, over its restarts: an event is handed on once, and
// the cursor moves with it. Knows nothing of what is shown.
import type { GapView, MessageEventView, MessageView } from '../../chat/view.ts';
import type { Client } from '../client.ts';
import { isPassing, Problem, wordsOf } from '../failures.ts';
import { retryMsMax, retryMsMin, streamSilentMs } from '../limits.ts';
import { EventParser } from './event-stream.ts';

export interface ReaderPorts {
  readonly client: Pick<Client, 'open'>;
  /** Where to begin. */
  readonly cursor: string;
  readonly signal: AbortSignal;
  sleep(ms: number, signal: AbortSignal): Promise<void>;
  /** A message, or what was said about one. */
  onEvent(event: MessageEventView): void;
  /** Messages that are not there any more. */
  onGap(gap: GapView): void;
  /** Groups, or what is read of them, are others than before. */
  onGroups(): void;
  /** The stream is open, again where it was not before. */
  onOpen(): void;
  /** The stream has ended, in words; it is tried again. */
  onGone(words: string): void;
}

const messageEvents = new Set(['message', 'edit', 'delete', 'reaction', 'ack', 'pin', 'hide']);

/** Runs until the signal aborts. Throws what another attempt would meet again. */
export async function follow(ports: ReaderPorts): Promise<void> {
  let { cursor } = ports;
  let delay = 0;
  for (;;) {
    if (delay > 0) await ports.sleep(delay, ports.signal);
    ports.signal.throwIfAborted();
    try {
      for await (const event of read(ports, cursor)) {
        delay = 0;
        if (event === undefined) continue;
        ({ cursor } = event);
        ports.onEvent(event);
      }
      ports.onGone('the daemon has ended the stream');
    } catch (error) {
      ports.signal.throwIfAborted();
      if (error instanceof Problem && !isPassing(error)) throw error;
      ports.onGone(wordsOf(error));
    }
    delay = Math.min(retryMsMax, Math.max(retryMsMin, 2 * delay));
  }
}

/** Events of one connection; undefined once it is open. */
async function* read(
  ports: ReaderPorts,
  cursor: string,
): AsyncGenerator<MessageEventView | undefined> {
  const { client, signal } = ports;
  const silence = new AbortController();
  const isOver = AbortSignal.any([signal, silence.signal]);
  const query = { after: cursor };
  const headers = { accept: 'text/event-stream' };
  const response = await client.open({ path: '/events', query, headers, signal: isOver });
  ports.onOpen();
  yield undefined;
  const parser = new EventParser();
  let timer = setTimeout(() => undefined, 0);
  const wait = (): void => {
    clearTimeout(timer);
    timer = setTimeout(() => {
      silence.abort(new Error('the daemon is silent'));
    }, streamSilentMs);
  };
  wait();
  try {
    response.setEncoding('utf8');
    for await (const piece of response as AsyncIterable<string>) {
      wait();
      for (const { id, event, data } of parser.push(piece)) {
        if (event === 'gap') ports.onGap(JSON.parse(data) as GapView);
        else if (event === 'group') ports.onGroups();
        if (!messageEvents.has(event)) continue;
        const message = JSON.parse(data) as MessageView;
        yield { cursor: id, event: event as MessageEventView['event'], message };
      }
    }
  } finally {
    clearTimeout(timer);
    response.destroy();
  }
}
