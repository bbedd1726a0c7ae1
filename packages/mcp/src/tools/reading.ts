// read, unread, search and thread: what was said, a page at a time.
import type { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js';
import * as z from 'zod';
import { answerMessages, failing, frame } from '../answer.ts';
import { cursor, groupName, limit, messageId, publicKey, since } from '../fields.ts';
import { ancestorsMax } from '../limits.ts';
import { buildPart, fit, messageSchema, type Message } from '../message.ts';
import { NodeFailure } from '../node-failure.ts';
import type { NodeMessage, NodePage, NodeSearchPage } from '../node-shapes.ts';
import type { Session } from '../session.ts';
import { readOnly } from './annotations.ts';
import { addUnread } from './unread.ts';

export function addReadingTools(server: McpServer, session: Session): void {
  addRead(server, session);
  addUnread(server, session);
  addSearch(server, session);
  addThread(server, session);
}

/** Names of the groups of these messages. */
export function namesFor(
  { directory }: Session,
  messages: readonly NodeMessage[],
  signal: AbortSignal,
) {
  return directory.names(new Set(messages.map(({ group }) => group)), signal);
}

const readSchema = z.strictObject({
  group: groupName.optional(),
  author: publicKey.optional(),
  since: since.optional(),
  before: z.string().max(128).optional().describe('The page before a message: its id.'),
  after: cursor.optional().describe('What arrived after a cursor, in order of arrival; 0: all.'),
  limit,
  id: messageId.optional().describe('This one message, its whole text; other fields do not apply.'),
  offset: z.number().int().min(0).default(0).describe('With id: where in the text to begin.'),
});

function addRead(server: McpServer, session: Session): void {
  server.registerTool(
    'read',
    {
      title: 'Read messages',
      description:
        'The newest messages, oldest first; the page before one (before) or what arrived after a ' +
        'cursor (after); or one message in full (id). cursor in the answer is for wait_for_messages.',
      inputSchema: readSchema,
      outputSchema: z.object({
        messages: z.array(messageSchema),
        cursor: z.string().nullable().describe('Go on from here: as after, also when waiting.'),
        before: z.string().nullable().describe('Give it as before for older messages.'),
        more: z.boolean(),
      }),
      annotations: readOnly,
    },
    (args, { signal }) =>
      failing(async () => {
        if (args.id !== undefined) return readOne(session, args.id, args.offset, signal);
        if (args.after !== undefined && args.before !== undefined) {
          throw new NodeFailure('bad-field', 'before and after exclude each other');
        }
        const { group, author, since: from, before, after, limit: count } = args;
        const query = { group, author, since: from, before, after, limit: count };
        const page = await session.client.get<NodePage>('/messages', query, signal);
        return after === undefined
          ? readBack(session, page, before === undefined, signal)
          : readOn(session, page, signal);
      }),
  );
}

async function readOne(session: Session, id: string, offset: number, signal: AbortSignal) {
  const message = await session.client.get<NodeMessage>(`/messages/${id}`, {}, signal);
  const part = buildPart(message, await namesFor(session, [message], signal), offset);
  const more = part.next_offset !== null;
  return answerMessages({ messages: [part], cursor: null, before: null, more }, [part]);
}

async function readBack(session: Session, page: NodePage, isNewest: boolean, signal: AbortSignal) {
  const { messages, isWhole } = fit(
    page.messages,
    await namesFor(session, page.messages, signal),
    'last',
  );
  const more = page.more || !isWhole;
  const before = more ? (messages[0]?.id ?? null) : null;
  const next = isNewest ? page.next : null;
  return answerMessages(
    { messages, cursor: next, before, more },
    messages,
    next !== null && `cursor ${next}`,
    more && `Older messages: before ${before ?? ''}`,
  );
}

async function readOn(session: Session, page: NodePage, signal: AbortSignal) {
  const names = await namesFor(session, page.messages, signal);
  const { messages, isWhole } = fit(page.messages, names, 'first');
  const next = isWhole ? page.next : (messages.at(-1)?.cursor ?? page.next);
  const more = page.more || !isWhole;
  return answerMessages(
    { messages, cursor: next, before: null, more },
    messages,
    `cursor ${next}`,
    more && 'There is more after it.',
  );
}

function addSearch(server: McpServer, session: Session): void {
  server.registerTool(
    'search',
    {
      title: 'Search messages',
      description:
        'Messages with all of these words, the newest first. "words in quotes" stand behind each ' +
        'other; -word: without; from:NAME or key, in:GROUP, before:2026-11-20, after:7d.',
      inputSchema: z.strictObject({
        query: z.string().min(1).max(1_000),
        group: groupName.optional(),
        author: publicKey.optional(),
        since: since.optional(),
        before: messageId.optional().describe('Older than this message: the next page.'),
        limit,
      }),
      outputSchema: z.object({
        messages: z.array(messageSchema),
        before: z.string().nullable().describe('Give it as before for the next page.'),
        more: z.boolean(),
        complete: z.boolean().describe('False where older messages were not searched yet.'),
        searched_from: z.string().nullable(),
      }),
      annotations: readOnly,
    },
    ({ query: q, ...args }, { signal }) =>
      failing(async () => {
        const query = { q, ...args, wait: 2 };
        const page = await session.client.get<NodeSearchPage>('/messages', query, signal);
        const names = await namesFor(session, page.messages, signal);
        const { messages, isWhole } = fit(page.messages, names, 'first');
        const more = page.more || !isWhole;
        const before = more ? (messages.at(-1)?.id ?? null) : null;
        const { complete, searched_from } = page;
        return answerMessages(
          { messages, before, more, complete, searched_from },
          messages,
          more && `More, older ones: before ${before ?? ''}`,
          !complete && `Older messages are not searched yet (from ${searched_from ?? 'none'} on).`,
        );
      }),
  );
}

function addThread(server: McpServer, session: Session): void {
  server.registerTool(
    'thread',
    {
      title: 'Read a thread',
      description: 'A message, what it answers (oldest first), and the newest answers to it.',
      inputSchema: z.strictObject({
        id: messageId,
        before: messageId.optional().describe('Answers before this one.'),
        limit,
      }),
      outputSchema: z.object({
        above: z.array(messageSchema),
        message: messageSchema,
        messages: z.array(messageSchema).describe('Answers, oldest first.'),
        before: z.string().nullable(),
        more: z.boolean(),
      }),
      annotations: readOnly,
    },
    ({ id, before, limit: count }, { signal }) =>
      failing(async () => {
        const thread = await readThread(session, id, { before, limit: count }, signal);
        const { above, message, messages, more } = thread;
        const lines = [
          ...(above.length > 0 ? ['It answers, the first of them first:', frame(above)] : []),
          ...['The message:', frame([message]), 'Answers to it:'],
        ];
        const result = answerMessages(
          thread,
          messages,
          more && `Earlier answers: before ${thread.before ?? ''}`,
        );
        const [content] = result.content;
        if (content?.type === 'text') content.text = [...lines, content.text].join('\n');
        return result;
      }),
  );
}

export interface Thread extends Record<string, unknown> {
  readonly above: readonly Message[];
  readonly message: Message;
  readonly messages: readonly Message[];
  readonly before: string | null;
  readonly more: boolean;
}

async function readThread(
  session: Session,
  id: string,
  query: { readonly before: string | undefined; readonly limit: number },
  signal: AbortSignal,
): Promise<Thread> {
  const { client } = session;
  const message = await client.get<NodeMessage>(`/messages/${id}`, {}, signal);
  const page = await client.get<NodePage>(`/messages/${id}/replies`, query, signal);
  const above = await readAbove(session, message, signal);
  const names = await namesFor(session, [message, ...above, ...page.messages], signal);
  const { messages, isWhole } = fit(page.messages, names, 'last');
  const more = page.more || !isWhole;
  return {
    above: fit(above, names, 'last').messages,
    message: buildPart(message, names, 0),
    messages,
    before: more ? (messages[0]?.id ?? null) : null,
    more,
  };
}

async function readAbove(
  { client }: Session,
  message: NodeMessage,
  signal: AbortSignal,
): Promise<readonly NodeMessage[]> {
  const above: NodeMessage[] = [];
  let id = message.reply_to;
  while (id !== null && above.length < ancestorsMax) {
    try {
      const next: NodeMessage = await client.get<NodeMessage>(`/messages/${id}`, {}, signal);
      above.unshift(next);
      id = next.reply_to;
    } catch (error) {
      // It has not come yet, or is in a group that this node does not read.
      if (error instanceof NodeFailure && error.code === 'unknown-message') break;
      throw error;
    }
  }
  return above;
}
