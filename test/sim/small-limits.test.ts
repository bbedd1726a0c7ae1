// The same seeds with thresholds so low that a few messages are a long history and a few feeds many:
// parts from several peers, the newest part first, and comparison by ranges, under every fault.
import { afterAll, expect, test } from 'vitest';
import type { Effect } from '../../src/sync/events.ts';
import { parseFrame } from '../../src/sync/frame-codec.ts';
import { syncLimits } from '../../src/sync/limits.ts';
import { rememberSignatures } from './remember-signatures.ts';
import { run } from './run.ts';
import { scheduleOf } from './schedule.ts';

// The limits are constants to the program; this file's process is the only one that sees these.
Object.assign(syncLimits, {
  ...{ partRoots: 4, streamRoots: 8, tailBehindMin: 24, tailRoots: 4, graftRootsMax: 2 },
  ...{ listedAtOnceMax: 1, listedInRangeMax: 1, rangeParts: 2 },
});

rememberSignatures();

const first = Number(process.env['SIM_FIRST_SEED'] ?? 7000);
const seeds = Array.from(
  { length: Number(process.env['SIM_SMALL_SEEDS'] ?? 10) },
  (_, i) => first + i,
);
const seen = { parts: 0, ranges: 0, tails: 0 };

function watch(effect: Effect): void {
  if (effect.type === 'commit') {
    seen.tails += effect.commit.states.filter(({ tail }) => tail !== undefined).length;
  }
  if (effect.type !== 'send') return;
  const frame = parseFrame(effect.frame.type, effect.frame.payload);
  if (frame === undefined || frame === 'unknown') return;
  if (frame.type === 'compare') seen.ranges++;
  if (frame.type === 'want') seen.parts += frame.places.filter(({ to }) => to !== undefined).length;
}

test.each(seeds)(
  'seed %i: whatever the faults, parts, tails and ranges come to the same conversation',
  async (seed) => {
    const broken = await run(scheduleOf(seed), {
      watch: (_, effect) => {
        watch(effect);
      },
    });
    expect(broken, `seed ${seed}`).toEqual([]);
  },
  240_000,
);

afterAll(() => {
  // That they took place at all.
  for (const count of Object.values(seen)) expect(count).toBeGreaterThan(0);
});
