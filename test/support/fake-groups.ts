// The groups of an Api in memory: one node's view of them, with the refusals that the real ones have.
// Nothing is signed, and every change is at once what all members see.
import { readNamedGroup } from '../../src/chat/groups/group-names.ts';
import { isoOfTime } from '../../src/chat/time-text.ts';
import type {
  GroupView,
  InviteView,
  JoinView,
  MemberView,
  NewInviteView,
} from '../../src/chat/view.ts';
import type { GroupId } from '../../src/cxo/ids.ts';
import { SkychatError, type ErrorCode } from '../../src/errors.ts';
import type { GroupDraft, Terms } from '../../src/http/api.ts';

type Role = GroupView['role'];

export class FakeGroup {
  view: GroupView;
  /** In the order of seniority: of those who are admins, the first is the most senior. */
  readonly members = new Map<string, { role: Role; history: boolean }>();
  readonly invites = new Map<string, InviteView>();

  constructor(view: GroupView) {
    this.view = view;
  }
}

export class FakeGroups {
  readonly all = new Map<string, FakeGroup>();
  /** What a link is the invite of, or the code by which it is refused. */
  readonly links = new Map<string, GroupView | ErrorCode>();
  readonly #self: string;
  #made = 0;

  constructor(self: string, room: GroupView) {
    this.#self = self;
    this.put(room).members.set(self, { role: 'member', history: true });
  }

  put(view: GroupView): FakeGroup {
    const group = new FakeGroup(view);
    this.all.set(view.id, group);
    return group;
  }

  read(idOrName: string): FakeGroup {
    const named = [...this.all.values()].map(({ view: { id, name } }) => ({
      id: id as GroupId,
      name,
    }));
    const found = this.all.get(readNamedGroup(idOrName, named));
    if (found === undefined) throw new Error('every name is that of a group');
    return found;
  }

  views(): GroupView[] {
    return [...this.all.values()].map((group) => this.viewOf(group));
  }

  viewOf({ view, members }: FakeGroup): GroupView {
    const role = members.get(this.#self)?.role ?? view.role;
    return { ...view, role, members: members.size };
  }

  members(idOrName: string): MemberView[] {
    return [...this.read(idOrName).members].map(([pk, { role, history }]) => ({
      ...{ pk, role, history, name: null, since: null, online: pk === this.#self },
      ...{ note: null, bot: false },
    }));
  }

  create({ name, encrypted, members }: GroupDraft): GroupView {
    const group = this.put(newGroup({ id: this.#newId(), name, encrypted, founder: this.#self }));
    group.members.set(this.#self, { role: 'founder', history: true });
    for (const key of members) group.members.set(key, { role: 'member', history: true });
    return this.viewOf(group);
  }

  describe(idOrName: string, changes: { name?: string; topic?: string }): GroupView {
    const group = this.#asAdmin(idOrName);
    group.view = { ...group.view, ...changes };
    return this.viewOf(group);
  }

  invite(idOrName: string, { expiresInS, uses, history }: Terms): NewInviteView {
    const group = this.#asAdmin(idOrName);
    const id = this.#newId();
    const expires = expiresInS === null ? null : isoOfTime((1_800_000_000 + expiresInS) * 1e6);
    const terms = { id, expires, uses, history };
    group.invites.set(id, { ...terms, by: this.#self, used: 0, state: 'open' });
    return { ...terms, invite: `skychat://${id.toUpperCase()}` };
  }

  revoke(idOrName: string, id: string): GroupView {
    const group = this.#asAdmin(idOrName);
    const invite = group.invites.get(id);
    if (invite === undefined) throw refusal('unknown-invite');
    group.invites.set(id, { ...invite, state: 'revoked' });
    return this.viewOf(group);
  }

  join(link: string): GroupView {
    const meant = this.links.get(link.trim()) ?? 'invite-altered';
    if (typeof meant === 'string') throw refusal(meant);
    const known = this.all.get(meant.id);
    if (known?.view.state === 'active') throw refusal('already-member');
    return this.viewOf(this.put({ ...meant, state: 'joining', join: waitingToJoin }));
  }

  add(idOrName: string, key: string, history: boolean): GroupView {
    const group = this.#asAdmin(idOrName);
    if (group.members.has(key)) throw refusal('already-member');
    group.members.set(key, { role: 'member', history });
    return this.viewOf(group);
  }

  remove(idOrName: string, key: string): GroupView {
    const group = this.#asAdmin(idOrName);
    this.#checkSeniority(group, key);
    group.members.delete(key);
    return this.viewOf(group);
  }

  promote(idOrName: string, key: string): GroupView {
    const group = this.#asAdmin(idOrName);
    const { role = 'member', history = true } = group.members.get(key) ?? {};
    group.members.delete(key);
    group.members.set(key, { role: role === 'member' ? 'admin' : role, history });
    return this.viewOf(group);
  }

  demote(idOrName: string, key: string): GroupView {
    const group = this.#asAdmin(idOrName);
    const member = this.#checkSeniority(group, key);
    group.members.set(key, { ...member, role: 'member' });
    return this.viewOf(group);
  }

  leave(idOrName: string): GroupView {
    const group = this.read(idOrName);
    if (group.view.state === 'left') throw refusal('group-left');
    group.members.delete(this.#self);
    group.view = { ...group.view, state: 'left', join: null };
    return this.viewOf(group);
  }

  retain(idOrName: string, age: number | null, bytes: number | null): GroupView {
    const group = this.#asAdmin(idOrName);
    group.view = { ...group.view, retention: { age_s: age, bytes } };
    return this.viewOf(group);
  }

  #asAdmin(idOrName: string): FakeGroup {
    const group = this.read(idOrName);
    if (group.view.state === 'left') throw refusal('group-left');
    if (group.view.state !== 'active') throw refusal('not-a-member');
    const role = group.members.get(this.#self)?.role ?? 'member';
    if (role === 'member') throw refusal('not-an-admin');
    return group;
  }

  #checkSeniority({ members }: FakeGroup, key: string): { role: Role; history: boolean } {
    const keys = [...members.keys()];
    const member = members.get(key);
    if (member === undefined) throw refusal('unknown-member');
    if (member.role === 'founder') throw refusal('founder-stays');
    if (member.role === 'admin' && keys.indexOf(key) < keys.indexOf(this.#self)) {
      throw refusal('senior-admin');
    }
    return member;
  }

  #newId(): string {
    return (++this.#made).toString(16).padStart(64, 'f');
  }
}

function refusal(code: ErrorCode): SkychatError {
  return new SkychatError(code, `the double refuses: ${code}`);
}

export const waitingToJoin: JoinView = {
  ...{ state: 'waiting', detail: 'the first attempt begins', code: null, have: 0, of: 0 },
};

export function newGroup(
  over: Pick<GroupView, 'id' | 'name' | 'encrypted'> & Partial<GroupView>,
): GroupView {
  return {
    ...{ topic: null, role: 'member', state: 'active', members: 0, unread: 0, mentions: 0 },
    ...{ read_cursor: '0', last_message: null },
    ...{ kind: 'group', founder: null, history: true, join: null },
    retention: { age_s: null, bytes: null },
    ...over,
  };
}
