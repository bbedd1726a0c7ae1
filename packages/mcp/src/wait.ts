// Waits for messages behind a cursor, over restarts of the node. Knows nothing of how they are shown,
// and of where the cursor is kept.
import { setTimeout as sleep } from 'node:timers/promises';
import { pageMessagesMax, type Times } from './limits.ts';
import type { NodeClient } from './node-client.ts';
import { NodeFailure } from './node-failure.ts';
import type { NodeMessage, NodePage } from './node-shapes.ts';

export interface Wait {
  /** Where to begin: asked while the node is up. */
  readonly begin: (signal: AbortSignal) => Promise<string>;
  /** Id of the only group that is meant. */
  readonly group: string | undefined;
  readonly isWanted: (message: NodeMessage) => boolean;
  readonly limit: number;
  readonly timeoutMs: number;
}

export interface Waited {
  readonly messages: readonly NodeMessage[];
  /** Behind the last of them; without any, behind all that was not wanted. */
  readonly cursor: string;
  readonly more: boolean;
}

/**
 * Resolves with the first that are wanted, without any when the time is over. Throws NodeFailure where
 * the node is down when the time is over, and at once where it refuses.
 */
export async function waitForMessages(
  client: NodeClient,
  wait: Wait,
  times: Times,
  signal: AbortSignal,
): Promise<Waited> {
  const endsAt = performance.now() + wait.timeoutMs;
  let cursor: string | undefined;
  let delay = times.retryMs;
  for (;;) {
    const left = endsAt - performance.now();
    try {
      cursor ??= await wait.begin(signal);
      const page = await poll(client, wait, cursor, Math.min(left, times.pollMs), signal);
      const waited = choose(page, wait);
      if (waited.messages.length > 0) return waited;
      cursor = waited.cursor;
      if (left <= 0 && !waited.more) return waited;
      delay = times.retryMs;
    } catch (error) {
      if (!(error instanceof NodeFailure && error.passes) || left <= delay) throw error;
      await sleep(delay, undefined, { signal });
      delay = Math.min(2 * delay, times.retryMsMax);
    }
  }
}

function poll(
  client: NodeClient,
  { group }: Wait,
  after: string,
  leftMs: number,
  signal: AbortSignal,
): Promise<NodePage> {
  const waitMs = Math.max(0, Math.round(leftMs));
  const query = { after, group, limit: pageMessagesMax, wait: waitMs / 1000 };
  return client.ask<NodePage>({ path: '/messages', query, waitMs, signal });
}

/** What is not wanted is passed over; what is beyond the limit stays for the next time. */
function choose({ messages, next, more }: NodePage, { isWanted, limit }: Wait): Waited {
  const chosen: NodeMessage[] = [];
  let cursor: string | undefined;
  for (const message of messages) {
    if (!isWanted(message)) continue;
    if (chosen.length === limit) return { messages: chosen, cursor: cursor ?? next, more: true };
    chosen.push(message);
    cursor = message.cursor;
  }
  return { messages: chosen, cursor: next, more };
}
