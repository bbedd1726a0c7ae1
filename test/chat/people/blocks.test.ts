import { expect, test } from 'vitest';
import { Blocks } from '../../../src/chat/people/blocks.ts';
import { SkychatError } from '../../../src/errors.ts';
import { LocalRows } from '../local-rows.ts';
import { testKey } from '../rig.ts';

const [self, alice, bob] = [testKey(0), testKey(1), testKey(2)] as const;

class Rows extends LocalRows {
  now = 1_800_000_000_000_000;

  open(keysMax?: number, writeLocal = this.writeLocal): Promise<Blocks> {
    const clock = { now: () => this.now++ };
    const bound = keysMax === undefined ? {} : { keysMax };
    return Blocks.open({ self, store: this, writeLocal, clock, ...bound });
  }
}

test('a block holds over a restart, since when it was made first, until it is taken back', async () => {
  const rows = new Rows();
  const blocks = await rows.open();
  const { since } = await blocks.block(alice);
  await blocks.block(bob);
  expect(await blocks.block(alice)).toEqual({ pk: alice, since });
  for (const each of [blocks, await rows.open()]) {
    expect(each.list()).toEqual([
      { pk: alice, since },
      { pk: bob, since: since + 1 },
    ]);
    expect([each.isBlocked(alice), each.isBlocked(testKey(3))]).toEqual([true, false]);
  }
  await blocks.unblock(alice);
  await blocks.unblock(testKey(3));
  for (const each of [blocks, await rows.open()]) {
    expect(each.list().map(({ pk }) => pk)).toEqual([bob]);
  }
});

test('every change is told once, and none that changes nothing', async () => {
  const blocks = await new Rows().open();
  const told: string[] = [];
  const stop = blocks.onChange((key) => told.push(key));
  await blocks.block(alice);
  await blocks.block(alice);
  await blocks.unblock(bob);
  await blocks.unblock(alice);
  stop();
  await blocks.block(bob);
  expect(told).toEqual([alice, alice]);
});

test('nobody blocks the own key, nor more keys than there is room for', async () => {
  const rows = new Rows();
  const blocks = await rows.open(1);
  await expect(blocks.block(self)).rejects.toMatchObject({ code: 'bad-field' });
  await blocks.block(alice);
  await expect(blocks.block(bob)).rejects.toMatchObject({ code: 'bad-field' });
  await blocks.block(alice);
  expect(rows.rows.size).toBe(1);
});

test('a block that the disk refused does not hold', async () => {
  const fails = (): Promise<void> => Promise.reject(new SkychatError('disk-full', 'full'));
  const blocks = await new Rows().open(undefined, fails);
  await expect(blocks.block(alice)).rejects.toMatchObject({ code: 'disk-full' });
  expect(blocks.isBlocked(alice)).toBe(false);
});
