// What /status says of the sync: its state, and in words why nothing comes.
import { expect, test } from 'vitest';
import { buildSyncView, type SyncContext } from '../../src/node/sync-view.ts';
import type { ProgressView } from '../../src/sync/progress.ts';
import { testIdentity } from '../support/feeds.ts';

const peers = Array.from({ length: 20 }, (_, i) => testIdentity(i).publicKey);
const [alice = expect.fail()] = peers;

const context: SyncContext = {
  nameOf: (pk) => (pk === alice ? 'alice' : null),
  connected: () => 2,
  behindOfLinked: () => 3,
  writeFailure: undefined,
};

const moving: ProgressView = {
  ...{ have: 7, total: 10, behind: 3, ratePerS: 1.26, etaS: 2.38, stalled: false },
  sources: [{ peer: alice, ratePerS: 1.26, messages: 6 }],
  since: 1_700_000_000_123_456,
};
const stalled: ProgressView = {
  ...{ ...moving, ratePerS: 0, etaS: undefined, sources: [], stalled: true },
};

test('a sync that moves is shown with its rate, its end and its sources', () => {
  expect(buildSyncView(moving, context)).toEqual({
    ...{ state: 'syncing', reason: null, have: 7, of: 10, behind: 3, per_s: 1.3, eta_s: 2.4 },
    sources: [{ pk: alice, name: 'alice', per_s: 1.3, messages: 6 }],
    since: '2023-11-14T22:13:20.123Z',
  });
});

test('a node that misses nothing is in sync, also while messages come', () => {
  const view = { ...moving, have: 10, behind: 0, etaS: undefined, since: undefined };
  expect(buildSyncView(view, context)).toMatchObject({
    ...{ state: 'in-sync', reason: null, eta_s: null, since: null, per_s: 1.3 },
  });
});

test.each<[string, Partial<SyncContext>]>([
  ['the disk is full', { writeFailure: 'disk-full', connected: () => 0 }],
  ['the store cannot be written', { writeFailure: 'store-failed' }],
  ['no peer is connected', { connected: () => 0, behindOfLinked: () => 0 }],
  ['no connected peer has what is missing', { behindOfLinked: () => 0 }],
  ['the connected peers that have it have sent nothing that could be kept', {}],
])('a sync that waits says: %s', (reason, changes) => {
  const view = buildSyncView(stalled, { ...context, ...changes });
  expect(view).toMatchObject({ state: 'waiting', reason, per_s: 0, eta_s: null, sources: [] });
});

test('a node that misses nothing and has nobody to tell it says so', () => {
  const view = { ...moving, have: 10, behind: 0, etaS: undefined, since: undefined };
  expect(buildSyncView(view, { ...context, connected: () => 0 })).toMatchObject({
    ...{ state: 'in-sync', reason: 'no peer is connected' },
  });
});

test('what only a node at rest tells is not computed for one that moves', () => {
  const never = (): number => expect.fail('not needed');
  buildSyncView(moving, { ...context, connected: never, behindOfLinked: never });
});

test('of many sources the fastest sixteen are named', () => {
  const sources = peers.map((peer, i) => ({ peer, ratePerS: 20 - i, messages: 1 }));
  const view = buildSyncView({ ...moving, sources }, context);
  expect(view.sources.map(({ pk }) => pk)).toEqual(peers.slice(0, 16));
});
