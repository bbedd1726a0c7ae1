// The example bytes of docs/PROTOCOL.md, each computed by the code out of fixed seeds, salts,
// ephemeral keys and times. Names are those of the document's fenced blocks.
import { BundleWriter } from '../../src/cxo/bundle.ts';
import { concat, utf8, writeVarint, varintLength } from '../../src/bytes.ts';
import { buildProfile, buildText, buildVouch } from '../../src/chat/content/message.ts';
import { roomOfName } from '../../src/chat/room.ts';
import { encode } from '../../src/cxo/codec.ts';
import { emptyHead } from '../../src/cxo/feed.ts';
import {
  domainHash,
  domainPrefix,
  groupIdBytes,
  messageIdOf,
  objectIdOf,
} from '../../src/cxo/ids.ts';
import type { MessageId, RootId } from '../../src/cxo/ids.ts';
import { buildObject } from '../../src/cxo/object.ts';
import { RootEncoder, type FeedId } from '../../src/cxo/root.ts';
import { encodeEntry, encodeSegment, rebuildRun, type Run } from '../../src/cxo/segment.ts';
import { sign, signatureBytes } from '../../src/cxo/sign.ts';
import { identityOfSeed, publicKeyBytes, type Identity } from '../../src/identity.ts';
import { FrameWriter } from '../../src/net/framing.ts';
import { prologue } from '../../src/net/handshake.ts';
import { nodeNoiseCrypto, keyPairOfSecret } from '../../src/net/noise-crypto.ts';
import {
  CipherState,
  HandshakeState,
  type NoiseCrypto,
  type Session,
} from '../../src/net/noise.ts';
import { doorFrames, encodeAnswer, encodeKnock } from '../../src/node/door-frames.ts';
import { compareBranches, encodeForkProof } from '../../src/sync/fork-proof.ts';
import { encodeFrame } from '../../src/sync/frame-codec.ts';
import type { Frame } from '../../src/sync/frames.ts';
import { buildOwnRun } from '../../src/sync/own-root.ts';
import { buildReceipt } from '../../src/sync/receipt.ts';
import { everything } from '../../src/sync/ranges.ts';
import { anyFeed } from '../../src/sync/groups.ts';
import { Replica } from '../../src/sync/replica.ts';
import { Session as GossipSession } from '../../src/sync/session.ts';
import { GroupExamples } from './group-examples.ts';

export const seeds = { alice: filled(32, 1), bob: filled(32, 2) };
export const alice = identityOfSeed(seeds.alice);
export const bob = identityOfSeed(seeds.bob);
export const ephemerals = { alice: filled(32, 0x11), bob: filled(32, 0x22) };
export const room = roomOfName('lobby');
/** 2027-01-15T08:00:00Z, in microseconds. */
export const firstTime = 1_800_000_000_000_000;
export const feed: FeedId = { group: room.id, author: alice.publicKey, head: 0 };

function filled(length: number, byte: number): Uint8Array {
  return new Uint8Array(length).fill(byte);
}

const salt = (number: number): Uint8Array => filled(16, number);

function varint(value: number): Uint8Array {
  const bytes = new Uint8Array(varintLength(value));
  writeVarint(bytes, 0, value);
  return bytes;
}

// Objects

const groupBytes = groupIdBytes(room.id);
const authorBytes = publicKeyBytes(alice.publicKey);
const messageOf = (object: Uint8Array): MessageId =>
  messageIdOf(groupBytes, authorBytes, objectIdOf(object));

const hello = buildText('hello', undefined, salt(0xa1));
const answer = buildText('an answer', messageOf(hello), salt(0xa2));
const profile = buildProfile('alice', salt(0xa3));
const vouch = buildVouch([bob.publicKey], salt(0xa4));
const byBot = buildText('disk full', undefined, salt(0xc8), { bot: 'grafana' });
const unknown = buildObject({ kind: 'x-poll', options: ['yes', 'no'] }, salt(0xa5));
const left = buildText('left', undefined, salt(0xa6));
const right = buildText('right', undefined, salt(0xa7));

// Roots and segments

const encoder = new RootEncoder(feed);

function rootBytes(run: Run, at: number): Uint8Array {
  const entry = run.entries[at];
  if (entry === undefined) throw new Error('no such root');
  const before = run.entries.slice(0, at + 1).flatMap(({ objects }) => objects).length;
  const ids = entry.objects.map(({ id }) => id);
  const prev = at === 0 ? run.prev : run.entries[at - 1]?.root;
  return encoder.encode(entry.seq, prev, entry.time, run.countBefore + before, ids).slice();
}

const firstRun = buildOwnRun(alice, feed, emptyHead, firstTime, [
  { object: vouch },
  { object: profile },
  { object: hello },
]);
const secondRun = buildOwnRun(alice, feed, firstRun.head, firstTime + 1, [{ object: answer }]);

/** Roots 1 and 2 as one segment: what Alice has of her feed in the examples. */
export const run = joined(firstRun, secondRun);
export const [firstRoot, secondRoot] = [rootBytes(run, 0), rootBytes(run, 1)];

function joined(first: Run, second: Run): Run {
  const entries = [first, second].map((one) =>
    encodeEntry(
      one.head.time,
      one.entries.flatMap(({ objects }) =>
        objects.map(({ bytes }) => ({ object: bytes as Uint8Array })),
      ),
    ),
  );
  const header = { prev: undefined, countBefore: 0, roots: 2 };
  return rebuilt(encodeSegment(header, entries, second.signature), 1);
}

function rebuilt(bytes: Uint8Array, from: number): Run {
  const verdict = rebuildRun(feed, from, bytes, true);
  if (!verdict.ok) throw new Error(verdict.reason);
  return verdict.run;
}

function erased(): Uint8Array {
  const { prev, countBefore, signature, head } = secondRun;
  const entry = encodeEntry(head.time, [{ id: objectIdOf(answer) }]);
  return encodeSegment({ prev, countBefore, roots: 1 }, [entry], signature);
}

export const leftRun = buildOwnRun(alice, feed, run.head, firstTime + 2, [{ object: left }]);
const rightRun = buildOwnRun(alice, feed, run.head, firstTime + 3, [{ object: right }]);
const comparison = compareBranches(leftRun, rightRun);
if (comparison?.parts !== 'within') throw new Error('the branches part at root 3');
export const forkProof = comparison.proof;

// The link: Alice dials Bob

interface ShownCrypto {
  readonly crypto: NoiseCrypto;
  /** Under which the latest message was encrypted. */
  readonly key: () => Uint8Array;
}

function shownCrypto(ephemeral: Uint8Array): ShownCrypto {
  const crypto = nodeNoiseCrypto({ bytes: () => ephemeral.slice(), unit: () => 0 });
  let latest = new Uint8Array();
  const encrypt: NoiseCrypto['encrypt'] = (key, ...rest) => {
    latest = key.slice();
    return crypto.encrypt(key, ...rest);
  };
  return { crypto: { ...crypto, encrypt }, key: () => latest };
}

const framed = (bytes: Uint8Array): Uint8Array =>
  concat(Uint8Array.of(bytes.length >> 8, bytes.length & 255), bytes);

function linkFrame(type: number, payload: Uint8Array = new Uint8Array()): Uint8Array {
  const parts: Uint8Array[] = [];
  const writer = new FrameWriter((plaintext) => parts.push(plaintext.slice()));
  writer.write(type, payload);
  writer.flush();
  return concat(...parts);
}

interface Handshaken {
  readonly messages: readonly Uint8Array[];
  readonly dialer: Session;
  readonly dialerCrypto: ShownCrypto;
  readonly responder: Session;
  readonly responderCrypto: ShownCrypto;
}

function handshake(): Handshaken {
  const dialerCrypto = shownCrypto(ephemerals.alice);
  const responderCrypto = shownCrypto(ephemerals.bob);
  const shared = { pattern: 'XK', prologue } as const;
  const dialer = new HandshakeState({
    ...{ ...shared, crypto: dialerCrypto.crypto, initiator: true },
    ...{ own: alice.linkKeys, remote: bob.linkKeys.publicKey },
  });
  const responder = new HandshakeState({
    ...{ ...shared, crypto: responderCrypto.crypto, initiator: false, own: bob.linkKeys },
  });
  const messages: Uint8Array[] = [];
  const payloads = [new Uint8Array(), new Uint8Array(), authorBytes];
  for (const [i, payload] of payloads.entries()) {
    const [writer, reader] = i === 1 ? [responder, dialer] : [dialer, responder];
    const written = writer.write(payload);
    if (!written.ok || !reader.read(written.bytes).ok) throw new Error('the handshake failed');
    messages.push(written.bytes);
  }
  return {
    ...{ messages, dialerCrypto, responderCrypto },
    ...{ dialer: dialer.split(), responder: responder.split() },
  };
}

const shaken = handshake();
export const handshakeHash = shaken.dialer.handshakeHash;

// Groups

export const groupExamples = new GroupExamples({
  ...{ alice, bob, handshakeHash },
  ...{ message: messageOf(hello), time: firstTime },
});

// The gossip

export function sessionOf(identity: Identity): GossipSession {
  const isAlice = identity === alice;
  return new GossipSession({
    ...{ link: 1, peer: isAlice ? bob.publicKey : alice.publicKey, initiator: isAlice },
    ...{ handshakeHash, groups: [room.id], openedAt: 0 },
  });
}

export const stateOfAlice = { feed, head: run.head, forkedAt: undefined };

function digestOf(...states: ConstructorParameters<typeof Replica>[0]): Uint8Array {
  return new Replica(states, anyFeed, 0).digest(room.id);
}

const digests = { alice: digestOf(stateOfAlice), bob: digestOf() };

function helloOf(identity: Identity): Frame {
  const session = sessionOf(identity);
  const digest = identity === alice ? digests.alice : digests.bob;
  const groups = [{ tag: session.tag(room.id), fingerprint: session.fingerprint(digest, true) }];
  return { type: 'hello', version: 1, agent: 'example/1', groups, window: 1024 * 1024 };
}

const place = { author: alice.publicKey, head: 0, from: 1 };
const have = {
  ...{ author: alice.publicKey, head: 0, seq: run.head.seq, count: run.head.count },
  rootPrefix: (run.head.root as RootId).slice(0, 8),
};

/** By Bob, who has what Alice has. */
const receipt = buildReceipt(bob, room.id, {
  ...{ number: firstTime + 1_000_000, digest: digests.alice },
  entries: [{ author: alice.publicKey, head: 0, seq: run.head.seq }],
});

function shownBy(identity: Identity, digest: Uint8Array): Uint8Array {
  return sessionOf(identity).fingerprint(digest, true);
}

export const frames = {
  'hello-alice': helloOf(alice),
  'hello-bob': helloOf(bob),
  'have-alice': { type: 'have', group: 0, feeds: [have], covers: everything },
  'have-bob': { type: 'have', group: 0, feeds: [], covers: everything },
  'want-bob': { type: 'want', group: 0, places: [place] },
  'segment-alice': { type: 'segment', group: 0, place, sent: run.bytes.length, bytes: run.bytes },
  'receipt-bob': { type: 'have', group: 0, feeds: [have], covers: undefined },
  credit: { type: 'credit', limit: 1024 * 1024 + 128 * 1024 },
  check: {
    ...{ type: 'check', sent: run.bytes.length },
    fingerprints: [{ group: 0, fingerprint: shownBy(alice, digests.alice) }],
  },
  decline: { type: 'decline', group: 0, places: [{ ...place, from: 3 }] },
  'want-part': { type: 'want', group: 0, places: [{ ...place, from: 1, to: 2 }] },
  compare: {
    ...{ type: 'compare', group: 0, lower: everything.lower },
    ranges: [
      { upper: authorBytes.slice(0, 1), fingerprint: undefined, agreed: false },
      { upper: Uint8Array.of(0xb0), fingerprint: shownBy(alice, digests.alice), agreed: false },
      { upper: everything.upper, fingerprint: shownBy(alice, digests.bob), agreed: true },
    ],
  },
  'have-range': {
    ...{ type: 'have', group: 0, feeds: [] },
    covers: { lower: authorBytes.slice(0, 1), upper: Uint8Array.of(0xb0) },
  },
  prune: { type: 'prune', group: 0, places: [{ ...place, from: 3 }] },
  fork: { type: 'fork', group: 0, author: alice.publicKey, head: 0, proof: forkProof },
  receipt: { type: 'receipt', group: 0, bytes: receipt },
  groups: {
    type: 'groups',
    groups: [
      {
        tag: sessionOf(alice).tag(groupExamples.ops.id),
        fingerprint: shownBy(alice, digests.bob),
      },
    ],
  },
} as const satisfies Record<string, Frame>;

function frameExamples(): Record<string, Uint8Array> {
  const examples: Record<string, Uint8Array> = {};
  for (const [name, frame] of Object.entries<Frame>(frames)) {
    const { type, payload } = encodeFrame(frame);
    examples[`frame-${name}`] = linkFrame(type, payload);
  }
  const { tag, invite, signature, removal } = groupExamples.door;
  const knock = encodeKnock({ tag, invite, signature });
  return {
    ...examples,
    'frame-knock': linkFrame(doorFrames.knock, knock),
    'frame-answer': linkFrame(doorFrames.answer, encodeAnswer(tag, 'admitted')),
    'frame-standing': linkFrame(doorFrames.standing, removal),
  };
}

function linkExamples(): Record<string, Uint8Array> {
  const { messages, dialer, dialerCrypto, responder, responderCrypto } = shaken;
  const [first, second, third] = messages.map(framed);
  if (first === undefined || second === undefined || third === undefined) throw new Error('three');
  const number = Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 1);
  const [ping, pong] = [linkFrame(2, number), linkFrame(3, number)];
  const accepted = concat(linkFrame(1), ping);
  const fromResponder = framed(responder.send.encrypt(new Uint8Array(), accepted));
  const answered = concat(ping, pong);
  const fromDialer = framed(dialer.send.encrypt(new Uint8Array(), answered));
  const key = dialerCrypto.key();
  const rekeyed = new CipherState(dialerCrypto.crypto, key);
  rekeyed.rekey();
  rekeyed.encrypt(new Uint8Array(), new Uint8Array());
  return {
    'ephemeral-alice': keyPairOfSecret(ephemerals.alice).publicKey,
    'ephemeral-bob': keyPairOfSecret(ephemerals.bob).publicKey,
    ...{ 'handshake-1': first, 'handshake-2': second, 'handshake-3': third },
    'handshake-hash': handshakeHash,
    ...{ 'key-dialer': key, 'key-responder': responderCrypto.key() },
    ...{ 'transport-responder': fromResponder, 'transport-dialer': fromDialer },
    'key-dialer-rekeyed': dialerCrypto.key(),
    'link-accept': linkFrame(1),
    'link-ping': ping,
    'link-pong': pong,
    'link-close': linkFrame(4, utf8('not-allowed')),
  };
}

function identityExamples(): Record<string, Uint8Array> {
  return {
    'seed-alice': seeds.alice,
    'key-alice': authorBytes,
    'link-secret-alice': alice.linkKeys.secretKey,
    'link-key-alice': alice.linkKeys.publicKey,
    'seed-bob': seeds.bob,
    'key-bob': publicKeyBytes(bob.publicKey),
    'link-secret-bob': bob.linkKeys.secretKey,
    'link-key-bob': bob.linkKeys.publicKey,
    'signature-prefix': domainPrefix('root'),
    'signature-prefix-receipt': domainPrefix('receipt'),
  };
}

function objectExamples(): Record<string, Uint8Array> {
  return {
    'object-text': hello,
    'object-text-id': objectIdOf(hello),
    'message-text-id': messageOf(hello),
    'object-reply': answer,
    'object-bot-text': byBot,
    'object-profile': profile,
    'object-vouch': vouch,
    'object-unknown': unknown,
    'room-salt': domainHash('room', utf8('lobby')).slice(0, 16),
    'room-genesis': room.genesis,
    'room-id': groupBytes,
  };
}

function gossipExamples(): Record<string, Uint8Array> {
  const session = sessionOf(alice);
  return {
    'digest-alice': digests.alice,
    'digest-empty': digests.bob,
    'tag-alice': session.tag(room.id),
    'tag-bob': sessionOf(bob).tag(room.id),
    'fingerprint-alice': session.fingerprint(digests.alice, true),
    'fork-proof': encodeForkProof(forkProof),
    'receipt-signed': concat(groupBytes, receipt.slice(0, -signatureBytes)),
  };
}

/** One segment, and the proof of a fork of the same feed. */
function bundleExample(): Uint8Array {
  const writer = new BundleWriter();
  const segment = { type: 'segment', feed: run.feed, from: run.from, bytes: run.bytes } as const;
  const fork = { type: 'fork', feed: run.feed, proof: encodeForkProof(forkProof) } as const;
  return concat(writer.begin(), writer.item(segment), writer.item(fork), writer.end());
}

/** Every example but those of the disk, by name. */
export function protocolExamples(): Readonly<Record<string, Uint8Array>> {
  return {
    'varint-127': varint(127),
    'varint-128': varint(128),
    'varint-time': varint(firstTime),
    'varint-max': varint(Number.MAX_SAFE_INTEGER),
    cbor: encode({ b: [1, -1, null], aa: 'é', a: Uint8Array.of(0, 255), max: 2 ** 53 - 1 }),
    ...identityExamples(),
    ...linkExamples(),
    ...objectExamples(),
    ...groupExamples.all(),
    'root-1': firstRoot,
    'root-1-id': run.entries[0]?.root ?? new Uint8Array(),
    'root-1-signature': sign(alice, 'root', firstRoot),
    'root-2': secondRoot,
    'root-2-id': run.head.root ?? new Uint8Array(),
    'root-2-signature': sign(alice, 'root', secondRoot),
    'segment-1-2': run.bytes,
    'segment-erased': erased(),
    bundle: bundleExample(),
    ...gossipExamples(),
    ...frameExamples(),
  };
}
