// Metrics of the replication: what is missing, what is under way, what was verified and dropped.
import { counter, counters, gauge, type Family } from './family.ts';

const lag: readonly Family[] = [
  gauge(
    'skychat_behind_messages',
    'Messages that peers are known to have and this node has not; 0 is in sync.',
    ({ status }) => status.behind,
  ),
  {
    ...{ name: 'skychat_sync_state', help: 'The state of the catching up: 1 for the present one.' },
    ...{ type: 'gauge', labels: ['state'] },
    read: ({ status }) =>
      ['in-sync', 'syncing', 'waiting'].map((state) => ({
        value: status.sync.state === state ? 1 : 0,
        labels: { state },
      })),
  },
  gauge('skychat_messages', 'Messages in the store.', ({ status }) => status.messages),
  gauge('skychat_feeds', 'Feeds in the store.', ({ status }) => status.feeds),
  counter(
    'skychat_arrivals_total',
    'Number of the latest arrival, over all starts: what cursors count.',
    ({ arrivals }) => arrivals,
  ),
  gauge(
    'skychat_held_messages',
    'Roots that are kept back because their clocks are ahead.',
    ({ status }) => status.counters.held,
  ),
  gauge(
    'skychat_forked_feeds',
    'Feeds that are frozen because their author signed two branches.',
    ({ status }) => status.counters.forks,
  ),
];

const queues: readonly Family[] = [
  gauge(
    'skychat_fetches_in_flight',
    'Parts of feeds that peers were asked for and have not sent yet.',
    ({ sync }) => sync.fetches,
  ),
  gauge(
    'skychat_wanted_feeds',
    'Feeds that peers asked for and are being sent.',
    ({ sync }) => sync.outgoing,
  ),
  gauge(
    'skychat_store_reads_in_flight',
    'Reads of the store for what peers asked for.',
    ({ sync }) => sync.reads,
  ),
  gauge(
    'skychat_commit_pending_bytes',
    'Bytes that came from peers and wait for the disk; at 16 MiB more is refused.',
    ({ sync }) => sync.pendingBytes,
  ),
  gauge(
    'skychat_credit_withheld_bytes',
    'Bytes that peers may not send until there is room on the disk.',
    ({ sync }) => sync.withheldBytes,
  ),
  gauge(
    'skychat_posts_waiting',
    'Posts of this node that no commit holds yet.',
    ({ sync }) => sync.appends,
  ),
  gauge(
    'skychat_local_writes_waiting',
    'Rows of this node alone that wait for a commit.',
    ({ sync }) => sync.localWrites,
  ),
];

const verdicts: readonly Family[] = [
  counter(
    'skychat_verified_segments_total',
    'Segments of peers that verified: one signature each.',
    ({ verified }) => verified.segments,
  ),
  counter(
    'skychat_verified_roots_total',
    'Roots of peers that verified.',
    ({ verified }) => verified.roots,
  ),
  counter(
    'skychat_verified_objects_total',
    'Objects of peers that verified.',
    ({ verified }) => verified.objects,
  ),
  counters(
    'skychat_verification_failures_total',
    'Segments of peers that did not verify, by reason. Any is a fault or an attack.',
    'reason',
    ({ verified }) => verified.failed,
  ),
  counters(
    'skychat_dropped_total',
    'What was dropped or refused of what peers sent, by reason.',
    'reason',
    ({ dropped }) => Object.entries(dropped),
  ),
];

export const syncFamilies: readonly Family[] = [...lag, ...queues, ...verdicts];
