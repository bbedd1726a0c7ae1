// The groups of a node: taken up, offered, read, and found again after a restart.
import { describe, expect, test } from 'vitest';
import { GroupBook } from '../../../src/chat/groups/group-book.ts';
import { groupLimits } from '../../../src/chat/limits.ts';
import { parseContent } from '../../../src/chat/content/message.ts';
import { offerFields, type Offer } from '../../../src/chat/groups/offer.ts';
import { buildGenesis, directGenesis, type Genesis } from '../../../src/chat/roster/genesis.ts';
import { buildOperation, type RosterChange } from '../../../src/chat/roster/operation.ts';
import type { Entry } from '../../../src/cxo/archive.ts';
import type { GroupId } from '../../../src/cxo/ids.ts';
import { buildObject } from '../../../src/cxo/object.ts';
import type { LocalChange, LocalRow } from '../../../src/cxo/store.ts';
import { systemRandom } from '../../../src/env.ts';
import type { Identity, PublicKey } from '../../../src/identity.ts';
import { testIdentity } from '../../support/feeds.ts';
import { entryOf, room, testSalt } from '../rig.ts';

const [self, friend, third] = [testIdentity(0), testIdentity(1), testIdentity(2)];
const founderOf = (encrypted: boolean, by: Identity = friend): Genesis =>
  buildGenesis({ name: encrypted ? '' : 'ops', encrypted, founder: by.publicKey }, testSalt());

/** One node's groups; feeds are numbered by the test. */
class Node {
  readonly rows = new Map<string, Uint8Array>();
  readonly members = new Set<PublicKey>([self, friend, third].map(({ publicKey }) => publicKey));
  readonly forks = new Map<PublicKey, number>();
  /** Whether it is on its way into any group by an invite. */
  joining = false;
  readonly identity: Identity;
  book: GroupBook;
  #seqs = new Map<string, number>();
  #time = 1_000_000_000_000_000;

  constructor(identity: Identity = self) {
    this.identity = identity;
    this.book = this.open();
  }

  open(): GroupBook {
    const rows = (prefix: string): LocalRow[] =>
      [...this.rows]
        .filter(([key]) => key.startsWith(prefix))
        .map(([key, value]) => ({ key, value }));
    const find = ({ author }: { author: PublicKey }) => ({ forkedAt: this.forks.get(author) });
    this.book = new GroupBook({
      identity: this.identity,
      room: { id: room.id, isMember: (key) => this.members.has(key) },
      store: { feeds: () => [], find: find as never },
      clock: { now: () => this.#time },
      random: systemRandom,
      rows: rows('group/'),
      ringRows: rows('ring/'),
      isJoining: () => this.joining,
    });
    return this.book;
  }

  write(changes: readonly LocalChange[]): void {
    for (const { key, value } of changes) if (value !== undefined) this.rows.set(key, value);
  }

  /** An entry that somebody said in a group, which has not arrived yet. */
  entry(author: Identity, group: GroupId, object: Uint8Array): Entry {
    const name = `${author.publicKey} ${group}`;
    const seq = (this.#seqs.get(name) ?? 0) + 1;
    this.#seqs.set(name, seq);
    this.#time += 1000;
    return entryOf({ author: author.publicKey, group, seq, object, time: this.#time, arrival: 1 });
  }

  hear(...entries: readonly Entry[]) {
    const changes = this.book.apply(entries);
    this.write(changes.local);
    return changes;
  }

  offer(author: Identity, offer: Offer, group: GroupId = room.id) {
    return this.hear(this.entry(author, group, buildObject(offerFields(offer), testSalt())));
  }

  change(author: Identity, group: GroupId, change: RosterChange): Entry {
    const seen = new Uint8Array();
    return this.entry(author, group, buildOperation({ ...change, seen }, testSalt()));
  }
}

describe('an offer', () => {
  test('of an encrypted group is taken up by every member of the room, who carry it and show nothing', () => {
    const node = new Node();
    const genesis = founderOf(true);
    expect(node.offer(friend, { genesis, to: undefined }).members).toBe(true);
    const group = node.book.find(genesis.id);
    expect(group).toMatchObject({ standing: 'carried', isShown: false, isOffered: true });
    expect(node.offer(third, { genesis, to: undefined }).members).toBe(false);
  });

  test('of an open group is for those whom it names', () => {
    const node = new Node();
    const [mine, theirs] = [founderOf(false), founderOf(false)];
    node.offer(friend, { genesis: mine, to: [self.publicKey] });
    node.offer(friend, { genesis: theirs, to: [third.publicKey] });
    expect(node.book.find(mine.id)?.standing).toBe('joining');
    expect(node.book.find(theirs.id)).toBeUndefined();
  });

  test('of an open group to everybody is none, and is counted', () => {
    const node = new Node();
    const genesis = founderOf(false);
    node.offer(friend, { genesis, to: undefined });
    expect(node.book.find(genesis.id)).toBeUndefined();
    expect(node.book.counters['offer-malformed']).toBe(1);
  });

  test('by somebody who is not of the room counts for nothing', () => {
    const node = new Node();
    const genesis = founderOf(true);
    node.members.delete(friend.publicKey);
    expect(node.offer(friend, { genesis, to: undefined }).members).toBe(false);
    expect(node.book.find(genesis.id)).toBeUndefined();
  });

  test('F60 of groups without end is taken up to the bound, and counted beyond', () => {
    const node = new Node();
    for (let i = 0; i <= groupLimits.carriedMax; i++) {
      node.offer(friend, { genesis: founderOf(true), to: undefined });
    }
    expect([...node.book.groups()]).toHaveLength(groupLimits.carriedMax);
    expect(node.book.counters['groups-full']).toBe(1);
    // The own ones have room all the same.
    expect(node.book.take(founderOf(true, self), true)).toBeDefined();
  });

  test('of a conversation with this node is taken up as its own', () => {
    const node = new Node();
    const genesis = directGenesis(self.publicKey, friend.publicKey);
    node.offer(friend, { genesis, to: undefined });
    expect(node.book.find(genesis.id)).toMatchObject({
      ...{ standing: 'active', isShown: true, partner: friend.publicKey },
    });
    const others = directGenesis(third.publicKey, friend.publicKey);
    node.offer(friend, { genesis: others, to: undefined });
    expect(node.book.find(others.id)).toMatchObject({ isShown: false, partner: undefined });
  });
});

test('what this node is to a group follows from its roster, and from having asked', () => {
  const node = new Node();
  const genesis = founderOf(false);
  const group = node.book.take(genesis, true)?.group ?? expect.fail();
  expect(group.standing).toBe('joining');
  const { id } = genesis;
  node.hear(node.change(friend, id, { op: 'add', key: self.publicKey, history: false }));
  expect(group.standing).toBe('active');
  node.hear(node.change(friend, id, { op: 'remove', key: self.publicKey }));
  expect(group.standing).toBe('removed');
  const other = node.book.take(founderOf(false), true)?.group ?? expect.fail();
  node.hear(node.change(friend, other.id, { op: 'add', key: self.publicKey, history: false }));
  expect(other.since).toBeLessThan(Infinity);
  node.hear(node.change(self, other.id, { op: 'leave' }));
  expect(other.standing).toBe('left');
  // On its way back by an invite, which a removal does not allow.
  node.joining = true;
  expect([other.standing, group.standing]).toEqual(['joining', 'removed']);
});

test('a group, what an invite called it, and its keys are there after a restart', () => {
  const node = new Node();
  const genesis = founderOf(true, self);
  const { group, local } = node.book.take(genesis, true, 'night shift') ?? expect.fail();
  node.write(local);
  const ticket = node.book.sealerOf(group.id)?.prepare() ?? expect.fail();
  node.write(ticket.local);
  const epochs = ticket.objects.map((object) => node.entry(self, group.id, object));
  node.hear(...epochs);
  const place = node.entry(self, group.id, new Uint8Array());
  const seal = node.book.sealerOf(group.id)?.prepare().seal ?? expect.fail();
  const object = seal({ kind: 'text', text: 'secret', salt: testSalt() }, place);
  const said: Entry = { ...place, object };
  expect(node.book.of(said)).toMatchObject({ type: 'text', text: 'secret' });
  node.open();
  expect(node.book.find(genesis.id)).toMatchObject({ name: 'night shift', isWanted: true });
  expect(node.book.of({ ...said, object: object.slice() })).toMatchObject({ text: 'secret' });
  // The place is sealed in: the same bytes elsewhere are nothing.
  const elsewhere = { ...said, seq: said.seq + 1, object: object.slice() };
  expect(node.book.of(elsewhere)).toEqual({ type: 'unknown', kind: 'sealed' });
  expect(node.book.counters['sealed-invalid']).toBe(1);
});

test('what is sealed has the label of what it says for who can read it, and is locked for others', () => {
  const node = new Node();
  const genesis = founderOf(true, self);
  const group = node.book.take(genesis, true)?.group ?? expect.fail();
  const ticket = node.book.sealerOf(group.id)?.prepare() ?? expect.fail();
  node.hear(...ticket.objects.map((object) => node.entry(self, group.id, object)));
  const carrier = new Node(third);
  carrier.offer(friend, { genesis, to: undefined });
  const sealer = node.book.sealerOf(group.id) ?? expect.fail();
  const target = new Uint8Array(32);
  for (const [fields, label] of [
    [{ kind: 'text', text: 'plain' }, undefined],
    [{ kind: 'text', text: 'answer', reply_to: target }, 'text-linked'],
    [{ kind: 'edit', text: 'better', target }, 'edit'],
    [{ kind: 'profile', name: 'me' }, 'profile'],
  ] as const) {
    const place = node.entry(self, group.id, new Uint8Array());
    const object = sealer.prepare().seal({ ...fields, salt: testSalt() }, place);
    expect(parseContent(object)).toEqual({ type: 'group', kind: 'sealed' });
    expect(node.book.labelOf('sealed', object, place)).toBe(label);
    expect(carrier.book.labelOf('sealed', object.slice(), place)).toBe('locked');
    expect(carrier.book.of({ ...place, object: object.slice() })).toEqual({ type: 'locked' });
  }
});

test('of an author who signed two branches no operation behind the fork counts', () => {
  const node = new Node();
  const genesis = founderOf(false);
  const group = node.book.take(genesis, true)?.group ?? expect.fail();
  const add = (key: PublicKey): RosterChange => ({ op: 'add', key, history: false });
  node.hear(node.change(friend, group.id, add(self.publicKey)));
  const disputed = node.change(friend, group.id, add(third.publicKey));
  node.hear(disputed);
  expect(group.roster.isMember(third.publicKey)).toBe(true);
  node.forks.set(friend.publicKey, disputed.seq);
  expect(node.book.retract(disputed.feed, disputed.seq)).toBe(true);
  expect(group.roster.isMember(third.publicKey)).toBe(false);
  // Read again from the store it counts no more than before.
  node.hear(disputed);
  expect(group.roster.isMember(third.publicKey)).toBe(false);
});
