// The engine under faults, from seeds: each run is a mesh in virtual time.
import { expect, test } from 'vitest';
import { findBroken } from './checkers.ts';
import { Cluster } from './cluster.ts';
import { run } from './run.ts';
import { quiet, scheduleOf } from './schedule.ts';
import seeds from './seeds.json' with { type: 'json' };

test('without faults, a line of three comes to the same conversation', async () => {
  const cluster = new Cluster(quiet);
  await cluster.start();
  await cluster.disturb();
  expect(await cluster.heal(2000)).toBeDefined();
  expect(cluster.acknowledged()).toHaveLength(60);
  expect(await findBroken(cluster)).toEqual([]);
});

test('one seed gives one run, frame by frame', async () => {
  const frames = [];
  for (let i = 0; i < 2; i++) {
    const cluster = new Cluster(scheduleOf(7));
    await cluster.start();
    await cluster.disturb();
    frames.push([cluster.network.frames, cluster.network.bytes]);
  }
  expect(frames[0]).toEqual(frames[1]);
});

const first = Number(process.env['SIM_FIRST_SEED'] ?? 1000);
const count = Number(process.env['SIM_SEEDS'] ?? 100);
const drawn = Array.from({ length: count }, (_, i) => first + i);

test.each([...new Set([...seeds, ...drawn])])(
  'seed %i: whatever the faults, all nodes heal to the same, and nothing acknowledged is missing',
  async (seed) => {
    const broken = await run(scheduleOf(seed));
    expect(broken, `replay with SIM_FIRST_SEED=${seed} SIM_SEEDS=1`).toEqual([]);
  },
);
