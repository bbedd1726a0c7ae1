// What GET /messages can be asked: the filter, the page, the wait and the format. Knows nothing of
// how it is answered.
import type { IncomingHttpHeaders } from 'node:http';
import type { Filter } from './api.ts';
import {
  badField,
  cursor,
  flag,
  hex64,
  integer,
  keyOrMe,
  nameOrId,
  oneOf,
  readFields,
  searchLine,
  seconds,
  since,
} from './fields.ts';
import { pageMessagesDefault, pageMessagesMax, waitSecondsMax } from './limits.ts';

export type Format = 'json' | 'ndjson' | 'text';

export interface ListQuery {
  readonly after: string | undefined;
  readonly before: string | undefined;
  readonly limit: number;
  readonly filter: Filter;
  /** Words to search for; undefined where everything is meant. */
  readonly search: string | undefined;
  /** How long an empty answer may wait for an arrival, and a search for its index. */
  readonly waitMs: number;
  readonly follow: boolean;
  readonly format: Format;
}

const table = {
  after: cursor,
  before: cursor,
  limit: integer(1, pageMessagesMax),
  group: nameOrId,
  author: hex64,
  since,
  q: searchLine,
  needs_ack: keyOrMe,
  pinned: flag,
  wait: seconds(waitSecondsMax),
  follow: flag,
  format: oneOf<Format>('json', 'ndjson', 'text'),
};

/** `now` in microseconds. */
export function readListQuery(
  query: unknown,
  headers: IncomingHttpHeaders,
  now: number,
): ListQuery {
  const fields = readFields(query, table);
  const { after, before, group, author, follow = false, wait = 0 } = fields;
  const format = fields.format ?? (acceptsNdjson(headers.accept) ? 'ndjson' : 'json');
  if (after !== undefined && before !== undefined) {
    throw badField('before and after exclude each other');
  }
  if (wait > 0 && after === undefined && fields.q === undefined) throw badField('wait needs after');
  if (fields.q !== undefined) checkSearch(fields);
  if (follow && before !== undefined) throw badField('follow goes on from the newest, not before');
  if (follow && format === 'json') throw badField('follow needs format=ndjson or format=text');
  return {
    after,
    before,
    limit: fields.limit ?? pageMessagesDefault,
    filter: {
      ...(group !== undefined && { group }),
      ...(author !== undefined && { author }),
      ...(fields.since !== undefined && { since: fields.since(now) }),
      ...(fields.needs_ack !== undefined && { needsAck: fields.needs_ack }),
      ...(fields.pinned === true && { pinned: true }),
    },
    search: fields.q,
    waitMs: wait,
    follow,
    format,
  };
}

/** What is asked for beside a search has to be something that a search can be asked. */
function checkSearch(fields: object): void {
  for (const name of ['after', 'follow', 'needs_ack', 'pinned']) {
    if (Object.hasOwn(fields, name)) throw badField(`q and ${name} exclude each other`);
  }
}

function acceptsNdjson(accept: string | undefined): boolean {
  return accept !== undefined && /\bapplication\/(?:x-)?ndjson\b/i.test(accept);
}
