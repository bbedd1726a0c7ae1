// What the simulator itself has to keep: a mesh without faults agrees, a seed gives one run, also
// over real links, and a tree that loses an edge goes on.
import { expect, test } from 'vitest';
import { findBroken } from './checkers.ts';
import { Cluster } from './cluster.ts';
import { quiet, scheduleOf, type Schedule } from './schedule.ts';
import { findTreeFaults } from './tree-check.ts';

test.each(['frames', 'streams'] as const)(
  'without faults, a line of three over %s comes to the same conversation',
  async (carrier) => {
    const cluster = new Cluster({ ...quiet, carrier, store: 'level' });
    await cluster.start();
    await cluster.disturb();
    expect(await cluster.heal(2000)).toBeDefined();
    expect(cluster.acknowledged()).toHaveLength(60);
    expect(await findBroken(cluster)).toEqual([]);
  },
);

test.each(['frames', 'streams'] as const)(
  'one seed gives one run over %s, frame by frame',
  async (carrier) => {
    const schedule: Schedule = {
      ...scheduleOf(7),
      carrier,
      store: 'level',
      crashes: 4,
      restores: 1,
    };
    const runs = [];
    for (let i = 0; i < 2; i++) {
      const cluster = new Cluster(schedule);
      await cluster.start();
      await cluster.disturb();
      const acknowledged = cluster.nodes.map((node) => node.acknowledged);
      runs.push([cluster.links.frames, cluster.links.bytes, acknowledged]);
    }
    expect(runs[0]).toEqual(runs[1]);
  },
);

test.each(['dies without a word', 'is closed'] as const)(
  'trees send hardly a payload twice, and an edge that %s is replaced within a second',
  async (end) => {
    expect(await findTreeFaults(end)).toEqual([]);
  },
);
