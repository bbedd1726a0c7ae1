// unread: what the people of this node have not read yet, group by group.
import type { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js';
import * as z from 'zod';
import { answerMessages, failing } from '../answer.ts';
import { groupName, limit } from '../fields.ts';
import { pageMessagesMax, pageTextCharsMax } from '../limits.ts';
import { fit, labelOf, messageSchema, type Message } from '../message.ts';
import type { NodeGroup, NodeMessage, NodePage } from '../node-shapes.ts';
import type { Session } from '../session.ts';
import { readOnly } from './annotations.ts';

const groupSchema = z.object({
  id: z.string(),
  name: z.string(),
  unread: z.number(),
  mentions: z.number(),
  cursor: z
    .string()
    .describe('For mark_read: everything of the group in this answer is before it.'),
});

type Group = z.infer<typeof groupSchema>;

export function addUnread(server: McpServer, session: Session): void {
  server.registerTool(
    'unread',
    {
      title: 'Unread messages',
      description:
        'The oldest messages that are unread on this node, of all groups or one, in order of arrival ' +
        'for each group. Reading marks nothing as read: mark_read does, with the cursor of the group.',
      inputSchema: z.strictObject({ group: groupName.optional(), limit }),
      outputSchema: z.object({
        groups: z.array(groupSchema).describe('Groups with unread messages.'),
        messages: z.array(messageSchema),
        more: z.boolean().describe('There are further unread messages.'),
      }),
      annotations: readOnly,
    },
    ({ group, limit: count }, { signal }) =>
      failing(async () => {
        const found = await findUnread(session, group, count, signal);
        const { groups, messages, more } = found;
        const lines = groups.map(
          ({ id, name, unread, mentions, cursor }) =>
            `${JSON.stringify(name)} (${id}): ${unread} unread, ${mentions} name this node; ` +
            `mark_read up to these: cursor ${cursor}`,
        );
        const rest = more && 'There are further unread messages: mark these first, or use read.';
        return answerMessages({ groups, messages, more }, messages, ...lines, rest);
      }),
  );
}

async function findUnread(
  session: Session,
  name: string | undefined,
  limitAll: number,
  signal: AbortSignal,
) {
  const names = await session.directory.refresh(signal);
  const wanted =
    name === undefined
      ? [...names.groups.values()]
      : [await session.client.get<NodeGroup>(`/groups/${encodeURIComponent(name)}`, {}, signal)];
  const groups: Group[] = [];
  const messages: Message[] = [];
  let more = false;
  let charsLeft = pageTextCharsMax;
  for (const group of wanted.filter(({ unread }) => unread > 0)) {
    const { id, unread, mentions, read_cursor: from = '0' } = group;
    const left = charsLeft > 0 ? limitAll - messages.length : 0;
    const page = await readUnread(session, group, left, signal);
    const fitting = fit(page.messages, names, 'first', charsLeft);
    messages.push(...fitting.messages);
    for (const { text } of fitting.messages) charsLeft -= text.length;
    more ||= page.more || !fitting.isWhole;
    const cursor = fitting.isWhole ? page.next : (fitting.messages.at(-1)?.cursor ?? from);
    groups.push({ id, name: labelOf(group.name), unread, mentions, cursor });
  }
  return { groups, messages, more };
}

/** What others wrote behind the read cursor, at most so many. */
async function readUnread(
  { client }: Session,
  { id, read_cursor: from = '0' }: NodeGroup,
  count: number,
  signal: AbortSignal,
): Promise<NodePage> {
  const messages: NodeMessage[] = [];
  let next = from;
  let more = true;
  while (more && messages.length < count) {
    const query = { group: id, after: next, limit: pageMessagesMax };
    const page = await client.get<NodePage>('/messages', query, signal);
    for (const message of page.messages) {
      if (messages.length >= count) return { messages, next, more: true };
      next = message.cursor;
      if (!message.mine) messages.push(message);
    }
    next = page.next;
    more = page.more;
  }
  return { messages, next, more };
}
