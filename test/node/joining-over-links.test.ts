// Both sides of a join over real handshakes, in one process with manual time.
import { afterEach, beforeEach, expect, test } from 'vitest';
import { silentLogger, systemRandom } from '../../src/env.ts';
import type { Identity, PublicKey } from '../../src/identity.ts';
import { identityOfSeed } from '../../src/identity.ts';
import { MemoryNetwork } from '../../src/net/memory.ts';
import { Network } from '../../src/net/network.ts';
import { doorLimits } from '../../src/node/door-limits.ts';
import { Joining } from '../../src/node/joining.ts';
import { ManualTime } from '../support/net-time.ts';
import { admin, DoorRig, FakeGossip, inviteOf, joiner, linkOfInvite, seedOf } from './door-rig.ts';

const hub = new MemoryNetwork();
let time: ManualTime;
let networks: Network[];

beforeEach(() => {
  time = new ManualTime();
  networks = [];
});

const settle = (): Promise<void> => hub.idle();

afterEach(async () => {
  const closed = Promise.all(networks.map((network) => network.close()));
  await time.advance(2_000, settle);
  await closed;
  expect(time.pending).toBe(0);
});

const common = () => ({
  ...{ clock: time, timers: time, logger: silentLogger },
  random: { bytes: (length: number) => systemRandom.bytes(length), unit: () => 0.5 },
});

interface Member {
  readonly rig: DoorRig;
  readonly gossip: FakeGossip;
  readonly network: Network;
}

/** A member's node with its door, at `name:1`. */
async function openMember(name: string, identity: Identity): Promise<Member> {
  const gossip = new FakeGossip();
  const rig = new DoorRig({ ...common(), open: gossip.open });
  const network: Network = new Network({
    ...common(),
    identity,
    transport: hub.host(name),
    isAllowed: (key) => rig.members.has(key) || rig.door.mayEnter(key),
    onLink: (link) => rig.door.openLink(link),
  });
  networks.push(network);
  await network.listen({ host: name, port: 1 });
  return { rig, gossip, network };
}

class Joiner {
  readonly gossip = new FakeGossip();
  isMember = false;
  readonly network: Network;
  readonly joining: Joining;

  constructor(identity: Identity) {
    this.joining = new Joining({
      ...common(),
      self: identity.publicKey,
      dial: (key, endpoints) => {
        this.network.tryPeer(key, endpoints);
      },
      progress: () => ({ isMember: this.isMember, isInSync: true, have: 0, of: 0 }),
      writeLocal: () => Promise.resolve(),
      onChange: () => undefined,
      open: this.gossip.open,
    });
    this.network = new Network({
      ...common(),
      identity,
      transport: hub.host('joiner'),
      isAllowed: (key) => this.joining.isSought(key),
      onLink: (link) => this.joining.openLink(link),
      watcher: {
        onLinked: () => undefined,
        onUnlinked: () => undefined,
        onTried: (key, failed, refusal) => {
          this.joining.tried(key, failed, refusal);
        },
        onSpare: () => undefined,
      },
    });
    networks.push(this.network);
  }

  get view() {
    return this.joining.view(inviteOf().group);
  }

  close(): void {
    this.joining.close();
  }
}

const other = identityOfSeed(seedOf(2));
const nodes = [
  { pk: admin.publicKey, addresses: ['nowhere:1', 'founder:1'] },
  { pk: other.publicKey, addresses: ['member:1'] },
];

function stateOf(network: Network, key: PublicKey): string | undefined {
  return network.peers().find(({ pk }) => pk === key)?.state;
}

test('F36 who knows only the invite gets in by whichever member is there, and stays linked', async () => {
  const { rig, gossip, network } = await openMember('member', other);
  const newcomer = new Joiner(joiner);
  await newcomer.joining.begin(linkOfInvite({ nodes }));
  await time.advance(0, settle);
  expect(rig.admitted).toEqual([joiner.publicKey]);
  expect(newcomer.view?.state).toBe('syncing');
  newcomer.isMember = true;
  newcomer.joining.progressed();
  expect(newcomer.view).toBeUndefined();
  await time.advance(2 * doorLimits.guestMs, settle);
  expect(stateOf(network, joiner.publicKey)).toBe('connected');
  for (const { told } of [gossip, newcomer.gossip]) {
    expect(told.filter((each) => each !== 'drain')).toHaveLength(1);
  }
  expect(rig.door.guests).toBe(0);
});

test('who is refused hears why, and the node does not keep it in mind', async () => {
  const { rig, network } = await openMember('member', other);
  rig.invites.set([...rig.invites.keys()][0] ?? joiner.publicKey, { uses: 0, verdict: 'open' });
  const newcomer = new Joiner(joiner);
  await newcomer.joining.begin(linkOfInvite({ nodes: nodes.slice(1) }));
  await time.advance(0, settle);
  expect(newcomer.view).toMatchObject({ state: 'failed', code: 'invite-used' });
  await time.advance(doorLimits.guestMs, settle);
  expect([rig.door.guests, network.peers()]).toEqual([0, []]);
  expect(newcomer.network.peers()).toEqual([]);
});

test('where there was never an invite nobody is let in to ask, which the joiner is told', async () => {
  const { rig, network } = await openMember('member', other);
  rig.invites.clear();
  const newcomer = new Joiner(joiner);
  await newcomer.joining.begin(linkOfInvite({ nodes: nodes.slice(1) }));
  await time.advance(0, settle);
  expect(newcomer.view).toMatchObject({
    ...{ state: 'waiting', code: null },
    detail: `${other.publicKey.slice(0, 8)}: the peer does not allow this node's key`,
  });
  expect(network.counters()['not-allowed']).toBe(1);
  newcomer.close();
});

test('F14 another node at the address of the invite is not asked', async () => {
  const { rig } = await openMember('member', identityOfSeed(seedOf(4)));
  const newcomer = new Joiner(joiner);
  await newcomer.joining.begin(linkOfInvite({ nodes: nodes.slice(1) }));
  await time.advance(0, settle);
  expect(newcomer.view?.detail).toBe(
    'member:1: another key (or no skychat-node) answers at this address',
  );
  expect(rig.admitted).toEqual([]);
  newcomer.close();
});
