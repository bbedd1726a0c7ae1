// How two nodes find out which groups they share, and whether they have the same of them.
import { expect, test } from 'vitest';
import { testIdentity, textObject } from '../support/feeds.ts';
import { syncLimits } from '../../src/sync/limits.ts';
import { everything } from '../../src/sync/ranges.ts';
import { emptyDigest, group, linked, Peer, Rig, rootsOf, Wire } from './rig.ts';

const [self, friend] = [testIdentity(0), testIdentity(1)];

async function unlinked(): Promise<{ rig: Rig; peer: Peer }> {
  const rig = await new Rig(self).start();
  return { rig, peer: await new Peer(rig, friend).open() };
}

test('equal heads cost one hello in each direction and nothing else', async () => {
  const [a, b] = [await new Rig(self).start(), await new Rig(friend).start()];
  const wire = await new Wire([[a, b]]).open();
  expect((await wire.run()).map(({ type }) => type)).toEqual(['hello', 'hello']);
  await a.post('one');
  await wire.run();
  await wire.close();
  const again = await new Wire([[a, b]], 9).open();
  expect((await again.run()).map(({ type }) => type)).toEqual(['hello', 'hello']);
  expect(a.gossip.overview.lag(friend.publicKey)).toEqual({ behind: 0, ahead: 0 });
});

test('an idle link compares heads each 30 s, with a frame of constant size', async () => {
  const [a, b] = [await new Rig(self).start(), await new Rig(friend).start()];
  const wire = await new Wire([[a, b]]).open();
  await wire.run();
  for (let i = 0; i < 10; i++) {
    await a.pass(syncLimits.checkMs);
    const frames = await wire.run();
    expect(frames.map(({ type }) => type)).toEqual(['check']);
  }
});

test('F33 F35 a link that is never without segments compares heads all the same', async () => {
  const { rig, peer } = await linked();
  const { segments } = rootsOf(friend, 40);
  for (const [i, bytes] of segments.entries()) {
    await peer.segment(friend.publicKey, i + 1, bytes);
    await rig.pass(5_000);
  }
  expect(rig.sentOf('check').length).toBeGreaterThan(0);
});

test('another version ends the link without a ban', async () => {
  const { rig, peer } = await unlinked();
  await peer.hello({ version: 2 });
  expect(rig.closes()).toMatchObject([{ reason: 'version-mismatch', ban: false }]);
});

test('a link that brings no hello is closed, and its frames are dropped and counted', async () => {
  const { rig, peer } = await unlinked();
  await peer.have(friend.publicKey, 5);
  expect(rig.dropped('not-greeted')).toBe(1);
  expect(rig.gossip.overview.behind()).toBe(0);
  await rig.pass(syncLimits.helloMs);
  expect(rig.closes()).toMatchObject([{ reason: 'no-hello', ban: false }]);
});

test('a second hello changes nothing', async () => {
  const { rig, peer } = await linked();
  const effects = await peer.hello({ window: 1 << 30 });
  expect(effects).toEqual([]);
  expect(rig.closes()).toEqual([]);
});

test('echoed tags prove nothing: who does not know the group shares no group', async () => {
  const { rig, peer } = await unlinked();
  const [mine] = rig.sentOf('hello');
  await peer.hello({ groups: mine?.groups ?? [] });
  await peer.have(friend.publicKey, 5);
  expect(rig.dropped('unknown-group')).toBe(1);
  expect(rig.sent()).toEqual([]);
});

test('tags that are not known here are places without a group', async () => {
  const { rig, peer } = await unlinked();
  const [real] = peer.helloFrame().groups;
  const stranger = { tag: new Uint8Array(16), fingerprint: new Uint8Array(16) };
  await peer.hello({ groups: [stranger, ...(real === undefined ? [] : [real])] });
  await peer.have(friend.publicKey, 1);
  expect(rig.dropped('unknown-group')).toBe(1);
  await peer.say({ type: 'have', group: 1, feeds: [], covers: everything });
  expect(rig.dropped('unknown-group')).toBe(1);
});

test('F60 a group that a hello names a thousand times is compared and listed once', async () => {
  const { rig, peer } = await unlinked();
  await rig.post('something to list');
  rig.sent();
  const [real] = peer.helloFrame().groups;
  await peer.hello({ groups: Array.from({ length: 1000 }, () => real ?? expect.fail()) });
  expect(rig.sentOf('have')).toHaveLength(1);
});

test('F60 a peer that compares heads without end is told of all feeds once in a while', async () => {
  const { rig, peer } = await linked();
  await rig.post('something to list');
  rig.sent();
  const fingerprint = peer.fingerprint(emptyDigest);
  const fingerprints = Array.from({ length: 500 }, () => ({ group: 0, fingerprint }));
  for (let i = 0; i < 20; i++) await peer.say({ type: 'check', sent: 0, fingerprints });
  expect(rig.sentOf('have')).toHaveLength(1);
  await rig.pass(syncLimits.listingMs);
  await peer.say({ type: 'check', sent: 0, fingerprints });
  expect(rig.sentOf('have')).toHaveLength(1);
});

test('a listing says of every feed where it ends, and that it covers everything', async () => {
  const { rig, peer } = await unlinked();
  await rig.post('a message', textObject('a message', 1));
  rig.sent();
  await peer.hello({}, new Uint8Array(32));
  const [have] = rig.sentOf('have');
  expect(have).toMatchObject({ covers: everything, feeds: [{ author: self.publicKey, seq: 1 }] });
  const root = rig.store.find({ group, author: self.publicKey, head: 0 })?.head.root;
  expect(have?.feeds[0]?.rootPrefix).toEqual(root?.slice(0, 8));
});

test('F09 closed links leave nothing behind', async () => {
  const rig = await new Rig(self).start();
  for (let i = 1; i <= 1000; i++) {
    const peer = await new Peer(rig, friend, i).open();
    await peer.hello();
    await peer.have(testIdentity(2).publicKey, 5);
    await peer.close();
    rig.sent(i);
  }
  expect(rig.gossip.deadline(rig.at)).toBeUndefined();
  expect(await rig.handle({ type: 'tick' })).toEqual([]);
});
