// What is told beside the messages, by a chat over entries in memory.
import { expect, test } from 'vitest';
import { Chat } from '../../../src/chat/chat.ts';
import type { Happening } from '../../../src/chat/news/happenings.ts';
import { watchLimits } from '../../../src/chat/limits.ts';
import { buildProfile } from '../../../src/chat/content/message.ts';
import type { EventView } from '../../../src/chat/view.ts';
import { testIdentity } from '../../support/feeds.ts';
import { objectOf, Rig, room, testKey, testSalt } from '../rig.ts';

const [alice, bob] = [testKey(1), testKey(2)];
const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

async function openWatched() {
  const self = testIdentity(0).publicKey;
  const rig = await Rig.open({ self, configured: [alice, bob] });
  const told: Happening[] = [];
  const stop = rig.chat.news.happenings.watch((happening) => told.push(happening));
  const later = async (): Promise<Happening[]> => {
    await rig.time.advance(watchLimits.groupsMs, settle);
    await settle();
    return told.splice(0);
  };
  return { rig, told, later, stop };
}

test('a read marker that moves is told, and one that stays is not', async () => {
  const { rig, told } = await openWatched();
  rig.say(alice, 'one');
  const view = await rig.chat.markRead('lobby', 'now', false);
  expect(told).toEqual([{ event: 'read', data: view }]);
  await rig.chat.markRead('lobby', view.cursor, false);
  await rig.chat.markRead('lobby', '0', false);
  expect(told).toHaveLength(1);
  await rig.chat.markRead('lobby', '0', true);
  expect(told.at(-1)).toMatchObject({ event: 'read', data: { unread: 1 } });
});

test('a group that was made, and one whose members have other names, is told as it is', async () => {
  const { rig, later } = await openWatched();
  const { id } = await rig.chat.groups.create({ name: 'ops', encrypted: false, members: [] });
  expect(await later()).toEqual([{ event: 'group', data: await rig.chat.groupView(id) }]);
  rig.arrive({ author: alice, object: buildProfile('ann', testSalt()) });
  rig.arrive({ author: alice, object: buildProfile('anna', testSalt()) });
  expect(await later()).toEqual([{ event: 'group', data: await rig.chat.groupView(room.id) }]);
  await rig.chat.groups.describe(id, { topic: 'what is down' });
  expect(await later()).toMatchObject([{ event: 'group', data: { id, topic: 'what is down' } }]);
});

test('messages change no group, however many they are', async () => {
  const { rig, later } = await openWatched();
  await later();
  for (let i = 0; i < 20; i++) rig.say(alice, String(i));
  expect(rig.time.pending).toBe(0);
  expect(await later()).toEqual([]);
});

test('what changed while nobody watched is not told to who comes later', async () => {
  const { rig, told, later, stop } = await openWatched();
  stop();
  rig.arrive({ author: alice, object: buildProfile('ann', testSalt()) });
  await later();
  rig.chat.news.happenings.watch((happening) => told.push(happening));
  rig.chat.news.groupsChanged();
  expect(await later()).toEqual([]);
});

test('a chat that closes leaves no timer', async () => {
  const { rig } = await openWatched();
  rig.chat.news.groupsChanged();
  expect(rig.time.pending).toBe(1);
  rig.chat.close();
  rig.chat.news.groupsChanged();
  expect(rig.time.pending).toBe(0);
});

async function drain(chat: Chat, limit: number, group?: string): Promise<EventView[]> {
  const seen: EventView[] = [];
  const filter = group === undefined ? {} : { group };
  for (let [next, more] = ['0', true]; more;) {
    const page = await chat.conversation.eventsAfter(next, filter, limit);
    seen.push(...page.events);
    ({ next, more } = page);
  }
  return seen;
}

test('messages that retention has taken are a gap where they stood, and what they were said to be is none', async () => {
  const rig = new Rig({ configured: [alice] });
  for (let i = 1; i <= 6; i++) rig.say(alice, `old ${i}`, i);
  rig.arrive({ author: alice, object: objectOf('profile', { name: 'ann' }), time: 7 });
  rig.say(alice, 'new', 100);
  rig.say(alice, 'late, and old', 8);
  const isExpired = (_: unknown, time: number): boolean => time < 100;
  const chat = await Chat.open({ ...rig.options(), isExpired });
  chat.arrived([]);
  const place = { of: 'message', reason: 'expired', group: room.id };
  for (const limit of [1, 5, 100]) {
    const events = await drain(chat, limit);
    const gaps = events.filter((event) => event.event === 'gap');
    expect(gaps.reduce((sum, { gap }) => sum + Number(gap.of === 'message' && gap.count), 0)).toBe(
      7,
    );
    const texts = events.flatMap((event) => (event.event === 'gap' ? [] : [event.message.text]));
    expect(texts).toEqual(['new']);
  }
  expect(await drain(chat, 100)).toMatchObject([
    {
      event: 'gap',
      cursor: '0000000000000006',
      gap: { ...place, after: '0000000000000000', count: 6 },
    },
    { event: 'message', cursor: '0000000000000008' },
    {
      event: 'gap',
      cursor: '0000000000000009',
      gap: { ...place, after: '0000000000000008', count: 1 },
    },
  ]);
  expect((await chat.conversation.after('0', {}, 100)).messages).toHaveLength(1);
  chat.close();
});

test('a store that cannot be read on is a gap up to what comes next, and not an end', async () => {
  const rig = new Rig({ configured: [alice] });
  for (let i = 1; i <= 3; i++) rig.say(alice, `text ${i}`);
  const options = rig.options();
  const archive: typeof options.archive = {
    ...options.archive,
    after: async (arrival, limit) =>
      (await options.archive.after(arrival, limit)).slice(0, 2 - arrival),
  };
  const chat = await Chat.open({ ...options, archive });
  const unreadable = { of: 'message', reason: 'unreadable', group: null, count: null };
  expect(await drain(chat, 100)).toMatchObject([
    { event: 'message' },
    { event: 'message' },
    { event: 'gap', cursor: '0000000000000003', gap: { ...unreadable, after: '0000000000000002' } },
  ]);
  chat.close();
});
