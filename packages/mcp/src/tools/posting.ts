// send, react, ack and mark_read: what an agent does that others see, or that changes what is unread.
// Listed only where it was allowed, since a tool that always refuses only tempts.
import type { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js';
import * as z from 'zod';
import { answer, failing } from '../answer.ts';
import { cursor, groupName, messageId, publicKey } from '../fields.ts';
import { buildIdempotencyKey } from '../idempotency-key.ts';
import { sendTextCharsMax } from '../limits.ts';
import { buildMessage, labelOf, messageSchema } from '../message.ts';
import { NodeFailure } from '../node-failure.ts';
import type { NodeGroup, NodeMessage, NodePage, NodeRead } from '../node-shapes.ts';
import { mayPostAnywhere, mayPostTo, mayPostToKey, refused } from '../posting-rules.ts';
import type { Session } from '../session.ts';
import { marking, writing } from './annotations.ts';
import { namesFor } from './reading.ts';

export function addPostingTools(server: McpServer, session: Session): void {
  const tools = [
    addSend(server, session),
    addReact(server, session),
    addAck(server, session),
    addMarkRead(server, session),
  ];
  if (!mayPostAnywhere(session.rules)) for (const tool of tools) tool.disable();
}

const sendSchema = z.strictObject({
  text: z.string().min(1).max(sendTextCharsMax),
  group: groupName
    .optional()
    .describe('Where: id or name. Without it: where reply_to stands, or the room.'),
  to: publicKey.optional().describe('Key of the one person who may read it, in place of group.'),
  reply_to: messageId.optional().describe('Id of the message that this one answers.'),
  priority: z.enum(['low', 'high', 'urgent']).optional(),
  ask_ack: z.boolean().optional().describe('Ask the readers to acknowledge it.'),
  idempotency_key: z
    .string()
    .min(1)
    .max(200)
    .optional()
    .describe('A word of your own for this post: a call with the same one posts only once.'),
});

type SendArguments = z.infer<typeof sendSchema>;

function addSend(server: McpServer, session: Session) {
  return server.registerTool(
    'send',
    {
      title: 'Send a message',
      description:
        'Writes a message, signed by the node; it cannot be unsaid on the nodes of others. Repeat the ' +
        'same call if its answer was lost: the same text in the same place is posted once within 24 h, ' +
        'and posted is false then. To say the same again on purpose, give a new idempotency_key.',
      inputSchema: sendSchema,
      outputSchema: z.object({
        posted: z.boolean().describe('False: the same call has posted it before.'),
        message: messageSchema,
      }),
      annotations: writing,
    },
    (args, { signal }) =>
      failing(async () => {
        const body = await bodyOf(session, args, signal);
        const { agent, client } = session;
        const given = args.idempotency_key;
        const key = buildIdempotencyKey({ agent, given, body });
        const { next } = await client.get<NodePage>(
          '/messages',
          { after: 'now', limit: 1 },
          signal,
        );
        const message = await client.askUntilUp<NodeMessage>({
          ...{ method: 'POST', path: '/messages', body, signal },
          headers: { 'idempotency-key': key },
        });
        const built = buildMessage(message, await namesFor(session, [message], signal));
        // What was here before the call was not posted by it.
        const posted = isBehind(message.cursor, next);
        const words = posted
          ? `Posted as ${message.id} in ${JSON.stringify(built.group.name)}.`
          : `Not posted again: the same call posted ${message.id} at ${message.time}. To say it ` +
            'once more on purpose, call send with a new idempotency_key.';
        return answer({ posted, message: built }, words);
      }),
  );
}

/** Cursors grow in order of arrival: as numbers, and as text of one length. */
function isBehind(cursor: string, other: string): boolean {
  return cursor.length === other.length ? cursor > other : cursor.length > other.length;
}

/** With the group by its id, so that the same place gives the same key whatever it was called. */
async function bodyOf(session: Session, args: SendArguments, signal: AbortSignal) {
  const { text, to, reply_to, priority, ask_ack: ack } = args;
  const rest = { text, reply_to, priority, ack };
  if (to !== undefined && args.group !== undefined) {
    throw new NodeFailure('bad-field', 'group and to exclude each other');
  }
  if (to !== undefined) {
    if (!mayPostToKey(session.rules, to)) throw refused(`to ${to}`, session.rules);
    return { ...rest, to };
  }
  const group = await placeOf(session, args, signal);
  await checkMayPost(session, group, signal);
  return { ...rest, group };
}

async function placeOf(
  { client, directory }: Session,
  { group, reply_to: replyTo }: SendArguments,
  signal: AbortSignal,
): Promise<string> {
  if (group !== undefined) {
    const path = `/groups/${encodeURIComponent(group)}`;
    return (await client.get<NodeGroup>(path, {}, signal)).id;
  }
  if (replyTo !== undefined) {
    return (await client.get<NodeMessage>(`/messages/${replyTo}`, {}, signal)).group;
  }
  const { groups } = await directory.names([], signal);
  const room = [...groups.values()].find(({ kind }) => kind === 'room');
  if (room === undefined) throw new NodeFailure('bad-field', 'name a group: the node has no room');
  return room.id;
}

async function checkMayPost(session: Session, group: string, signal: AbortSignal): Promise<void> {
  const names = await session.directory.names([group], signal);
  if (mayPostTo(session.rules, group, names)) return;
  throw refused(
    `in ${JSON.stringify(labelOf(names.groups.get(group)?.name ?? group))}`,
    session.rules,
  );
}

const noted = z.object({ message: messageSchema });

async function note(
  session: Session,
  id: string,
  method: 'PUT' | 'DELETE',
  path: string,
  signal: AbortSignal,
) {
  const { group } = await session.client.get<NodeMessage>(`/messages/${id}`, {}, signal);
  await checkMayPost(session, group, signal);
  const question = { method, path: `/messages/${id}/${path}`, signal };
  const message = await session.client.askUntilUp<NodeMessage>(question);
  return { message: buildMessage(message, await namesFor(session, [message], signal)) };
}

function addReact(server: McpServer, session: Session) {
  return server.registerTool(
    'react',
    {
      title: 'React to a message',
      description: 'Puts an emoji to a message, or takes it back. Others see it.',
      inputSchema: z.strictObject({
        id: messageId,
        emoji: z.string().min(1).max(64),
        remove: z.boolean().default(false),
      }),
      outputSchema: noted,
      annotations: writing,
    },
    ({ id, emoji, remove }, { signal }) =>
      failing(async () => {
        const method = remove ? 'DELETE' : 'PUT';
        const path = `reactions/${encodeURIComponent(emoji)}`;
        return answer(await note(session, id, method, path, signal), 'Done.');
      }),
  );
}

function addAck(server: McpServer, session: Session) {
  return server.registerTool(
    'ack',
    {
      title: 'Acknowledge a message',
      description:
        'Tells the author of a message that asks for it that it was read and understood. Others see it.',
      inputSchema: z.strictObject({ id: messageId }),
      outputSchema: noted,
      annotations: writing,
    },
    ({ id }, { signal }) =>
      failing(async () => answer(await note(session, id, 'PUT', 'ack', signal), 'Acknowledged.')),
  );
}

function addMarkRead(server: McpServer, session: Session) {
  return server.registerTool(
    'mark_read',
    {
      title: 'Mark as read',
      description:
        'Everything of a group up to a cursor counts as read, for the people of this node as well: ' +
        'they will not be shown it as new. It never goes back.',
      inputSchema: z.strictObject({
        group: groupName,
        cursor: cursor.describe('That of the group in unread; now: all of it.'),
      }),
      outputSchema: z.object({ group: z.string(), cursor: z.string(), unread: z.number() }),
      annotations: marking,
    },
    ({ group: name, cursor: read }, { signal }) =>
      failing(async () => {
        const path = `/groups/${encodeURIComponent(name)}`;
        const { id } = await session.client.get<NodeGroup>(path, {}, signal);
        await checkMayPost(session, id, signal);
        const { group, cursor, unread } = await session.client.askUntilUp<NodeRead>({
          ...{ method: 'PUT', path: `/groups/${id}/read`, body: { cursor: read }, signal },
        });
        return answer({ group, cursor, unread }, `Read up to ${cursor}; ${unread} unread.`);
      }),
  );
}
