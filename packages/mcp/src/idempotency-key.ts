// The key under which a post is made: the same for the same call, over restarts of this server as well,
// so that a call that is repeated because its answer was lost never posts twice. Pure.
import { createHash } from 'node:crypto';

export interface Call {
  /** Several agents can write through one node, and say the same. */
  readonly agent: string;
  /** What the model gave, where it gave one. */
  readonly given: string | undefined;
  /** All that makes the post what it is. */
  readonly body: Readonly<Record<string, unknown>>;
}

export function buildIdempotencyKey({ agent, given, body }: Call): string {
  const content = given === undefined ? ['call', sorted(body)] : ['given', given];
  const hash = createHash('sha256').update(JSON.stringify([agent, ...content]));
  return `mcp-${hash.digest('hex')}`;
}

function sorted(body: Call['body']): readonly (readonly [string, unknown])[] {
  return Object.entries(body)
    .filter(([, value]) => value !== undefined)
    .sort(([a], [b]) => (a < b ? -1 : 1));
}
