// Whether the trees along which messages go do what they are for: hardly a payload twice, and an
// edge that breaks is replaced within a second.
import type { Sabotage } from './cluster.ts';
import { meshSchedule, openMeasured, postInTurns } from './measure.ts';
import type { Meter } from './meter.ts';
import { SimNetwork } from './network.ts';
import type { SimNode } from './node.ts';

/** Payloads beyond one for each node, as a part of these. */
const redundancyMax = 0.1;
const healMs = 1000;
const nodes = 16;
const authors = 2;

export type EdgeEnd = 'dies without a word' | 'is closed';

/** What is wrong, in words. */
export async function findTreeFaults(end: EdgeEnd, sabotage: Sabotage = {}): Promise<string[]> {
  const schedule = { ...meshSchedule(nodes, 4), authors };
  const { cluster, meter } = openMeasured(schedule, sabotage);
  const { time, links } = cluster;
  const [author] = cluster.nodes;
  if (author === undefined || !(links instanceof SimNetwork)) throw new Error('no mesh');
  const faults: string[] = [];
  await cluster.start();
  await time.runUntil(5000);
  await postInTurns(cluster, 5 * authors);
  meter.reset();
  await postInTurns(cluster, 5 * authors);
  const redundancy = meter.payloads / meter.messages / (nodes - 1) - 1;
  if (redundancy > redundancyMax) {
    faults.push(`${Math.round(100 * redundancy)} % of the payloads were redundant`);
  }
  const link = findEdge(cluster.nodes, author, meter, links);
  if (end === 'is closed') links.break(link);
  else links.silence(link);
  meter.reset();
  for (let i = 0; i < 3; i++) {
    cluster.post(author, `behind the broken edge ${i}`);
    await time.runUntil(time.now + 20);
  }
  await time.runUntil(time.now + 2 * healMs);
  const slowest = meter.delays().at(-1) ?? Infinity;
  if (!meter.isComplete() || slowest > healMs) {
    faults.push(`messages behind a broken edge took ${Math.round(slowest)} ms or never came`);
  }
  return faults;
}

/** A link by which the author's messages come to a node, from a node that is not the author. */
function findEdge(
  all: readonly SimNode[],
  author: SimNode,
  meter: Meter,
  links: SimNetwork,
): number {
  for (const node of all) {
    const parent = meter.parent(author, node);
    const link = parent && links.linkOf(node, parent);
    if (parent !== author && link !== undefined) return link;
  }
  throw new Error('a grown tree has edges');
}
