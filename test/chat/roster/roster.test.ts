import { expect, test } from 'vitest';
import { founder, genesisOf, keyOf, Peer, admitBy, invitation } from './world.ts';

test('the founder adds, promotes and removes; each shows at once', () => {
  const genesis = genesisOf();
  const peer = new Peer(founder, genesis);
  expect([...peer.roster.members()]).toEqual([
    [founder, { role: 'founder', since: null, history: true, rank: 0 }],
  ]);
  peer.issue({ op: 'add', key: keyOf(1), history: false });
  expect(peer.roster.roleOf(keyOf(1))).toBe('member');
  peer.issue({ op: 'promote', key: keyOf(1) });
  expect(peer.roster.roleOf(keyOf(1))).toBe('admin');
  const one = new Peer(keyOf(1), genesis);
  while (one.pull(peer));
  const invite = invitation(1);
  one.issue({ op: 'invite', invite: invite.id, expires: null, uses: 1, history: true });
  one.issue(admitBy(genesis.id, invite, keyOf(2)));
  expect(one.roster.roleOf(keyOf(2))).toBe('member');
  while (peer.pull(one));
  expect(peer.roster.roleOf(keyOf(2))).toBe('member');
  peer.issue({ op: 'remove', key: keyOf(1) });
  expect(peer.roster.isMember(keyOf(1))).toBe(false);
  expect(peer.roster.limitOf({ group: genesis.id, author: keyOf(1), head: 0 })).toBe(2);
  expect(peer.roster.isMember(keyOf(2))).toBe(true);
  peer.issue({ op: 'add', key: keyOf(1), history: false });
  expect(peer.roster.headMin(keyOf(1))).toBe(1);
});
