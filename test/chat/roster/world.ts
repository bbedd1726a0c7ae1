// A group among simulated members: each node has what it was given of others' feeds, and issues
// operations from what it knows. Keys need not be points of the curve, but for the founder's.
import { toHex, utf8 } from '../../../src/bytes.ts';
import type { Entry } from '../../../src/cxo/archive.ts';
import {
  groupIdBytes,
  messageIdOf,
  objectIdOf,
  sha256,
  type GroupId,
} from '../../../src/cxo/ids.ts';
import { buildGenesis, type RosterGenesis } from '../../../src/chat/roster/genesis.ts';
import { buildOperation, type RosterChange } from '../../../src/chat/roster/operation.ts';
import { Roster } from '../../../src/chat/roster/roster.ts';
import { buildJoinProof, inviteKeyOf } from '../../../src/chat/groups/invite.ts';
import { identityOfSeed, publicKeyBytes, type PublicKey } from '../../../src/identity.ts';

let salts = 0;

function salt(): Uint8Array {
  return sha256(utf8(`roster ${salts++}`)).slice(0, 16);
}

export const founder = identityOfSeed(sha256(utf8('founder'))).publicKey;

/** An operation where it stands. */
export function entryOf(
  place: { author: PublicKey; group: GroupId; head?: number; seq: number; time: number },
  object: Uint8Array,
): Entry {
  const { author, group, head = 0, seq, time } = place;
  const objectId = objectIdOf(object);
  const id = messageIdOf(groupIdBytes(group), publicKeyBytes(author), objectId);
  return { arrival: 0, feed: { group, author, head }, seq, index: 0, time, id, objectId, object };
}

export function genesisOf(name = 'team'): RosterGenesis {
  return buildGenesis({ name, encrypted: false, founder }, sha256(utf8(name)).slice(0, 16));
}

/** The founder, and who else there may be. */
export function keyOf(number: number): PublicKey {
  return number === 0 ? founder : (toHex(sha256(utf8(`key ${number}`))) as PublicKey);
}

export interface Invitation {
  readonly seed: Uint8Array;
  readonly id: Uint8Array;
}

export function invitation(number: number): Invitation {
  const seed = sha256(utf8(`invite ${number}`));
  return { seed, id: publicKeyBytes(inviteKeyOf(seed)) };
}

export function admitBy(group: GroupId, { seed, id }: Invitation, key: PublicKey): RosterChange {
  return { op: 'admit', key, invite: id, signature: buildJoinProof(seed, group, key) };
}

export interface Where {
  readonly head?: number;
  readonly time?: number;
  readonly seen?: Uint8Array;
}

/** One member's node: its copy of the feeds, and the roster that it makes of them. */
export class Peer {
  readonly key: PublicKey;
  readonly genesis: RosterGenesis;
  readonly roster: Roster;
  /** By feed, `key/head`: entries by seq from 1 on, undefined where it is no operation. */
  readonly feeds = new Map<string, (Entry | undefined)[]>();
  /** The latest time seen, microseconds. */
  clock = 1000;
  head = 0;

  constructor(key: PublicKey, genesis: RosterGenesis) {
    this.key = key;
    this.genesis = genesis;
    this.roster = new Roster(genesis);
  }

  /** Issues it as an honest node does, but for what `where` says. */
  issue(change: RosterChange, where: Where = {}): Entry {
    if (where.head === undefined) this.head = this.roster.headMin(this.key, this.head);
    const head = where.head ?? this.head;
    const subject = 'key' in change ? change.key : undefined;
    const seen = where.seen ?? this.seen(subject);
    const object = buildOperation({ ...change, seen }, salt());
    return this.write(object, head, where.time);
  }

  seen(subject?: PublicKey): Uint8Array {
    return this.roster.seenNow((key) => this.headsOf(key), this.key, subject);
  }

  /** Something that is no operation. */
  post(): void {
    this.#feedOf(this.key, this.head).push(undefined);
  }

  write(object: Uint8Array, head = this.head, time = this.clock + 1): Entry {
    const feed = this.#feedOf(this.key, head);
    const last = feed.findLast((entry) => entry !== undefined)?.time ?? 0;
    const place = { author: this.key, group: this.genesis.id, head, seq: feed.length + 1 };
    const entry = entryOf({ ...place, time: Math.max(time, last) }, object);
    this.take(entry);
    return entry;
  }

  /** A root of somebody's, the next of its feed. */
  take(entry: Entry): void {
    this.#feedOf(entry.feed.author, entry.feed.head).push(entry);
    this.clock = Math.max(this.clock, entry.time);
    this.roster.apply([entry]);
  }

  /**
   * Takes what the other has and this one accepts, at most `max` roots of each feed.
   * Whether there was anything.
   */
  pull(from: Peer, max = Infinity): boolean {
    let isAny = false;
    for (const [name, entries] of from.feeds) {
      const [author, head] = name.split('/') as [PublicKey, string];
      const own = this.#feedOf(author, Number(head));
      const feed = { group: this.genesis.id, author, head: Number(head) };
      for (let i = own.length, left = max; i < entries.length && left > 0; i++, left--) {
        if (!this.roster.allows(feed, i + 1)) break;
        const entry = entries[i];
        isAny = true;
        if (entry === undefined) own.push(undefined);
        else this.take(entry);
      }
    }
    return isAny;
  }

  headsOf(key: PublicKey): { head: number; seq: number }[] {
    const heads: { head: number; seq: number }[] = [];
    for (const [name, entries] of this.feeds) {
      const [author, head] = name.split('/');
      if (author === key) heads.push({ head: Number(head), seq: entries.length });
    }
    return heads;
  }

  entries(): Entry[] {
    return [...this.feeds.values()].flat().filter((entry) => entry !== undefined);
  }

  #feedOf(author: PublicKey, head: number): (Entry | undefined)[] {
    const name = `${author}/${head}`;
    const known = this.feeds.get(name);
    if (known !== undefined) return known;
    const feed: (Entry | undefined)[] = [];
    this.feeds.set(name, feed);
    return feed;
  }
}

/** All that a roster says, in a form that can be compared. */
export function stateOf(roster: Roster, feeds: Iterable<string> = []): unknown {
  const group = roster.genesis.id;
  const reach = [...feeds].sort().map((name) => {
    const [author, head] = name.split('/') as [PublicKey, string];
    return [name, roster.limitOf({ group, author, head: Number(head) })];
  });
  return {
    members: [...roster.members()].sort(([a], [b]) => (a < b ? -1 : 1)),
    admins: [...roster.admins()],
    invites: [...roster.invites()].sort(([a], [b]) => (a < b ? -1 : 1)),
    describes: roster.describes().map(({ entry }) => [entry.time, entry.feed, entry.seq]),
    retention: roster.retention(),
    reach,
  };
}

export function rosterOf(genesis: RosterGenesis, entries: Iterable<Entry>): Roster {
  const roster = new Roster(genesis);
  roster.apply(entries);
  return roster;
}
