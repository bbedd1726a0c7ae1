// Puts the server of one agent together: tools, resources and instructions over one node.
// Knows nothing of transports and of the command line.
import { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js';
import type { Transport } from '@modelcontextprotocol/sdk/shared/transport.js';
import { Cursors, everything } from './cursors.ts';
import { Deliveries } from './deliveries.ts';
import { Directory } from './directory.ts';
import { buildInstructions } from './instructions.ts';
import { times as usualTimes, type Times } from './limits.ts';
import { NodeClient } from './node-client.ts';
import type { Options } from './options.ts';
import { addResources } from './resources.ts';
import type { Session } from './session.ts';
import { addNodeTools } from './tools/node.ts';
import { addPostingTools } from './tools/posting.ts';
import { addReadingTools } from './tools/reading.ts';
import { addWaitingTool, beginAt } from './tools/waiting.ts';
import { version } from './version.ts';

export interface Surroundings {
  /** Lines for whoever operates it: never on standard output. */
  readonly warn: (message: string) => void;
  /** For tests of what takes long. */
  readonly times?: Times;
}

/** Serves until the transport closes. */
export async function serve(
  transport: Transport,
  options: Options,
  { warn, times = usualTimes }: Surroundings,
): Promise<McpServer> {
  const client = new NodeClient({ ...options, times });
  const session: Session = {
    ...{ client, times, agent: options.agent, rules: options.rules },
    directory: new Directory(client, times.namesMs),
    cursors: new Cursors({ state: options.state, agent: options.agent, warn }),
    deliveries: new Deliveries(),
  };
  const server = new McpServer(
    { name: 'skychat', title: 'skychat', version },
    { instructions: buildInstructions(options.rules) },
  );
  addNodeTools(server, session);
  addReadingTools(server, session);
  addWaitingTool(server, session);
  addPostingTools(server, session);
  addResources(server, session);
  const begun = new AbortController();
  server.server.oninitialized = () => {
    void begin(session, begun.signal);
  };
  session.deliveries.attach(transport);
  await server.connect(transport);
  server.server.onclose = () => {
    begun.abort();
  };
  return server;
}

/** An agent that has never waited is given what arrives from its first start on. */
async function begin(session: Session, signal: AbortSignal): Promise<void> {
  try {
    const { self } = await session.directory.names([], signal);
    await beginAt(session, self, everything, signal);
  } catch {
    // The node is down, or refuses: the first call says so, and begins where it is then.
  }
}
