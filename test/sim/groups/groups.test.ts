// The seeds of groups that every run of the tests simulates: those that ever failed, and some more.
import { expect, test } from 'vitest';
import { rememberSignatures } from '../remember-signatures.ts';
import { runGroups } from './run.ts';
import { groupScheduleOf, quietGroups } from './schedule.ts';
import seeds from './seeds.json' with { type: 'json' };

const first = Number(process.env['SIM_FIRST_SEED'] ?? 3000);
const count = Number(process.env['SIM_GROUP_SEEDS'] ?? 2);

/** A bound on what hangs, on a machine that is busy with much else. */
const timeoutMs = 240_000;

rememberSignatures();

test('without faults, all that happens in groups is the same with everybody', async () => {
  const plans = [
    { encrypted: true, members: 3, admins: 1 },
    { encrypted: false, members: 3, admins: 1 },
  ];
  expect(await runGroups({ ...quietGroups, groups: plans, direct: true, notes: 5 })).toEqual([]);
});

const drawn = Array.from({ length: count }, (_, i) => first + i);
test.each([...new Set([...seeds, ...drawn])])(
  'seed %i: rosters, epochs and timelines come out the same, and nobody reads what is not for it',
  async (seed) => {
    const broken = await runGroups(groupScheduleOf(seed));
    const replay = `replay with: npm run sim -- --groups --seeds 1 --first ${seed}`;
    expect(broken, replay).toEqual([]);
  },
  timeoutMs,
);
