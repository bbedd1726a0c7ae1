// Takes an answer out of fastify's hands and keeps it open as a live stream.
import type { FastifyReply } from 'fastify';
import type { EventPage } from '../chat/view.ts';
import type { Arrivals } from './broadcast.ts';
import { LiveStream, type Encoding, type Others } from './live-stream.ts';
import { problemOf } from './problems.ts';
import type { Surface } from './surface.ts';

export interface StreamStart {
  readonly contentType: string;
  readonly encoding: Encoding;
  /**
   * What is read and how it is written, in one name: streams of the same name share both, where their
   * callers may see the same groups.
   */
  readonly name: string;
  readonly arrivals: Arrivals;
  readonly others: Others;
  /** Its events are written first, then what arrived after its `next`. */
  readonly page: EventPage;
}

/** Opens the stream; whatever can be refused was refused before. Returns how to wake it. */
export function openStream(
  surface: Surface,
  reply: FastifyReply,
  start: StreamStart,
  onEnd: () => void,
): LiveStream {
  const { readers, broadcasts, refusals, logger } = surface;
  const { raw: response } = reply;
  // Who may see other groups reads something else.
  const name = JSON.stringify([reply.request.caller?.within ?? null, start.name]);
  const { arrivals, encoding, others, page } = start;
  const encode = encoding.event.bind(encoding);
  const stream: LiveStream = new LiveStream({
    ...{ arrivals, encoding, others, response },
    broadcast: broadcasts.take(name, () => ({ arrivals, encode })),
    cursor: page.next,
    counters: readers.streams,
  });
  const remove = readers.add(stream);
  reply.hijack();
  reply.request.raw.socket.setTimeout(0);
  response.writeHead(200, {
    'content-type': start.contentType,
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
    'x-accel-buffering': 'no',
    // The surface ends streams only when it closes.
    connection: 'close',
  });
  response.flushHeaders();
  stream
    .run(page.events)
    .catch((error: unknown) => {
      const { code } = problemOf(error);
      refusals.count(code);
      logger.error({ code, reason: String(error) }, 'an open stream was ended by a failure');
    })
    .finally(() => {
      remove();
      broadcasts.giveBack(name);
      onEnd();
    });
  return stream;
}
