// Measures a mesh without faults: what its messages cost in steady state, and how soon two halves
// that could not reach each other have the same again.
import { syncLimits } from '../../src/sync/limits.ts';
import { Cluster, type Sabotage } from './cluster.ts';
import { median, Meter } from './meter.ts';
import { noFaults, type SimEnd } from './links.ts';
import { quiet, type Schedule } from './schedule.ts';
import { VirtualTime } from './timeline.ts';

export interface MeshFigures {
  readonly nodes: number;
  readonly linksPerNode: number;
  readonly messages: number;
  readonly payloadsPerMessage: number;
  /** Payloads beyond one for each node but the author, as a part of these. */
  readonly redundancy: number;
  /** Per message and node. */
  readonly otherBytes: number;
  readonly otherFrames: number;
  readonly hopsMedian: number;
  readonly hopsMax: number;
  /** Milliseconds from the author's disk to the last node's. */
  readonly delayMedian: number;
  readonly delayMax: number;
  /** From the end of a partition to the last message on the last disk, in the longest round trip. */
  readonly healRoundTrips: number;
}

export interface MeasureOptions {
  readonly nodes: number;
  readonly seed: number;
  /** Messages that are measured, after a warm-up in which each author posts thrice. */
  readonly posts: number;
  /** Posts on each side of the partition. */
  readonly postsApart: number;
  /** Frame types that are lost on their way: what the rest costs without them. */
  readonly without: ReadonlySet<number>;
}

/** One way over a link, milliseconds; drawn once for each link. */
const latencyMs = [5, 50] as const;
/** The slowest link there and back, with the most that the frames may wait. */
const roundTripMs = 2 * (latencyMs[1] + 1);
const postEveryMs = 20;
const authorsMax = 100;
/** Of all nodes together: 300 MB. */
const claimsMax = 5_000_000;
const settleMs = 3_000;

export function meshSchedule(nodes: number, seed: number): Schedule {
  return { ...quiet, nodes, seed, authors: Math.min(nodes, authorsMax), shape: 'random' };
}

/** A running mesh with a meter, whose links take each their own time. */
export function openMeasured(
  schedule: Schedule,
  sabotage: Pick<Sabotage, 'filter'> = {},
): { cluster: Cluster; meter: Meter } {
  const time = new VirtualTime();
  const meter = new Meter(time, schedule.nodes);
  const latencies = new Map<string, number>();
  const latency = (a: SimEnd, b: SimEnd): number => {
    const name = `${a.name} ${b.name}`;
    const known = latencies.get(name) ?? cluster.random.between(...latencyMs);
    latencies.set(name, known);
    return known;
  };
  const cluster: Cluster = new Cluster(
    { ...schedule, store: 'lean' },
    { ...sabotage, watch: meter.watch },
    { time, listener: meter, latency },
  );
  cluster.links.faults = { ...noFaults, delay: [0, 1] };
  return { cluster, meter };
}

/** Each author posts in its turn; then whatever is under way arrives. */
export async function postInTurns(cluster: Cluster, posts: number): Promise<void> {
  const { time, nodes, schedule } = cluster;
  for (let i = 0; i < posts; i++) {
    const node = nodes[i % schedule.authors];
    if (node !== undefined) cluster.post(node, `message ${i}`);
    await time.runUntil(time.now + postEveryMs);
  }
  await time.runUntil(time.now + settleMs);
}

export async function measureMesh(options: MeasureOptions): Promise<MeshFigures> {
  const { nodes, seed, posts, postsApart, without } = options;
  shareMemory(nodes);
  const { cluster, meter } = openMeasured(meshSchedule(nodes, seed), {
    filter: (_, frameType) => !without.has(frameType),
  });
  await cluster.start();
  await cluster.time.runUntil(settleMs);
  await postInTurns(cluster, 3 * cluster.schedule.authors);
  meter.reset();
  await postInTurns(cluster, posts);
  if (!meter.isComplete()) throw new Error('some nodes lack messages');
  const { messages, payloads, otherBytes, otherFrames } = meter;
  const [hops, delays] = [meter.hops(), meter.delays()];
  const healMs = await measureHeal(cluster, meter, postsApart);
  return {
    ...{ nodes, messages, linksPerNode: cluster.linksPerNode },
    payloadsPerMessage: payloads / messages,
    redundancy: payloads / messages / (nodes - 1) - 1,
    otherBytes: otherBytes / messages / nodes,
    otherFrames: otherFrames / messages / nodes,
    ...{ hopsMedian: median(hops), hopsMax: hops.at(-1) ?? 0 },
    ...{ delayMedian: median(delays), delayMax: delays.at(-1) ?? 0 },
    healRoundTrips: healMs / roundTripMs,
  };
}

/**
 * What each of so many nodes remembers of who has what has to fit into one process. It decides what
 * `delivery` shows and nothing of what is sent.
 */
function shareMemory(nodes: number): void {
  const limits = syncLimits as { receiptClaimsMax: number };
  limits.receiptClaimsMax = Math.min(limits.receiptClaimsMax, Math.ceil(claimsMax / nodes));
}

/** Milliseconds until all have all; a link is up two of its round trips after it can be dialed. */
async function measureHeal(cluster: Cluster, meter: Meter, postsApart: number): Promise<number> {
  const { time, links, nodes } = cluster;
  const sides = new Map(nodes.map((node, i) => [node, i % 2]));
  links.partition({ sides, isOneWay: false });
  await time.runUntil(time.now + settleMs);
  meter.reset();
  await postInTurns(cluster, 2 * postsApart);
  if (meter.isComplete()) throw new Error('a partition that lets messages through');
  const healedAt = time.now;
  links.partition(undefined);
  while (!meter.isComplete() && time.now < healedAt + 600_000) await time.runUntil(time.now + 50);
  return meter.isComplete() ? meter.completedAt - healedAt : Infinity;
}

export function tableOf(rows: readonly MeshFigures[]): string {
  const head = [
    'nodes',
    'links a node',
    'payloads a message',
    'redundant',
    'other bytes (frames) a message and node',
    'hops median, max',
    'ms until all have it: median, max',
    'partition healed in round trips',
  ];
  const lines = rows.map((row) => [
    row.nodes.toLocaleString('en'),
    row.linksPerNode.toFixed(1),
    row.payloadsPerMessage.toFixed(1),
    `${(100 * row.redundancy).toFixed(1)} %`,
    `${row.otherBytes.toFixed(0)} (${row.otherFrames.toFixed(1)})`,
    `${row.hopsMedian}, ${row.hopsMax}`,
    `${row.delayMedian.toFixed(0)}, ${row.delayMax.toFixed(0)}`,
    row.healRoundTrips.toFixed(1),
  ]);
  const cells = [head, head.map(() => '---:'), ...lines];
  return cells.map((line) => `| ${line.join(' | ')} |`).join('\n');
}
