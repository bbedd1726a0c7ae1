// The id of a request, by which its answer and the log are brought together: the caller's own where it
// is fit to be written into a log, otherwise one that is made. Knows nothing of requests otherwise.
import type { IncomingMessage } from 'node:http';
import type { Random } from '../env.ts';
import { toHex } from '../bytes.ts';
import { requestIdCharsMax } from './limits.ts';

/** Made ids are unique among those of all runs of all nodes, and cost a counter. */
export function requestIds(random: Random): (request: IncomingMessage) => string {
  const run = toHex(random.bytes(6));
  let count = 0;
  return ({ headers }) => {
    const given = headers['x-request-id'];
    return typeof given === 'string' && isSane(given) ? given : `${run}-${++count}`;
  };
}

function isSane(id: string): boolean {
  return id.length <= requestIdCharsMax && /^[\w.:/+=@~-]+$/.test(id);
}
