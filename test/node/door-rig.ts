// Doubles for both sides of a join: a link that remembers what was sent, a roster that knows invites,
// and the parts of a door.
import type { InviteTerms, Invite } from '../../src/chat/groups/invite.ts';
import { buildInvite, inviteKeyOf, parseInvite } from '../../src/chat/groups/invite.ts';
import { silentLogger } from '../../src/env.ts';
import type { Entry } from '../../src/cxo/entry.ts';
import type { GroupId } from '../../src/cxo/ids.ts';
import { buildObject } from '../../src/cxo/object.ts';
import { identityOfSeed, publicKeyBytes, type PublicKey } from '../../src/identity.ts';
import type { Link, LinkHandler } from '../../src/net/transport.ts';
import { Door, type DoorPorts, type InviteVerdict } from '../../src/node/door.ts';
import type { WordProof } from '../../src/node/door-frames.ts';
import { ManualTime } from '../support/net-time.ts';

export const seedOf = (n: number): Uint8Array => new Uint8Array(32).fill(n);
export const admin = identityOfSeed(seedOf(1));
export const joiner = identityOfSeed(seedOf(3));

export const genesis = buildObject(
  { kind: 'genesis', name: 'ops', encrypted: false, founder: publicKeyBytes(admin.publicKey) },
  seedOf(9).slice(0, 16),
);

export function linkOfInvite(over: Partial<InviteTerms> = {}): string {
  return buildInvite(admin, {
    ...{ genesis, expires: null, uses: null, history: false, seed: seedOf(7) },
    nodes: [{ pk: admin.publicKey, addresses: ['a:1', 'b:2'] }],
    ...over,
  });
}

export function inviteOf(over: Partial<InviteTerms> = {}): Invite {
  const invite = parseInvite(linkOfInvite(over));
  if (invite === 'invite-altered') throw new Error('a whole invite');
  return invite;
}

export class FakeLink implements Link {
  readonly peer: PublicKey;
  readonly initiator = true;
  readonly handshakeHash: Uint8Array;
  readonly address = 'h:1';
  readonly sent: { type: number; payload: Uint8Array }[] = [];
  closed: string | undefined;
  handler: LinkHandler | undefined;

  constructor(peer: PublicKey, salt = 5) {
    this.peer = peer;
    this.handshakeHash = seedOf(salt);
  }

  send(type: number, payload: Uint8Array): boolean {
    this.sent.push({ type, payload });
    return true;
  }

  close(reason: string): void {
    this.closed ??= reason;
  }

  /** As the net layer tells the owner, some time after the close. */
  end(reason = this.closed ?? 'lost'): void {
    this.closed ??= reason;
    this.handler?.onClose(reason);
  }

  stats(): never {
    throw new Error('nobody asks');
  }
}

/** What the gossip was told over one link. */
export class FakeGossip {
  readonly told: string[] = [];

  readonly open = (link: Link): LinkHandler => {
    this.told.push(`open ${link.peer.slice(0, 4)}`);
    return {
      onFrame: (type, payload) => this.told.push(`frame ${type} ${payload.length}`),
      onDrain: () => this.told.push('drain'),
      onClose: (reason) => this.told.push(`close ${reason}`),
    };
  };
}

export class DoorRig {
  readonly time = new ManualTime();
  readonly gossip = new FakeGossip();
  readonly group: GroupId = inviteOf().group;
  readonly groups = new Set([this.group]);
  /** By the invite's key: how many may still come. */
  readonly invites = new Map<PublicKey, { uses: number; verdict: InviteVerdict }>();
  readonly members = new Set<PublicKey>([admin.publicKey]);
  readonly admitted: PublicKey[] = [];
  readonly removed = new Set<PublicKey>();
  proofs: readonly WordProof[] = [];
  prove = (): Promise<readonly WordProof[]> => Promise.resolve(this.proofs);
  /** How often who was removed was let in again and removed again. */
  removals = 0;
  /** What was heard of who is in a group. */
  readonly heard: string[] = [];
  /** What this node says against it. */
  against: readonly (readonly Entry[])[] = [];
  /** What else there is to tell once both ends have named their groups. */
  settled: readonly Entry[] = [];
  /** What an admission has to wait for. */
  disk: Promise<void> = Promise.resolve();
  readonly door: Door;

  constructor(over: Partial<DoorPorts> = {}) {
    this.invites.set(inviteKeyOf(seedOf(7)), { uses: 3, verdict: 'open' });
    this.door = new Door({
      clock: this.time,
      timers: this.time,
      logger: silentLogger,
      groups: () => this.groups,
      hasInvites: () => this.invites.size > 0,
      check: (_, invite, key) => {
        if (this.members.has(key)) return 'already-member';
        const found = this.invites.get(invite);
        if (found === undefined) return 'unknown-invite';
        return found.verdict === 'open' && found.uses === 0 ? 'invite-used' : found.verdict;
      },
      admit: async (_, invite, key) => {
        await this.disk;
        const found = this.invites.get(invite);
        if (found !== undefined) found.uses--;
        this.members.add(key);
        this.admitted.push(key);
      },
      hasWordFor: (key) => this.removed.has(key),
      words: {
        known: () => this.groups,
        due: (key, isSettled) => {
          const isDue = this.removed.has(key) && !isSettled;
          const entries = isDue ? [removalAt(this.removals)] : isSettled ? this.settled : [];
          return entries.length === 0 ? [] : [{ group: this.group, entries }];
        },
        prove: () => this.prove(),
        take: (group, entries) => {
          this.heard.push(`${group.slice(0, 4)} ${entries.map(({ seq }) => seq).join(' ')}`);
          return this.against;
        },
      },
      isKnown: (key) => this.members.has(key),
      open: this.gossip.open,
      ...over,
    });
  }

  visit(peer: PublicKey, salt?: number): FakeLink {
    const link = new FakeLink(peer, salt);
    link.handler = this.door.openLink(link);
    return link;
  }
}

/** Lets everything that is settled have its effect. */
export function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/** An operation by which words are told apart; its proof is what the test says. */
export function removalAt(number: number): Entry {
  const objectId = seedOf(100 + number) as Entry['objectId'];
  return { objectId } as Entry;
}
