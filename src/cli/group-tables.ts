// Groups, members and invites as tables for a terminal.
import type { GroupView, InviteView, JoinView, MemberView } from '../chat/view.ts';
import { buildTable } from './table.ts';

export function tableOfGroups(groups: readonly GroupView[]): string {
  const rows = groups.map((group) => [
    group.name,
    stateOf(group),
    group.role,
    group.encrypted ? 'encrypted' : 'plain',
    String(group.members),
    String(group.unread),
    String(group.mentions),
    group.id,
  ]);
  const head = ['NAME', 'STATE', 'ROLE', 'CONTENT', 'MEMBERS', 'UNREAD', 'MENTIONS', 'ID'];
  return buildTable([head, ...rows]);
}

export function tableOfGroup(group: GroupView): string {
  const { founder, retention, join, last_message: last } = group;
  return buildTable([
    ['id', group.id],
    ['name', group.name],
    ['topic', group.topic ?? '-'],
    ['kind', group.kind],
    ['content', group.encrypted ? 'encrypted' : 'plain'],
    ['role', group.role],
    ['state', stateOf(group)],
    ...(join === null ? [] : [['join', joinWords(join)]]),
    ['founder', founder ?? '-'],
    ['members', String(group.members)],
    ['unread', String(group.unread)],
    ['mentions', String(group.mentions)],
    ['history', group.history ? 'all' : 'since joining'],
    ['kept', keptWords(retention)],
    ['last', last === null ? '-' : last.time],
  ]);
}

function stateOf({ state, join }: GroupView): string {
  return state === 'joining' && join?.state === 'failed' ? 'failed' : state;
}

/** `syncing 3 of 10`, `waiting: 10.0.0.2:8870: the peer could not be reached` */
export function joinWords({ state, detail, code, have, of }: JoinView): string {
  if (state === 'syncing') return `syncing ${have} of ${of}`;
  const named = code === null ? detail : `${detail ?? ''} (${code})`;
  return named === null ? state : `${state}: ${named}`;
}

function keptWords({ age_s: age, bytes }: GroupView['retention']): string {
  const bounds = [age === null ? [] : `${age} s`, bytes === null ? [] : `${bytes} bytes`].flat();
  return bounds.length === 0 ? 'everything' : `at most ${bounds.join(' and ')}`;
}

export function tableOfMembers(members: readonly MemberView[]): string {
  const rows = members.map((member) => [
    member.role,
    member.pk,
    member.name ?? '-',
    member.online ? 'online' : '-',
    member.history ? 'all' : 'since joining',
    member.since ?? '-',
  ]);
  return buildTable([['ROLE', 'KEY', 'NAME', 'LINK', 'HISTORY', 'SINCE'], ...rows]);
}

export function tableOfInvites(invites: readonly InviteView[]): string {
  if (invites.length === 0) return 'no invites\n';
  const rows = invites.map((invite) => [
    invite.state,
    `${invite.used} of ${invite.uses ?? 'any'}`,
    invite.expires ?? 'never',
    invite.history ? 'all' : 'since joining',
    invite.by.slice(0, 8),
    invite.id,
  ]);
  return buildTable([['STATE', 'USED', 'EXPIRES', 'HISTORY', 'BY', 'ID'], ...rows]);
}
