// What is said about a message: edits, deletion, reactions, acknowledgement, pin, hide; and its
// answers. Each change is answered with the message as it is then.
import type { FastifyInstance } from 'fastify';
import { bodyOf, type RequestBody } from '../body.ts';
import { cursor, integer, readFields } from '../fields.ts';
import { refuseFields } from '../group-bodies.ts';
import { bodyReader, string } from '../json-body.ts';
import { pageMessagesDefault, pageMessagesMax } from '../limits.ts';
import type { Surface } from '../surface.ts';
import { parseId } from './messages.ts';
import { checkText } from './posting.ts';

interface ById {
  Params: { id: string };
}

interface ByEmoji {
  Params: { id: string; emoji: string };
}

const checkEdit = bodyReader({ text: string }, {});
const pageTable = { before: cursor, limit: integer(1, pageMessagesMax) };

export function addNoteRoutes(fastify: FastifyInstance, { api }: Surface): void {
  fastify.patch<ById>('/messages/:id', (request) => {
    readFields(request.query, {});
    const text = textOf(bodyOf(request));
    checkText(text);
    return api.edit(parseId(request.params.id), text);
  });

  fastify.delete<ById>('/messages/:id', (request) => {
    readFields(request.query, {});
    refuseFields(bodyOf(request));
    return api.erase(parseId(request.params.id));
  });

  fastify.get<ById>('/messages/:id/replies', (request) => {
    const { before, limit = pageMessagesDefault } = readFields(request.query, pageTable);
    return api.replies(parseId(request.params.id), before, limit);
  });

  fastify.put<ById>('/messages/:id/ack', (request) => {
    readFields(request.query, {});
    refuseFields(bodyOf(request));
    return api.ack(parseId(request.params.id));
  });

  for (const [method, on] of [
    ['PUT', true],
    ['DELETE', false],
  ] as const) {
    fastify.route<ByEmoji>({
      ...{ method, url: '/messages/:id/reactions/:emoji' },
      handler: (request) => {
        readFields(request.query, {});
        refuseFields(bodyOf(request));
        const { id, emoji } = request.params;
        return api.react(parseId(id), emoji, on);
      },
    });
    fastify.route<ById>({
      ...{ method, url: '/messages/:id/pin' },
      handler: (request) => {
        readFields(request.query, {});
        refuseFields(bodyOf(request));
        return api.pin(parseId(request.params.id), on);
      },
    });
    fastify.route<ById>({
      ...{ method, url: '/messages/:id/hide' },
      handler: (request) => {
        readFields(request.query, {});
        refuseFields(bodyOf(request));
        return api.hide(parseId(request.params.id), on);
      },
    });
  }
}

/** A bare body is the text, as in a post. */
function textOf(body: RequestBody): string {
  return body.kind === 'text' ? body.text : checkEdit(body.value).text;
}
