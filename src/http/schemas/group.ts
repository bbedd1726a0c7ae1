// Groups, members and invites, as JSON Schemas. The types of src/chat/view.ts are the contract: the
// compiler sees that nothing is missing.
import type {
  BlockView,
  GroupView,
  InviteTermsView,
  InviteView,
  JoinView,
  MemberView,
  NewInviteView,
  ReadView,
  RetentionView,
} from '../../chat/view.ts';
import { choiceOf, hex, listOf, orNull, shape, text, time, truth, whole } from '../schema.ts';
import { cursorSchema, messageSchema } from './message.ts';

const retentionSchema = {
  title: 'Retention',
  description: 'What is kept: null where there is no bound.',
  ...shape({ age_s: orNull(whole), bytes: orNull(whole) } satisfies Record<
    keyof RetentionView,
    object
  >),
};

const joinSchema = {
  title: 'Join',
  ...shape({
    state: choiceOf('waiting', 'connecting', 'knocking', 'syncing', 'done', 'failed'),
    detail: orNull(text),
    code: orNull(text),
    have: whole,
    of: whole,
  } satisfies Record<keyof JoinView, object>),
};

const role = choiceOf('founder', 'admin', 'member');

const group = {
  id: hex,
  name: text,
  topic: orNull(text),
  encrypted: truth,
  role,
  state: choiceOf('active', 'joining', 'left', 'removed'),
  members: whole,
  unread: whole,
  mentions: whole,
  read_cursor: {
    ...cursorSchema,
    description:
      'Everything that arrived up to it counts as read: `after` it stands what is unread.',
  },
  last_message: orNull(messageSchema),
  kind: choiceOf('room', 'group', 'direct'),
  founder: orNull(hex),
  history: { ...truth, description: 'Whether this node was given what was said before it came.' },
  retention: retentionSchema,
  join: orNull(joinSchema),
} satisfies Record<keyof GroupView, object>;

export const groupSchema = {
  title: 'Group',
  ...shape(group),
};

export const groupsSchema = shape({ groups: listOf(groupSchema) });

const memberSchema = {
  title: 'Member',
  ...shape({
    pk: hex,
    name: orNull(text),
    role,
    since: orNull(time),
    online: truth,
    note: orNull(text),
    bot: truth,
    history: truth,
  } satisfies Record<keyof MemberView, object>),
};

export const membersSchema = shape({ members: listOf(memberSchema) });

const terms = {
  id: hex,
  expires: orNull(time),
  uses: orNull(whole),
  history: truth,
} satisfies Record<keyof InviteTermsView, object>;

export const newInviteSchema = {
  title: 'NewInvite',
  ...shape({
    ...terms,
    invite: { ...text, description: 'The link, shown this once: it lets in whoever has it.' },
  } satisfies Record<keyof NewInviteView, object>),
};

const inviteSchema = {
  title: 'Invite',
  ...shape({
    ...terms,
    by: hex,
    used: whole,
    state: choiceOf('open', 'expired', 'used', 'revoked'),
  } satisfies Record<keyof InviteView, object>),
};

export const invitesSchema = shape({ invites: listOf(inviteSchema) });

export const readSchema = {
  title: 'Read',
  ...shape({
    group: hex,
    cursor: cursorSchema,
    unread: whole,
    mentions: whole,
  } satisfies Record<keyof ReadView, object>),
};

export const blockSchema = {
  title: 'Block',
  ...shape({ pk: hex, name: orNull(text), since: time } satisfies Record<keyof BlockView, object>),
};

export const blocksSchema = shape({ blocked: listOf(blockSchema) });
