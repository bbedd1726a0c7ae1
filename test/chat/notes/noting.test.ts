import { expect, test } from 'vitest';
import { toHex } from '../../../src/bytes.ts';
import type { Entry } from '../../../src/cxo/archive.ts';
import { buildVouch } from '../../../src/chat/content/message.ts';
import { buildDeletion, buildPin, buildReaction } from '../../../src/chat/notes/note-content.ts';
import type { Noting } from '../../../src/chat/notes/noting.ts';
import type { MessageView } from '../../../src/chat/view.ts';
import { alice, bob, carol, NotingWorld, self } from '../noting-world.ts';
import { testKey, testSalt } from '../rig.ts';

const hex = ({ id }: Entry): string => toHex(id);

test('the author corrects a text: the last one is shown, and that it was edited', async () => {
  const world = new NotingWorld();
  const said = hex(world.say(self, 'teh disk'));
  expect(await world.conversation.message(said)).toMatchObject({ edited: false });
  await world.noting.edit(said, 'the disc');
  const view = await world.noting.edit(said, 'the disk of @alice');
  expect(view).toMatchObject({ text: 'the disk of @alice', edited: true, mentions: [alice] });
  expect(await world.conversation.newest({}, 10)).toMatchObject({ messages: [view] });
  expect(await world.restart().conversation.message(said)).toEqual(view);
});

test('F52 a deleted message has no text any more, whatever comes in whatever order, after a restart too', async () => {
  const world = new NotingWorld();
  const entry = world.say(self, 'secret', { priority: 'urgent', ack: true });
  await world.noting.edit(hex(entry), 'secret 2');
  await world.noting.react(hex(entry), '👍', true);
  const view = await world.noting.erase(hex(entry));
  expect(view).toMatchObject({ text: '', deleted: true, edited: false, reactions: {} });
  world.arrive(self, { kind: 'edit', target: entry.id, text: 'secret 3' });
  for (const reader of [world, world.restart(), world.restart(bob)]) {
    const page = await reader.conversation.after('0', {}, 10);
    expect(page.messages).toMatchObject([{ text: '', deleted: true }]);
    expect(JSON.stringify(page)).not.toContain('secret');
    expect(JSON.stringify(await reader.conversation.eventsAfter('0', {}, 10))).not.toContain(
      'secret',
    );
  }
});

test('F52 once the bodies are erased, the edits of a deleted message are not shown for messages', async () => {
  const world = new NotingWorld();
  const id = hex(world.say(self, 'secret'));
  await world.noting.edit(id, 'secret 2');
  await world.noting.erase(id);
  const { entries } = world.rig.disk;
  for (const at of [0, 1]) entries[at] = { ...(entries[at] as Entry), object: undefined };
  const { conversation } = world.restart();
  expect(await conversation.newest({}, 10)).toMatchObject({ messages: [{ id, deleted: true }] });
});

test('reactions are kept by emoji and key, and taken back', async () => {
  const world = new NotingWorld();
  const entry = world.say(alice, 'hello');
  world.arrive(bob, buildReaction(entry.id, '👍', true));
  const both = await world.noting.react(hex(entry), '👍', true);
  expect(both.reactions).toEqual({ '👍': [bob, self].sort() });
  await world.noting.react(hex(entry), 'e\u0301', true);
  const less = await world.noting.react(hex(entry), '👍', false);
  expect(less.reactions).toEqual({ '👍': [bob], '\u00e9': [self] });
});

test('who was asked for an acknowledgement gives it, and the author sees who did', async () => {
  const world = new NotingWorld();
  const id = hex(world.say(alice, 'deploy?', { ack: true, priority: 'high' }));
  const asked = await world.conversation.message(id);
  expect(asked).toMatchObject({ priority: 'high', ack: { requested: true, by: [] } });
  expect((await world.noting.ack(id)).ack).toEqual({ requested: true, by: [self] });
});

test('anybody who may pins and unpins; an admin hides, and the text is gone from view until it shows it', async () => {
  const world = new NotingWorld({ self: carol });
  const id = hex(world.say(alice, 'rude'));
  expect(await world.noting.pin(id, true)).toMatchObject({ pinned: true, text: 'rude' });
  expect(await world.noting.pin(id, false)).toMatchObject({ pinned: false });
  expect(await world.noting.hide(id, true)).toMatchObject({
    hidden: true,
    text: '',
    deleted: false,
  });
  expect(await world.noting.hide(id, false)).toMatchObject({ hidden: false, text: 'rude' });
});

test('what would change nothing is answered and not written', async () => {
  const world = new NotingWorld({ self: carol });
  const { noting, rig } = world;
  const id = hex(world.say(carol, 'same', { ack: true }));
  const plain = hex(world.say(alice, 'asks for nothing'));
  const first = [
    await noting.edit(id, 'other'),
    await noting.react(id, '👍', true),
    await noting.ack(id),
    await noting.pin(id, true),
    await noting.hide(id, true),
  ].at(-1);
  expect(rig.appends).toBe(5);
  const again: ((noting: Noting) => Promise<MessageView>)[] = [
    (one) => one.edit(id, 'other'),
    (one) => one.react(id, '👍', true),
    (one) => one.react(id, '👎', false),
    (one) => one.ack(id),
    (one) => one.pin(id, true),
    (one) => one.hide(id, true),
  ];
  for (const act of again) expect(await act(noting)).toEqual(first);
  expect((await noting.ack(plain)).ack).toBeNull();
  expect(rig.appends).toBe(5);
  const gone = await noting.erase(id);
  expect(await noting.erase(id)).toEqual(gone);
  expect(await noting.react(id, '👍', false)).toEqual(gone);
  expect(rig.appends).toBe(6);
});

test.each<
  [string, (noting: Noting, ids: Record<'own' | 'foreign' | 'gone', string>) => Promise<unknown>]
>([
  ['not-the-author', (noting, { foreign }) => noting.edit(foreign, 'x')],
  ['not-the-author', (noting, { foreign }) => noting.erase(foreign)],
  ['empty-text', (noting, { own }) => noting.edit(own, '')],
  ['text-too-large', (noting, { own }) => noting.edit(own, 'x'.repeat(65_537))],
  ['bad-field', async (noting, { own }) => noting.react(own, 'two words', true)],
  ['not-an-admin', (noting, { foreign }) => noting.hide(foreign, true)],
  ['deleted', (noting, { gone }) => noting.edit(gone, 'x')],
  ['deleted', (noting, { gone }) => noting.react(gone, '👍', true)],
  ['deleted', (noting, { gone }) => noting.ack(gone)],
  ['deleted', (noting, { gone }) => noting.pin(gone, true)],
  ['bad-id', (noting) => noting.ack('x')],
  ['unknown-message', (noting) => noting.ack(testKey(99))],
])('%s: nothing is written', async (code, act) => {
  const world = new NotingWorld();
  const gone = world.say(self, 'gone');
  world.arrive(self, buildDeletion(gone.id, []));
  const ids = {
    own: hex(world.say(self, 'own')),
    foreign: hex(world.say(bob, 'x')),
    gone: hex(gone),
  };
  const act_ = async () => act(world.noting, ids);
  await expect(act_()).rejects.toMatchObject({ code });
  expect(world.rig.appends).toBe(0);
});

test('what is no message cannot be answered with a note', async () => {
  const world = new NotingWorld();
  const note = world.arrive(bob, buildPin(world.say(bob, 'a').id, true));
  const vouch = world.rig.arrive({ author: bob, object: buildVouch([], testSalt()) });
  for (const entry of [note, vouch]) {
    await expect(world.noting.react(hex(entry), '👍', true)).rejects.toMatchObject({
      code: 'unknown-message',
    });
  }
});

test('F48 more changes at once than the bound are refused, and the rest goes on', async () => {
  const world = new NotingWorld({ inFlightMax: 2 });
  const id = hex(world.say(alice, 'hello'));
  const all = ['a', 'b', 'c'].map((emoji) => world.noting.react(id, emoji, true));
  const results = await Promise.allSettled(all);
  expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled', 'rejected']);
  await expect(all[2]).rejects.toMatchObject({ code: 'too-many-requests' });
  await world.noting.react(id, 'c', true);
});
