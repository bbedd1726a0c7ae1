import { expect, test } from 'vitest';
import { directGenesis } from '../../../src/chat/roster/genesis.ts';
import { parseOperation } from '../../../src/chat/roster/operation.ts';
import { Roster } from '../../../src/chat/roster/roster.ts';
import { buildSeen } from '../../../src/chat/roster/seen.ts';
import type { PublicKey } from '../../../src/identity.ts';
import {
  admitBy,
  founder,
  genesisOf,
  invitation,
  keyOf,
  Peer,
  rosterOf,
  stateOf,
} from './world.ts';

const genesis = genesisOf();
const [a, b, c, d] = [keyOf(1), keyOf(2), keyOf(3), keyOf(4)] as const;
const feedOf = (author: PublicKey, head = 0) => ({ group: genesis.id, author, head });

function sync(...peers: readonly Peer[]): void {
  let isAny = true;
  while (isAny) {
    isAny = false;
    for (const to of peers) for (const from of peers) if (to.pull(from)) isAny = true;
  }
}

/** The founder's node and those of the keys, all of them admins, in this order of seniority. */
function withAdmins(...keys: readonly PublicKey[]): Peer[] {
  const peers = [founder, ...keys].map((key) => new Peer(key, genesis));
  for (const key of keys) peers[0]?.issue({ op: 'promote', key });
  sync(...peers);
  return peers;
}

function only<T>(peers: readonly T[], number: number): T {
  const peer = peers[number];
  if (peer === undefined) throw new Error('there are more');
  return peer;
}

test('F36 with the founder away for good, an admin admits, promotes and removes', () => {
  const peers = withAdmins(a);
  const one = only(peers, 1);
  const invite = invitation(1);
  one.issue({ op: 'invite', invite: invite.id, expires: null, uses: 1, history: true });
  one.issue(admitBy(genesis.id, invite, b));
  expect(one.roster.members().get(b)).toEqual({
    role: 'member',
    since: one.clock,
    history: true,
    rank: null,
  });
  one.issue({ op: 'promote', key: b });
  expect(one.roster.members().get(b)).toMatchObject({ role: 'admin', rank: 2 });
  one.issue({ op: 'remove', key: b });
  expect(one.roster.isMember(b)).toBe(false);
  expect(one.roster.removedBy(b)).toBe(a);
});

test('F38 both halves of a partition remove the other half’s admin: the senior’s word counts', () => {
  const peers = withAdmins(a, b);
  const [first, senior, junior] = [only(peers, 0), only(peers, 1), only(peers, 2)];
  first.issue({ op: 'add', key: c, history: false });
  sync(...peers);
  senior.issue({ op: 'remove', key: b });
  expect(junior.roster.check({ op: 'remove', key: a }, b, 0)).toBe('senior-admin');
  junior.issue({ op: 'remove', key: a });
  junior.issue({ op: 'remove', key: c });
  junior.issue({ op: 'add', key: d, history: false });
  expect(junior.roster.isMember(a)).toBe(true);
  expect(junior.roster.isMember(c)).toBe(false);
  sync(...peers);
  for (const { roster } of peers) {
    expect([...roster.members().keys()].sort()).toEqual([founder, a, c].sort());
    expect(roster.removedBy(b)).toBe(a);
  }
});

test('F38 a junior that removes somebody promoted before it, unknown to it, removes nobody', () => {
  const peers = withAdmins(a, b);
  const [first, one, two] = [only(peers, 0), only(peers, 1), only(peers, 2)];
  first.issue({ op: 'add', key: c, history: false });
  first.issue({ op: 'add', key: d, history: false });
  sync(...peers);
  one.issue({ op: 'promote', key: c });
  for (let i = 0; i < 3; i++) two.issue({ op: 'retain', age_s: i, bytes: null });
  two.issue({ op: 'promote', key: d });
  const [third, fourth] = [new Peer(c, genesis), new Peer(d, genesis)];
  while (third.pull(one));
  while (fourth.pull(two));
  fourth.issue({ op: 'remove', key: c });
  expect(fourth.roster.isMember(c)).toBe(false);
  third.issue({ op: 'add', key: keyOf(5), history: false });
  sync(...peers, third, fourth);
  for (const { roster } of [...peers, third, fourth]) {
    expect(roster.roleOf(c)).toBe('admin');
    expect(roster.isMember(keyOf(5))).toBe(true);
  }
});

test('F38 a junior’s removal cuts nothing that a demoted admin had said before its demotion', () => {
  const peers = withAdmins(a, b);
  const [first, one, two] = [only(peers, 0), only(peers, 1), only(peers, 2)];
  one.issue({ op: 'add', key: c, history: false });
  sync(...peers);
  one.issue({ op: 'add', key: d, history: false });
  while (first.pull(one));
  first.issue({ op: 'demote', key: a });
  // The junior has the demotion, and not yet all that the admin had done.
  const demotion = first
    .entries()
    .find(({ object }) => object && parseOperation(object)?.op === 'demote');
  if (demotion !== undefined) two.take(demotion);
  two.issue({ op: 'remove', key: a });
  sync(...peers);
  for (const { roster } of peers) {
    expect(roster.isMember(a)).toBe(false);
    expect(roster.isMember(d)).toBe(true);
    expect(roster.limitOf(feedOf(a))).toBe(2);
  }
});

test('F39 the replay of an old addition does not undo a removal', () => {
  const peers = withAdmins(a, b);
  const [first, one, two] = [only(peers, 0), only(peers, 1), only(peers, 2)];
  const addition = one.issue({ op: 'add', key: c, history: false });
  sync(...peers);
  first.issue({ op: 'remove', key: c });
  two.clock += 100;
  if (addition.object !== undefined) two.write(addition.object);
  sync(...peers);
  for (const { roster } of peers) expect(roster.isMember(c)).toBe(false);
});

test('F39 an addition that claims to have seen every removal there will be undoes none', () => {
  const peers = withAdmins(a);
  const [first, one] = [only(peers, 0), only(peers, 1)];
  const seen = buildSeen([founder, a, c].map((key) => ({ key, head: 0, seq: 2 ** 40 })));
  one.issue({ op: 'add', key: c, history: false }, { seen });
  sync(...peers);
  first.clock = 5000;
  first.issue({ op: 'remove', key: c });
  expect(first.roster.isMember(c)).toBe(false);
});

test('what somebody wrote who came by an invite counts up to its removal, and lets nobody in after', () => {
  const [first] = withAdmins() as [Peer];
  const invite = invitation(1);
  first.issue({ op: 'invite', invite: invite.id, expires: null, uses: null, history: false });
  const stranger = new Peer(a, genesis);
  sync(first, stranger);
  first.roster.apply([stranger.issue(admitBy(genesis.id, invite, a), { head: 3 })]);
  expect(first.roster.isMember(a)).toBe(false);
  first.issue(admitBy(genesis.id, invite, a));
  sync(first, stranger);
  stranger.issue(admitBy(genesis.id, invite, b), { head: 0 });
  sync(first, stranger);
  first.issue({ op: 'remove', key: a });
  const late = stranger.issue(admitBy(genesis.id, invite, c), { head: 0 });
  const roster = rosterOf(genesis, [...first.entries(), late]);
  for (const each of [first.roster, roster]) {
    expect(each.limitOf(feedOf(a))).toBe(1);
    expect([...each.members().keys()].sort()).toEqual([founder, b].sort());
  }
});

test('F39 an admin that is removed leaves nothing behind that takes effect later', () => {
  const peers = withAdmins(a);
  const [first, one] = [only(peers, 0), only(peers, 1)];
  one.issue({ op: 'add', key: c, history: false }, { time: 1e12 });
  sync(...peers);
  // The founder’s node has the root, and holds it back for its time.
  first.clock = 5000;
  first.issue({ op: 'remove', key: a });
  expect(first.roster.isMember(a)).toBe(false);
  expect(first.roster.isMember(c)).toBe(false);
});

test('F39 nor does it take effect once that admin is promoted again', () => {
  const peers = withAdmins(a);
  const [first, one] = [only(peers, 0), only(peers, 1)];
  const seen = buildSeen([{ key: founder, head: 0, seq: 2 ** 40 }]);
  one.issue({ op: 'add', key: c, history: false }, { time: 1e12, seen });
  sync(...peers);
  first.clock = 5000;
  first.issue({ op: 'remove', key: a });
  first.issue({ op: 'promote', key: a });
  expect(first.roster.roleOf(a)).toBe('admin');
  expect(first.roster.isMember(c)).toBe(false);
});

test('F39 a removal that claims to have seen all that will be keeps nobody out for ever', () => {
  const peers = withAdmins(a);
  const [first, one] = [only(peers, 0), only(peers, 1)];
  const seen = buildSeen([founder, c].map((key) => ({ key, head: 0, seq: 2 ** 40 })));
  one.issue({ op: 'remove', key: c }, { seen });
  sync(...peers);
  first.issue({ op: 'add', key: c, history: false });
  expect(first.roster.isMember(c)).toBe(true);
});

test('who leaves is out under every head it has not written yet; who resigns is no admin there', () => {
  const peers = withAdmins(a, b);
  const [first, one, two] = [only(peers, 0), only(peers, 1), only(peers, 2)];
  one.issue({ op: 'demote', key: a });
  one.issue({ op: 'add', key: c, history: false }, { head: 1 });
  two.issue({ op: 'leave' });
  first.roster.apply([...one.entries(), ...two.entries()]);
  expect(first.roster.roleOf(a)).toBe('member');
  expect(first.roster.isMember(c)).toBe(false);
  expect(first.roster.isMember(b)).toBe(false);
  expect(first.roster.limitOf(feedOf(b))).toBe(1);
  expect(first.roster.accepts(feedOf(b, 1))).toBe(false);
});

test('nothing behind a leave ends what was granted to who came back', () => {
  const peers = withAdmins(a);
  const [first, one] = [only(peers, 0), only(peers, 1)];
  one.issue({ op: 'leave' });
  sync(...peers);
  first.issue({ op: 'promote', key: a });
  const late = one.issue({ op: 'demote', key: a }, { head: 0 });
  first.roster.apply([late]);
  expect(first.roster.allows(late.feed, late.seq)).toBe(false);
  expect(first.roster.roleOf(a)).toBe('admin');
});

test('whom a removed member admitted beyond the cut is out again, in whatever order it is heard', () => {
  const peers = withAdmins();
  const [first] = peers as [Peer];
  const invite = invitation(1);
  first.issue({ op: 'invite', invite: invite.id, expires: null, uses: null, history: false });
  first.issue({ op: 'add', key: a, history: false });
  const door = new Peer(a, genesis);
  sync(first, door);
  const third = new Peer(founder, genesis);
  door.issue(admitBy(genesis.id, invite, b));
  while (third.pull(door));
  expect(third.roster.isMember(b)).toBe(true);
  first.clock += 10;
  first.issue({ op: 'remove', key: a });
  while (third.pull(first));
  expect(third.roster.isMember(b)).toBe(false);
  expect(stateOf(third.roster)).toEqual(stateOf(first.roster));
});

test('F41 an operation of another group counts for nothing in this one', () => {
  const other = new Peer(founder, genesisOf('another'));
  const entry = other.issue({ op: 'add', key: c, history: false });
  const roster = new Roster(genesis);
  expect(roster.apply([entry])).toBe(false);
  expect(roster.isMember(c)).toBe(false);
  expect(roster.accepts(entry.feed)).toBe(false);
});

test('F42 nothing that a removed member writes counts, under whatever head and time', () => {
  const peers = withAdmins(a);
  const [first, one] = [only(peers, 0), only(peers, 1)];
  one.issue({ op: 'add', key: c, history: false }, { head: 0 });
  one.issue({ op: 'add', key: d, history: false }, { head: 2 });
  sync(...peers);
  first.issue({ op: 'remove', key: a });
  const { roster } = first;
  for (const [head, seq] of [
    [0, 1],
    [2, 1],
  ] as const) {
    expect(roster.limitOf(feedOf(a, head))).toBe(seq);
    expect(roster.allows(feedOf(a, head), seq)).toBe(true);
    expect(roster.allows(feedOf(a, head), seq + 1)).toBe(false);
  }
  for (const head of [1, 3]) expect(roster.accepts(feedOf(a, head))).toBe(false);
  const later = [0, 1, 2, 3].flatMap((head) => [
    one.issue({ op: 'add', key: keyOf(7), history: false }, { head, time: 0 }),
    one.issue({ op: 'remove', key: c }, { head, time: 1100 }),
  ]);
  const before = stateOf(roster);
  roster.apply(later);
  expect(stateOf(roster)).toEqual(before);
  expect(roster.isMember(c)).toBe(true);
});

test('F43 a revoked invite lets in nobody, and those whom it let in stay', () => {
  const [first] = withAdmins() as [Peer];
  const invite = invitation(1);
  first.issue({ op: 'invite', invite: invite.id, expires: null, uses: null, history: false });
  first.issue(admitBy(genesis.id, invite, a));
  first.issue({ op: 'revoke', invite: invite.id });
  const late = admitBy(genesis.id, invite, b);
  expect(first.roster.check(late, a, 0)).toBe('invite-revoked');
  first.issue(late);
  expect(first.roster.isMember(a)).toBe(true);
  expect(first.roster.isMember(b)).toBe(false);
  expect(first.roster.findInvite(invite.id)).toMatchObject({
    state: 'revoked',
    used: 1,
    by: founder,
  });
});

test('an invite lets in as many as it says, until it expires, and only with its own signature', () => {
  const [first] = withAdmins() as [Peer];
  const [one, two] = [invitation(1), invitation(2)];
  first.issue({ op: 'invite', invite: one.id, expires: null, uses: 1, history: false });
  first.issue({ op: 'invite', invite: two.id, expires: 2000, uses: null, history: false });
  const forged = { ...admitBy(genesis.id, two, a), invite: one.id };
  expect(first.roster.check(forged, founder, 0)).toBe('invite-altered');
  first.issue(forged);
  expect(first.roster.isMember(a)).toBe(false);
  first.issue(admitBy(genesis.id, one, b));
  first.issue(admitBy(genesis.id, one, c));
  expect(first.roster.isMember(b)).toBe(true);
  expect(first.roster.isMember(c)).toBe(false);
  expect(first.roster.check(admitBy(genesis.id, one, c), founder, 0)).toBe('invite-used');
  const late = admitBy(genesis.id, two, d);
  expect(first.roster.check(late, founder, 2001)).toBe('invite-expired');
  first.issue(late, { time: 2001 });
  expect(first.roster.isMember(d)).toBe(false);
  const unknown = admitBy(genesis.id, invitation(3), d);
  expect(first.roster.check(unknown, founder, 0)).toBe('unknown-invite');
});

test('who was removed comes back by no invite, and who left by none that it came by before', () => {
  const [first] = withAdmins() as [Peer];
  const [one, two] = [invitation(1), invitation(2)];
  for (const { id } of [one, two]) {
    first.issue({ op: 'invite', invite: id, expires: null, uses: null, history: false });
  }
  first.issue(admitBy(genesis.id, one, a));
  first.issue({ op: 'remove', key: a });
  expect(first.roster.check(admitBy(genesis.id, two, a), founder, 0)).toBe('not-an-admin');
  first.issue(admitBy(genesis.id, two, a));
  expect(first.roster.isMember(a)).toBe(false);
  first.issue(admitBy(genesis.id, one, b));
  const gone = new Peer(b, genesis);
  sync(first, gone);
  gone.issue({ op: 'leave' });
  sync(first, gone);
  expect(first.roster.isMember(b)).toBe(false);
  first.issue(admitBy(genesis.id, one, b));
  expect(first.roster.isMember(b)).toBe(false);
  first.issue(admitBy(genesis.id, two, b));
  expect(first.roster.isMember(b)).toBe(true);
});

test('who is added again is in, and goes on under a new head', () => {
  const peers = withAdmins(a);
  const [first, one] = [only(peers, 0), only(peers, 1)];
  one.post();
  sync(...peers);
  first.issue({ op: 'remove', key: a });
  first.issue({ op: 'add', key: a, history: false });
  expect(first.roster.roleOf(a)).toBe('member');
  expect(first.roster.limitOf(feedOf(a, 0))).toBe(1);
  expect(first.roster.limitOf(feedOf(a, 1))).toBeUndefined();
  expect(first.roster.headMin(a)).toBe(1);
  expect(first.roster.headMin(a, 4)).toBe(4);
  // Not even what would say that it knew of the addition counts under the old head.
  sync(...peers);
  one.issue({ op: 'add', key: c, history: false }, { head: 0 });
  first.roster.apply(one.entries());
  expect(first.roster.isMember(c)).toBe(false);
});

test('an admin’s word at a place is that of an admin only within its time as one', () => {
  const peers = withAdmins(a);
  const [first, one] = [only(peers, 0), only(peers, 1)];
  const early = one.write(new Uint8Array(), 0, 1);
  const place = one.issue({ op: 'describe', name: 'ours', topic: 'all of it' }, { head: 1 });
  sync(...peers);
  first.issue({ op: 'demote', key: a });
  sync(...peers);
  const late = one.issue({ op: 'describe', name: 'mine' }, { head: 1 });
  first.roster.apply([late]);
  expect(first.roster.roleOf(a)).toBe('member');
  expect(first.roster.isAdminAt(a, place)).toBe(true);
  expect(first.roster.isAdminAt(a, early)).toBe(false);
  expect(first.roster.isAdminAt(a, late)).toBe(false);
  expect(first.roster.isAdminAt(founder, place)).toBe(false);
  expect(first.roster.allows(late.feed, late.seq)).toBe(true);
  expect(first.roster.describes().map(({ operation }) => operation)).toMatchObject([
    { name: 'ours' },
  ]);
});

test('each refusal has its code', () => {
  const peers = withAdmins(a, b);
  const [first, , two] = [only(peers, 0), only(peers, 1), only(peers, 2)];
  first.issue({ op: 'add', key: c, history: false });
  sync(...peers);
  const { roster } = two;
  const codes = [
    [{ op: 'add', key: d, history: false }, d, 'not-a-member'],
    [{ op: 'add', key: d, history: false }, c, 'not-an-admin'],
    [{ op: 'add', key: c, history: false }, b, 'already-member'],
    [{ op: 'promote', key: a }, b, 'already-member'],
    [{ op: 'remove', key: a }, b, 'senior-admin'],
    [{ op: 'demote', key: a }, b, 'senior-admin'],
    [{ op: 'remove', key: founder }, b, 'founder-stays'],
    [{ op: 'leave' }, founder, 'founder-stays'],
    [{ op: 'demote', key: founder }, founder, 'founder-stays'],
    [{ op: 'remove', key: d }, b, 'unknown-member'],
    [{ op: 'demote', key: c }, b, 'unknown-member'],
    [{ op: 'revoke', invite: invitation(9).id }, b, 'unknown-invite'],
    [{ op: 'describe', sealed: new Uint8Array(3) }, b, 'bad-request'],
    [{ op: 'demote', key: b }, b, undefined],
    [{ op: 'remove', key: b }, a, undefined],
    [{ op: 'leave' }, c, undefined],
  ] as const;
  for (const [change, author, code] of codes) {
    expect([change, roster.check(change, author, 0)]).toEqual([change, code]);
  }
});

test('what stands in the disputed part of a forked feed is taken back', () => {
  const [first] = withAdmins() as [Peer];
  first.issue({ op: 'add', key: a, history: false });
  const { feed, seq } = first.issue({ op: 'add', key: b, history: false });
  expect(first.roster.retract(feed, seq)).toBe(true);
  expect(first.roster.retract(feed, seq)).toBe(false);
  expect([...first.roster.members().keys()]).toEqual([founder, a]);
});

test('listeners hear of each change, and of nothing else', () => {
  const [first] = withAdmins() as [Peer];
  let heard = 0;
  const stop = first.roster.onChange(() => heard++);
  const { version } = first.roster;
  const entry = first.issue({ op: 'retain', age_s: 10, bytes: null });
  first.roster.apply([entry]);
  expect([heard, first.roster.version]).toEqual([1, version + 1]);
  expect(first.roster.retention()).toEqual({ age_s: 10, bytes: null });
  stop();
  first.issue({ op: 'add', key: a, history: false });
  expect(heard).toBe(1);
});

test('a direct conversation has its two members, whatever they write', () => {
  const direct = directGenesis(founder, a);
  const roster = new Roster(direct);
  expect([...roster.members().keys()].sort()).toEqual([founder, a].sort());
  const entry = new Peer(founder, genesis).issue({ op: 'remove', key: a });
  const feed = { ...entry.feed, group: direct.id };
  expect(roster.apply([{ ...entry, feed }])).toBe(false);
  expect(roster.accepts(feed)).toBe(true);
  expect(roster.accepts({ ...feed, author: b })).toBe(false);
  expect(roster.check({ op: 'add', key: b, history: false }, founder, 0)).toBe('not-an-admin');
});

test('an operation that comes before what it builds on counts once that has come', () => {
  const peers = withAdmins(a);
  const one = only(peers, 1);
  one.issue({ op: 'add', key: c, history: false });
  const roster = new Roster(genesis);
  for (const entry of one.entries().reverse()) roster.apply([entry]);
  expect(stateOf(roster)).toEqual(stateOf(rosterOf(genesis, one.entries())));
  expect(roster.isMember(c)).toBe(true);
});
