// One simulation from its schedule to its end: disturbed, healed, at rest, taken apart.
import { frameTypes } from '../../src/sync/frames.ts';
import { forgettingFaults } from './bodies.ts';
import { findBroken } from './checkers.ts';
import { Cluster, type Sabotage } from './cluster.ts';
import type { Schedule } from './schedule.ts';

const microsPerMs = 1000;

/** Anti-entropy runs every 30 s on idle links; what is from the future waits for its time. */
export function healLimitMs({ clockErrorMax, clockSteps }: Schedule): number {
  const apart = (2 + (clockSteps > 0 ? 2 : 0)) * (clockErrorMax / microsPerMs);
  return 3_600_000 + apart;
}

/** Everything that is wrong, in words; empty where all promises held. */
export async function run(
  schedule: Schedule,
  sabotage: Sabotage = {},
  limitMs = healLimitMs(schedule),
): Promise<string[]> {
  const cluster = new Cluster(schedule, sabotage);
  await cluster.start();
  await cluster.disturb();
  const healed = await cluster.heal(limitMs);
  const types = await cluster.rest();
  await cluster.poll();
  const broken = [...(await findBroken(cluster)), ...(await forgettingFaults(cluster))];
  if (healed === undefined) broken.push('the nodes never came to agree');
  const restless = types.filter((type) => type !== frameTypes.check && type !== frameTypes.credit);
  if (restless.length > 0) broken.push(`at rest, frames of the types ${restless.join()} were sent`);
  return [...broken, ...(await cluster.leave())];
}
