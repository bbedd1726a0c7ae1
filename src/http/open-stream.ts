// Takes an answer out of fastify's hands and keeps it open as a live stream.
import type { FastifyReply } from 'fastify';
import type { EventPage } from '../chat/view.ts';
import { LiveStream, type Arrivals, type Encoding } from './live-stream.ts';
import { problemOf } from './problems.ts';
import type { Surface } from './surface.ts';

export interface StreamStart {
  readonly contentType: string;
  readonly encoding: Encoding;
  readonly arrivals: Arrivals;
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
  const { readers, refusals, logger } = surface;
  const { raw: response } = reply;
  const stream = new LiveStream(start.arrivals, start.page.next, response, start.encoding);
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
    .run(start.page.events)
    .catch((error: unknown) => {
      const { code } = problemOf(error);
      refusals.count(code);
      logger.error({ code, reason: String(error) }, 'an open stream was ended by a failure');
    })
    .finally(() => {
      remove();
      onEnd();
    });
  return stream;
}
