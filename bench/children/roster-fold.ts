// The roster of a large group: one fold of all its operations from a real store, and single operations
// afterwards. Arguments: scratch directory, operations, rounds. Prints {read, fold, next}: milliseconds.
import '../support/end-with-parent.ts';
import { performance } from 'node:perf_hooks';
import { systemRandom } from '../../src/env.ts';
import { buildGenesis } from '../../src/chat/roster/genesis.ts';
import { buildOperation, type RosterChange } from '../../src/chat/roster/operation.ts';
import { buildSeen } from '../../src/chat/roster/seen.ts';
import { publicKeyOfBytes } from '../../src/identity.ts';
import { commitOf, FeedBuilder, testIdentity, type TestRoot } from '../../test/support/feeds.ts';
import { built } from '../support/built.ts';

const adminsCount = 20;
const rootsOfSegment = 64;

const [directory = '', operations = '', rounds = ''] = process.argv.slice(2);
const { Archive } = await built('cxo/archive');
const { openLevelStore } = await built('cxo/level-store');
const { Roster } = await built('chat/roster/roster');

const [founder, ...admins] = Array.from({ length: adminsCount + 1 }, (_, i) => testIdentity(i));
if (founder === undefined) throw new Error('a group has a founder');
const genesis = buildGenesis(
  { name: 'large', encrypted: false, founder: founder.publicKey },
  systemRandom.bytes(16),
);
const feeds = [founder, ...admins].map((identity) => ({
  identity,
  builder: new FeedBuilder(identity, genesis.id),
  roots: [] as TestRoot[],
  seq: 0,
}));

let time = 1_000_000;
function issue(feed: (typeof feeds)[number], change: RosterChange): void {
  const seen = feeds
    .filter((other) => other !== feed && other.seq > 0)
    .map(({ identity, seq }) => ({ key: identity.publicKey, head: 0, seq }));
  const object = buildOperation({ ...change, seen: buildSeen(seen) }, systemRandom.bytes(16));
  feed.roots.push({ time: time++, slots: [{ object }] });
  feed.seq++;
}

const [first, ...others] = feeds;
for (const { publicKey } of admins) if (first) issue(first, { op: 'promote', key: publicKey });
for (let i = adminsCount; i < Number(operations); i++) {
  const feed = others[i % adminsCount];
  const key = publicKeyOfBytes(systemRandom.bytes(32));
  if (feed) issue(feed, { op: 'add', key, history: false });
}

const store = await openLevelStore(directory, {
  random: systemRandom,
  onDamage: () => undefined,
});
for (const { builder, roots } of feeds) {
  for (let at = 0; at < roots.length; at += rootsOfSegment) {
    const some = roots.slice(at, at + rootsOfSegment);
    await store.commit(commitOf(builder.segment(some, { label: () => 'roster' })));
  }
}

const results = { read: [] as number[], fold: [] as number[], next: [] as number[] };
for (let round = 0; round < Number(rounds); round++) {
  const startedAt = performance.now();
  const entries = await new Archive(store).labelled('roster');
  const readAt = performance.now();
  const roster = new Roster(genesis);
  const last = entries.toSorted((a, b) => a.time - b.time).slice(-100);
  const latest = new Set(last);
  roster.apply(entries.filter((entry) => !latest.has(entry)));
  const foldedAt = performance.now();
  for (const entry of last) roster.apply([entry]);
  const endedAt = performance.now();
  if (roster.members().size !== Number(operations) + 1) throw new Error('members are missing');
  results.read.push(readAt - startedAt);
  results.fold.push(foldedAt - readAt);
  results.next.push((endedAt - foldedAt) / last.length);
}
console.log(JSON.stringify(results));
await store.close();
