import { expect, test } from 'vitest';
import { waitsMax } from '../../src/limits.ts';
import { bob, lobby, ops, self } from '../support/fake-node.ts';
import { Rig } from '../support/rig.ts';

interface Waited {
  readonly messages: readonly { readonly text: string; readonly id: string }[];
  readonly cursor: string;
  readonly more: boolean;
  readonly timed_out: boolean;
}

const textsOf = ({ messages }: Waited): string[] => messages.map(({ text }) => text);

test('what arrives is given once, and the wait goes on behind it', async () => {
  const rig = await Rig.start();
  const first = rig.ask<Waited>('wait_for_messages');
  await rig.node.untilPolls(1);
  rig.node.arrive('one');
  const { cursor, ...given } = await first;
  expect(textsOf({ ...given, cursor })).toEqual(['one']);
  rig.node.arrive('two');
  rig.node.arrive('three');
  expect(textsOf(await rig.ask('wait_for_messages', { after: cursor }))).toEqual(['two', 'three']);
  // Without a cursor it goes on where it was.
  rig.node.arrive('four');
  expect(textsOf(await rig.ask('wait_for_messages'))).toEqual(['four']);
});

test('F45 what arrived between the first start and the first wait is given', async () => {
  const rig = await Rig.start();
  await rig.ask('whoami');
  while ((await rig.ask('whoami'))['cursor'] === null);
  rig.node.arrive('early');
  expect(textsOf(await rig.ask('wait_for_messages', { timeout_s: 0 }))).toEqual(['early']);
});

test('F46 F47 over a restart of the server it goes on exactly where it was', async () => {
  const rig = await Rig.start();
  const { node, state } = rig;
  await rig.ask('wait_for_messages', { timeout_s: 0 });
  for (const text of ['one', 'two', 'three']) node.arrive(text);
  expect(textsOf(await rig.ask('wait_for_messages', { limit: 2 }))).toEqual(['one', 'two']);
  await rig.client.close();
  node.arrive('four');
  const again = await Rig.start({ node, state });
  expect(textsOf(await again.ask('wait_for_messages'))).toEqual(['three', 'four']);
  const other = await Rig.start({ node, state, agent: 'other' });
  expect(await other.ask('wait_for_messages', { timeout_s: 0 })).toMatchObject({ timed_out: true });
});

test('a group has a place of its own', async () => {
  const rig = await Rig.start();
  await rig.ask('wait_for_messages', { timeout_s: 0 });
  rig.node.arrive('in the room');
  rig.node.arrive('in the group', { group: ops });
  expect(textsOf(await rig.ask('wait_for_messages', { group: 'ops' }))).toEqual(['in the group']);
  expect(textsOf(await rig.ask('wait_for_messages'))).toEqual(['in the room', 'in the group']);
});

test('F50 own messages, and what mentions nobody, are passed over and never come again', async () => {
  const rig = await Rig.start();
  await rig.ask('wait_for_messages', { timeout_s: 0 });
  rig.node.arrive('own', { mine: true, author: self });
  rig.node.arrive('for bob', { mentions: [bob] });
  const wait = rig.ask<Waited>('wait_for_messages', { mentions_only: true });
  await rig.node.untilPolls(1);
  rig.node.arrive('for me', { mentions: [self] });
  const { cursor } = await wait;
  expect(textsOf(await wait)).toEqual(['for me']);
  expect(await rig.ask('wait_for_messages', { timeout_s: 0 })).toMatchObject({
    messages: [],
    cursor,
  });
  const all = await rig.ask<Waited>('wait_for_messages', { after: '0', include_own: true });
  expect(textsOf(all)).toEqual(['own', 'for bob', 'for me']);
});

test('more than fits stays behind the cursor, page by page', async () => {
  const rig = await Rig.start();
  const texts = Array.from({ length: 30 }, (_, at) => `${at} `.padEnd(3_000, 'x'));
  for (const text of texts) rig.node.arrive(text);
  const seen: string[] = [];
  for (let after = '0', more = true; more;) {
    const page = await rig.ask<Waited>('wait_for_messages', { after, limit: 11, timeout_s: 0 });
    expect(textsOf(page).join('').length).toBeLessThanOrEqual(24_000);
    seen.push(...textsOf(page));
    ({ cursor: after, more } = page);
  }
  expect(seen).toEqual(texts);
});

test('while the node is down it waits, and goes on when it is back', async () => {
  const rig = await Rig.start();
  await rig.ask('wait_for_messages', { timeout_s: 0 });
  const wait = rig.ask<Waited>('wait_for_messages');
  await rig.node.untilPolls(1);
  await rig.node.stop();
  await rig.node.start();
  await rig.node.untilPolls(1);
  rig.node.arrive('back');
  expect(textsOf(await wait)).toEqual(['back']);
});

test('a node that is down when the time is over is a failure that says what to do', async () => {
  const rig = await Rig.start();
  await rig.node.stop();
  const { isError, text } = await rig.call('wait_for_messages', { timeout_s: 0.05 });
  expect(isError).toBe(true);
  expect(text).toMatch(/^unreachable-node: the node at 127.0.0.1:\d+ cannot be reached\. Start it/);
});

test('a refusal ends the wait at once', async () => {
  const rig = await Rig.start();
  for (const args of [{ group: 'nobody' }, { after: '99' }]) {
    const { isError, text } = await rig.call('wait_for_messages', args);
    expect([isError, text]).toEqual([true, expect.stringMatching(/^(unknown-group|bad-cursor): /)]);
  }
});

test('a wait that is cancelled ends at the node as well, and loses nothing', async () => {
  const rig = await Rig.start();
  await rig.ask('wait_for_messages', { timeout_s: 0 });
  const cancel = new AbortController();
  const wait = rig.call('wait_for_messages', {}, { signal: cancel.signal });
  await rig.node.untilPolls(1);
  cancel.abort();
  await expect(wait).rejects.toThrow();
  await rig.node.untilPolls(0);
  rig.node.arrive('later');
  expect(textsOf(await rig.ask('wait_for_messages'))).toEqual(['later']);
});

test('what was given to a call that had been given up comes again', async () => {
  const rig = await Rig.start();
  await rig.ask('wait_for_messages', { timeout_s: 0 });
  rig.node.arrive('one');
  const cancel = new AbortController();
  // The answer and the cancellation cross: the client has given up by the time that it comes.
  const transport = rig.client.transport;
  const deliver = transport?.onmessage;
  if (transport === undefined || deliver === undefined) throw new Error('not connected');
  transport.onmessage = (message, extra) => {
    if ('result' in message) cancel.abort();
    else deliver(message, extra);
  };
  await expect(rig.call('wait_for_messages', {}, { signal: cancel.signal })).rejects.toThrow();
  transport.onmessage = deliver;
  expect(textsOf(await rig.ask('wait_for_messages'))).toEqual(['one']);
});

test('a client that asks for it is told that the wait goes on', async () => {
  const rig = await Rig.start({ times: { progressMs: 5 } });
  const told: unknown[] = [];
  const done = new AbortController();
  const wait = rig.call(
    'wait_for_messages',
    { timeout_s: 60 },
    {
      onprogress: (progress) => {
        told.push(progress);
        if (told.length === 3) done.abort();
      },
      signal: done.signal,
    },
  );
  await expect(wait).rejects.toThrow();
  const message = expect.stringMatching(/^waiting for messages, \d+ s of 60 s$/) as unknown;
  expect(told[0]).toMatchObject({ total: 60, message });
});

test('too many waits at a time are refused, and one that has ended makes room', async () => {
  const rig = await Rig.start();
  const waits = Array.from({ length: waitsMax }, () => rig.ask<Waited>('wait_for_messages'));
  await rig.node.untilPolls(waitsMax);
  const refused = await rig.call('wait_for_messages');
  expect(refused.text).toMatch(/^too-many-waits: /);
  rig.node.arrive('for all');
  for (const wait of waits) expect(textsOf(await wait)).toEqual(['for all']);
  expect(await rig.ask('wait_for_messages', { timeout_s: 0 })).toMatchObject({ timed_out: true });
});

test('where the cursor cannot be kept, the operator is told and the wait goes on', async () => {
  // A file stands where the folder would be.
  const rig = await Rig.start({ state: import.meta.filename });
  rig.node.arrive('one');
  expect(textsOf(await rig.ask('wait_for_messages', { after: '0', group: lobby }))).toEqual([
    'one',
  ]);
  expect(rig.warnings.join()).toContain('the cursor is not kept over a restart');
});
