// The latest own segment reaches the file behind the commits, and no later than the close.
import { expect, test } from 'vitest';
import { silentLogger, type Timers } from '../../src/env.ts';
import type { OwnSegment } from '../../src/sync/events.ts';
import { OwnHeadKeeper } from '../../src/sync/own-head-keeper.ts';
import { testGroup, testIdentity } from '../support/feeds.ts';

class ManualTimers implements Timers {
  waiting: (() => void)[] = [];

  after(_delayMs: number, callback: () => void): () => void {
    this.waiting.push(callback);
    return () => {
      this.waiting = this.waiting.filter((one) => one !== callback);
    };
  }

  fire(): void {
    for (const callback of this.waiting.splice(0)) callback();
  }
}

const feed = { group: testGroup('room'), author: testIdentity(0).publicKey, head: 0 };

function segment(from: number): OwnSegment {
  return { feed, from, bytes: Uint8Array.of(from), local: [] };
}

function rig(): {
  readonly keeper: OwnHeadKeeper;
  readonly timers: ManualTimers;
  readonly written: number[];
  readonly warnings: string[];
  readonly state: { fails: boolean };
} {
  const timers = new ManualTimers();
  const written: number[] = [];
  const warnings: string[] = [];
  const state = { fails: false };
  const file = {
    write: ({ from }: OwnSegment): Promise<void> => {
      if (state.fails) return Promise.reject(new Error('no room'));
      written.push(from);
      return Promise.resolve();
    },
  };
  const logger = { ...silentLogger, warn: (_: object, text: string) => void warnings.push(text) };
  return { keeper: new OwnHeadKeeper(file, timers, logger), timers, written, warnings, state };
}

test('of many segments in one pause the latest alone is written', async () => {
  const { keeper, timers, written } = rig();
  for (let from = 1; from <= 100; from++) keeper.keep(segment(from));
  expect([written, timers.waiting.length]).toEqual([[], 1]);
  timers.fire();
  await expect.poll(() => written).toEqual([100]);
});

test('what comes while the file is written waits for the next pause', async () => {
  const { keeper, timers, written } = rig();
  keeper.keep(segment(1));
  timers.fire();
  keeper.keep(segment(2));
  await expect.poll(() => timers.waiting.length).toBe(1);
  timers.fire();
  await expect.poll(() => written).toEqual([1, 2]);
});

test('closing writes what waits, and leaves no timer', async () => {
  const { keeper, timers, written } = rig();
  keeper.keep(segment(7));
  await keeper.close();
  expect([written, timers.waiting]).toEqual([[7], []]);
});

test('a file that cannot be written is told of, and the next segment is tried again', async () => {
  const { keeper, timers, written, warnings, state } = rig();
  state.fails = true;
  keeper.keep(segment(1));
  timers.fire();
  await expect.poll(() => warnings.length).toBe(1);
  state.fails = false;
  keeper.keep(segment(2));
  timers.fire();
  await expect.poll(() => written).toEqual([2]);
});
