// One simulation from its schedule to its end: disturbed, healed, at rest, taken apart.
import { frameTypes } from '../../src/sync/frames.ts';
import { findBroken } from './checkers.ts';
import { Cluster, type Sabotage } from './cluster.ts';
import type { Schedule } from './schedule.ts';

/**
 * Everything that is wrong, in words; empty where all promises held.
 * @param healLimitMs anti-entropy runs every 30 s on idle links, and clocks may be wrong by an hour
 */
export async function run(
  schedule: Schedule,
  sabotage: Sabotage = {},
  healLimitMs = 10_800_000,
): Promise<string[]> {
  const cluster = new Cluster(schedule, sabotage);
  await cluster.start();
  await cluster.disturb();
  const healed = await cluster.heal(healLimitMs);
  const types = await cluster.rest();
  await cluster.poll();
  const broken = await findBroken(cluster);
  if (healed === undefined) broken.push('the nodes never came to agree');
  const restless = types.filter((type) => type !== frameTypes.check && type !== frameTypes.credit);
  if (restless.length > 0) broken.push(`at rest, frames of the types ${restless.join()} were sent`);
  const waits = (await cluster.leave()).filter((deadline) => deadline !== undefined);
  if (waits.length > 0) broken.push(`${waits.length} nodes wait for something without a link`);
  return broken;
}
