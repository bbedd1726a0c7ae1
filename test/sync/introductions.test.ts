// Groups, and members of them, that come and go while a link is open; and feeds that end where their
// author was removed.
import { expect, test } from 'vitest';
import type { GroupId } from '../../src/cxo/ids.ts';
import type { FeedId } from '../../src/cxo/root.ts';
import { draftOf } from '../../src/cxo/draft.ts';
import type { PublicKey } from '../../src/identity.ts';
import type { Groups } from '../../src/sync/groups.ts';
import { syncLimits } from '../../src/sync/limits.ts';
import { testGroup, testIdentity, textObject } from '../support/feeds.ts';
import { Peer, Rig, rootsOf, Wire } from './rig.ts';

const [self, friend, third] = [testIdentity(0), testIdentity(1), testIdentity(2)];
const [room, secret] = [testGroup('room'), testGroup('secret')];

/** Groups of one node, which the test changes. */
class World implements Groups {
  readonly groups = new Map<GroupId, Set<PublicKey>>();
  readonly limits = new Map<PublicKey, number>();
  readonly left = new Set<GroupId>();

  constructor(...members: readonly PublicKey[]) {
    this.groups.set(room, new Set(members));
  }

  all(): readonly GroupId[] {
    return [...this.groups.keys()];
  }

  shares(group: GroupId, peer: PublicKey): boolean {
    return this.isMember(group, peer);
  }

  isMember(group: GroupId, key: PublicKey): boolean {
    return this.groups.get(group)?.has(key) === true;
  }

  accepts({ group, author }: FeedId): boolean {
    return this.isMember(group, author) || this.limits.has(author);
  }

  isAwaited(group: GroupId): boolean {
    return !this.left.has(group);
  }

  limitOf({ author }: FeedId): number | undefined {
    return this.limits.get(author);
  }

  headMin(_: GroupId, from: number): number {
    return from;
  }
}

async function post(rig: Rig, group: GroupId, text: string): Promise<void> {
  const draft = draftOf(textObject(text));
  await rig.handle({ type: 'append', ticket: 1000, group, draft });
}

function seqOf(rig: Rig, group: GroupId, author: PublicKey): number {
  return rig.store.find({ group, author, head: 0 })?.head.seq ?? 0;
}

async function pair() {
  const members = [self.publicKey, friend.publicKey];
  const [worldA, worldB] = [new World(...members), new World(...members)];
  const a = await new Rig(self, { groups: worldA }).start();
  const b = await new Rig(friend, { groups: worldB }).start();
  const wire = await new Wire([[a, b]]).open();
  await wire.run();
  return { a, b, worldA, worldB, wire, members };
}

test('a group that both come to have while they are linked is synced over that link', async () => {
  for (const order of ['ab', 'ba']) {
    const { a, b, worldA, worldB, wire, members } = await pair();
    worldA.groups.set(secret, new Set(members));
    await post(a, secret, 'before it is known');
    const enter = [
      () => a.handle({ type: 'members' }),
      async () => {
        worldB.groups.set(secret, new Set(members));
        await b.handle({ type: 'members' });
      },
    ];
    for (const step of order === 'ab' ? enter : enter.reverse()) {
      await step();
      await wire.run();
    }
    expect(seqOf(b, secret, self.publicKey)).toBe(1);
    await post(b, secret, 'and the other way');
    await wire.run();
    expect(seqOf(a, secret, friend.publicKey)).toBe(1);
  }
});

test('who is no member any more is told nothing more of the group, on the link that there is', async () => {
  const { a, b, worldA, wire } = await pair();
  await post(a, room, 'for both');
  await wire.run();
  expect(seqOf(b, room, self.publicKey)).toBe(1);
  worldA.groups.set(room, new Set([self.publicKey]));
  await a.handle({ type: 'members' });
  await wire.run();
  await post(a, room, 'for one');
  await wire.settle();
  expect(seqOf(b, room, self.publicKey)).toBe(1);
});

test('who is a member again is told again what came meanwhile', async () => {
  const { a, b, worldA, wire, members } = await pair();
  worldA.groups.set(room, new Set([self.publicKey]));
  await a.handle({ type: 'members' });
  await post(a, room, 'meanwhile');
  worldA.groups.set(room, new Set(members));
  await a.handle({ type: 'members' });
  await wire.settle();
  expect(seqOf(b, room, self.publicKey)).toBe(1);
});

test('who finds out later than the others that it is a member again is told at once what it missed', async () => {
  const { a, b, worldA, worldB, wire, members } = await pair();
  await wire.run();
  for (const [rig, world] of [
    [a, worldA],
    [b, worldB],
  ] as const) {
    world.groups.set(room, new Set([rig === a ? self.publicKey : friend.publicKey]));
    await rig.handle({ type: 'members' });
  }
  await post(a, room, 'meanwhile');
  worldA.groups.set(room, new Set(members));
  await a.handle({ type: 'members' });
  await wire.run();
  expect([seqOf(b, room, self.publicKey), b.gossip.overview.shares(self.publicKey, room)]).toEqual([
    0,
    false,
  ]);
  worldB.groups.set(room, new Set(members));
  await b.handle({ type: 'members' });
  await wire.run();
  expect([seqOf(b, room, self.publicKey), b.gossip.overview.shares(self.publicKey, room)]).toEqual([
    1,
    true,
  ]);
});

test('of a group that was left nothing is missing, whatever others have', async () => {
  const world = new World(self.publicKey, friend.publicKey);
  const rig = await new Rig(self, { groups: world }).start();
  const peer = await new Peer(rig, friend).open();
  await peer.hello();
  await peer.have(friend.publicKey, 3);
  expect(rig.gossip.overview.behind()).toBe(3);
  world.left.add(room);
  expect(rig.gossip.overview.behind()).toBe(0);
});

test('F60 a peer that names groups without end is not listened to beyond the bound', async () => {
  const rig = await new Rig(self, { groups: new World(self.publicKey, friend.publicKey) }).start();
  const peer = await new Peer(rig, friend).open();
  await peer.hello();
  const tag = new Uint8Array(16).fill(7);
  const many = Array.from({ length: syncLimits.groupsMax }, () => ({ tag, fingerprint: tag }));
  await peer.say({ type: 'groups', groups: many });
  expect(rig.dropped('too-many-groups')).toBe(1);
});

test('F42 of an author who was removed nothing is taken beyond the last root that counts', async () => {
  const world = new World(self.publicKey, friend.publicKey);
  world.limits.set(third.publicKey, 3);
  const rig = await new Rig(self, { groups: world }).start();
  const peer = await new Peer(rig, friend).open();
  await peer.hello();
  const { segments } = rootsOf(third, 5);
  for (const [i, bytes] of segments.entries()) await peer.segment(third.publicKey, i + 1, bytes);
  expect(seqOf(rig, room, third.publicKey)).toBe(3);
  // The one behind it has no place to go.
  expect([rig.dropped('removed'), rig.dropped('gap')]).toEqual([1, 1]);
  await peer.have(third.publicKey, 5);
  await rig.pass(60_000);
  expect(rig.gossip.overview.behind()).toBe(0);
});

test('nodes that have more and less beyond the end of a feed are in sync', async () => {
  const members = [self.publicKey, friend.publicKey, third.publicKey];
  const [worldA, worldB] = [new World(...members), new World(...members)];
  const { segments } = rootsOf(third, 5);
  const rigs: Rig[] = [];
  for (const [identity, groups, count] of [
    [self, worldA, 3],
    [friend, worldB, 5],
  ] as const) {
    const rig = await new Rig(identity, { groups }).start();
    const peer = await new Peer(rig, third, 99).open();
    await peer.hello();
    for (const [i, bytes] of segments.slice(0, count).entries()) {
      await peer.segment(third.publicKey, i + 1, bytes);
    }
    await peer.close();
    groups.groups.set(room, new Set([self.publicKey, friend.publicKey]));
    groups.limits.set(third.publicKey, 3);
    await rig.handle({ type: 'members' });
    rigs.push(rig);
  }
  const [a = expect.fail(), b = expect.fail()] = rigs;
  const wire = await new Wire([[a, b]]).open();
  expect((await wire.run()).map(({ type }) => type)).toEqual(['hello', 'hello']);
});
