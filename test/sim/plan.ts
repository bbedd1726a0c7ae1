// When which fault comes in a simulation, drawn from its seed: crashes between events and between
// two effects of one, restored disks, partitions, silent and slow nodes, full disks, set clocks.
import type { Cluster } from './cluster.ts';
import type { Partition } from './links.ts';
import type { SimNode } from './node.ts';

/** A crash that was to come between two effects comes anyway when there are none for this long. */
const midwayMs = 400;

export function planFaults(cluster: Cluster): void {
  const { schedule, random, time, links } = cluster;
  const begin = time.now;
  const times = (count: number, plan: (at: number, node: SimNode) => void): void => {
    for (let i = 0; i < count; i++) {
      plan(begin + random.between(0, schedule.durationMs), cluster.pick());
    }
  };
  const spell = (at: number, lengthMax: number, turn: (isOn: boolean) => void): void => {
    time.at(at, () => {
      turn(true);
    });
    time.at(at + random.between(100, lengthMax), () => {
      turn(false);
    });
  };
  times(schedule.crashes, (at, node) => {
    planCrash(cluster, at, node);
  });
  times(schedule.restores, (at, node) => {
    planRestore(cluster, at, node);
  });
  const partition = (isOneWay: boolean) => (at: number) => {
    const sides = new Map(cluster.nodes.map((node) => [node, random.below(2)]));
    const made: Partition = { sides, isOneWay };
    spell(at, 8000, (isOn) => {
      links.partition(isOn ? made : undefined);
    });
  };
  times(schedule.partitions, partition(false));
  times(schedule.oneWays, partition(true));
  times(schedule.mutes, (at, node) => {
    spell(at, 8000, (isOn) => {
      if (isOn) links.muted.add(node);
      else links.muted.delete(node);
    });
  });
  times(schedule.clogs, (at, node) => {
    const ms = random.between(100, 12_000);
    time.at(at, () => {
      links.clog(node, ms);
    });
  });
  times(schedule.fullDisks, (at, node) => {
    spell(at, 6000, (isOn) => {
      node.storage.isFull = isOn;
    });
  });
  times(schedule.clockSteps, (at, node) => {
    time.at(at, () => {
      node.clockError = cluster.drawClockError();
    });
  });
}

function planCrash(cluster: Cluster, at: number, node: SimNode): void {
  const { time, random } = cluster;
  const isMidway = random.chance(0.6);
  if (isMidway) {
    time.at(at, () => {
      node.crashMidway();
    });
  }
  planDown(cluster, at + (isMidway ? midwayMs : 0), node, () => Promise.resolve());
}

function planRestore(cluster: Cluster, at: number, node: SimNode): void {
  const { random } = cluster;
  const lost = 1 + random.below(30);
  const backup = { lost, ownHeadToo: random.chance(0.7), isTold: random.chance(0.5) };
  planDown(cluster, at, node, async () => {
    await node.restore(backup);
    await cluster.forgetLost();
  });
}

/** Down at `at` at the latest, with another clock from then on, and up again a while later. */
function planDown(
  cluster: Cluster,
  at: number,
  node: SimNode,
  meanwhile: () => Promise<void>,
): void {
  const { time, random } = cluster;
  const downMs = random.between(1, 3000);
  time.at(at, async () => {
    node.crash();
    node.clockError = cluster.drawClockError();
    await meanwhile();
    time.after(downMs, () => {
      if (!node.running) node.start();
    });
  });
}
