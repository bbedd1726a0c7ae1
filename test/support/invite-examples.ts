// The example bytes of docs/PROTOCOL.md for invites: Alice invites to her group "ops", and Bob joins by
// the link over the link that the other examples are about.
import { concat, utf8 } from '../../src/bytes.ts';
import { parseBase32 } from '../../src/chat/base32.ts';
import { buildInvite, buildJoinProof, inviteKeyOf, parseInvite } from '../../src/chat/invite.ts';
import { buildOperation } from '../../src/chat/roster/operation.ts';
import type { Proof } from '../../src/cxo/archive.ts';
import { domainPrefix, groupIdBytes, objectIdOf, type GroupId } from '../../src/cxo/ids.ts';
import { buildObject } from '../../src/cxo/object.ts';
import { RootEncoder } from '../../src/cxo/root.ts';
import { sign } from '../../src/cxo/sign.ts';
import { identityOfSeed, publicKeyBytes } from '../../src/identity.ts';
import { FrameWriter } from '../../src/net/framing.ts';
import {
  doorFrames,
  encodeAnswer,
  encodeKnock,
  encodeRemoval,
  knockTag,
} from '../../src/node/door-frames.ts';

const filled = (length: number, byte: number): Uint8Array => new Uint8Array(length).fill(byte);
const alice = identityOfSeed(filled(32, 1));
const bob = identityOfSeed(filled(32, 2));
const seed = filled(32, 7);

const genesis = buildObject(
  { kind: 'genesis', name: 'ops', encrypted: false, founder: publicKeyBytes(alice.publicKey) },
  filled(16, 8),
);

const link = buildInvite(alice, {
  ...{ genesis, seed, uses: 5, history: false },
  nodes: [{ pk: alice.publicKey, addresses: ['10.0.0.1:8870'] }],
  expires: 1_800_000_000_000_000,
});

function frame(type: number, payload: Uint8Array): Uint8Array {
  const parts: Uint8Array[] = [];
  const writer = new FrameWriter((part) => parts.push(part.slice()));
  writer.write(type, payload);
  writer.flush();
  return concat(...parts);
}

/** Alice, who founded the group, removes Bob: the first root of her feed in it. */
function removalOf(group: GroupId): Omit<Proof, 'author'> {
  const change = { op: 'remove', key: bob.publicKey, seen: new Uint8Array() } as const;
  const object = buildOperation(change, filled(16, 9));
  const feed = { group, author: alice.publicKey, head: 0 };
  const root = new RootEncoder(feed)
    .encode(1, undefined, 1_800_000_000_000_000, 1, [objectIdOf(object)])
    .slice();
  return { object, root, signature: sign(alice, 'root', root), chain: [] };
}

/** @param handshakeHash of the link between Alice and Bob */
export function inviteExamples(handshakeHash: Uint8Array): Record<string, Uint8Array> {
  const invite = parseInvite(link);
  if (invite === 'invite-altered') throw new Error('the example is whole');
  const { group } = invite;
  const tag = knockTag(handshakeHash, group);
  const signature = buildJoinProof(seed, group, bob.publicKey);
  return {
    'signature-prefix-invite': domainPrefix('invite'),
    'signature-prefix-join': domainPrefix('join'),
    invite: parseBase32(link.slice('skychat://'.length)) ?? utf8(''),
    'invite-key': publicKeyBytes(inviteKeyOf(seed)),
    'join-signed': concat(groupIdBytes(group), publicKeyBytes(bob.publicKey)),
    'knock-tag': tag,
    'frame-knock': frame(
      doorFrames.knock,
      encodeKnock({ tag, invite: inviteKeyOf(seed), signature }),
    ),
    'frame-answer': frame(doorFrames.answer, encodeAnswer(tag, 'admitted')),
    'frame-removed': frame(
      doorFrames.removed,
      encodeRemoval({ tag, proofs: [removalOf(group)] }) ?? utf8(''),
    ),
  };
}

export const inviteLink = link;
