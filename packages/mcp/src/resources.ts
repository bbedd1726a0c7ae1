// Groups and threads as resources: what a person puts into a conversation by hand, in the same frames.
import { ResourceTemplate, type McpServer } from '@modelcontextprotocol/sdk/server/mcp.js';
import { McpError, ErrorCode } from '@modelcontextprotocol/sdk/types.js';
import { frame } from './answer.ts';
import { groupsMax, pageMessagesDefault } from './limits.ts';
import { fit, labelOf } from './message.ts';
import { NodeFailure } from './node-failure.ts';
import type { NodeGroup, NodeMessage, NodePage } from './node-shapes.ts';
import type { Session } from './session.ts';
import { makeVisible } from './visible.ts';

const mimeType = 'text/plain';

export function addResources(server: McpServer, session: Session): void {
  const { client, directory } = session;
  server.registerResource(
    'group',
    new ResourceTemplate('skychat-mcp:///groups/{id}', {
      list: async ({ signal }) => {
        const { groups } = await failing(directory.refresh(signal));
        const resources = [...groups.values()].slice(0, groupsMax).map(({ id, name }) => ({
          ...{ uri: `skychat-mcp:///groups/${id}`, name: labelOf(name), mimeType },
        }));
        return { resources };
      },
    }),
    { title: 'Newest messages of a group', mimeType },
    async (uri, { id }, { signal }) => {
      const query = { group: idOf(id), limit: pageMessagesDefault };
      const page = await failing(client.get<NodePage>('/messages', query, signal));
      return contentsOf(uri, await framed(session, page.messages, signal));
    },
  );
  server.registerResource(
    'thread',
    new ResourceTemplate('skychat-mcp:///threads/{id}', { list: undefined }),
    { title: 'A message and the answers to it', mimeType },
    async (uri, { id }, { signal }) => {
      const path = `/messages/${idOf(id)}`;
      const message = await failing(client.get<NodeMessage>(path, {}, signal));
      const query = { limit: pageMessagesDefault };
      const page = await failing(client.get<NodePage>(`${path}/replies`, query, signal));
      return contentsOf(uri, await framed(session, [message, ...page.messages], signal));
    },
  );
}

async function framed(
  { directory }: Session,
  messages: readonly NodeMessage[],
  signal: AbortSignal,
): Promise<string> {
  const groups: readonly NodeGroup['id'][] = messages.map(({ group }) => group);
  const names = await failing(directory.names(new Set(groups), signal));
  return frame(fit(messages, names, 'last').messages);
}

function contentsOf(uri: URL, text: string) {
  return { contents: [{ uri: uri.href, mimeType, text }] };
}

function idOf(id: string | string[] | undefined): string {
  if (typeof id === 'string' && /^[0-9a-f]{64}$/.test(id)) return id;
  throw new McpError(ErrorCode.InvalidParams, 'the address needs an id of 64 hex characters');
}

/** A read of a resource has no result for a failure: it is an error of the protocol. */
async function failing<T>(work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    if (!(error instanceof NodeFailure)) throw error;
    const words = makeVisible(`${error.code}: ${error.message}. ${error.hint ?? ''}`);
    throw new McpError(ErrorCode.InternalError, words);
  }
}
