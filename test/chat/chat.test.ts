import { nameless } from '../../src/chat/people/directory.ts';
import { expect, test } from 'vitest';
import { toHex } from '../../src/bytes.ts';
import type { GroupId } from '../../src/cxo/ids.ts';
import { buildAddress, buildProfile, buildVouch } from '../../src/chat/content/message.ts';
import { addressLimits } from '../../src/chat/limits.ts';
import { objectOf, Rig, room, testKey, testSalt } from './rig.ts';

const [alice, bob] = [testKey(1), testKey(2)] as const;

test('a restarted node has the members and names that its store knows', async () => {
  const rig = await Rig.open({ configured: [alice] });
  rig.arrive({ author: alice, object: buildVouch([bob], testSalt()) });
  rig.arrive({ author: bob, object: buildProfile('Bob', testSalt()) });
  const restarted = await Rig.open({ configured: [alice], disk: rig.disk });
  for (const { chat } of [rig, restarted]) {
    expect(chat.membership.members()).toEqual([alice, bob, rig.self].sort());
    expect(chat.directory.findName(bob)).toBe('Bob');
  }
});

test('a vouch that is held back from view does not count yet', async () => {
  const rig = await Rig.open({ configured: [alice] });
  const entry = rig.arrive({ author: alice, object: buildVouch([bob], testSalt()) });
  rig.disk.entries[0] = { ...entry, arrival: 0 };
  const restarted = await Rig.open({ configured: [alice], disk: rig.disk });
  expect(restarted.chat.membership.isMember(bob)).toBe(false);
});

test('a node announces what it vouches for and its name once, and again only after a change', async () => {
  const rig = await Rig.open({ configured: [alice] });
  await rig.chat.announce({ ...nameless, name: 'me' }, []);
  expect(rig.appends).toBe(2);
  await rig.chat.announce({ ...nameless, name: 'me' }, []);
  await rig.chat.announce(nameless, []);
  expect(rig.appends).toBe(2);
  const restarted = await Rig.open({ configured: [alice], disk: rig.disk });
  await restarted.chat.announce({ ...nameless, name: 'me' }, []);
  expect(restarted.appends).toBe(0);
  restarted.chat.membership.setConfigured([alice, bob]);
  await restarted.chat.announce({ ...nameless, name: 'I' }, []);
  expect(restarted.appends).toBe(2);
  expect(restarted.chat.directory.findName(rig.self)).toBe('I');
});

test('an announcement that is on disk and not yet announced is not repeated', async () => {
  const rig = await Rig.open({ configured: [alice] });
  rig.isAnnouncing = false;
  await rig.chat.announce({ ...nameless, name: 'me' }, []);
  await rig.chat.announce({ ...nameless, name: 'me' }, []);
  expect(rig.appends).toBe(2);
  rig.announce();
  await rig.chat.announce({ ...nameless, name: 'me' }, []);
  expect(rig.appends).toBe(2);
});

test('another node believes the announcement', async () => {
  const rig = await Rig.open({ self: alice, configured: [bob] });
  await rig.chat.announce({ ...nameless, name: 'Alice' }, []);
  const other = await Rig.open({ self: testKey(3), configured: [alice], disk: rig.disk });
  expect(other.chat.membership.isMember(bob)).toBe(true);
  expect(other.chat.directory.findName(alice)).toBe('Alice');
});

test('members are reachable where they say, after a restart too, and nobody else is', async () => {
  const rig = await Rig.open({ configured: [alice] });
  const expires = rig.time.now() + addressLimits.lifetimeUs;
  for (const author of [alice, bob, rig.self]) {
    rig.arrive({ author, object: buildAddress([`${author.slice(0, 4)}:1`], expires, testSalt()) });
  }
  const restarted = await Rig.open({ configured: [alice], disk: rig.disk });
  for (const { chat } of [rig, restarted]) {
    expect(chat.reachable()).toEqual([{ pk: alice, addresses: [`${alice.slice(0, 4)}:1`] }]);
    chat.membership.setConfigured([bob]);
    expect(chat.reachable().map(({ pk }) => pk)).toEqual([bob]);
  }
});

test('a node announces its addresses when there is somebody to tell, and withdraws them', async () => {
  const rig = await Rig.open();
  await rig.chat.announce(nameless, ['h:1']);
  expect(rig.appends).toBe(0);
  rig.chat.membership.setConfigured([alice]);
  await rig.chat.announce(nameless, ['h:1', '[::1]:2']);
  await rig.chat.announce(nameless, ['h:1', '[::1]:2']);
  expect(rig.appends).toBe(2);
  const other = await Rig.open({ self: alice, configured: [rig.self], disk: rig.disk });
  expect(other.chat.reachable()).toEqual([{ pk: rig.self, addresses: ['h:1', '[::1]:2'] }]);
  await rig.chat.announce(nameless, []);
  expect(rig.appends).toBe(3);
  const later = await Rig.open({ self: alice, configured: [rig.self], disk: rig.disk });
  expect(later.chat.reachable()).toEqual([]);
});

test('the room is a group from the start, with its members and its last message', async () => {
  const rig = await Rig.open({ configured: [alice] });
  expect(await rig.chat.groupViews()).toMatchObject([
    { id: room.id, name: 'lobby', state: 'active', members: 2, last_message: null },
  ]);
  const entry = rig.say(alice, 'hello');
  expect((await rig.chat.groupView('lobby')).last_message).toMatchObject({ id: toHex(entry.id) });
  const members = rig.chat.members('lobby', (key) => key === rig.self);
  expect(members.map(({ pk, online }) => [pk, online])).toEqual(
    [alice, rig.self].sort().map((key) => [key, key === rig.self]),
  );
});

test('a group that is only left in the store is shown as left, and still read', async () => {
  const rig = await Rig.open();
  const group = testKey(50) as string as GroupId;
  rig.arrive({ author: alice, object: objectOf('text', { text: 'long ago' }), group });
  expect(await rig.chat.groupView(group)).toMatchObject({ id: group, state: 'left', members: 1 });
  expect(rig.chat.members(group, () => true).map(({ pk }) => pk)).toEqual([rig.self]);
  const { messages } = await rig.chat.conversation.newest({ group }, 5);
  expect(messages.map(({ text }) => text)).toEqual(['long ago']);
});

test('an unknown group is refused', async () => {
  const { chat } = await Rig.open();
  await expect(chat.groupView('nowhere')).rejects.toMatchObject({ code: 'unknown-group' });
  expect(() => chat.members('nowhere', () => true)).toThrow(
    expect.objectContaining({ code: 'unknown-group' }),
  );
});

test('F48 everything that this layer does not keep has a counter', async () => {
  const rig = await Rig.open({ configured: [alice] });
  const keys = Array.from({ length: 1025 }, () => new Uint8Array(32));
  rig.arrive({ author: alice, object: objectOf('vouch', { keys }) });
  expect(rig.chat.counters).toEqual({
    'vouch-too-large': 1,
    'vouches-full': 0,
    'members-full': 0,
    'notes-full': 0,
    'groups-full': 0,
    'offer-malformed': 0,
    'sealed-invalid': 0,
    'ring-damaged': 0,
    'names-full': 0,
    'address-malformed': 0,
    'addresses-full': 0,
    'idempotency-full': 0,
  });
});
