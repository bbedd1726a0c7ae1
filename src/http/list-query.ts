// What GET /messages can be asked: the filter, the page, the wait and the format. Knows nothing of
// how it is answered.
import type { IncomingHttpHeaders } from 'node:http';
import type { Filter } from './api.ts';
import {
  badField,
  cursor,
  describe,
  flag,
  hex64,
  integer,
  keyOrMe,
  nameOrId,
  oneOf,
  searchLine,
  seconds,
  since,
  type Fields,
} from './fields.ts';
import { pageMessagesDefault, pageMessagesMax, waitSecondsMax } from './limits.ts';

export type Format = 'json' | 'ndjson' | 'text';

export interface ListQuery {
  readonly after: string | undefined;
  readonly before: string | undefined;
  readonly from: string | undefined;
  readonly limit: number;
  readonly filter: Filter;
  /** Words to search for; undefined where everything is meant. */
  readonly search: string | undefined;
  /** How long an empty answer may wait for an arrival, and a search for its index. */
  readonly waitMs: number;
  readonly follow: boolean;
  readonly format: Format;
}

export const listTable = {
  after: describe(
    'What arrived behind this cursor, in the order of arrival; `0`: from the very first, `now`: from here on.',
    cursor,
  ),
  before: describe('The page before a message (an id or a cursor) in the order of time.', cursor),
  from: describe(
    'The page from a message (an id or a cursor) on in the order of time, itself first; `0`: from the first of all.',
    cursor,
  ),
  limit: describe('Messages of one page.', integer(1, pageMessagesMax), pageMessagesDefault),
  group: describe("Only one group's, by id or name; all where not given.", nameOrId),
  author: describe("Only one author's: a public key.", hex64),
  since: describe('Only from a time on: `10m`, `2h`, `7d` ago, or ISO 8601.', since),
  q: describe('Words to search for, the newest first.', searchLine),
  needs_ack: describe('What asks this key for an acknowledgement and has none.', keyOrMe),
  pinned: describe('Only what is pinned.', flag),
  wait: describe('With `after`: seconds that an empty answer waits.', seconds(waitSecondsMax), 0),
  follow: describe('With ndjson or text: the answer goes on with what arrives.', flag),
  format: describe('Also by the header Accept.', oneOf<Format>('json', 'ndjson', 'text'), 'json'),
};

/** `now` in microseconds. */
export function readListQuery(
  fields: Fields<typeof listTable>,
  headers: IncomingHttpHeaders,
  now: number,
): ListQuery {
  const { after, before, from, group, author, follow = false, wait = 0 } = fields;
  const format = fields.format ?? (acceptsNdjson(headers.accept) ? 'ndjson' : 'json');
  if (after !== undefined && before !== undefined) {
    throw badField('before and after exclude each other');
  }
  if (from !== undefined) checkOnward(fields);
  if (wait > 0 && after === undefined && fields.q === undefined) throw badField('wait needs after');
  if (fields.q !== undefined) checkSearch(fields);
  if (follow && before !== undefined) throw badField('follow goes on from the newest, not before');
  if (follow && format === 'json') throw badField('follow needs format=ndjson or format=text');
  return {
    after,
    before,
    from,
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

/** Onward goes what all messages are read in: not what has an order or a list of its own. */
function checkOnward(fields: object): void {
  for (const name of ['after', 'before', 'q', 'follow', 'needs_ack', 'pinned']) {
    if (Object.hasOwn(fields, name)) throw badField(`from and ${name} exclude each other`);
  }
}

function acceptsNdjson(accept: string | undefined): boolean {
  return accept !== undefined && /\bapplication\/(?:x-)?ndjson\b/i.test(accept);
}
