// The bodies of requests about groups: their fields, and what is meant where a field is left out.
// Knows nothing of the routes.
import { parseName } from '../chat/people/names.ts';
import { SkychatError } from '../errors.ts';
import type { GroupDraft, Terms } from './api.ts';
import { parseJson } from './body.ts';
import { badField, hex64, spanSeconds } from './fields.ts';
import {
  bodyReader,
  boolean,
  fieldsReader,
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
import { withSchema } from './schema.ts';

const groupName = like(
  withSchema({ type: 'string', minLength: 1 }, (value: string, name: string) => {
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
  }),
);

/** Empty: none. What moves a cursor or reorders text has no place in one line. */
const topicText = like(
  withSchema({ type: 'string', maxLength: topicCharsMax }, (value: string, name: string) => {
    if (value.length > topicCharsMax)
      throw badField(`${name} has more than ${topicCharsMax} characters`);
    if (/[\p{Cc}\p{Cs}\u2028\u2029\u202A-\u202E\u2066-\u2069\uFEFF]/u.test(value)) {
      throw badField(`${name} has characters that do not show`);
    }
  }),
);

const oneKey = like(hex64);
const keys: JsonReader<readonly string[]> = withSchema(
  { type: 'array', items: oneKey.schema, maxItems: membersOfDraftMax },
  (value, name) => {
    if (!Array.isArray(value) || value.length > membersOfDraftMax) {
      throw badField(`${name} must be a list of at most ${membersOfDraftMax} keys`);
    }
    for (const [i, key] of value.entries()) oneKey(key, `${name}[${i}]`);
    return value as readonly string[];
  },
);

/** Seconds as a number, or such as `90s`, `12h` or `30d`. */
const spanOfSeconds = integer(1, spanSecondsMax);
export const span: JsonReader<number | string> = withSchema(
  { anyOf: [spanOfSeconds.schema, spanSeconds.schema] },
  (value, name) => {
    if (typeof value === 'string') spanSeconds(value, name);
    else spanOfSeconds(value, name);
    return value as number | string;
  },
);

export function secondsOf(value: number | string): number {
  return typeof value === 'string' ? spanSeconds(value, 'the time') : value;
}

export const readGroupDraft = bodyReader(
  fieldsReader({ name: groupName }, { encrypted: boolean, members: keys }),
  ({ name, encrypted = false, members = [] }): GroupDraft => {
    const unique = new Set(members.map((key) => key.toLowerCase()));
    return { name: name.normalize('NFC'), encrypted, members: [...unique] };
  },
);

export const readGroupChanges = bodyReader(
  fieldsReader({}, { name: groupName, topic: topicText }),
  ({ name, topic }): { name?: string; topic?: string } => {
    if (name === undefined && topic === undefined) {
      throw badField('there is neither name nor topic');
    }
    return {
      ...(name !== undefined && { name: name.normalize('NFC') }),
      ...(topic !== undefined && { topic: topic.normalize('NFC') }),
    };
  },
);

/** An invite that nobody thought about ends by itself. */
export const readTerms = bodyReader(
  fieldsReader(
    {},
    { expires_in: nullable(span), uses: nullable(integer(1, inviteUsesMax)), history: boolean },
  ),
  ({ expires_in: expiresIn = inviteSecondsDefault, uses = null, history = false }): Terms => ({
    ...{ expiresInS: expiresIn === null ? null : secondsOf(expiresIn), uses, history },
  }),
  { optional: true },
);

/** As JSON or the bare link: no link begins with a brace. */
export const readInviteLink = bodyReader(
  fieldsReader({ invite: string }, {}),
  ({ invite }): string => {
    if (invite.trim() === '') throw badField('invite is missing');
    return invite;
  },
  {
    bare: {
      meaning: 'The link.',
      fields: (text) => (text.trimStart().startsWith('{') ? parseJson(text) : { invite: text }),
    },
  },
);

export const readHistory = bodyReader(
  fieldsReader({}, { history: boolean }),
  ({ history = false }) => ({ history }),
  { optional: true },
);

/** Both bounds are set: one that is left out is none. */
export const readRetention = bodyReader(
  fieldsReader({}, { age: nullable(span), bytes: nullable(integer(1, bytesKeptMax)) }),
  ({ age, bytes }): { ageS: number | null; bytes: number | null } => {
    if (age === undefined && bytes === undefined) throw badField('there is neither age nor bytes');
    return { ageS: age == null ? null : secondsOf(age), bytes: bytes ?? null };
  },
);
