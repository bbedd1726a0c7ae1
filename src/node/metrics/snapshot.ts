// Gathers what the metrics are read off, from the parts that know it.
import type { Store } from '../../cxo/store.ts';
import type { HookView } from '../../http/hooks.ts';
import type { HttpServer } from '../../http/server.ts';
import type { Network } from '../../net/network.ts';
import type { Runner } from '../../sync/runner.ts';
import type { Entrance } from '../entrance.ts';
import type { Metrics } from '../../http/metrics.ts';
import type { NodeApi } from '../node-api.ts';
import type { Snapshot } from './family.ts';
import { NodeMetrics } from './node-metrics.ts';

export interface SnapshotParts {
  readonly api: Pick<NodeApi, 'status'>;
  readonly network: Pick<Network, 'peers' | 'load' | 'counters'>;
  readonly runner: Pick<Runner, 'overview' | 'verifications' | 'commits' | 'writeFailure'>;
  readonly store: Pick<Store, 'latestArrival'>;
  readonly server: () =>
    Pick<HttpServer, 'requests' | 'readers' | 'streams' | 'counters'> | undefined;
  readonly entrance: Pick<Entrance, 'counters'>;
  readonly hooks: () => readonly HookView[];
}

export function openMetrics(parts: SnapshotParts): Metrics {
  return new NodeMetrics(() => buildSnapshot(parts));
}

async function buildSnapshot(parts: SnapshotParts): Promise<Snapshot> {
  const { api, network, runner, store, entrance } = parts;
  const server = parts.server();
  const status = await api.status();
  return {
    ...{ status, door: entrance.counters, arrivals: store.latestArrival() },
    ...{ peers: network.peers(), network: network.load(), faults: network.counters() },
    lagOf: (pk) => runner.overview.lag(pk),
    ...{ sync: runner.overview.load(), dropped: status.counters.dropped },
    ...{ verified: runner.verifications.counts(), commits: runner.commits },
    isWritable: runner.writeFailure === undefined,
    ...{ requests: server?.requests() ?? [], readers: server?.readers ?? 0 },
    ...{ paused: server?.streams.paused ?? 0, pauses: server?.streams.pauses ?? 0 },
    problems: server?.counters() ?? {},
    webhooks: statesOf(parts.hooks()),
    uptimeS: status.uptime_s,
  };
}

function statesOf(hooks: readonly HookView[]): Record<string, number> {
  const counts = { active: 0, retrying: 0, dead: 0 };
  for (const hook of hooks) if (hook.kind === 'outgoing') counts[hook.state]++;
  return counts;
}
