// The engine under faults, from seeds: each run is a mesh in virtual time.
import { expect, test } from 'vitest';
import { findBroken } from './checkers.ts';
import { Cluster, scheduleOf, type Schedule } from './cluster.ts';
import { noFaults } from './network.ts';
import seeds from './seeds.json' with { type: 'json' };

const quiet: Schedule = {
  seed: 1,
  nodes: 3,
  shape: 'line',
  posts: 60,
  durationMs: 5000,
  faults: noFaults,
  crashes: 0,
  partitions: 0,
  clockErrorMax: 0,
};

/** Anti-entropy runs every 30 s on idle links, and clocks may be wrong by an hour. */
const healLimitMs = 10_800_000;

async function run(schedule: Schedule): Promise<string[]> {
  const cluster = new Cluster(schedule);
  await cluster.start();
  await cluster.disturb();
  await cluster.heal(healLimitMs);
  await cluster.time.runUntil(cluster.time.now + 1000);
  await cluster.poll();
  return findBroken(cluster.nodes);
}

test('without faults, a line of three comes to the same conversation', async () => {
  const cluster = new Cluster(quiet);
  await cluster.start();
  await cluster.disturb();
  expect(await cluster.heal(2000)).toBeDefined();
  expect(cluster.acknowledged().size).toBe(60);
  expect(await findBroken(cluster.nodes)).toEqual([]);
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
    expect(await run(scheduleOf(seed)), `replay with SIM_FIRST_SEED=${seed} SIM_SEEDS=1`).toEqual(
      [],
    );
  },
);
