// wait_for_messages: each message exactly once, in order of arrival, over restarts of the node and of
// this server.
import type { RequestHandlerExtra } from '@modelcontextprotocol/sdk/shared/protocol.js';
import type { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js';
import type { ServerNotification, ServerRequest } from '@modelcontextprotocol/sdk/types.js';
import * as z from 'zod';
import { answerMessages, failing } from '../answer.ts';
import { everything } from '../cursors.ts';
import { cursor, groupName, limit } from '../fields.ts';
import { waitsMax, waitSecondsDefault, waitSecondsMax } from '../limits.ts';
import { fit, messageSchema } from '../message.ts';
import { NodeFailure } from '../node-failure.ts';
import type { NodeGroup, NodePage } from '../node-shapes.ts';
import type { Session } from '../session.ts';
import { waitForMessages, type Waited } from '../wait.ts';
import { readOnly } from './annotations.ts';
import { namesFor } from './reading.ts';

type Extra = RequestHandlerExtra<ServerRequest, ServerNotification>;

const inputSchema = z.strictObject({
  after: cursor
    .optional()
    .describe('The cursor of your last answer. Without it: where this server knows you to be.'),
  group: groupName.optional().describe('Only this group; it has a place of its own.'),
  timeout_s: z.number().min(0).max(waitSecondsMax).default(waitSecondsDefault),
  limit,
  mentions_only: z.boolean().default(false).describe('Pass over what does not mention this node.'),
  include_own: z.boolean().default(false).describe('Also what this node wrote: you, mostly.'),
});

type Arguments = z.infer<typeof inputSchema>;

export function addWaitingTool(server: McpServer, session: Session): void {
  let waits = 0;
  server.registerTool(
    'wait_for_messages',
    {
      title: 'Wait for messages',
      description:
        'Waits until others write, and gives what arrived after a cursor, at once where there is ' +
        'something. Call it in a loop, each time with the cursor of the last answer as after: each ' +
        'message comes exactly once, over restarts of the node as well. No messages: the time was over.',
      inputSchema,
      outputSchema: z.object({
        messages: z.array(messageSchema).describe('In order of arrival.'),
        cursor: z.string().describe('For the next call, as after.'),
        more: z.boolean().describe('There is more already: the next call answers at once.'),
        timed_out: z.boolean(),
      }),
      annotations: readOnly,
    },
    (args, extra) =>
      failing(async () => {
        if (waits >= waitsMax) {
          const hint = 'Wait for the answer of an earlier call, or cancel it.';
          throw new NodeFailure('too-many-waits', `${waitsMax} calls wait already`, { hint });
        }
        waits++;
        const stop = reportProgress(session, args.timeout_s, extra);
        try {
          return await wait(session, args, extra);
        } finally {
          waits--;
          stop();
        }
      }),
  );
}

async function wait(session: Session, args: Arguments, { signal, requestId }: Extra) {
  const { client, directory, cursors, deliveries, times } = session;
  let node = '';
  let view = everything;
  let group: string | undefined;
  const begin = async (during: AbortSignal): Promise<string> => {
    node = await directory.self(during);
    if (args.group !== undefined) {
      const path = `/groups/${encodeURIComponent(args.group)}`;
      group = (await client.ask<NodeGroup>({ path, signal: during })).id;
      view = group;
    }
    return args.after ?? (await beginAt(session, node, view, during));
  };
  const waited = await waitForMessages(
    client,
    {
      begin,
      get group() {
        return group;
      },
      isWanted: ({ mine, mentions }) =>
        (args.include_own || !mine) && (!args.mentions_only || mentions.includes(node)),
      limit: args.limit,
      timeoutMs: args.timeout_s * 1000,
    },
    times,
    signal,
  );
  const shown = await show(session, waited, signal);
  let before: string | undefined;
  const commit = (): void => {
    before = cursors.find(node, view);
    cursors.set(node, view, shown.cursor);
  };
  const revert = (): void => {
    // Another call may have gone on from there in the meantime.
    if (cursors.find(node, view) === shown.cursor) cursors.restore(node, view, before);
  };
  deliveries.offer(requestId, { commit, revert }, signal);
  const { messages, more } = shown;
  return answerMessages(
    shown,
    messages,
    shown.timed_out && 'The time was over; call again to go on waiting.',
    `cursor ${shown.cursor}`,
    more && 'There is more already.',
  );
}

/** Texts are bounded as well: what does not fit stays behind the cursor. */
async function show(session: Session, waited: Waited, signal: AbortSignal) {
  const names = await namesFor(session, waited.messages, signal);
  const { messages, isWhole } = fit(waited.messages, names, 'first');
  const cursor = isWhole ? waited.cursor : (messages.at(-1)?.cursor ?? waited.cursor);
  const timed_out = messages.length === 0;
  return { messages, cursor, more: waited.more || !isWhole, timed_out };
}

/** Where the agent was; what it has never waited for begins where it was in everything, or now. */
export async function beginAt(
  { client, cursors }: Session,
  node: string,
  view: string,
  signal: AbortSignal,
): Promise<string> {
  const known = cursors.find(node, view) ?? cursors.find(node, everything);
  if (known !== undefined) return known;
  const query = { after: 'now', limit: 1 };
  const { next } = await client.ask<NodePage>({ path: '/messages', query, signal });
  // The node stood still for no moment: another wait may have begun in between.
  const begun = cursors.find(node, everything);
  if (begun === undefined) cursors.set(node, everything, next);
  return begun ?? next;
}

/** Clients that asked for it are told that the wait goes on, so that they do not give up on it. */
function reportProgress({ times }: Session, total: number, extra: Extra): () => void {
  const progressToken = extra._meta?.progressToken;
  if (progressToken === undefined) return () => undefined;
  const startedAt = performance.now();
  const timer = setInterval(() => {
    const progress = Math.min(total, (performance.now() - startedAt) / 1000);
    const message = `waiting for messages, ${Math.round(progress)} s of ${total} s`;
    const params = { progressToken, progress, total, message };
    // A client that is gone has nothing to be told.
    extra.sendNotification({ method: 'notifications/progress', params }).catch(() => undefined);
  }, times.progressMs);
  return () => {
    clearInterval(timer);
  };
}
