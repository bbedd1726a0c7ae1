// Flags and environment as one frozen value, or a clear refusal. Knows nothing of what they are for.
import { homedir } from 'node:os';
import { isAbsolute, join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { parseNodeAddress } from './node-address.ts';
import { isToken } from './node-client.ts';
import { NodeFailure } from './node-failure.ts';
import type { PostingRules } from './posting-rules.ts';

export interface Options {
  readonly http: string | undefined;
  readonly data: string;
  readonly token: string | undefined;
  readonly tokenFile: string | undefined;
  readonly rules: PostingRules;
  readonly agent: string;
  readonly state: string;
}

/** A flag or a value that cannot be: to be shown to whoever wrote it. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

type Environment = Readonly<Record<string, string | undefined>>;

export const help = `skychat-mcp: a Model Context Protocol server (stdio) for a skychat-node

  skychat-mcp --http http://127.0.0.1:8001
  skychat-mcp --allow-post-to ops --agent reviewer

--http URL               where the node answers: http://HOST:PORT or unix:PATH (SKYCHAT_HTTP);
                         without it, by runtime.json in the data directory
--data DIR               data directory of the node (SKYCHAT_DATA)
--http-token-file FILE   holds the token of the node's HTTP interface (SKYCHAT_HTTP_TOKEN_FILE);
                         SKYCHAT_TOKEN holds the token itself
--allow-post             the agent may write everywhere, and mark as read
--allow-post-to GROUP    only there: id or name of a group, or the key of one person; repeatable
--agent NAME             name of this agent (default: default); agents that run at the same time
                         need different ones (SKYCHAT_AGENT)
--state DIR              where it is kept how far the agent has read (SKYCHAT_MCP_STATE)
--version, --help
`;

const flags = {
  http: { type: 'string' },
  data: { type: 'string' },
  'http-token-file': { type: 'string' },
  'allow-post': { type: 'boolean' },
  'allow-post-to': { type: 'string', multiple: true },
  agent: { type: 'string' },
  state: { type: 'string' },
  version: { type: 'boolean' },
  help: { type: 'boolean' },
} as const;

/** Throws UsageError. */
export function readOptions(
  words: readonly string[],
  env: Environment,
): Options | 'help' | 'version' {
  const values = parse(words);
  if (values.help === true) return 'help';
  if (values.version === true) return 'version';
  const take = (flag: string | undefined, name: string): string | undefined => {
    const value = flag ?? env[name];
    return value === '' ? undefined : value;
  };
  const http = take(values.http, 'SKYCHAT_HTTP');
  const tokenFile = take(values['http-token-file'], 'SKYCHAT_HTTP_TOKEN_FILE');
  const agent = take(values.agent, 'SKYCHAT_AGENT') ?? 'default';
  if (http !== undefined) checkAddress(http);
  if (!/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/.test(agent)) {
    throw new UsageError('--agent must have 1 to 64 letters, digits, dots and dashes');
  }
  const data =
    take(values.data, 'SKYCHAT_DATA') ??
    xdg(env, 'XDG_DATA_HOME', ['.local', 'share'], 'skychat-node');
  const state =
    take(values.state, 'SKYCHAT_MCP_STATE') ??
    xdg(env, 'XDG_STATE_HOME', ['.local', 'state'], 'skychat-mcp');
  return Object.freeze({
    ...{ http, agent, data: resolve(data), state: resolve(state), token: readToken(env) },
    tokenFile: tokenFile === undefined ? undefined : resolve(tokenFile),
    rules: { everywhere: values['allow-post'] === true, to: readPlaces(values['allow-post-to']) },
  });
}

function parse(words: readonly string[]) {
  try {
    return parseArgs({ args: [...words], options: flags, strict: true }).values;
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
}

function checkAddress(http: string): void {
  try {
    parseNodeAddress(http);
  } catch (error) {
    if (!(error instanceof NodeFailure)) throw error;
    throw new UsageError(`--http: ${error.message}. ${error.hint ?? ''}`);
  }
}

function readToken(env: Environment): string | undefined {
  const token = env['SKYCHAT_TOKEN'];
  if (token === undefined || token === '') return undefined;
  if (isToken(token)) return token;
  throw new UsageError('SKYCHAT_TOKEN does not hold a token');
}

/** Names of groups can hold anything, a comma too: each is a flag of its own. */
function readPlaces(places: readonly string[] = []): readonly string[] {
  if (places.includes('')) throw new UsageError('--allow-post-to needs a group or a key');
  return places;
}

/** The XDG base directory specification has relative values ignored. */
function xdg(env: Environment, name: string, usual: readonly string[], folder: string): string {
  const given = env[name];
  const root = given !== undefined && isAbsolute(given) ? given : join(homedir(), ...usual);
  return join(root, folder);
}
