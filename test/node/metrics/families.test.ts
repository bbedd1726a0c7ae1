import { expect, test } from 'vitest';
import { Histogram } from '../../../src/histogram.ts';
import type { PublicKey } from '../../../src/identity.ts';
import type { PeerState } from '../../../src/net/peer.ts';
import { families } from '../../../src/node/metrics/families.ts';
import type { Family, Labels, Snapshot } from '../../../src/node/metrics/family.ts';
import { peersShownMax } from '../../../src/node/metrics/limits.ts';
import { NodeMetrics } from '../../../src/node/metrics/node-metrics.ts';
import { processMetrics } from '../../../src/node/metrics/process-families.ts';
import { CommitTally } from '../../../src/sync/commit-tally.ts';
import { FakeApi } from '../../support/fake-api.ts';
import { expectTable } from '../../support/generated.ts';
import { hasProgram, runProgramOf } from '../../support/programs.ts';

function peer(i: number): PeerState {
  const pk = i.toString(16).padStart(64, '0') as PublicKey;
  const state = i % 100 === 0 ? 'connected' : 'waiting';
  return {
    pk,
    state,
    address: undefined,
    reason: undefined,
    cause: undefined,
    since: 0,
    link: undefined,
  };
}

const status = await new FakeApi().status();

/** A node on which everything that is counted has happened. */
function busy(peers: readonly PeerState[] = [peer(0), peer(1)]): Snapshot {
  const commits = new CommitTally();
  commits.done({ records: [], states: [], releases: [], local: [] }, 3);
  const seconds = new Histogram([0.1, 1]);
  for (const value of [0.05, 0.5, 5]) seconds.observe(value);
  const answers = new Map([[200, 3]]);
  return {
    ...{ status, peers, lagOf: () => ({ behind: 2, ahead: 1 }) },
    network: {
      ...{ bytesIn: 1, bytesOut: 2, framesIn: 3, framesOut: 4, queuedBytes: 5 },
      ...{ linksOpened: 1, handshakes: 0, bansGiven: 1, banned: 1 },
    },
    webhooks: { active: 2, retrying: 0, dead: 1 },
    faults: { unreachable: 1, 'wrong-key': 2 },
    sync: {
      ...{ fetches: 1, outgoing: 2, reads: 0, pendingBytes: 0, withheldBytes: 0 },
      ...{ appends: 0, localWrites: 0, isWriting: false },
    },
    dropped: { duplicate: 1 },
    verified: { segments: 1, roots: 2, objects: 3, failed: new Map([['bad-signature', 1]]) },
    ...{ commits, isWritable: false, arrivals: 7, readers: 1, paused: 0, pauses: 2, uptimeS: 9 },
    requests: [{ method: 'GET', route: '/messages/:id', answers, seconds: seconds.view() }],
    ...{ problems: { 'bad-json': 1 }, door: { 'guests-full': 0 } },
  };
}

function labelsOf(family: Family, snapshot: Snapshot): Labels[] {
  return family.read(snapshot).map(({ labels = {} }) => labels);
}

test.each(families.map((each) => [each.name, each] as const))(
  '%s has a value with the labels that are declared, each set of them once',
  (_, family) => {
    const sets = labelsOf(family, busy());
    expect(sets.length).toBeGreaterThan(family.name.startsWith('skychat_peer_') ? -1 : 0);
    for (const labels of sets) expect(Object.keys(labels)).toEqual([...family.labels]);
    expect(new Set(sets.map((labels) => JSON.stringify(labels))).size).toBe(sets.length);
  },
);

test('a peer has series while it is one of the first, those with links before the others', () => {
  const peers = Array.from({ length: 1000 }, (_, i) => peer(i));
  const ofPeers = families.filter(({ labels }) => labels.includes('peer'));
  expect(ofPeers.length).toBeGreaterThan(3);
  for (const family of ofPeers) {
    expect(family.read(busy(peers)).length).toBeLessThanOrEqual(peersShownMax);
  }
  const connected = families.find(({ name }) => name === 'skychat_peer_connected');
  const samples = connected?.type === 'gauge' ? connected.read(busy(peers)) : [];
  expect(samples.filter(({ value }) => value === 1).length).toBe(10);
  const unlisted = families.find(({ name }) => name === 'skychat_peers_unlisted');
  expect(unlisted?.read(busy(peers))).toEqual([{ value: 1000 - peersShownMax }]);
});

test('a histogram counts each value in its range and in all above it', async () => {
  const { text } = await new NodeMetrics(() => Promise.resolve(busy())).read();
  const lines = text.split('\n').filter((line) => line.startsWith('skychat_http_request_seconds'));
  const of = 'method="GET",route="/messages/:id"';
  expect(lines).toEqual([
    `skychat_http_request_seconds_bucket{${of},le="0.1"} 1`,
    `skychat_http_request_seconds_bucket{${of},le="1"} 2`,
    `skychat_http_request_seconds_bucket{${of},le="+Inf"} 3`,
    `skychat_http_request_seconds_sum{${of}} 5.55`,
    `skychat_http_request_seconds_count{${of}} 3`,
  ]);
});

test('what is said of the process is what the library says, under the same help', async () => {
  const { text } = await new NodeMetrics(() => Promise.resolve(busy())).read();
  for (const [name, help] of processMetrics) expect(text).toContain(`# HELP ${name} ${help}\n`);
});

test.skipIf(!hasProgram('promtool', 'the check of the metrics'))(
  'promtool has nothing to say about the metrics',
  async () => {
    const { text } = await new NodeMetrics(() => Promise.resolve(busy())).read();
    const ran = runProgramOf('promtool', ['check', 'metrics'], text);
    expect(ran).toEqual({ status: 0, printed: '' });
  },
);

test('the table in docs/OPERATIONS.md is that of the metrics', async () => {
  const own = families.map(({ name, type, labels, help }) => [
    `\`${name}\``,
    type,
    labels.map((label) => `\`${label}\``).join(', '),
    help,
  ]);
  const ofProcess = [...processMetrics].map(([name, help]) => {
    return [`\`${name}\``, name.endsWith('_total') ? 'counter' : 'gauge', '', help];
  });
  const head = ['Metric', 'Type', 'Labels', 'Meaning'];
  await expectTable('docs/OPERATIONS.md', 'metrics', [head, ...own, ...ofProcess]);
});
