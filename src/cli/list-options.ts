// The options by which `tail` and `history` choose messages, as the daemon's parameters.
import type { Call } from './call.ts';
import { parseDuration } from './options.ts';

export interface FilterQuery {
  readonly group: string | undefined;
  readonly author: string | undefined;
  readonly since: string | undefined;
  readonly [name: string]: string | undefined;
}

/** `since` becomes a point in time at once, so that it does not move while a command goes on. */
export function filterOf(call: Call): FilterQuery {
  const since = call.text('since');
  const ago = since === undefined ? undefined : parseDuration(since);
  const nowMs = call.ports.clock.now() / 1000;
  return {
    group: call.text('group'),
    author: call.text('author'),
    since: ago === undefined ? since : new Date(Math.max(0, nowMs - ago)).toISOString(),
  };
}
