// The form in which metrics are declared: a name, what it says, and how it is read off a snapshot of the
// node. The table in docs/OPERATIONS.md is made from the same declarations.
import type { StatusView } from '../../chat/view.ts';
import type { HistogramView } from '../../histogram.ts';
import type { RouteTally } from '../../http/request-tally.ts';
import type { NetworkLoad } from '../../net/network.ts';
import type { PeerState } from '../../net/peer.ts';
import type { CommitTally } from '../../sync/commit-tally.ts';
import type { SyncLoad } from '../../sync/load.ts';
import type { PeerLag } from '../../sync/overview.ts';
import type { VerificationCounts } from '../../sync/verifications.ts';

/** The node at one moment: every family is read off the same one. */
export interface Snapshot {
  readonly status: StatusView;
  readonly peers: readonly PeerState[];
  readonly lagOf: (pk: PeerState['pk']) => PeerLag;
  readonly network: NetworkLoad;
  /** What went wrong on links, by reason. */
  readonly faults: Readonly<Record<string, number>>;
  readonly sync: SyncLoad;
  readonly dropped: Readonly<Record<string, number>>;
  readonly verified: VerificationCounts;
  readonly commits: Pick<CommitTally, 'seconds' | 'messages' | 'bytes' | 'failed'>;
  readonly isWritable: boolean;
  /** Number of the latest arrival. */
  readonly arrivals: number;
  readonly requests: readonly RouteTally[];
  readonly problems: Readonly<Record<string, number>>;
  readonly door: Readonly<Record<string, number>>;
  readonly readers: number;
  /** Streams whose readers are behind, and how often one was paused. */
  readonly paused: number;
  readonly pauses: number;
  /** Of outgoing webhooks, how many are in each state. */
  readonly webhooks: Readonly<Record<string, number>>;
  readonly uptimeS: number;
}

export type Labels = Readonly<Record<string, string>>;

interface Named {
  readonly name: string;
  readonly help: string;
  /** Each has a closed set of values, or a bound. */
  readonly labels: readonly string[];
}

export interface Sample {
  readonly value: number;
  readonly labels?: Labels;
}

export interface ScalarFamily extends Named {
  readonly type: 'gauge' | 'counter';
  read(snapshot: Snapshot): readonly Sample[];
}

export interface HistogramFamily extends Named {
  readonly type: 'histogram';
  read(snapshot: Snapshot): readonly { readonly view: HistogramView; readonly labels?: Labels }[];
}

export type Family = ScalarFamily | HistogramFamily;

type Read = (snapshot: Snapshot) => number;

export function gauge(name: string, help: string, read: Read): Family {
  return { ...{ name, help, type: 'gauge', labels: [] }, read: (at) => [{ value: read(at) }] };
}

export function counter(name: string, help: string, read: Read): Family {
  return { ...{ name, help, type: 'counter', labels: [] }, read: (at) => [{ value: read(at) }] };
}

/** One sample for each name that is there. */
export function counters(
  name: string,
  help: string,
  label: string,
  read: (snapshot: Snapshot) => Iterable<readonly [string, number]>,
): Family {
  return {
    ...{ name, help, type: 'counter', labels: [label] },
    read: (at) => [...read(at)].map(([key, value]) => ({ value, labels: { [label]: key } })),
  };
}

export function histogram(
  name: string,
  help: string,
  read: (snapshot: Snapshot) => HistogramView,
): Family {
  return { ...{ name, help, type: 'histogram', labels: [] }, read: (at) => [{ view: read(at) }] };
}
