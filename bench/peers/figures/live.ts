// Messages from node to node as they are posted: to the neighbour, through a third, and at rates
// from one a second to thousands.
import { setTimeout as sleep } from 'node:timers/promises';
import type { Daemon } from '../../support/daemon.ts';
import { EventStream } from '../../support/event-stream.ts';
import { startLine } from '../../support/live.ts';
import { randomText } from '../../support/prepare.ts';
import type { Workspace } from '../../support/workspace.ts';
import type { Bench, Figure, Row, Sample, Target } from '../support/figure.ts';
import { openLine } from '../support/pair.ts';
import { peers, type SystemName } from '../support/systems.ts';
import { asPeer, latencyOf, measureLatency, type Latency } from './shared.ts';

const perSecond = 50;
const how =
  'from the call that appends in the first process to the text in the last one; the daemon from POST to event stream';
const half: Target = { kind: 'ratio at most', value: 0.5 };

export const live: Figure = {
  name: 'live',
  title: 'live, A to B, 50 messages a second',
  how,
  systems: ['skychat', 'hypercore', 'ssb', 'daemon'],
  rows: [
    {
      ...{ key: 'p50', what: 'median', unit: 'ms', better: 'lower', target: half },
      chart: 'Live, A to B, median, ms',
    },
    {
      ...{ key: 'p99', what: '99 %', unit: 'ms', better: 'lower', target: half },
      chart: 'Live, A to B, 99 %, ms',
    },
  ],
  measure: (bench, system) => measureLine(bench, system, 2),
};

export const relay: Figure = {
  name: 'relay',
  title: 'live through a third node, A – C – B, 50 messages a second',
  how,
  systems: ['skychat', 'hypercore', 'ssb', 'daemon'],
  rows: [
    {
      ...{ key: 'p50', what: 'median', unit: 'ms', better: 'lower', target: half },
      chart: 'Relay, A – C – B, median, ms',
    },
    { key: 'p99', what: '99 %', unit: 'ms', better: 'lower' },
  ],
  measure: (bench, system) => measureLine(bench, system, 3),
};

/** Messages a second, and for how many seconds. */
const rates = [
  [1, 4],
  [10, 2],
  [100, 2],
  [1000, 2],
  [5000, 2],
] as const;

/** A message that takes longer while others go by was starved. */
const starvedMs = 250;

export const sweep: Figure = {
  name: 'rates',
  title: 'live, A to B, at rising rates',
  how: `as live; no starvation: 99 % within ${starvedMs} ms at every rate, none later than 10 s behind the last post`,
  systems: peers,
  once: true,
  rows: rates.flatMap(([rate]): Row[] => [
    { key: `${rate}-p50`, what: `${rate}/s, median`, unit: 'ms', better: 'lower' },
    {
      ...{ key: `${rate}-p99`, what: `${rate}/s, 99 %`, unit: 'ms', better: 'lower' },
      target: { kind: 'at most', value: starvedMs },
    },
    {
      ...{ key: `${rate}-lost`, what: `${rate}/s, lost`, unit: '', better: 'lower' },
      target: { kind: 'at most', value: 0 },
    },
  ]),
  async measure({ workspace }, system) {
    const line = await openLine(workspace, asPeer(system), 2);
    await measureLatency(line, { count: 50, perSecond: 100 });
    const sample: Record<string, number | null> = {};
    for (const [rate, seconds] of rates) {
      const latency = await measureLatency(line, { count: rate * seconds, perSecond: rate });
      for (const key of ['p50', 'p99', 'lost'] as const) sample[`${rate}-${key}`] = latency[key];
    }
    for (const process of line) await process.close();
    return sample;
  },
};

async function measureLine(bench: Bench, system: SystemName, length: number): Promise<Sample> {
  const { workspace, isQuick } = bench;
  const count = isQuick ? 100 : 200;
  if (system === 'daemon') return { ...(await throughDaemons(workspace, length, count)) };
  const line = await openLine(workspace, system, length);
  // The first posts warm the compilers up.
  await measureLatency(line, { count: 50, perSecond });
  const latency = await measureLatency(line, { count, perSecond });
  for (const process of line) await process.close();
  return { ...latency };
}

async function throughDaemons(
  workspace: Workspace,
  length: number,
  count: number,
): Promise<Latency> {
  const line = await startLine(workspace, length);
  const [first, last] = [line.at(0)?.daemon, line.at(-1)?.daemon];
  if (first === undefined || last === undefined) throw new Error('a line has two ends');
  const stream = await EventStream.open(last.host, last.port);
  await postSteadily(first, stream, 0, 50);
  const latencies = await postSteadily(first, stream, 50, count);
  stream.close();
  await Promise.all(line.map(({ daemon }) => daemon.stop()));
  return latencyOf(latencies, count);
}

async function postSteadily(
  daemon: Daemon,
  stream: EventStream,
  first: number,
  count: number,
): Promise<readonly number[]> {
  const startedAt = performance.now();
  const latencies: Promise<number>[] = [];
  for (let i = 0; i < count; i++) {
    await sleep(Math.max(0, startedAt + (i * 1000) / perSecond - performance.now()));
    const text = `#${first + i} ${randomText()}`.slice(0, 200);
    const request = daemon.http.build('POST', '/messages', JSON.stringify({ text }));
    const sentAt = performance.now();
    latencies.push(stream.seen(first + i).then((seenAt) => seenAt - sentAt));
    daemon.http.send(request).catch(() => undefined);
  }
  return Promise.all(latencies);
}
