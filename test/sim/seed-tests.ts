// The tests of one share of the seeds: the shares run in processes of their own, next to each other.
import { expect, test } from 'vitest';
import { rememberSignatures } from './remember-signatures.ts';
import { run } from './run.ts';
import { scheduleOf } from './schedule.ts';
import seeds from './seeds.json' with { type: 'json' };

const first = Number(process.env['SIM_FIRST_SEED'] ?? 1000);
const count = Number(process.env['SIM_SEEDS'] ?? 100);
const shares = 4;

/** A bound on what hangs, on a machine that is busy with much else. */
const timeoutMs = 240_000;

export function testShare(share: number): void {
  rememberSignatures();
  const drawn = Array.from({ length: count }, (_, i) => first + i);
  const all = [...new Set([...seeds, ...drawn])].filter((_, i) => i % shares === share);
  test.each(all)(
    'seed %i: whatever the faults, all nodes heal to the same, and nothing acknowledged is missing',
    async (seed) => {
      const broken = await run(scheduleOf(seed));
      expect(broken, `replay with: npm run sim -- --seeds 1 --first ${seed}`).toEqual([]);
    },
    timeoutMs,
  );
}
