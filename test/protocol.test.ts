// docs/PROTOCOL.md against the code: every example byte string and every limit in it, and a
// conversation of two real engines and two real links that sends exactly the example frames.
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { toHex } from '../src/bytes.ts';
import {
  contentLimits,
  groupLimits,
  inviteLimits,
  membershipLimits,
  noteLimits,
  rosterLimits,
  sealingLimits,
} from '../src/chat/limits.ts';
import { parseInvite } from '../src/chat/groups/invite.ts';
import { kindCharactersMax, objectLimits, rootLimits, saltBytes } from '../src/cxo/limits.ts';
import { segmentLimits, storeLimits } from '../src/cxo/limits.ts';
import type { GroupId } from '../src/cxo/ids.ts';
import type { StoredRecord } from '../src/cxo/store.ts';
import type { Timers } from '../src/env.ts';
import type { Identity } from '../src/identity.ts';
import { Endings } from '../src/net/endings.ts';
import { Handshake, type Secured } from '../src/net/handshake.ts';
import * as linkLimits from '../src/net/limits.ts';
import { doorLimits, joiningLimits, wordLimits } from '../src/node/door-limits.ts';
import { noiseMessageBytesMax } from '../src/net/noise.ts';
import { nodeNoiseCrypto } from '../src/net/noise-crypto.ts';
import { rekeyMessages, SecureLink } from '../src/net/secure.ts';
import type { ByteStream } from '../src/net/transport.ts';
import type { Effect, Event } from '../src/sync/events.ts';
import { encodeFrame } from '../src/sync/frame-codec.ts';
import type { Frame } from '../src/sync/frames.ts';
import { verifyForkProof } from '../src/sync/fork-proof.ts';
import { Gossip } from '../src/sync/gossip.ts';
import { openGroups } from '../src/sync/groups.ts';
import { syncLimits } from '../src/sync/limits.ts';
import { boundBytesMax } from '../src/sync/ranges.ts';
import { diskExamples, ownHeadSlotBytes } from './support/protocol-disk.ts';
import * as examples from './support/protocol-examples.ts';
import {
  alice,
  bob,
  frames,
  groupExamples,
  protocolExamples,
} from './support/protocol-examples.ts';
import { removeDirectory, temporaryDirectory } from './support/temporary.ts';

const document = readFileSync('docs/PROTOCOL.md', 'utf8');

const written = new Map<string, string>();
for (const [, name = '', body = ''] of document.matchAll(
  /^```hex name=([a-z0-9-]+)\n([^`]*)^```$/gm,
)) {
  if (written.has(name)) throw new Error(`two blocks are named ${name}`);
  written.set(name, body.replace(/#.*$/gm, '').replace(/\s/g, ''));
}

describe('the example bytes', () => {
  const computed = new Map<string, string>();
  let directory = '';

  beforeAll(async () => {
    directory = await temporaryDirectory();
    const all = { ...protocolExamples(), ...(await diskExamples(directory)) };
    for (const [name, bytes] of Object.entries(all)) computed.set(name, toHex(bytes));
  });

  afterAll(() => removeDirectory(directory));

  test('the document names every example, and no other', () => {
    const blocks = [...computed.keys()].filter((name) => !name.startsWith('varint-'));
    expect([...written.keys()].sort()).toEqual(blocks.sort());
    expect(blocks.length).toBeGreaterThan(60);
  });

  test.each([...written.keys()])('%s is what the code computes', (name) => {
    expect(written.get(name)).toBe(computed.get(name));
  });

  test('the document names the size of a slot of the own head', () => {
    expect(document).toContain(`Two slots of ${ownHeadSlotBytes} bytes`);
  });

  test('the link of the invite is what the code writes, and reads with line breaks', () => {
    const [, link = ''] = /^```text name=invite-link\n([^`]*)^```$/m.exec(document) ?? [];
    expect(link.replace(/\s/g, '')).toBe(groupExamples.link);
    expect(parseInvite(link)).toMatchObject({ group: groupExamples.ops.id, uses: 5 });
  });

  test('the examples of a varint are what the code writes', () => {
    for (const [name, hex] of computed) {
      if (name.startsWith('varint-')) expect(document).toContain(`\`${hex}\``);
    }
  });
});

const limits: readonly (readonly [name: string, value: number])[] = [
  ['bytes of an object', objectLimits.bytesMax],
  ['nesting of an object or frame', objectLimits.depthMax],
  ['data items of an object or frame', objectLimits.itemsMax],
  ['characters of a kind', kindCharactersMax],
  ['bytes of a salt', saltBytes],
  ['objects of a root', rootLimits.objectsMax],
  ['roots of a segment', segmentLimits.rootsMax],
  ['objects of a segment', segmentLimits.objectsMax],
  ['bytes of an entry', segmentLimits.entryBytesMax],
  ['bytes of a segment', segmentLimits.bytesMax],
  ['bytes behind which a sender ends a segment', segmentLimits.bytesTarget],
  ['bytes of a text, for writers', contentLimits.textBytesMax],
  ['bytes of an emoji', contentLimits.emojiBytesMax],
  ['code points of an emoji', contentLimits.emojiPointsMax],
  ['edits that a deletion names', contentLimits.deletedEditsMax],
  ['notes of one author and kind about a message', noteLimits.perAuthorMax],
  ['keys of a vouch', contentLimits.vouchKeysMax],
  ['addresses of a node', contentLimits.addressesMax],
  ['characters of an address', contentLimits.addressCharactersMax],
  ['members of a room', membershipLimits.membersMax],
  ['keys of an offer', groupLimits.offeredToMax],
  ['groups that a node carries', groupLimits.carriedMax],
  ['feeds that an operation has seen', rosterLimits.seenFeedsMax],
  ['bytes of what an operation has seen', rosterLimits.seenBytesMax],
  ['UTF-16 units of a name or topic in an operation', 2 * rosterLimits.topicCharactersMax],
  ['bytes of a sealed description', rosterLimits.sealedBytesMax],
  ['uses of an invite, where they are counted', rosterLimits.usesMax],
  ['bytes of a genesis in an invite', inviteLimits.genesisBytesMax],
  ['nodes of an invite', inviteLimits.nodesMax],
  ['characters of an invite', inviteLimits.linkCharactersMax],
  ['recipients of a part of an epoch', sealingLimits.recipientsOfPartMax],
  ['parts of an epoch', sealingLimits.partsMax],
  ['generation of an epoch', sealingLimits.generationMax],
  ['µs of an epoch', sealingLimits.epochLifetimeUs],
  ['objects of an epoch', sealingLimits.epochObjectsMax],
  ['epochs of an author that are looked at', sealingLimits.epochsOfIssuerMax],
  ['recipients that begin like a key', sealingLimits.attemptsMax],
  ['epochs of an object keys', sealingLimits.keysOfGrantMax],
  ['members that are given keys with one message', sealingLimits.grantsAtOnceMax],
  ['µs until a member is given keys again', sealingLimits.grantIntervalUs],
  ['times that it is in that', sealingLimits.grantsPerIntervalMax],
  ['epochs of a member that are remembered', sealingLimits.recordsOfIssuerMax],
  ['type and payload of a frame', linkLimits.frameBytesMax],
  ['bytes of a Noise message', noiseMessageBytesMax],
  ['Noise messages under one key', rekeyMessages],
  ['bytes of frames before the acceptance', linkLimits.heldBytesMax],
  ['bytes of a reason', linkLimits.reasonBytesMax],
  ['ms for the handshake', linkLimits.handshakeMs],
  ['ms for the acceptance', linkLimits.acceptMs],
  ['ms for the answer to a probe', linkLimits.probeMs],
  ['s between pings', (linkLimits.keepaliveTicks * linkLimits.linkTickMs) / 1000],
  ['s of silence', (linkLimits.silentTicks * linkLimits.linkTickMs) / 1000],
  ['s without progress in writing', (linkLimits.stalledTicks * linkLimits.linkTickMs) / 1000],
  ['bytes that wait to be sent', linkLimits.queueHardBytes],
  ['guests', doorLimits.guestsMax],
  ['ms of a guest', doorLimits.guestMs],
  ['ms until a key is a guest again', doorLimits.guestPauseMs],
  ['frames of a guest', doorLimits.heldFramesMax],
  ['bytes of these', doorLimits.heldBytesMax],
  ['knocks of a link in a minute', doorLimits.knocksPerMinuteMax],
  ['offences at the door', doorLimits.offencesMax],
  ['ms for the answer to a knock', joiningLimits.answerMs],
  ['ms until who was let in knocks again', joiningLimits.rosterMs],
  ['proofs of a frame standing', wordLimits.proofsMax],
  ['roots behind the first of a proof', wordLimits.chainMax],
  ['bytes of objects and roots of a frame standing', wordLimits.bytesMax],
  ['frames standing of a link', wordLimits.wordsOfLinkMax],
  ['frames standing of a guest', wordLimits.wordsOfGuestMax],
  ['operations of a group by frames standing', wordLimits.operationsMax],
  ['ms until the groups of a link are looked at', wordLimits.settleMs],
  ['ms between looks at the groups of a link', wordLimits.reviewMs],
  ['groups that are named on a link', syncLimits.groupsMax],
  ['feeds or places of a frame, for senders', syncLimits.feedsInFrameMax],
  ['feeds that a peer may claim', syncLimits.feedsMax],
  ['window', syncLimits.windowBytes],
  ['growth of the limit that is worth a credit frame', syncLimits.creditStepBytes],
  ['ms for the hello', syncLimits.helloMs],
  ['ms between checks', syncLimits.checkMs],
  ['ms between checks of a busy link', syncLimits.checkBusyMs],
  ['ms between beginnings of a comparison of a group', syncLimits.listingMs],
  ['feeds of a group that is listed at once', syncLimits.listedAtOnceMax],
  ['feeds of a range that is listed', syncLimits.listedInRangeMax],
  ['parts of a range that is split', syncLimits.rangeParts],
  ['ranges of a compare frame', syncLimits.rangesInFrameMax],
  ['bytes of a bound', boundBytesMax],
  ['feeds that are told in answer to a listing', syncLimits.toldMax],
  ['ms until a source or a search is given up', syncLimits.stallMs],
  ["ms that a claim to a node's own feed is believed unbacked", syncLimits.ownClaimMs],
  ['offences in a minute', syncLimits.invalidPerMinuteMax],
  ["ms for which a have of others' roots is gathered", syncLimits.notesMs],
  ['ms until roots that a have names are wanted', syncLimits.graftMs],
  ['roots of a part', syncLimits.partRoots],
  ['parts of a feed that are wanted of one peer', syncLimits.partsOfLinkMax],
  ['parts of a feed that a peer may want', syncLimits.partsWantedMax],
  ['ms between receipts of a member', syncLimits.receiptMsMin],
  ['ms of that for each member of the group', syncLimits.receiptMsOfMember],
  ['entries of a receipt', syncLimits.receiptEntriesMax],
  ['ms until a receipt is repeated', syncLimits.receiptRepeatMs],
  ['roots that a feed may lack to be in a receipt', syncLimits.receiptRootsMax],
  ['ms until a lower number is news', syncLimits.receiptForgetMs],
  ['ms until a new link is given receipts', syncLimits.receiptsGivenMs],
  ['receipts that a new link is given, of a group', syncLimits.receiptsKeptMax],
  ['µs ahead of the clock before a root is held', syncLimits.horizonMicros],
  ['held roots', syncLimits.heldMax],
  ['held roots of one author', syncLimits.heldOfAuthorMax],
  ['feeds (head numbers) of one author in one group', syncLimits.headsMax],
  ['µs of one span of a record', storeLimits.spanMax],
];

test('the table of limits says what the code keeps', () => {
  const [, table = ''] = /\| limit +\| value +\|\n\|[- |]+\|\n((?:\|.*\n)+)/.exec(document) ?? [];
  const rows = [...table.matchAll(/^\| (.+?) +\| (\d+) +\|$/gm)];
  expect(rows.map(([, name, value]) => [name, Number(value)])).toEqual(limits);
});

test('the example of a fork proves one, and one branch alone does not', () => {
  const { feed, forkProof } = examples;
  expect(verifyForkProof(feed, forkProof)).toBe(true);
  expect(verifyForkProof(feed, { ...forkProof, second: forkProof.first })).toBe(false);
});

const now = { wall: examples.firstTime + 60_000_000, mono: 1_000 };

function engineOf(identity: Identity, groups: readonly GroupId[] = [examples.room.id]): Gossip {
  const states = identity === alice ? [examples.stateOfAlice] : [];
  return new Gossip(
    {
      ...{ identity, agent: 'example/1', states, held: [], forkProofs: [] },
      groups: openGroups(groups, () => true),
      labelOf: () => undefined,
      ...{ ownFeedsKnown: true, headMin: 0 },
    },
    now,
  );
}

function openedBy(identity: Identity): Event {
  const peer = identity === alice ? bob.publicKey : alice.publicKey;
  const { handshakeHash } = examples;
  return { type: 'opened', link: 1, peer, initiator: identity === alice, handshakeHash };
}

function received(frame: Frame): Event {
  const { type: frameType, payload } = encodeFrame(frame);
  return { type: 'frame', link: 1, frameType, payload };
}

function sentBy(effects: readonly Effect[]): { type: number; payload: string }[] {
  return effects
    .filter((effect) => effect.type === 'send')
    .map(({ frame }) => ({ type: frame.type, payload: toHex(frame.payload) }));
}

function expected(...sent: readonly Frame[]): { type: number; payload: string }[] {
  return sent.map((frame) => {
    const { type, payload } = encodeFrame(frame);
    return { type, payload: toHex(payload) };
  });
}

describe('two engines send the example frames', () => {
  test('the one that has the feed lists it, and sends it when asked', () => {
    const engine = engineOf(alice);
    expect(sentBy(engine.handle(openedBy(alice), now))).toEqual(expected(frames['hello-alice']));
    const listed = engine.handle(received(frames['hello-bob']), now);
    expect(sentBy(listed)).toEqual(expected(frames['have-alice']));
    const asked = engine.handle(received(frames['want-bob']), now);
    const [request] = asked.flatMap((effect) => (effect.type === 'read' ? [effect.request] : []));
    if (request === undefined) throw new Error('the store was not asked');
    const { feed, run } = examples;
    const records: StoredRecord[] = [
      { feed, from: 1, roots: 2, bytes: run.bytes, signed: true, arrival: 1, repeats: false },
    ];
    const sent = engine.handle({ type: 'read', request, records }, now);
    expect(sentBy(sent)).toEqual(expected(frames['segment-alice']));
  });

  test('the one that has another group by now names it', () => {
    const groups = [examples.room.id];
    const engine = engineOf(alice, groups);
    engine.handle(openedBy(alice), now);
    groups.push(groupExamples.ops.id);
    expect(sentBy(engine.handle({ type: 'members' }, now))).toEqual(expected(frames.groups));
  });

  test('the one that lacks it asks, and gives its receipt once it is on disk', () => {
    const engine = engineOf(bob);
    expect(sentBy(engine.handle(openedBy(bob), now))).toEqual(expected(frames['hello-bob']));
    const listed = engine.handle(received(frames['hello-alice']), now);
    expect(sentBy(listed)).toEqual(expected(frames['have-bob']));
    const asked = engine.handle(received(frames['have-alice']), now);
    expect(sentBy(asked)).toEqual(expected(frames['want-bob']));
    const taken = engine.handle(received(frames['segment-alice']), now);
    expect(sentBy(taken)).toEqual([]);
    expect(taken.map(({ type }) => type)).toEqual(['commit']);
    const stored = engine.handle(
      { type: 'committed', arrivals: { records: [1], releases: [] } },
      now,
    );
    expect(sentBy(stored)).toEqual(expected(frames['receipt-bob']));
  });
});

/** One end of a connection in memory; what it writes is recorded and handed to the other end. */
class Pipe implements ByteStream {
  readonly remote = 'example:1';
  readonly queuedBytes = 0;
  readonly wrote: string[] = [];
  handler: ByteStream['handler'];
  other: Pipe | undefined;

  write(bytes: Uint8Array): void {
    this.wrote.push(toHex(bytes));
    const copy = bytes.slice();
    queueMicrotask(() => this.other?.handler?.onData(copy));
  }

  end(): void {
    this.handler?.onClose('ended');
  }

  destroy(): void {
    this.end();
  }
}

const noTimers: Timers = { after: () => () => undefined };

function shake(stream: Pipe, identity: Identity): Promise<Secured> {
  const ephemeral = identity === alice ? examples.ephemerals.alice : examples.ephemerals.bob;
  const crypto = nodeNoiseCrypto({ bytes: () => ephemeral.slice(), unit: () => 0 });
  const peer = identity === alice ? bob.publicKey : undefined;
  return new Promise((resolve, reject) => {
    new Handshake(
      { stream, identity, crypto, timers: noTimers, peer },
      {
        onSecured: resolve,
        onFault: (fault) => {
          reject(new Error(fault));
        },
      },
    );
  });
}

function linkOver(secured: Secured): { link: SecureLink; accepted: Promise<void> } {
  let onAccepted = (): void => undefined;
  const accepted = new Promise<void>((resolve) => (onAccepted = resolve));
  const clock = { now: () => 0, monotonic: () => 0 };
  const endings = new Endings(noTimers);
  const options = { secured, clock, timers: noTimers, endings };
  const link = new SecureLink({
    ...options,
    onAccepted: () => {
      onAccepted();
    },
    onEnded: () => undefined,
  });
  return { link, accepted };
}

test('two links send the example handshake and the example transport messages', async () => {
  const [dialer, responder] = [new Pipe(), new Pipe()];
  [dialer.other, responder.other] = [responder, dialer];
  const responding = shake(responder, bob);
  const [dialed, answered] = await Promise.all([shake(dialer, alice), responding]);
  expect(toHex(dialed.session.handshakeHash)).toBe(toHex(examples.handshakeHash));
  const { accepted } = linkOver(dialed);
  linkOver(answered).link.accept();
  await accepted;
  await Promise.resolve();
  const part = (pipe: Pipe, ...names: readonly string[]): void => {
    expect(pipe.wrote.slice(0, names.length)).toEqual(names.map((name) => written.get(name)));
  };
  part(dialer, 'handshake-1', 'handshake-3', 'transport-dialer');
  part(responder, 'handshake-2', 'transport-responder');
});
