// Who belongs to a group, as what, and how far what each of them wrote counts: a function of the
// group's genesis and of the set of roster operations. Knows nothing of links, clocks or contents.
import { toHex } from '../../bytes.ts';
import type { Entry } from '../../cxo/archive.ts';
import type { FeedId } from '../../cxo/root.ts';
import type { TimelinePosition } from '../../cxo/timeline-page.ts';
import type { ErrorCode } from '../../errors.ts';
import type { PublicKey } from '../../identity.ts';
import { verifyJoinProof } from '../groups/invite.ts';
import { compareActs, type Act } from './act.ts';
import { ActLog } from './act-log.ts';
import type { Admission, InviteRecord } from './admissions.ts';
import { checkChange } from './check.ts';
import { Fold } from './fold.ts';
import type { Genesis } from './genesis.ts';
import type { RosterChange, RosterOperation } from './operation.ts';
import type { Person } from './person.ts';
import { buildSeenOf, type HeadsOf } from './seen-now.ts';

export type Role = 'founder' | 'admin' | 'member';

export interface RosterMember {
  readonly role: Role;
  /** When it was let in, microseconds; null where the genesis did. */
  readonly since: number | null;
  /** Whether it is to read what was said before it came. */
  readonly history: boolean;
  /** Among the admins, the founder being 0: who is lower is the senior. Null for the others. */
  readonly rank: number | null;
}

export interface RosterInvite {
  /** 32 bytes. */
  readonly id: Uint8Array;
  readonly by: PublicKey;
  readonly expires: number | null;
  readonly uses: number | null;
  /** Keys that it let in. */
  readonly used: number;
  readonly history: boolean;
  /** Whether it has expired is for who knows the time. */
  readonly state: 'open' | 'revoked' | 'used';
  readonly place: TimelinePosition;
}

export interface RosterDescription {
  readonly entry: Entry;
  readonly operation: Extract<RosterOperation, { readonly op: 'describe' }>;
}

export class Roster {
  readonly genesis: Genesis;
  readonly #log: ActLog;
  readonly #verdicts = new WeakMap<Entry, boolean>();
  readonly #listeners = new Set<() => void>();
  readonly #isProved = (act: Admission) => this.#verify(act);
  #version = 0;
  #fold: Fold;
  #members: Map<PublicKey, RosterMember>;

  constructor(genesis: Genesis) {
    this.genesis = genesis;
    this.#log = new ActLog(genesis.id);
    this.#fold = this.#foldAll();
    this.#members = membersOf(genesis, this.#fold);
  }

  /** Grows with each change. */
  get version(): number {
    return this.#version;
  }

  /**
   * Takes the operations among the entries into account, in any order and any of them again; those of
   * other groups and kinds count for nothing. Whether anything was new.
   */
  apply(entries: Iterable<Entry>): boolean {
    if (this.genesis.kind === 'direct') return false;
    const fresh: Act[] = [];
    let isAppended = true;
    for (const entry of entries) {
      const added = this.#log.add(entry);
      if (added === undefined) continue;
      fresh.push(added.act);
      isAppended &&= added.replaced === undefined;
    }
    if (fresh.length === 0) return false;
    if (isAppended && fresh.length <= extendMax) this.#extend(fresh);
    else this.#refold();
    return true;
  }

  /** Takes back what stands in a feed from the seq on: another branch of it was found. */
  retract(feed: FeedId, seq: number): boolean {
    if (!this.#log.drop(feed, seq)) return false;
    this.#refold();
    return true;
  }

  /** Calls back after each change; returns how to stop. */
  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => {
      this.#listeners.delete(listener);
    };
  }

  members(): ReadonlyMap<PublicKey, RosterMember> {
    return this.#members;
  }

  isMember(key: PublicKey): boolean {
    return this.#members.has(key);
  }

  roleOf(key: PublicKey): Role | undefined {
    return this.#members.get(key)?.role;
  }

  /** Everybody who ever was an admin, by seniority, the founder first. */
  admins(): readonly PublicKey[] {
    return [...this.#fold.admins];
  }

  /** Whether the key spoke as an admin at that place, which is in a feed of its own. */
  isAdminAt(key: PublicKey, place: TimelinePosition): boolean {
    if (place.feed.author !== key || place.feed.group !== this.genesis.id) return false;
    const stints = this.#fold.people.get(key)?.stints ?? [];
    return stints.some((stint) => stint.covers(place));
  }

  /** Whether what stands there counts. */
  allows(feed: FeedId, seq: number): boolean {
    return seq <= this.#reachOf(feed);
  }

  /** Whether any of the feed counts. */
  accepts(feed: FeedId): boolean {
    return this.#reachOf(feed) > 0;
  }

  /** Seq of the last root of the feed that counts, 0 for none; undefined where there is no limit. */
  limitOf(feed: FeedId): number | undefined {
    const reach = this.#reachOf(feed);
    return reach === Infinity ? undefined : reach;
  }

  /** The first head from `from` on under which the key can write without limit; 0 for no member. */
  headMin(key: PublicKey, from = 0): number {
    const person = this.#fold.people.get(key);
    if (person?.isMember !== true) return from;
    let head = from;
    while (person.reachOf(head) < Infinity) head++;
    return head;
  }

  /** By the invite's public key in hexadecimal. */
  invites(): ReadonlyMap<string, RosterInvite> {
    const invites = new Map<string, RosterInvite>();
    for (const [id, record] of this.#fold.invites.records) {
      const invite = inviteOf(record);
      if (invite !== undefined) invites.set(id, invite);
    }
    return invites;
  }

  findInvite(id: Uint8Array): RosterInvite | undefined {
    const record = this.#fold.invites.records.get(toHex(id));
    return record && inviteOf(record);
  }

  /** Operations that would have let the key in, had their authors had a say. */
  voidGrantsOf(key: PublicKey): readonly Entry[] {
    return this.#fold.voidGrantsOf(key).map(({ entry }) => entry);
  }

  /** All operations that concern an invite. */
  inviteRecord(id: Uint8Array): InviteRecord | undefined {
    return this.#fold.invites.records.get(toHex(id));
  }

  /** Names and topics in timeline order: the last of each counts. */
  describes(): readonly RosterDescription[] {
    return this.#fold.descriptions as readonly RosterDescription[];
  }

  /** How long bodies are kept, as the last word has it. */
  retention(): { readonly age_s: number | null; readonly bytes: number | null } | undefined {
    const last = this.#fold.retentions.at(-1)?.operation;
    return last?.op === 'retain' ? { age_s: last.age_s, bytes: last.bytes } : undefined;
  }

  /** Who removed the key, where it was removed and is not in again, nor has left since. */
  removedBy(key: PublicKey): PublicKey | undefined {
    if (this.#members.has(key)) return undefined;
    const person = this.#fold.people.get(key);
    const hasLeft = person?.tenures.some(({ against }) => against.length === 0) === true;
    if (hasLeft) return undefined;
    return person?.ends.findLast(({ isRemoval }) => isRemoval)?.act.author;
  }

  /**
   * What a new operation of the author has seen.
   * @param headsOf every feed of a key that is on this disk, and its last seq
   * @param subject the key that the operation is about: a removal cuts where this says
   */
  seenNow(headsOf: HeadsOf, author: PublicKey, subject?: PublicKey): Uint8Array {
    return buildSeenOf(this.#fold, headsOf, author, subject);
  }

  /**
   * Why the change is none that the author can make now; undefined where it can.
   * @param now microseconds
   */
  check(change: RosterChange, author: PublicKey, now: number): ErrorCode | undefined {
    return checkChange(this.genesis, this.#fold, change, author, now);
  }

  /** All that is known of a key: what granted and what ended its part in the group. */
  personOf(key: PublicKey): Person | undefined {
    return this.#fold.people.get(key);
  }

  #reachOf(feed: FeedId): number {
    if (feed.group !== this.genesis.id) return 0;
    return this.#fold.people.get(feed.author)?.reachOf(feed.head) ?? 0;
  }

  #extend(fresh: readonly Act[]): void {
    const changed = new Set<PublicKey>();
    const admins = ranksOf(this.#fold);
    for (const act of fresh.toSorted(compareActs)) {
      const keys = this.#fold.extend(act);
      if (keys === undefined) {
        this.#refold();
        return;
      }
      for (const key of keys) changed.add(key);
    }
    const ranks = ranksOf(this.#fold);
    if (ranks.size !== admins.size) for (const key of this.#fold.admins) changed.add(key);
    for (const key of changed) {
      const person = this.#fold.people.get(key);
      const member = person && memberOf(this.genesis, person, ranks.get(key));
      if (member === undefined) this.#members.delete(key);
      else this.#members.set(key, member);
    }
    this.#changed();
  }

  #refold(): void {
    this.#fold = this.#foldAll();
    this.#members = membersOf(this.genesis, this.#fold);
    this.#changed();
  }

  #changed(): void {
    this.#version++;
    for (const listener of [...this.#listeners]) listener();
  }

  #foldAll(): Fold {
    return new Fold(this.genesis, this.#log, this.#isProved);
  }

  #verify(act: Admission): boolean {
    const known = this.#verdicts.get(act.entry);
    if (known !== undefined) return known;
    const { invite, key, signature } = act.operation;
    const id = toHex(invite) as PublicKey;
    const verdict = verifyJoinProof(id, this.genesis.id, key, signature);
    this.#verdicts.set(act.entry, verdict);
    return verdict;
  }
}

/** More at once are folded anew with all others: one fold costs as much as this many by themselves. */
const extendMax = 256;

/** Of those who are admins now. */
function ranksOf(fold: Fold): ReadonlyMap<PublicKey, number> {
  const ranks = new Map<PublicKey, number>();
  for (const key of fold.admins) {
    if (fold.people.get(key)?.stint !== undefined) ranks.set(key, ranks.size);
  }
  return ranks;
}

function membersOf(genesis: Genesis, fold: Fold): Map<PublicKey, RosterMember> {
  const members = new Map<PublicKey, RosterMember>();
  const ranks = ranksOf(fold);
  for (const person of fold.people.values()) {
    const member = memberOf(genesis, person, ranks.get(person.key));
    if (member !== undefined) members.set(person.key, member);
  }
  return members;
}

function memberOf(
  genesis: Genesis,
  person: Person,
  rank: number | undefined,
): RosterMember | undefined {
  let since: number | null | undefined;
  let history = false;
  for (const [i, tenure] of person.tenures.entries()) {
    if (tenure.isEnded) continue;
    const time = tenure.grant?.entry.time ?? null;
    since = since === undefined || time === null ? time : Math.min(since ?? time, time);
    history ||= person.grants[i]?.history === true;
  }
  if (since === undefined) return undefined;
  if (genesis.kind === 'direct') return { role: 'member', since, history, rank: null };
  const role = person.isFounder ? 'founder' : rank === undefined ? 'member' : 'admin';
  return { role, since, history, rank: rank ?? null };
}

function inviteOf({ opened, revoked, used }: InviteRecord): RosterInvite | undefined {
  const [first] = opened;
  if (first === undefined) return undefined;
  const { act, terms } = first;
  const isUsedUp = used.size >= (terms.uses ?? Infinity);
  return {
    id: terms.invite,
    by: act.author,
    expires: terms.expires,
    uses: terms.uses,
    used: used.size,
    history: terms.history,
    state: revoked !== undefined ? 'revoked' : isUsedUp ? 'used' : 'open',
    place: act.entry,
  };
}
