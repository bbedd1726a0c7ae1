// A group of a few identities on paper: feeds, a roster that a test sets, and who has seen what.
import type { Entry } from '../../../src/cxo/entry.ts';
import {
  groupIdBytes,
  groupIdOfBytes,
  messageIdOf,
  objectIdOf,
  sha256,
} from '../../../src/cxo/ids.ts';
import type { LocalChange, LocalRow } from '../../../src/cxo/store.ts';
import { utf8 } from '../../../src/bytes.ts';
import type { Random } from '../../../src/env.ts';
import {
  identityOfSeed,
  publicKeyBytes,
  type Identity,
  type PublicKey,
} from '../../../src/identity.ts';
import {
  GroupKeys,
  type Opened,
  type SealingMoment,
} from '../../../src/chat/sealing/group-keys.ts';
import { KeyRing } from '../../../src/chat/sealing/key-ring.ts';

export const group = groupIdOfBytes(sha256(utf8('the group')));

export function identityOf(name: string): Identity {
  return identityOfSeed(sha256(utf8(name)));
}

/** Bytes that differ at each call and are the same in each run. */
export function countingRandom(name: string): Random {
  let calls = 0;
  return {
    bytes: (length) => {
      const bytes = new Uint8Array(length);
      for (let at = 0; at < length; at += 32) {
        bytes.set(sha256(utf8(`${name} ${calls++}`)).subarray(0, length - at), at);
      }
      return bytes;
    },
    unit: () => 0.5,
  };
}

export class TestRoster {
  readonly members_ = new Map<PublicKey, { history: boolean }>();
  readonly uncounted = new Set<PublicKey>();
  #revision = 0;

  set(key: PublicKey, member: { history: boolean } | undefined): void {
    if (member === undefined) this.members_.delete(key);
    else this.members_.set(key, member);
    this.#revision++;
  }

  /** As after a cut at the beginning of the feed. */
  discount(key: PublicKey): void {
    this.uncounted.add(key);
    this.#revision++;
  }

  revision = (): number => this.#revision;
  members = (): ReadonlyMap<PublicKey, { history: boolean }> => this.members_;
  counts = (author: PublicKey): boolean => !this.uncounted.has(author);
}

export interface Sent {
  readonly entry: Entry;
  readonly text: string;
}

let nodes = 0;

/** One node: its view of the members, its keys, its feed and what it has applied. */
export class Member {
  readonly identity: Identity;
  readonly key: PublicKey;
  readonly roster = new TestRoster();
  readonly rows = new Map<string, Uint8Array>();
  readonly feed: Entry[] = [];
  readonly random: Random;
  readonly applied = new Set<Entry>();
  keys: GroupKeys;
  ring: KeyRing;
  #time = 0;

  constructor(name: string) {
    this.identity = identityOf(name);
    this.key = this.identity.publicKey;
    // Not the same one for a second node of one identity.
    this.random = countingRandom(`${name} ${nodes++}`);
    [this.ring, this.keys] = this.#open();
  }

  #open(): [KeyRing, GroupKeys] {
    const rows: LocalRow[] = [...this.rows].map(([key, value]) => ({ key, value }));
    const ring = new KeyRing(this.identity, rows);
    const { identity, roster, random } = this;
    return [ring, new GroupKeys({ group, identity, roster, random, ring })];
  }

  restart(): void {
    [this.ring, this.keys] = this.#open();
  }

  sees(...members: readonly (Member | readonly [Member, { history: boolean }])[]): void {
    for (const key of [...this.roster.members_.keys()]) this.roster.set(key, undefined);
    for (const each of members) {
      if (each instanceof Member) this.roster.set(each.key, { history: false });
      else this.roster.set(each[0].key, each[1]);
    }
  }

  apply(entries: readonly Entry[]): boolean {
    for (const entry of entries) {
      this.#time = Math.max(this.#time, entry.time);
      this.applied.add(entry);
    }
    const { keys, local } = this.keys.apply(entries);
    this.write(local);
    return keys;
  }

  write(local: readonly LocalChange[]): void {
    for (const { key, value } of local) if (value !== undefined) this.rows.set(key, value);
  }

  append(object: Uint8Array, time: number): Entry {
    this.#time = Math.max(this.#time + 1, time);
    const author = publicKeyBytes(this.key);
    const objectId = objectIdOf(object);
    const entry = {
      arrival: 0,
      feed: { group, author: this.key, head: 0 },
      seq: this.feed.length + 1,
      index: 0,
      time: this.#time,
      id: messageIdOf(groupIdBytes(group), author, objectId),
      objectId,
      object,
    };
    this.feed.push(entry);
    return entry;
  }

  /** As the node does: what comes before, then the sealed object. Returns all of it. */
  send(text: string, moment: SealingMoment): Entry[] {
    const ticket = this.keys.prepare(moment);
    this.write(ticket.local);
    const before = ticket.objects.map((object) => this.append(object, moment.now));
    const place = { author: this.key, head: 0, seq: this.feed.length + 1, index: 0 };
    const fields = { kind: 'text', text, salt: this.random.bytes(16) };
    const sealed = this.append(ticket.seal(fields, place, moment), moment.now);
    this.apply(before);
    return [...before, sealed];
  }

  open({ object, feed, seq, index }: Entry): Opened {
    const place = { author: feed.author, head: feed.head, seq, index };
    return this.keys.open(object ?? new Uint8Array(), place);
  }

  reads(entry: Entry): string | undefined {
    const opened = this.open(entry);
    if (opened.state !== 'open') return opened.state;
    const text = opened.fields['text'];
    return typeof text === 'string' ? text : undefined;
  }
}

export function last(entries: readonly Entry[]): Entry {
  const entry = entries.at(-1);
  if (entry === undefined) throw new Error('there is no entry');
  return entry;
}
