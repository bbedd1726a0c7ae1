import { expect, test } from 'vitest';
import { buildJoinProof, inviteKeyOf } from '../../src/chat/groups/invite.ts';
import { Archive, type Proof } from '../../src/cxo/archive.ts';
import type { GroupId, MessageId } from '../../src/cxo/ids.ts';
import { MemoryStore } from '../../src/cxo/memory-store.ts';
import { verifyProof } from '../../src/cxo/proof.ts';
import { identityOfSeed, type PublicKey } from '../../src/identity.ts';
import {
  doorFrames,
  encodeKnock,
  encodeStanding,
  knockTag,
  parseAnswer,
  type KnockCode,
  type WordProof,
} from '../../src/node/door-frames.ts';
import type { InviteVerdict } from '../../src/node/door.ts';
import { doorLimits, wordLimits } from '../../src/node/door-limits.ts';
import { commitOf, FeedBuilder, textRoot } from '../support/feeds.ts';
import { flipBit } from '../support/values.ts';
import { admin, DoorRig, joiner, removalAt, seedOf, settled, type FakeLink } from './door-rig.ts';

interface KnockOver {
  readonly group?: GroupId;
  readonly seed?: Uint8Array;
  readonly signer?: Uint8Array;
  readonly key?: PublicKey;
}

function knock(rig: DoorRig, link: FakeLink, over: KnockOver = {}): void {
  const { group = rig.group, seed = seedOf(7), key = link.peer } = over;
  const payload = encodeKnock({
    tag: knockTag(link.handshakeHash, group),
    invite: inviteKeyOf(seed),
    signature: buildJoinProof(over.signer ?? seed, group, key),
  });
  link.handler?.onFrame(doorFrames.knock, payload);
}

function answers(link: FakeLink): (KnockCode | undefined)[] {
  return link.sent.map(({ type, payload }) => {
    expect(type).toBe(doorFrames.answer);
    return parseAnswer(payload)?.code;
  });
}

const keyAt = (n: number): PublicKey => identityOfSeed(seedOf(100 + n)).publicKey;

test('F36 a guest with an invite is admitted by any member, and its gossip begins with what it said before', async () => {
  const rig = new DoorRig();
  const link = rig.visit(joiner.publicKey);
  link.handler?.onFrame(0x10, new Uint8Array(40));
  knock(rig, link);
  expect(rig.gossip.told).toEqual([]);
  await settled();
  expect(answers(link)).toEqual(['admitted']);
  expect(rig.admitted).toEqual([joiner.publicKey]);
  expect(rig.gossip.told).toEqual([`open ${joiner.publicKey.slice(0, 4)}`, 'frame 16 40']);
  link.handler?.onFrame(0x11, new Uint8Array(2));
  link.end('lost');
  expect(rig.gossip.told.slice(2)).toEqual(['frame 17 2', 'close lost']);
  expect([rig.door.guests, rig.time.pending]).toEqual([0, 0]);
});

test('a key that is known knocks over its link in use, which goes on whatever the answer is', async () => {
  const rig = new DoorRig({ isKnown: () => true });
  const link = rig.visit(joiner.publicKey);
  expect(rig.gossip.told).toHaveLength(1);
  rig.invites.clear();
  knock(rig, link);
  await settled();
  expect(answers(link)).toEqual(['unknown-invite']);
  expect([link.closed, rig.door.guests]).toEqual([undefined, 0]);
  link.handler?.onFrame(0x13, new Uint8Array(1));
  link.handler?.onDrain();
  expect(rig.gossip.told.slice(1)).toEqual(['frame 19 1', 'drain']);
});

test.each<InviteVerdict>([
  'invite-expired',
  'invite-used',
  'invite-revoked',
  'unknown-invite',
  'removed',
])(
  'F43 what the roster says (%s) is the answer to a guest, whose link then ends',
  async (verdict) => {
    const rig = new DoorRig();
    const link = rig.visit(joiner.publicKey);
    rig.invites.set(inviteKeyOf(seedOf(7)), { uses: 1, verdict });
    knock(rig, link);
    await settled();
    expect([answers(link), link.closed]).toEqual([[verdict], 'not-allowed']);
    expect([rig.admitted, rig.gossip.told]).toEqual([[], []]);
  },
);

test('an invite with one use left admits one of those who come at once', async () => {
  const rig = new DoorRig();
  rig.invites.set(inviteKeyOf(seedOf(7)), { uses: 1, verdict: 'open' });
  const links = [1, 2, 3].map((n) => rig.visit(keyAt(n)));
  for (const link of links) knock(rig, link);
  await settled();
  expect(links.map(answers)).toEqual([['admitted'], ['invite-used'], ['invite-used']]);
  expect(rig.admitted).toEqual([keyAt(1)]);
});

test('who is on the roster already is let in without another admission', async () => {
  const rig = new DoorRig({ isKnown: () => false });
  rig.members.add(joiner.publicKey);
  const link = rig.visit(joiner.publicKey);
  knock(rig, link);
  await settled();
  expect([answers(link), rig.admitted]).toEqual([['already-member'], []]);
  expect(rig.gossip.told).toHaveLength(1);
});

test('a proof of another key, group or invite admits nobody', async () => {
  const rig = new DoorRig();
  const forged: KnockOver[] = [{ key: admin.publicKey }, { signer: seedOf(8) }];
  for (const [n, over] of forged.entries()) {
    const link = rig.visit(keyAt(n));
    knock(rig, link, over);
    await settled();
    expect([answers(link), link.closed]).toEqual([['invite-altered'], 'not-allowed']);
    link.end();
  }
  const stranger = rig.visit(joiner.publicKey);
  knock(rig, stranger, { group: 'ab'.repeat(32) as GroupId });
  expect(answers(stranger)).toEqual(['unknown-group']);
  expect(rig.admitted).toEqual([]);
  expect(rig.door.counters['knock-forged']).toBe(2);
});

test('F41 a knock that was seen on another link names no group on this one', async () => {
  const rig = new DoorRig();
  const first = rig.visit(joiner.publicKey, 5);
  const second = rig.visit(keyAt(1), 6);
  const tag = knockTag(first.handshakeHash, rig.group);
  const seen = encodeKnock({
    ...{ tag, invite: inviteKeyOf(seedOf(7)) },
    signature: buildJoinProof(seedOf(7), rig.group, joiner.publicKey),
  });
  second.handler?.onFrame(doorFrames.knock, seen);
  await settled();
  expect([answers(second), rig.admitted]).toEqual([['unknown-group'], []]);
});

test('a malformed knock ends the link of a guest at once, and of a member at the third', () => {
  const rig = new DoorRig();
  const guest = rig.visit(joiner.publicKey);
  guest.handler?.onFrame(doorFrames.knock, new Uint8Array(3));
  expect([guest.closed, guest.sent]).toEqual(['not-allowed', []]);
  const member = rig.visit(admin.publicKey);
  for (let n = 1; n <= doorLimits.offencesMax; n++) {
    expect(member.closed).toBeUndefined();
    member.handler?.onFrame(doorFrames.knock, new Uint8Array(3));
  }
  expect(member.closed).toBe('bad-frame');
  expect(rig.door.counters['knock-malformed']).toBe(4);
  member.end();
  expect(rig.gossip.told.at(-1)).toBe('close bad-frame');
});

test('whoever has an invite may knock, whatever became of it, and nobody where there was none', () => {
  const rig = new DoorRig();
  rig.invites.set(inviteKeyOf(seedOf(7)), { uses: 0, verdict: 'invite-revoked' });
  expect(rig.door.mayEnter(joiner.publicKey)).toBe(true);
  rig.invites.clear();
  expect(rig.door.mayEnter(joiner.publicKey)).toBe(false);
});

test('guests have so many places; one that is refused, let in or gone frees its own', async () => {
  const rig = new DoorRig();
  const links = Array.from({ length: doorLimits.guestsMax }, (_, n) => rig.visit(keyAt(n)));
  expect(rig.door.guests).toBe(doorLimits.guestsMax);
  expect(rig.door.mayEnter(joiner.publicKey)).toBe(false);
  expect(rig.door.mayEnter(keyAt(0))).toBe(true);
  const late = rig.visit(joiner.publicKey);
  expect([late.closed, rig.door.counters['guests-full']]).toEqual(['not-allowed', 1]);
  late.end();
  links[0]?.end();
  if (links[1] !== undefined) knock(rig, links[1]);
  await settled();
  expect(rig.door.guests).toBe(doorLimits.guestsMax - 2);
  expect(rig.door.mayEnter(joiner.publicKey)).toBe(true);
});

test('a guest that says nothing useful is sent away after its time, and comes back only after a pause', async () => {
  const rig = new DoorRig();
  const link = rig.visit(joiner.publicKey);
  await rig.time.advance(doorLimits.guestMs - 1, settled);
  expect(link.closed).toBeUndefined();
  await rig.time.advance(1, settled);
  expect([link.closed, rig.door.counters['guest-expired']]).toEqual(['not-allowed', 1]);
  link.end();
  expect(rig.door.mayEnter(joiner.publicKey)).toBe(false);
  await rig.time.advance(doorLimits.guestPauseMs, settled);
  expect(rig.door.mayEnter(joiner.publicKey)).toBe(true);
});

test.each([
  ['frames', doorLimits.heldFramesMax, 1],
  ['bytes', 2, doorLimits.heldBytesMax / 2],
])('a guest that says too many %s before it is let in is sent away', (_, count, size) => {
  const rig = new DoorRig();
  const link = rig.visit(joiner.publicKey);
  for (let n = 0; n < count; n++) link.handler?.onFrame(0x10, new Uint8Array(size));
  expect(link.closed).toBeUndefined();
  link.handler?.onFrame(0x10, new Uint8Array(1));
  expect([link.closed, rig.gossip.told]).toEqual(['not-allowed', []]);
});

test('a guest that an admin adds meanwhile is let in', () => {
  const rig = new DoorRig();
  const link = rig.visit(joiner.publicKey);
  rig.door.membersChanged();
  expect(rig.gossip.told).toEqual([]);
  rig.members.add(joiner.publicKey);
  rig.door.membersChanged();
  expect([rig.gossip.told.length, link.closed]).toEqual([1, undefined]);
  link.end();
  expect(rig.time.pending).toBe(0);
});

test('F56 an admission that the disk did not take is answered as one that may be asked for again', async () => {
  const rig = new DoorRig();
  rig.disk = Promise.reject(new Error('the disk is full'));
  rig.disk.catch(() => undefined);
  const link = rig.visit(joiner.publicKey);
  knock(rig, link);
  await settled();
  expect([answers(link), rig.admitted]).toEqual([['not-ready'], []]);
  rig.disk = Promise.resolve();
  link.end();
  const again = rig.visit(keyAt(1));
  knock(rig, again);
  await settled();
  expect(answers(again)).toEqual(['admitted']);
});

test('one who is gone before its turn takes no use of the invite', async () => {
  const rig = new DoorRig();
  let written: () => void = () => undefined;
  rig.disk = new Promise((resolve) => (written = resolve));
  const [first, second] = [rig.visit(keyAt(1)), rig.visit(keyAt(2))];
  knock(rig, first);
  knock(rig, second);
  second.end();
  written();
  await settled();
  expect(rig.admitted).toEqual([keyAt(1)]);
  expect(second.sent).toEqual([]);
});

test('knocks beyond the bound of one link go unanswered until a minute is over', async () => {
  const rig = new DoorRig({ isKnown: () => true });
  rig.invites.clear();
  const link = rig.visit(joiner.publicKey);
  for (let n = 0; n < doorLimits.knocksPerMinuteMax + 5; n++) knock(rig, link);
  await settled();
  expect(link.sent).toHaveLength(doorLimits.knocksPerMinuteMax);
  expect(rig.door.counters['knocks-too-many']).toBe(5);
  await rig.time.advance(60_000, settled);
  knock(rig, link);
  await settled();
  expect(link.sent).toHaveLength(doorLimits.knocksPerMinuteMax + 1);
});

test('admissions beyond the bound are put off', async () => {
  const rig = new DoorRig({ isKnown: () => true });
  rig.disk = new Promise(() => undefined);
  const links = Array.from({ length: 3 }, (_, n) => rig.visit(keyAt(n)));
  for (const link of links) {
    for (let n = 0; n < doorLimits.knocksPerMinuteMax; n++) knock(rig, link);
  }
  await settled();
  const put = links.flatMap(answers);
  expect(new Set(put)).toEqual(new Set(['not-ready']));
  expect(put).toHaveLength(3 * doorLimits.knocksPerMinuteMax - doorLimits.admissionsMax);
});

/** That somebody said something, in place of a removal: the roster decides what it is. */
async function proofIn(group: GroupId): Promise<Omit<Proof, 'author'>> {
  const segment = new FeedBuilder(admin, group).segment([textRoot(1, 'a'), textRoot(2, 'b')]);
  const store = new MemoryStore();
  await store.commit(commitOf(segment));
  const proof = await new Archive(store).proof(segment.record.messages[0]?.id as MessageId);
  if (proof === undefined) throw new Error('what is stored can be proved');
  return proof;
}

function words(link: FakeLink): Uint8Array[] {
  return link.sent.filter(({ type }) => type === doorFrames.standing).map(({ payload }) => payload);
}

test('F39 who was removed is let in for a moment to hear it with the proof, and hears nothing else', async () => {
  const rig = new DoorRig();
  rig.invites.clear();
  rig.removed.add(joiner.publicKey);
  rig.proofs = [await proofIn(rig.group)];
  expect(rig.door.mayEnter(joiner.publicKey)).toBe(true);
  expect(rig.door.mayEnter(keyAt(1))).toBe(false);
  const link = rig.visit(joiner.publicKey);
  await settled();
  expect([words(link).length, link.sent.length, link.closed]).toEqual([1, 1, undefined]);
  await rig.time.advance(doorLimits.guestMs, settled);
  expect([link.sent.length, link.closed]).toEqual([1, 'not-allowed']);
  expect(rig.gossip.told).toEqual([]);

  // On the other side, where the node still takes itself for a member.
  const own = new DoorRig({ isKnown: () => true });
  const heard = own.visit(admin.publicKey);
  heard.handler?.onFrame(doorFrames.standing, words(link)[0] ?? new Uint8Array());
  expect(own.heard).toEqual([`${own.group.slice(0, 4)} 1`]);
});

test('a member of another group that was removed from this one is told once on each link', async () => {
  const rig = new DoorRig({ isKnown: () => true });
  rig.proofs = [await proofIn(rig.group)];
  const link = rig.visit(joiner.publicKey);
  await settled();
  expect(words(link)).toEqual([]);
  rig.removed.add(joiner.publicKey);
  rig.door.membersChanged();
  rig.door.membersChanged();
  await settled();
  expect([words(link).length, link.closed]).toEqual([1, undefined]);
  // Let in again, and removed once more.
  rig.removals++;
  rig.door.membersChanged();
  await settled();
  expect(words(link)).toHaveLength(2);
});

test('F38 what one of two members does not know is told once both have had the time to name the group', async () => {
  const rig = new DoorRig({ isKnown: () => true });
  rig.proofs = [await proofIn(rig.group)];
  const link = rig.visit(joiner.publicKey);
  rig.settled = [removalAt(7)];
  await rig.time.advance(wordLimits.settleMs - 1, settled);
  expect(words(link)).toHaveLength(0);
  await rig.time.advance(1, settled);
  expect(words(link)).toHaveLength(1);
  // What the roster says next is told with the next look, and nothing twice.
  rig.settled = [removalAt(8)];
  await rig.time.advance(3 * wordLimits.reviewMs, settled);
  expect(words(link)).toHaveLength(2);
  link.end();
  rig.settled = [removalAt(9)];
  await rig.time.advance(3 * wordLimits.reviewMs, settled);
  expect(words(link)).toHaveLength(2);
});

test('a link is told so many words and no more', async () => {
  const rig = new DoorRig({ isKnown: () => true });
  rig.proofs = [await proofIn(rig.group)];
  const link = rig.visit(joiner.publicKey);
  for (let n = 0; n < wordLimits.wordsOfLinkMax + 3; n++) {
    rig.settled = [removalAt(n)];
    await rig.time.advance(wordLimits.reviewMs, settled);
  }
  expect(words(link)).toHaveLength(wordLimits.wordsOfLinkMax);
});

test('one that was removed and cannot be shown it is sent away all the same', async () => {
  const damaged = (): Promise<never> => Promise.reject(new Error('the record is damaged'));
  for (const prove of [() => Promise.resolve([]), damaged]) {
    const rig = new DoorRig();
    rig.prove = prove;
    rig.invites.clear();
    rig.removed.add(joiner.publicKey);
    const link = rig.visit(joiner.publicKey);
    await settled();
    expect([link.sent, link.closed]).toEqual([[], 'not-allowed']);
  }
});

test('a word that proves nothing is an offence, and one of no group here is nothing', async () => {
  const rig = new DoorRig({ isKnown: () => true });
  const link = rig.visit(admin.publicKey);
  const other = 'ab'.repeat(32) as GroupId;
  const good = await proofIn(rig.group);
  const say = (group: GroupId, proof: Omit<Proof, 'author'>): void => {
    const tag = knockTag(link.handshakeHash, group);
    const word = encodeStanding({ tag, proofs: [proof] }) ?? new Uint8Array();
    link.handler?.onFrame(doorFrames.standing, word);
  };
  say(other, await proofIn(other));
  expect(rig.door.counters['word-invalid']).toBe(0);
  say(rig.group, await proofIn(other));
  say(rig.group, { ...good, signature: flipBit(good.signature, 5) });
  expect([rig.door.counters['word-invalid'], link.closed]).toEqual([2, undefined]);
  link.handler?.onFrame(doorFrames.standing, new Uint8Array(2));
  expect(link.closed).toBe('bad-frame');
  expect(rig.heard).toEqual([]);
});

test('what a guest says of who is in a group is listened to a few times', async () => {
  const rig = new DoorRig();
  const link = rig.visit(joiner.publicKey);
  const tag = knockTag(link.handshakeHash, rig.group);
  const word = encodeStanding({ tag, proofs: [await proofIn(rig.group)] }) ?? new Uint8Array();
  for (let n = 0; n < wordLimits.wordsOfGuestMax + 3; n++) {
    link.handler?.onFrame(doorFrames.standing, word);
  }
  expect(rig.heard).toHaveLength(wordLimits.wordsOfGuestMax);
  expect(rig.gossip.told).toEqual([]);
});

test('F38 who is told what has no effect by its own view says why, each reason once', async () => {
  const rig = new DoorRig({ isKnown: () => true });
  rig.proofs = [await proofIn(rig.group)];
  const link = rig.visit(joiner.publicKey);
  const tag = knockTag(link.handshakeHash, rig.group);
  const word = encodeStanding({ tag, proofs: rig.proofs }) ?? new Uint8Array();
  link.handler?.onFrame(doorFrames.standing, word);
  await settled();
  expect(words(link)).toEqual([]);
  rig.against = [[removalAt(1)], [removalAt(2)]];
  link.handler?.onFrame(doorFrames.standing, word);
  link.handler?.onFrame(doorFrames.standing, word);
  await settled();
  expect(words(link)).toHaveLength(2);
});

test('F38 what a peer has said is not said back to it, but where it says something else later', async () => {
  const rig = new DoorRig({ isKnown: () => true });
  const link = rig.visit(joiner.publicKey);
  const tag = knockTag(link.handshakeHash, rig.group);
  const hear = (proof: WordProof): void => {
    const word = encodeStanding({ tag, proofs: [proof] }) ?? new Uint8Array();
    link.handler?.onFrame(doorFrames.standing, word);
  };
  const [removal, membership] = [await proofIn(rig.group), await proofIn(rig.group)];
  const said = verifyProof(removal);
  if (said === undefined) throw new Error('a proof that is one');
  rig.proofs = [removal];
  rig.settled = [said];
  rig.against = [[said]];
  hear(removal);
  await rig.time.advance(wordLimits.reviewMs, settled);
  expect(words(link)).toHaveLength(0);
  hear(membership);
  hear(membership);
  await settled();
  expect(words(link)).toHaveLength(1);
});

test('F38 what could not be proved yet is told with a later look', async () => {
  const rig = new DoorRig({ isKnown: () => true });
  const link = rig.visit(joiner.publicKey);
  rig.settled = [removalAt(7)];
  await rig.time.advance(wordLimits.settleMs, settled);
  expect(words(link)).toHaveLength(0);
  rig.proofs = [await proofIn(rig.group)];
  await rig.time.advance(2 * wordLimits.reviewMs, settled);
  expect(words(link)).toHaveLength(1);
});

test('what cannot be read from the store is not tried again on the same link', async () => {
  let tries = 0;
  const rig = new DoorRig({ isKnown: () => true });
  rig.prove = () => {
    tries++;
    return Promise.reject(new Error('the record is damaged'));
  };
  rig.visit(joiner.publicKey);
  rig.settled = [removalAt(7)];
  await rig.time.advance(wordLimits.settleMs + 3 * wordLimits.reviewMs, settled);
  expect(tries).toBe(1);
});

test('only so many words are looked at', async () => {
  const rig = new DoorRig({ isKnown: () => true });
  const link = rig.visit(admin.publicKey);
  const tag = knockTag(link.handshakeHash, rig.group);
  const word = encodeStanding({ tag, proofs: [await proofIn(rig.group)] }) ?? new Uint8Array();
  for (let n = 0; n < wordLimits.wordsOfLinkMax + 5; n++) {
    link.handler?.onFrame(doorFrames.standing, word);
  }
  expect(rig.heard).toHaveLength(wordLimits.wordsOfLinkMax);
});
