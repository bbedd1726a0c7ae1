// The example bytes of docs/PROTOCOL.md for groups: Alice's group "ops" with its roster, and what is
// sealed in the conversation of Alice and Bob.
import { concat } from '../../src/bytes.ts';
import {
  buildDeletion,
  buildEdit,
  buildReaction,
  type ContentFields,
} from '../../src/chat/notes/note-content.ts';
import { offerFields } from '../../src/chat/groups/offer.ts';
import { buildGenesis, directGenesis, type Genesis } from '../../src/chat/roster/genesis.ts';
import { buildOperation, type RosterOperation } from '../../src/chat/roster/operation.ts';
import { buildSeen } from '../../src/chat/roster/seen.ts';
import { epochIdBytes, epochIdOf } from '../../src/chat/sealing/epoch-id.ts';
import { buildEpoch, buildKeyGrant } from '../../src/chat/sealing/epoch.ts';
import { KeyRing } from '../../src/chat/sealing/key-ring.ts';
import { parseSealed, sealObject } from '../../src/chat/sealing/message-seal.ts';
import { decrypt, nonceBytes } from '../../src/aead.ts';
import { hmac } from '../../src/chat/sealing/hmac.ts';
import { buildInvite, buildJoinProof, inviteKeyOf } from '../../src/chat/groups/invite.ts';
import { buildText } from '../../src/chat/content/message.ts';
import { emptyHead } from '../../src/cxo/feed.ts';
import { domainHash, domainPrefix, groupIdBytes, type MessageId } from '../../src/cxo/ids.ts';
import { buildObject } from '../../src/cxo/object.ts';
import { RootEncoder, type FeedId } from '../../src/cxo/root.ts';
import type { Run } from '../../src/cxo/segment.ts';
import type { Random } from '../../src/env.ts';
import { deriveSecret, publicKeyBytes, type Identity, type PublicKey } from '../../src/identity.ts';
import { encodeStanding, knockTag } from '../../src/node/door-frames.ts';
import { buildOwnRun } from '../../src/sync/own-root.ts';
import { parseBase32 } from '../../src/chat/groups/base32.ts';

function filled(length: number, byte: number): Uint8Array {
  return new Uint8Array(length).fill(byte);
}

const salt = (number: number): Uint8Array => filled(16, number);

/** Each call gives the next byte, so that no two of a kind are alike. */
function countingFrom(first: number): Random {
  let next = first;
  return { bytes: (length) => filled(length, next++), unit: () => 0 };
}

interface Parts {
  readonly alice: Identity;
  readonly bob: Identity;
  /** "hello", in the lobby. */
  readonly message: MessageId;
  /** Microseconds. */
  readonly time: number;
  readonly handshakeHash: Uint8Array;
}

export class GroupExamples {
  readonly #parts: Parts;
  readonly #invite = { seed: filled(32, 7), uses: 5, history: false };
  readonly ops: Genesis;
  readonly direct: Genesis;

  constructor(parts: Parts) {
    const { alice, bob } = parts;
    this.#parts = parts;
    const named = { name: 'ops', encrypted: false, founder: alice.publicKey };
    this.ops = buildGenesis(named, salt(0x08));
    this.direct = directGenesis(alice.publicKey, bob.publicKey);
  }

  get link(): string {
    const { alice, time } = this.#parts;
    return buildInvite(alice, {
      ...{ ...this.#invite, genesis: this.ops.bytes, expires: time + 86_400_000_000 },
      nodes: [{ pk: alice.publicKey, addresses: ['10.0.0.1:8870'] }],
    });
  }

  all(): Record<string, Uint8Array> {
    return {
      ...this.#notes(),
      ...this.#geneses(),
      ...this.#roster(),
      ...this.#invites(),
      ...this.#sealing(),
    };
  }

  #notes(): Record<string, Uint8Array> {
    const { message } = this.#parts;
    const build = ({ kind, ...fields }: ContentFields, number: number): Uint8Array =>
      buildObject({ kind, ...fields }, salt(number));
    return {
      'object-asking': buildText('disk full?', undefined, salt(0xa8), {
        priority: 'high',
        ack: true,
      }),
      'object-edit': build(buildEdit(message, 'hello all'), 0xa9),
      'object-reaction': build(buildReaction(message, '👍', true), 0xaa),
      'object-delete': build(buildDeletion(message, []), 0xab),
      'object-offer': build(offerFields({ genesis: this.direct, to: undefined }), 0xac),
    };
  }

  #geneses(): Record<string, Uint8Array> {
    const { alice, bob } = this.#parts;
    const keys = [bob, alice].map(({ publicKey }) => publicKeyBytes(publicKey));
    return {
      'genesis-roster': this.ops.bytes,
      'group-id-roster': groupIdBytes(this.ops.id),
      'direct-salt': domainHash('direct', ...keys).slice(0, 16),
      'genesis-direct': this.direct.bytes,
      'group-id-direct': groupIdBytes(this.direct.id),
    };
  }

  #operation(operation: RosterOperation, number: number): Uint8Array {
    return buildOperation(operation, salt(number));
  }

  #roster(): Record<string, Uint8Array> {
    const { bob, time } = this.#parts;
    const { publicKey: key } = bob;
    const { seed, ...terms } = this.#invite;
    const invite = publicKeyBytes(inviteKeyOf(seed));
    const nothing = buildSeen([]);
    const signature = buildJoinProof(seed, this.ops.id, key);
    return {
      'roster-add': this.#operation({ op: 'add', key, history: true, seen: nothing }, 0xb0),
      'roster-invite': this.#operation(
        { op: 'invite', invite, expires: time + 86_400_000_000, ...terms, seen: nothing },
        0xb1,
      ),
      'roster-admit': this.#operation({ op: 'admit', key, invite, signature, seen: nothing }, 0xb2),
      'roster-remove': this.#removal(),
    };
  }

  /** Of Bob, of whose feed Alice has three roots. */
  #removal(): Uint8Array {
    const { publicKey: key } = this.#parts.bob;
    const seen = buildSeen([{ key, head: 0, seq: 3 }]);
    return this.#operation({ op: 'remove', key, seen }, 0xb3);
  }

  /** That Alice wrote it, as the first root of her feed in the group. */
  #proof(object: Uint8Array): Parameters<typeof encodeStanding>[0]['proofs'][number] {
    const { alice, time } = this.#parts;
    const feed: FeedId = { group: this.ops.id, author: alice.publicKey, head: 0 };
    const run = buildOwnRun(alice, feed, emptyHead, time, [{ object }]);
    const { signature } = run;
    if (signature === undefined) throw new Error('an own root is signed');
    return { object, root: onlyRootOf(run), signature, chain: [] };
  }

  #invites(): Record<string, Uint8Array> {
    const { bob, handshakeHash } = this.#parts;
    const { seed } = this.#invite;
    return {
      'signature-prefix-invite': domainPrefix('invite'),
      'signature-prefix-join': domainPrefix('join'),
      invite: parseBase32(this.link.slice('skychat://'.length)) ?? new Uint8Array(),
      'invite-key': publicKeyBytes(inviteKeyOf(seed)),
      'join-signed': concat(groupIdBytes(this.ops.id), publicKeyBytes(bob.publicKey)),
      'knock-tag': knockTag(handshakeHash, this.ops.id),
    };
  }

  /** What the frames of the door say on the link of the examples. */
  get door(): {
    readonly tag: Uint8Array;
    readonly invite: PublicKey;
    readonly signature: Uint8Array;
    readonly removal: Uint8Array;
  } {
    const { bob, handshakeHash } = this.#parts;
    const { seed } = this.#invite;
    const tag = knockTag(handshakeHash, this.ops.id);
    const signature = buildJoinProof(seed, this.ops.id, bob.publicKey);
    const removal = encodeStanding({ tag, proofs: [this.#proof(this.#removal())] });
    if (removal === undefined) throw new Error('one proof fits a frame');
    return { tag, invite: inviteKeyOf(seed), signature, removal };
  }

  #sealing(): Record<string, Uint8Array> {
    const { alice, bob } = this.#parts;
    const issuer = alice.publicKey;
    const group = groupIdBytes(this.direct.id);
    const epochKey = filled(32, 0x44);
    const id = epochIdOf(group, epochKey);
    const recipients = [bob.publicKey, alice.publicKey];
    const [epoch = new Uint8Array()] = buildEpoch(
      { group, issuer, epochKey, generation: 1, base: 0, recipients },
      countingFrom(0x50),
    );
    const keys = new Map([[id, epochKey]]);
    const grant = { group, issuer, to: bob.publicKey, keys };
    const { value: row } = new KeyRing(alice, []).add(this.direct.id, epochKey);
    return {
      'epoch-key': epochKey,
      'epoch-id': epochIdBytes(id),
      'hpke-info': concat(domainPrefix('epoch'), group, publicKeyBytes(issuer)),
      'object-epoch': epoch,
      'object-keys': buildKeyGrant(grant, countingFrom(0x60)),
      ...this.#sealed(group, epochKey),
      'ring-secret': deriveSecret(alice, 'key-ring'),
      'ring-row': row ?? new Uint8Array(),
    };
  }

  /** A text of Alice at root 2 of her feed, behind the epoch at root 1. */
  #sealed(group: Uint8Array, epochKey: Uint8Array): Record<string, Uint8Array> {
    const author = publicKeyBytes(this.#parts.alice.publicKey);
    const at = { author, head: 0, seq: 2, index: 0 };
    const fields = { kind: 'text', text: 'only for you', salt: salt(0xc0) };
    const object = sealObject(epochKey, epochIdOf(group, epochKey), fields, { group, ...at });
    const place = concat(author, new Uint8Array(8), Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 2, 0, 0));
    const data = concat(domainPrefix('sealed'), group, place);
    const info = concat(domainPrefix('message-key'), fields.salt, place);
    const key = hmac(epochKey, concat(info, Uint8Array.of(1)));
    const body = parseSealed(object)?.body ?? new Uint8Array();
    const plaintext = decrypt(key, new Uint8Array(nonceBytes), data, body);
    if (plaintext === undefined) throw new Error('the derivation is not the one of the code');
    return {
      'sealed-plaintext': plaintext,
      'sealed-key': key,
      'sealed-data': data,
      'object-sealed': object,
    };
  }
}

function onlyRootOf({ feed, head, entries }: Run): Uint8Array {
  const ids = entries.flatMap(({ objects }) => objects.map(({ id }) => id));
  return new RootEncoder(feed).encode(1, undefined, head.time, ids.length, ids).slice();
}
