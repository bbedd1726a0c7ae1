// The bodies of requests about groups: their fields, and what is meant where a field is left out.
// Knows nothing of the routes.
import { parseName } from '../chat/names.ts';
import { SkychatError } from '../errors.ts';
import type { GroupDraft, Terms } from './api.ts';
import { parseJson, type RequestBody } from './body.ts';
import { badField, hex64, spanSeconds } from './fields.ts';
import {
  bodyReader,
  boolean,
  integer,
  like,
  nullable,
  string,
  type JsonReader,
} from './json-body.ts';
import {
  bytesKeptMax,
  inviteSecondsDefault,
  inviteUsesMax,
  membersOfDraftMax,
  spanSecondsMax,
  topicCharsMax,
} from './limits.ts';

/** A body without a word of JSON is one without fields: `curl -d` names no JSON either. */
function fieldsOf(body: RequestBody): unknown {
  if (body.kind === 'json') return body.value;
  return body.text.trim() === '' ? {} : parseJson(body.text);
}

const groupName = like((value, name) => {
  try {
    parseName(value);
  } catch (error) {
    const hint = error instanceof SkychatError ? error.hint : undefined;
    throw new SkychatError(
      'bad-field',
      `${name} is not a name`,
      hint === undefined ? {} : { hint },
    );
  }
  if (/^[0-9a-f]{64}$/i.test(value)) throw badField(`${name} reads like the id of a group`);
});

/** Empty: none. What moves a cursor or reorders text has no place in one line. */
const topicText = like((value, name) => {
  if (value.length > topicCharsMax)
    throw badField(`${name} has more than ${topicCharsMax} characters`);
  if (/[\p{Cc}\p{Cs}\u2028\u2029\u202A-\u202E\u2066-\u2069\uFEFF]/u.test(value)) {
    throw badField(`${name} has characters that do not show`);
  }
});

const keys: JsonReader<readonly string[]> = (value, name) => {
  if (!Array.isArray(value) || value.length > membersOfDraftMax) {
    throw badField(`${name} must be a list of at most ${membersOfDraftMax} keys`);
  }
  for (const [i, key] of value.entries()) like(hex64)(key, `${name}[${i}]`);
  return value as readonly string[];
};

/** Seconds as a number, or such as `90s`, `12h` or `30d`. */
const span: JsonReader<number | string> = (value, name) => {
  if (typeof value === 'string') spanSeconds(value, name);
  else integer(1, spanSecondsMax)(value, name);
  return value as number | string;
};

function secondsOf(value: number | string): number {
  return typeof value === 'string' ? spanSeconds(value, 'the time') : value;
}

const checkDraft = bodyReader({ name: groupName }, { encrypted: boolean, members: keys });

export function readGroupDraft(body: RequestBody): GroupDraft {
  const { name, encrypted = false, members = [] } = checkDraft(fieldsOf(body));
  const unique = new Set(members.map((key) => key.toLowerCase()));
  return { name: name.normalize('NFC'), encrypted, members: [...unique] };
}

const checkChanges = bodyReader({}, { name: groupName, topic: topicText });

export function readGroupChanges(body: RequestBody): { name?: string; topic?: string } {
  const { name, topic } = checkChanges(fieldsOf(body));
  if (name === undefined && topic === undefined) throw badField('there is neither name nor topic');
  return {
    ...(name !== undefined && { name: name.normalize('NFC') }),
    ...(topic !== undefined && { topic: topic.normalize('NFC') }),
  };
}

const checkTerms = bodyReader(
  {},
  { expires_in: nullable(span), uses: nullable(integer(1, inviteUsesMax)), history: boolean },
);

/** An invite that nobody thought about ends by itself. */
export function readTerms(body: RequestBody): Terms {
  const fields = checkTerms(fieldsOf(body));
  const { expires_in: expiresIn = inviteSecondsDefault, uses = null, history = false } = fields;
  return { expiresInS: expiresIn === null ? null : secondsOf(expiresIn), uses, history };
}

const checkInvite = bodyReader({ invite: string }, {});

/** As JSON or the bare link: no link begins with a brace. */
export function readInviteLink(body: RequestBody): string {
  const isBare = body.kind === 'text' && !body.text.trimStart().startsWith('{');
  const link = isBare ? body.text : checkInvite(fieldsOf(body)).invite;
  if (link.trim() === '') throw badField('invite is missing');
  return link;
}

const checkHistory = bodyReader({}, { history: boolean });

export function readHistory(body: RequestBody): { history: boolean } {
  return { history: checkHistory(fieldsOf(body)).history ?? false };
}

const checkRetention = bodyReader(
  {},
  { age: nullable(span), bytes: nullable(integer(1, bytesKeptMax)) },
);

/** Both bounds are set: one that is left out is none. */
export function readRetention(body: RequestBody): { ageS: number | null; bytes: number | null } {
  const { age, bytes } = checkRetention(fieldsOf(body));
  if (age === undefined && bytes === undefined) throw badField('there is neither age nor bytes');
  return { ageS: age == null ? null : secondsOf(age), bytes: bytes ?? null };
}

const checkNothing = bodyReader({}, {});

/** For the requests that say all in their path. */
export function refuseFields(body: RequestBody): void {
  checkNothing(fieldsOf(body));
}
