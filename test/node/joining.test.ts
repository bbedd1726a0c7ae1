import { expect, test } from 'vitest';
import { utf8 } from '../../src/bytes.ts';
import { verifyJoinProof, inviteKeyOf } from '../../src/chat/groups/invite.ts';
import { buildObject } from '../../src/cxo/object.ts';
import type { LocalChange } from '../../src/cxo/store.ts';
import { identityOfSeed, type PublicKey } from '../../src/identity.ts';
import { formatEndpoint } from '../../src/net/address.ts';
import { doorFrames, encodeAnswer, knockTag, parseKnock } from '../../src/node/door-frames.ts';
import type { KnockCode } from '../../src/node/door-frames.ts';
import { joiningLimits } from '../../src/node/door-limits.ts';
import type { JoinProgress } from '../../src/node/join.ts';
import { Joining, joinRowPrefix } from '../../src/node/joining.ts';
import { ManualTime } from '../support/net-time.ts';
import {
  admin,
  FakeGossip,
  FakeLink,
  inviteOf,
  joiner,
  linkOfInvite,
  seedOf,
  settled,
} from './door-rig.ts';

const other = identityOfSeed(seedOf(2));
const two = [
  { pk: admin.publicKey, addresses: ['a:1', 'b:2'] },
  { pk: other.publicKey, addresses: ['c:3'] },
];
const link = linkOfInvite({ nodes: two });
const invite = inviteOf({ nodes: two });
const { group } = invite;

class JoinRig {
  readonly time = new ManualTime();
  readonly gossip = new FakeGossip();
  readonly rows = new Map<string, Uint8Array>();
  readonly dials: string[] = [];
  readonly states: string[] = [];
  progress: JoinProgress = { isMember: false, isInSync: false, have: 0, of: 0 };
  joining = this.#open();

  #open(): Joining {
    const joining: Joining = new Joining({
      self: joiner.publicKey,
      clock: this.time,
      timers: this.time,
      random: { unit: () => 1 },
      dial: (key, endpoints) => {
        this.dials.push(`${key.slice(0, 4)} ${endpoints.map(formatEndpoint).join(' ')}`);
      },
      progress: () => this.progress,
      writeLocal: (changes: readonly LocalChange[]) => {
        for (const { key, value } of changes) {
          if (value === undefined) this.rows.delete(key);
          else this.rows.set(key, value);
        }
        return Promise.resolve();
      },
      onChange: (of) => {
        const state = joining.view(of)?.state ?? 'done';
        if (this.states.at(-1) !== state) this.states.push(state);
      },
      open: this.gossip.open,
    });
    return joining;
  }

  restart(): void {
    this.joining.close();
    this.joining = this.#open();
    this.joining.restore([...this.rows].map(([key, value]) => ({ key, value })));
    this.joining.resume();
  }

  get view() {
    return this.joining.view(group);
  }

  async linkTo(key: PublicKey, salt?: number): Promise<FakeLink> {
    const made = new FakeLink(key, salt);
    made.handler = this.joining.openLink(made);
    await settled();
    return made;
  }

  answer(over: FakeLink, code: KnockCode): void {
    const tag = knockTag(over.handshakeHash, group);
    over.handler?.onFrame(doorFrames.answer, encodeAnswer(tag, code));
  }

  advance(ms: number): Promise<void> {
    return this.time.advance(ms, settled);
  }
}

const unreachable = { endpoint: { host: 'a', port: 1 }, fault: 'unreachable' } as const;

function knocksOf(over: FakeLink): number {
  return over.sent.filter(({ type }) => type === doorFrames.knock).length;
}

test('a joining dials, knocks with its proof, syncs, and is done when nothing is missing', async () => {
  const rig = new JoinRig();
  await rig.joining.begin(link);
  expect(rig.dials).toEqual([`${admin.publicKey.slice(0, 4)} a:1 b:2`]);
  expect(rig.view).toMatchObject({ state: 'connecting', detail: 'dialing a:1, b:2', code: null });
  expect(rig.joining.isSought(admin.publicKey)).toBe(true);

  const made = await rig.linkTo(admin.publicKey);
  expect(rig.gossip.told).toHaveLength(1);
  const knock = parseKnock(made.sent[0]?.payload ?? new Uint8Array());
  expect(knock?.tag).toEqual(knockTag(made.handshakeHash, group));
  const { signature = new Uint8Array() } = knock ?? {};
  const key = inviteKeyOf(invite.seed);
  expect(knock?.invite).toBe(key);
  expect(verifyJoinProof(key, group, joiner.publicKey, signature)).toBe(true);

  rig.answer(made, 'admitted');
  rig.progress = { isMember: true, isInSync: false, have: 3, of: 10 };
  rig.joining.progressed();
  expect(rig.view).toMatchObject({ state: 'syncing', have: 3, of: 10 });
  rig.progress = { isMember: true, isInSync: true, have: 10, of: 10 };
  rig.joining.progressed();
  expect(rig.view).toBeUndefined();
  expect(rig.states).toEqual(['connecting', 'knocking', 'syncing', 'done']);
  expect([rig.rows.size, rig.time.pending]).toEqual([0, 0]);
  expect(rig.joining.isSought(admin.publicKey)).toBe(false);
});

test('a joining notices by itself that it is done', async () => {
  const rig = new JoinRig();
  await rig.joining.begin(link);
  rig.answer(await rig.linkTo(admin.publicKey), 'admitted');
  rig.progress = { isMember: true, isInSync: true, have: 1, of: 1 };
  await rig.advance(joiningLimits.lookMs);
  expect(rig.states.at(-1)).toBe('done');
});

test('F36 each node of the invite is tried in turn, whichever of them is away', async () => {
  const rig = new JoinRig();
  await rig.joining.begin(link);
  rig.joining.tried(admin.publicKey, [unreachable], undefined);
  expect(rig.dials.at(-1)).toBe(`${other.publicKey.slice(0, 4)} c:3`);
  const made = await rig.linkTo(other.publicKey);
  rig.answer(made, 'admitted');
  expect(rig.view?.state).toBe('syncing');
});

test('F10 while nobody can be reached it goes on for ever, with growing waits and the reasons', async () => {
  const rig = new JoinRig();
  await rig.joining.begin(link);
  const waits: number[] = [];
  for (let round = 1; round <= 8; round++) {
    rig.joining.tried(admin.publicKey, [unreachable], undefined);
    rig.joining.tried(other.publicKey, [], 'not-allowed');
    expect(rig.view?.state).toBe('waiting');
    expect(rig.view?.detail).toBe(
      'a:1: the peer could not be reached; ' +
        `${other.publicKey.slice(0, 8)}: the peer does not allow this node's key`,
    );
    waits.push(rig.time.next);
    await rig.advance(rig.time.next);
    expect(rig.view?.state).toBe('connecting');
  }
  expect(waits).toEqual([2000, 4000, 8000, 16_000, 30_000, 30_000, 30_000, 30_000]);
  expect(rig.rows.size).toBe(1);
});

test('a late word of an earlier dial changes nothing', async () => {
  const rig = new JoinRig();
  await rig.joining.begin(link);
  rig.joining.tried(other.publicKey, [], 'closing');
  expect(rig.view?.state).toBe('connecting');
  const made = await rig.linkTo(admin.publicKey);
  rig.joining.tried(admin.publicKey, [unreachable], undefined);
  expect(rig.view?.state).toBe('knocking');
  made.end('not-allowed');
  expect(rig.dials.at(-1)).toContain('c:3');
  rig.joining.tried(admin.publicKey, [], 'not-allowed');
  expect(rig.view?.state).toBe('connecting');
});

test.each<[KnockCode, string]>([
  ['invite-altered', 'invite-altered'],
  ['invite-expired', 'invite-expired'],
  ['invite-used', 'invite-used'],
  ['invite-revoked', 'invite-revoked'],
  ['removed', 'not-a-member'],
])('F43 the answer %s ends the joining for good as %s', async (answer, code) => {
  const rig = new JoinRig();
  await rig.joining.begin(link);
  rig.answer(await rig.linkTo(admin.publicKey), answer);
  expect(rig.view).toMatchObject({ state: 'failed', code });
  expect(rig.time.pending).toBe(0);
  expect(rig.joining.isSought(admin.publicKey)).toBe(false);
  // It is shown until somebody takes it back, and a new link revives it.
  await rig.joining.begin(linkOfInvite({ nodes: two, seed: seedOf(6) }));
  expect(rig.view).toMatchObject({ state: 'knocking', code: null });
  await rig.joining.cancel(group);
  expect([rig.view, rig.rows.size, rig.time.pending]).toEqual([undefined, 0, 0]);
});

test.each<[KnockCode | 'silence' | 'end', RegExp]>([
  ['unknown-invite', /knows of no such invite yet/],
  ['unknown-group', /is not in the group yet/],
  ['not-ready', /cannot let anybody in at present/],
  ['silence', /does not answer/],
  ['end', /the peer does not allow this node's key/],
])('after %s it goes on with the next node', async (answer, words) => {
  const rig = new JoinRig();
  await rig.joining.begin(link);
  const made = await rig.linkTo(admin.publicKey);
  if (answer === 'silence') await rig.advance(joiningLimits.answerMs);
  else if (answer === 'end') made.end('not-allowed');
  else rig.answer(made, answer);
  expect(rig.view).toMatchObject({ state: 'connecting', detail: 'dialing c:3' });
  rig.joining.tried(other.publicKey, [], 'closing');
  expect(rig.view?.detail).toMatch(words);
});

test('a link that is there is used without a dial, and so is one that comes up while it waits', async () => {
  const rig = new JoinRig();
  const made = await rig.linkTo(other.publicKey);
  await rig.joining.begin(linkOfInvite({ nodes: two.slice(1) }));
  expect([rig.dials, knocksOf(made)]).toEqual([[], 1]);
  rig.answer(made, 'unknown-invite');
  expect(rig.view?.state).toBe('waiting');
  made.end();
  const again = await rig.linkTo(other.publicKey, 6);
  expect(knocksOf(again)).toBe(1);
});

test('an invite that names no address is shown to the nodes that are linked', async () => {
  const rig = new JoinRig();
  await rig.joining.begin(linkOfInvite({ nodes: [] }));
  expect(rig.view).toMatchObject({ state: 'waiting', detail: 'no node of a member is known' });
  const made = await rig.linkTo(other.publicKey);
  expect(knocksOf(made)).toBe(1);
  rig.answer(made, 'unknown-group');
  const [before, waitMs] = [knocksOf(made), rig.time.next];
  await rig.advance(waitMs);
  expect(knocksOf(made)).toBe(before + 1);
});

test('the own address, what cannot be dialed, and a node named twice are no ways of their own', async () => {
  const rig = new JoinRig();
  const nodes = [
    { pk: joiner.publicKey, addresses: ['self:1'] },
    { pk: admin.publicKey, addresses: ['quic://x', 'a:1'] },
    { pk: admin.publicKey, addresses: ['b:2'] },
  ];
  await rig.joining.begin(linkOfInvite({ nodes }));
  expect(rig.dials).toEqual([`${admin.publicKey.slice(0, 4)} a:1 b:2`]);
});

test('who was admitted and is on no roster after a while knocks again, and hears why', async () => {
  const rig = new JoinRig();
  await rig.joining.begin(link);
  const made = await rig.linkTo(admin.publicKey);
  rig.answer(made, 'admitted');
  await rig.advance(joiningLimits.rosterMs);
  expect([rig.view?.state, knocksOf(made)]).toEqual(['knocking', 2]);
  rig.answer(made, 'invite-used');
  expect(rig.view).toMatchObject({ state: 'failed', code: 'invite-used' });
});

test('a member that lacks messages goes on to sync, over whatever links there are', async () => {
  const rig = new JoinRig();
  await rig.joining.begin(link);
  const made = await rig.linkTo(admin.publicKey);
  rig.answer(made, 'admitted');
  rig.progress = { isMember: true, isInSync: false, have: 1, of: 9 };
  made.end();
  await rig.advance(2 * joiningLimits.rosterMs);
  expect(rig.view).toMatchObject({ state: 'syncing', have: 1, of: 9 });
});

test('a joining goes on after a restart, and one that was on the roster syncs at once', async () => {
  const rig = new JoinRig();
  await rig.joining.begin(` ${link}\n`);
  rig.restart();
  expect(rig.dials).toHaveLength(2);
  rig.progress = { isMember: true, isInSync: false, have: 1, of: 9 };
  rig.restart();
  expect([rig.dials.length, rig.view?.state]).toEqual([2, 'syncing']);
  expect(rig.joining.restore([{ key: `${joinRowPrefix}x`, value: utf8('nonsense') }])).toEqual([]);
});

test('answers that nobody waits for change nothing', async () => {
  const rig = new JoinRig();
  await rig.joining.begin(link);
  const made = await rig.linkTo(admin.publicKey);
  const stranger = await rig.linkTo(other.publicKey, 6);
  rig.answer(stranger, 'invite-revoked');
  const wrongTag = encodeAnswer(knockTag(seedOf(8), group), 'invite-revoked');
  made.handler?.onFrame(doorFrames.answer, wrongTag);
  made.handler?.onFrame(doorFrames.answer, new Uint8Array(3));
  expect(rig.view?.state).toBe('knocking');
  expect(rig.gossip.told.filter((told) => told.startsWith('frame'))).toEqual([]);
  rig.answer(made, 'admitted');
  rig.answer(made, 'invite-revoked');
  expect(rig.view?.state).toBe('syncing');
});

test('gossip goes by untouched', async () => {
  const rig = new JoinRig();
  const made = await rig.linkTo(admin.publicKey);
  made.handler?.onFrame(0x10, new Uint8Array(4));
  made.handler?.onDrain();
  made.end('lost');
  expect(rig.gossip.told.slice(1)).toEqual(['frame 16 4', 'drain', 'close lost']);
});

test.each([
  ['invite-altered', link.slice(0, -1)],
  ['invite-expired', linkOfInvite({ expires: 1_700_000_000_000_000 })],
])('a link that is refused as %s begins nothing', async (code, text) => {
  const rig = new JoinRig();
  await expect(rig.joining.begin(text)).rejects.toMatchObject({ code });
  expect([rig.rows.size, rig.dials, rig.states]).toEqual([0, [], []]);
});

test('there are only so many joinings at a time', async () => {
  const rig = new JoinRig();
  const genesisOf = (n: number): Uint8Array =>
    buildObject({ kind: 'genesis', name: String(n) }, seedOf(n).slice(0, 16));
  for (let n = 0; n < joiningLimits.joinsMax; n++) {
    await rig.joining.begin(linkOfInvite({ genesis: genesisOf(n), nodes: [] }));
  }
  const more = linkOfInvite({ genesis: genesisOf(200), nodes: [] });
  await expect(rig.joining.begin(more)).rejects.toMatchObject({ code: 'too-many-requests' });
  await rig.joining.begin(linkOfInvite({ genesis: genesisOf(0), nodes: [] }));
  rig.joining.close();
  expect(rig.time.pending).toBe(0);
});
