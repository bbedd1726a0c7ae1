// One simulation of groups from its schedule to its end: disturbed, healed, spoken in once more by
// everybody, at rest.
import { doorFrames } from '../../../src/node/door-frames.ts';
import { frameTypes } from '../../../src/sync/frames.ts';
import { agrees, findBrokenGroups } from './checkers.ts';
import { disturb } from './disturb.ts';
import type { GroupSchedule } from './schedule.ts';
import { GroupWorld, type GroupSabotage } from './world.ts';

/** Anti-entropy runs every 30 s on idle links. */
const healMsMax = 600_000;
const pauseMs = 1500;

/** Everything that is wrong, in words; empty where all promises held. */
export async function runGroups(
  schedule: GroupSchedule,
  sabotage: GroupSabotage = {},
  tell: (world: GroupWorld) => void = () => undefined,
): Promise<string[]> {
  const world = new GroupWorld(schedule, sabotage);
  await world.start();
  await disturb(world);
  world.heal();
  const healed = await comesToAgree(world);
  await sayLast(world);
  const settled = await comesToAgree(world);
  const frames = await rest(world);
  tell(world);
  const broken = await findBrokenGroups(world);
  if (!healed || !settled) broken.push('the nodes never came to agree');
  const isOfRest = new Set<number>([
    ...[frameTypes.check, frameTypes.credit],
    ...Object.values(doorFrames),
  ]);
  const restless = [...frames].filter((frame) => {
    const [type, from, to] = frame.split(' ');
    const isOfHostile = world.hostiles.some(({ node: { name } }) => name === from || name === to);
    const isListing = Number(type) === frameTypes.have && areBothJoining(world, from, to);
    return !isOfHostile && !isListing && !isOfRest.has(Number(type));
  });
  if (restless.length > 0) broken.push(`at rest, frames were sent: ${restless.join('; ')}`);
  return broken;
}

/**
 * Two whose way into the same group came to nothing list it to each other for as long as they try: what
 * each had heard of it may differ, and no member is there to settle it.
 */
function areBothJoining(world: GroupWorld, ...names: readonly (string | undefined)[]): boolean {
  const nodes = world.nodes.filter(({ name }) => names.includes(name));
  return world.groups.some(({ id }) =>
    nodes.every((node) => node.alive.chat.book.find(id)?.standing === 'joining'),
  );
}

async function comesToAgree(world: GroupWorld): Promise<boolean> {
  const { time } = world;
  const end = time.now + healMsMax;
  for (let step = 5000; time.now < end; step *= 1.3) {
    await time.runUntil(time.now + step);
    if (agrees(world)) return true;
    if (world.nodes.some(({ faults }) => faults.length > 0)) return false;
  }
  return false;
}

/** One after the other: whatever keys somebody lacks are given by those who write. */
async function sayLast(world: GroupWorld): Promise<void> {
  for (const group of world.groups) {
    for (const node of world.membersOf(group)) {
      world.say(node, group, `${node.name} has the last word`);
      await world.time.runUntil(world.time.now + pauseMs);
    }
  }
}

/** Lets the mesh come to rest, and watches it then for a minute: which frames there are. */
async function rest({ time, arrived, nodes }: GroupWorld): Promise<ReadonlySet<string>> {
  for (const node of nodes) node.settle();
  await time.runUntil(time.now + 180_000);
  arrived.clear();
  await time.runUntil(time.now + 60_000);
  return new Set(arrived);
}
