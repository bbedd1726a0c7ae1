// What has to hold of groups once everything is healed: one roster, one epoch, one timeline; and that
// every message is readable by those for whom it was sealed, and by nobody else.
import { toHex } from '../../../src/bytes.ts';
import { contentOfFields, parseContent, type Content } from '../../../src/chat/content/message.ts';
import type { Roster } from '../../../src/chat/roster/roster.ts';
import type { EpochId } from '../../../src/chat/sealing/epoch-id.ts';
import {
  openEpochPart,
  openKeyGrant,
  parseEpochPart,
  parseKeyGrant,
  prefixBytes,
  type EpochPart,
  type KeyGrant,
} from '../../../src/chat/sealing/epoch.ts';
import { KeyRing, ringPrefix } from '../../../src/chat/sealing/key-ring.ts';
import { openSealed, parseSealed } from '../../../src/chat/sealing/message-seal.ts';
import type { Entry } from '../../../src/cxo/entry.ts';
import { groupIdBytes, type GroupId } from '../../../src/cxo/ids.ts';
import { parseObject } from '../../../src/cxo/object.ts';
import { feedKey } from '../../../src/cxo/root.ts';
import { compareTimeline } from '../../../src/cxo/timeline-page.ts';
import { publicKeyBytes, type PublicKey } from '../../../src/identity.ts';
import type { Sealing } from './ledger.ts';
import type { Member } from './member.ts';
import type { GroupUnderTest, GroupWorld } from './world.ts';

/** One object of a group, wherever it was found, parsed once: each is looked at for each node. */
interface Read {
  readonly entry: Entry;
  /** A part of an epoch, or keys that are given. */
  readonly part: EpochPart | undefined;
  readonly grant: KeyGrant | undefined;
}

interface Found extends Read {
  /** Of what is sealed. */
  readonly epoch: EpochId | undefined;
  /** What it says to who can open it. */
  readonly content: Content;
}

/** Earlier keys for somebody who was let in with history. */
interface Grant extends KeyGrant {
  readonly entry: Entry;
}

const textsMax = 1000;

/** Whether the node keeps what the group has, for itself or for others. */
function keeps(node: Member, { id, encrypted }: GroupUnderTest): boolean {
  const group = node.life?.chat.book.find(id);
  return group !== undefined && (group.standing === 'active' || (encrypted && group.isOffered));
}

/** All that has to be the same with everybody who keeps the group, in words. */
export function digestOf(node: Member, { id }: GroupUnderTest): string {
  const { store, chat } = node.alive;
  const roster = chat.book.find(id)?.roster;
  if (roster === undefined) return 'knows no such group';
  const members = [...roster.members()].map(([key, { role, since, history, rank }]) =>
    [key.slice(0, 8), role, since, history, rank].join(),
  );
  const feeds: string[] = [];
  for (const { feed, head, tail } of store.feeds()) {
    if (feed.group !== id) continue;
    const seq = Math.min(tail === undefined ? head.seq : 0, roster.limitOf(feed) ?? Infinity);
    if (seq > 0 || tail !== undefined) {
      const limit = roster.limitOf(feed) === undefined ? 'open' : 'cut';
      feeds.push(`${feed.author.slice(0, 8)}/${feed.head} ${seq} ${limit}`);
    }
  }
  return [...members.sort(), ...feeds.sort()].join('\n');
}

/** Whether every group is the same with all that keep it. */
export function agrees(world: GroupWorld): boolean {
  if (world.nodes.some((node) => !node.running)) return false;
  return world.groups.every((group) => {
    const keepers = world.honest.filter((node) => keeps(node, group));
    const digests = keepers.map((node) => digestOf(node, group));
    return new Set(digests).size <= 1 && findUnaware(world, group, keepers).length === 0;
  });
}

/** Honest nodes that the keepers have for members, and that do not know it. */
function findUnaware(
  world: GroupWorld,
  { id }: GroupUnderTest,
  keepers: readonly Member[],
): readonly Member[] {
  const members = keepers[0]?.alive.chat.book.find(id)?.roster.members();
  return world.honest.filter(
    (node) => members?.has(node.key) && node.alive.chat.book.find(id)?.standing !== 'active',
  );
}

export async function findBrokenGroups(world: GroupWorld): Promise<string[]> {
  const broken = [...world.faults, ...world.links.credit.faults];
  for (const node of world.nodes) {
    broken.push(...node.faults);
    if (!node.running) broken.push(`${node.name} is not running`);
  }
  if (broken.length > 0) return broken;
  for (const group of world.groups) broken.push(...(await new GroupCheck(world, group).run()));
  return broken;
}

class GroupCheck {
  readonly #world: GroupWorld;
  readonly #group: GroupUnderTest;
  readonly #faults: string[] = [];
  readonly #keepers: readonly Member[];
  /** Honest ones. */
  readonly #members: readonly Member[];
  readonly #found = new Map<string, Found>();
  /** Epoch keys that each node has, or can find out from all that there is. */
  readonly #keys = new Map<Member, ReadonlyMap<EpochId, Uint8Array>>();
  /** Epoch keys that each node keeps. */
  readonly #rings = new Map<Member, ReadonlyMap<EpochId, Uint8Array>>();

  constructor(world: GroupWorld, group: GroupUnderTest) {
    this.#world = world;
    this.#group = group;
    this.#keepers = world.honest.filter((node) => keeps(node, group));
    this.#members = world.membersOf(group).filter((node) => !world.isHostile(node));
  }

  async run(): Promise<readonly string[]> {
    const { encrypted } = this.#group;
    this.#sameRoster();
    await this.#collect();
    if (encrypted) {
      this.#sameEpoch();
      this.#readableByThoseMeant();
    } else {
      this.#withMembersAlone();
    }
    await this.#sameTimeline();
    return this.#faults.map((fault) => `${this.#group.name}: ${fault}`);
  }

  get #roster(): Roster | undefined {
    return this.#keepers[0]?.alive.chat.book.find(this.#group.id)?.roster;
  }

  #sameRoster(): void {
    const digests = new Map<string, string[]>();
    for (const node of this.#keepers) {
      const digest = digestOf(node, this.#group);
      digests.set(digest, [...(digests.get(digest) ?? []), node.name]);
      const behind = node.alive.runner.overview.behind();
      if (behind > 0) this.#faults.push(`${node.name} says that it is ${behind} behind`);
    }
    for (const { name } of findUnaware(this.#world, this.#group, this.#keepers)) {
      this.#faults.push(`${name} is a member and does not know it`);
    }
    if (digests.size > 1) {
      const words = [...digests].map(([digest, names]) => `${names.join()}:\n${digest}`);
      this.#faults.push(`the rosters differ:\n${words.join('\n')}`);
    }
  }

  /** Everything that is anywhere, and every key that anybody has. */
  async #collect(): Promise<void> {
    const { id } = this.#group;
    const entries = new Map<string, Entry>();
    for (const { alive } of this.#world.nodes) {
      for (const entry of await alive.archive.after(0, Infinity)) {
        if (entry.feed.group === id) entries.set(placeName(entry), entry);
      }
    }
    const all = new Map([...entries].map(([name, entry]) => [name, readOf(entry)]));
    for (const node of this.#world.nodes) {
      const ring = await ringOf(node, id);
      this.#rings.set(node, ring);
      this.#keys.set(node, keysOf(node, id, ring, all.values()));
    }
    const keys = new Map([...this.#keys.values()].flatMap((held) => [...held]));
    for (const [name, read] of all) this.#found.set(name, foundOf(read, keys));
  }

  #sameEpoch(): void {
    const now = Math.max(...this.#world.nodes.map(({ wall }) => wall));
    const chosen = new Map<string, string[]>();
    for (const { alive, name } of this.#members) {
      const keys = alive.chat.book.find(this.#group.id)?.keys;
      const epoch = keys?.sealingEpoch({ now, objects: 0 })?.id ?? 'none';
      chosen.set(epoch, [...(chosen.get(epoch) ?? []), name]);
    }
    if (chosen.size > 1 || chosen.has('none')) {
      const words = [...chosen].map(([epoch, names]) => `${names.join()} with ${epoch}`);
      this.#faults.push(`the next epochs differ: ${words.join('; ')}`);
    }
  }

  #readableByThoseMeant(): void {
    const { ledger, nodes } = this.#world;
    const grants = this.#grants();
    for (const { entry, epoch } of this.#found.values()) {
      if (epoch === undefined) continue;
      const author = this.#world.nodeOf(entry.feed.author);
      const name = `${author?.name ?? '?'} ${placeName(entry)}`;
      const readers = new Set(nodes.filter((node) => this.#keys.get(node)?.has(epoch)));
      const sealing = ledger.find(entry);
      if (sealing === undefined) {
        if (author !== undefined && !this.#world.isHostile(author)) {
          this.#faults.push(`${name} was never written`);
        }
        continue;
      }
      const isCounted = this.#roster?.allows(entry.feed, entry.seq) === true;
      for (const node of nodes) {
        const isMeant = sealing.members.has(node.key);
        // Who is a member still has the keys of what counts; others could at least find them out.
        const isOpen =
          isCounted && this.#members.includes(node)
            ? this.#rings.get(node)?.has(epoch) === true
            : readers.has(node);
        const isExcused = isCounted && (this.#isLost(epoch) || this.#isGivenInVain(node, epoch));
        if (isMeant && !isOpen && !isExcused) {
          this.#faults.push(`${node.name} cannot read ${name}`);
        }
        const isGiven = grants.some(
          (grant) =>
            grant.to === node.key && grant.epochs.includes(epoch) && !hasSeen(sealing, grant.entry),
        );
        if (readers.has(node) && !isMeant && !isGiven) {
          this.#faults.push(`${node.name} can read ${name}, sealed without it`);
        }
      }
      this.#readableWithHistory(entry, epoch, name);
    }
  }

  /**
   * Whether the epoch stands beyond the end of its author, and whoever sealed with it before hearing of
   * that is no member any more either, and has given the key to nobody: so no member has it.
   */
  #isLost(epoch: EpochId): boolean {
    if (this.#members.some((node) => this.#rings.get(node)?.has(epoch))) return false;
    return ![...this.#found.values()].some(
      ({ entry, part }) => part?.id === epoch && this.#counts(entry),
    );
  }

  /**
   * Whether the sender took the node for a reader by the word of somebody alone whose giving of the key
   * has no effect, as who gave it had been removed.
   */
  #isGivenInVain({ key }: Member, epoch: EpochId): boolean {
    const given = this.#allGrants().filter(
      ({ to, epochs }) => to === key && epochs.includes(epoch),
    );
    if (given.length === 0 || given.some(({ entry }) => this.#counts(entry))) return false;
    const prefix = key.slice(0, 2 * prefixBytes);
    return ![...this.#found.values()].some(({ part }) => {
      if (part?.id !== epoch) return false;
      const recipients: readonly string[] = toHex(part.prefixes).match(/.{16}/g) ?? [];
      return recipients.includes(prefix);
    });
  }

  #counts({ feed, seq }: Entry): boolean {
    return this.#roster?.allows(feed, seq) === true;
  }

  #allGrants(): Grant[] {
    return [...this.#found.values()].flatMap(({ entry, grant }) =>
      grant === undefined ? [] : [{ ...grant, entry }],
    );
  }

  /** Keys that were given to those who had been let in with history, as far as the giver knew. */
  #grants(): Grant[] {
    return this.#allGrants().filter(({ entry, to }) => {
      const { members } = this.#world.ledger.find(entry) ?? {};
      return members?.get(to) === true;
    });
  }

  /** What counts, and any member can read, those can read who were let in with history. */
  #readableWithHistory(entry: Entry, epoch: EpochId, name: string): void {
    const roster = this.#roster;
    const readers = this.#members.filter((node) => this.#rings.get(node)?.has(epoch));
    if (roster?.allows(entry.feed, entry.seq) !== true || readers.length === 0) return;
    for (const node of this.#members) {
      if (roster.members().get(node.key)?.history !== true || readers.includes(node)) continue;
      this.#faults.push(`${node.name} was let in with history and cannot read ${name}`);
    }
  }

  /**
   * A plain group is on no disk of somebody who never was a member, nor held an invite: from others that
   * join at the same moment a joiner may get the first roots of it. Where all members keep to the rules,
   * since what one passes on by other means cannot be held back.
   */
  #withMembersAlone(): void {
    const { nodes, ledger, hostiles } = this.#world;
    if (hostiles.some(({ node }) => ledger.wasMember(this.#group.id, node.key))) return;
    for (const { alive, key, name } of nodes) {
      const { id } = this.#group;
      if (ledger.wasMember(id, key) || ledger.wasJoining(id, key)) continue;
      const has = alive.store.feeds().some(({ feed }) => feed.group === this.#group.id);
      if (has) this.#faults.push(`${name} has a plain group that it never was in`);
    }
  }

  /** Every member shows what counts and what it can read: all of it, in one order, and alike. */
  async #sameTimeline(): Promise<void> {
    const shown = new Map<string, string>();
    const roster = this.#roster;
    const texts = [...this.#found.values()]
      .filter(
        ({ entry, content }) => content.type === 'text' && roster?.allows(entry.feed, entry.seq),
      )
      .sort((a, b) => compareTimeline(a.entry, b.entry));
    for (const node of this.#members) {
      const isReadable = ({ epoch }: Found): boolean =>
        epoch === undefined || this.#rings.get(node)?.has(epoch) === true;
      const expected = texts.filter(isReadable).map(({ entry }) => toHex(entry.id));
      const { conversation } = node.alive.chat;
      const { messages } = await conversation.newest({ group: this.#group.id }, textsMax);
      const ids = messages.map(({ id }) => id);
      for (const id of expected)
        if (!ids.includes(id)) this.#faults.push(`${node.name} lacks ${id}`);
      for (const id of ids) {
        if (!expected.includes(id))
          this.#faults.push(`${node.name} shows ${id}, which does not count`);
      }
      if (ids.length === expected.length && ids.join() !== expected.join()) {
        this.#faults.push(`${node.name} shows the texts in another order`);
      }
      const readable = [...this.#found]
        .filter(([, found]) => isReadable(found))
        .map(([name]) => name);
      const words = messages
        .map(({ id, text, edited, deleted, reactions }) =>
          [id.slice(0, 8), text, edited, deleted, JSON.stringify(reactions)].join(' '),
        )
        .join('\n');
      const same = shown.get(readable.join());
      if (same !== undefined && same !== words) {
        const other = words.split('\n').find((line, i) => line !== same.split('\n')[i]);
        this.#faults.push(`${node.name} shows another text: ${other ?? 'none'}`);
      }
      shown.set(readable.join(), words);
    }
  }
}

function hasSeen({ seen }: Sealing, { feed, seq }: Entry): boolean {
  return (seen.get(feedKey(feed)) ?? 0) >= seq;
}

function placeName({ feed, seq, index }: Entry): string {
  return `${feedKey(feed)}/${seq}/${index}`;
}

function readOf(entry: Entry): Read {
  const parsed = entry.object && parseObject(entry.object);
  const fields = parsed?.ok === true ? parsed.fields : undefined;
  return {
    entry,
    part: fields && parseEpochPart(fields),
    grant: fields && parseKeyGrant(fields),
  };
}

function foundOf(read: Read, keys: ReadonlyMap<EpochId, Uint8Array>): Found {
  const { entry } = read;
  const sealed = entry.object && parseSealed(entry.object);
  if (sealed === undefined) {
    return { ...read, epoch: undefined, content: parseContent(entry.object) };
  }
  const { epoch } = sealed;
  const key = keys.get(epoch);
  const { feed, seq, index } = entry;
  const fields =
    key &&
    openSealed(key, sealed, {
      ...{ group: groupIdBytes(feed.group), author: publicKeyBytes(feed.author) },
      ...{ head: feed.head, seq, index },
    });
  const content = fields && contentOfFields(fields);
  return { ...read, epoch, content: content ?? { type: 'unknown', kind: 'sealed' } };
}

async function ringOf(
  { alive, options: { identity } }: Member,
  group: GroupId,
): Promise<ReadonlyMap<EpochId, Uint8Array>> {
  return new KeyRing(identity, await alive.store.local(ringPrefix)).keysOf(group);
}

/** Those in its ring, and those that its identity opens in anything that anybody has. */
function keysOf(
  { options: { identity } }: Member,
  group: GroupId,
  ring: ReadonlyMap<EpochId, Uint8Array>,
  all: Iterable<Read>,
): ReadonlyMap<EpochId, Uint8Array> {
  const keys = new Map(ring);
  const bytes = groupIdBytes(group);
  for (const { entry, part, grant } of all) {
    const author: PublicKey = entry.feed.author;
    if (part !== undefined && !keys.has(part.id)) {
      const key = openEpochPart(part, bytes, author, identity);
      if (key !== undefined) keys.set(part.id, key);
    }
    if (grant === undefined || grant.to !== identity.publicKey) continue;
    for (const [id, key] of openKeyGrant(grant, bytes, author, identity) ?? []) keys.set(id, key);
  }
  return keys;
}
