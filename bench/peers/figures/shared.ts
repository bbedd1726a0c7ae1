// What several figures need. Knows nothing of what is promised.
import { percentile } from '../../support/statistics.ts';
import type { ParticipantProcess } from '../support/process.ts';
import type { Peer, SystemName } from '../support/systems.ts';

export const patienceMs = 60_000;

export function asPeer(system: SystemName): Peer {
  if (system === 'daemon') throw new Error('this figure is not measured through the daemon');
  return system;
}

export interface Latency {
  readonly p50: number | null;
  readonly p99: number | null;
  /** Neither arrived within the patience. */
  readonly lost: number;
}

/** What comes later than this after the last post counts as lost. */
const graceMs = 10_000;

let posted = 0;

/** Posts at the first, steadily; collects at the last. */
export async function measureLatency(
  line: readonly ParticipantProcess[],
  { count, perSecond }: { readonly count: number; readonly perSecond: number },
): Promise<Latency> {
  const [from, to] = [line.at(0), line.at(-1)];
  if (from === undefined || to === undefined) throw new Error('a line has two ends');
  const first = posted;
  posted += count;
  const patienceMs = (count / perSecond) * 1000 + graceMs;
  const collected = to.ask('collect', { first, count, patienceMs });
  await from.ask('post', { first, count, perSecond });
  return latencyOf(await collected, count);
}

export function latencyOf(latencies: readonly number[], count: number): Latency {
  const of = (percent: number): number | null =>
    latencies.length === 0 ? null : percentile(latencies, percent);
  return { p50: of(50), p99: of(99), lost: count - latencies.length };
}
