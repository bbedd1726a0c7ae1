// What a roster shows others of itself, told to nodes that have other operations.
import { expect, test } from 'vitest';
import {
  evidenceAgainst,
  evidenceOfMembership,
  evidenceOfRemoval,
  hadEnded,
} from '../../../src/chat/roster/evidence.ts';
import type { Entry } from '../../../src/cxo/entry.ts';
import type { PublicKey } from '../../../src/identity.ts';
import { admitBy, founder, genesisOf, invitation, keyOf, Peer } from './world.ts';

const genesis = genesisOf();
const [a, b, c] = [keyOf(1), keyOf(2), keyOf(3)] as const;
const max = 16;

function sync(...peers: readonly Peer[]): void {
  let isAny = true;
  while (isAny) {
    isAny = false;
    for (const to of peers) for (const from of peers) if (to.pull(from)) isAny = true;
  }
}

/** The founder's node and those of the keys, all of them admins, in this order of seniority. */
function withAdmins(): readonly [Peer, Peer, Peer] {
  const peers = [founder, a, b].map((key) => new Peer(key, genesis)) as [Peer, Peer, Peer];
  for (const key of [a, b]) peers[0].issue({ op: 'promote', key });
  sync(...peers);
  return peers;
}

/** By authors and what was done. */
function said(entries: readonly Entry[]): readonly PublicKey[] {
  return entries.map(({ feed }) => feed.author);
}

test('F39 a key that was removed is shown it by the removal and the promotions that it stands on', () => {
  const [first, one, two] = withAdmins();
  one.issue({ op: 'remove', key: b });
  const entries = evidenceOfRemoval(one.roster, b, max);
  expect(said(entries)).toEqual([a, founder]);
  two.roster.apply(entries);
  expect(two.roster.removedBy(b)).toBe(a);
  expect(evidenceOfRemoval(first.roster, b, max)).toEqual([]);
});

test('of several removals there are as many as fit, the most senior first, each whole', () => {
  const [first, one] = withAdmins();
  first.issue({ op: 'remove', key: b });
  one.issue({ op: 'remove', key: b });
  sync(first, one);
  expect(said(evidenceOfRemoval(first.roster, b, max))).toEqual([founder, a, founder]);
  expect(said(evidenceOfRemoval(first.roster, b, 2))).toEqual([founder]);
});

test('who was removed and added again learns it from one that knows both', () => {
  const [first, one, two] = withAdmins();
  one.issue({ op: 'remove', key: b });
  two.roster.apply(evidenceOfRemoval(one.roster, b, max));
  sync(first, one);
  expect(hadEnded(first.roster, a)).toBe(false);
  first.issue({ op: 'add', key: b, history: false });
  expect(hadEnded(first.roster, b)).toBe(true);
  two.roster.apply(evidenceOfMembership(first.roster, [b, founder], max));
  expect(two.roster.isMember(b)).toBe(true);
});

test('somebody that an invite let in is shown with the invite, and with whoever opened the door', () => {
  const [first, one] = withAdmins();
  const invite = invitation(1);
  first.issue({ op: 'invite', invite: invite.id, expires: null, uses: 1, history: false });
  sync(first, one);
  one.issue(admitBy(genesis.id, invite, c));
  const stranger = new Peer(keyOf(9), genesis);
  const entries = evidenceOfMembership(one.roster, [c], max);
  stranger.roster.apply(entries);
  expect(stranger.roster.isMember(c)).toBe(true);
  expect(evidenceOfMembership(one.roster, [c], entries.length - 1)).toEqual([]);
  expect(evidenceOfMembership(one.roster, [c, keyOf(8)], max)).toEqual([]);
});

test('F38 what voided an admission is shown to who was let in by it, and what has its effect is not answered', () => {
  const [first, one, two] = withAdmins();
  // Apart: the senior admin is removed, and adds somebody.
  first.issue({ op: 'remove', key: a });
  sync(first, two);
  const added = one.issue({ op: 'add', key: c, history: false });
  const joiner = new Peer(c, genesis);
  sync(one, joiner);
  expect(joiner.roster.isMember(c)).toBe(true);
  const claim = evidenceOfMembership(joiner.roster, [c, a], max);
  expect(claim).toContain(added);
  two.roster.apply(claim);
  expect(two.roster.isMember(c)).toBe(false);
  expect(two.roster.voidGrantsOf(c)).toEqual([added]);
  const [against = []] = evidenceAgainst(two.roster, claim, max);
  joiner.roster.apply(against);
  expect(joiner.roster.isMember(c)).toBe(false);
  expect(evidenceAgainst(joiner.roster, against, max)).toEqual([]);
});

test('a demotion and a revocation void what came behind them', () => {
  const [first, one, two] = withAdmins();
  const invite = invitation(2);
  first.issue({ op: 'invite', invite: invite.id, expires: null, uses: null, history: false });
  sync(first, one, two);
  const demoted = first.issue({ op: 'demote', key: a });
  const revoked = first.issue({ op: 'revoke', invite: invite.id });
  const added = one.issue({ op: 'add', key: c, history: false });
  const admitted = two.issue(admitBy(genesis.id, invite, keyOf(4)), { time: first.clock + 10 });
  first.roster.apply([added, admitted]);
  expect(evidenceAgainst(first.roster, [added], max)).toEqual([[demoted]]);
  expect(evidenceAgainst(first.roster, [admitted], max)).toEqual([[revoked]]);
});

test('the last use of an invite is shown to whoever had it at another door', () => {
  const [first, one, two] = withAdmins();
  const invite = invitation(3);
  first.issue({ op: 'invite', invite: invite.id, expires: null, uses: 1, history: false });
  sync(first, one, two);
  one.issue(admitBy(genesis.id, invite, keyOf(5)));
  const late = two.issue(admitBy(genesis.id, invite, keyOf(6)), { time: one.clock + 10 });
  one.roster.apply([late]);
  expect(one.roster.isMember(keyOf(6))).toBe(false);
  const [against = []] = evidenceAgainst(one.roster, [late], max);
  two.roster.apply(against);
  expect([keyOf(5), keyOf(6)].map((key) => two.roster.isMember(key))).toEqual([true, false]);
});
