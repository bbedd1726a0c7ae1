// Who belongs to the room: the closure from this node's own key, over the keys that its operator
// configured and the keys that members vouch for. Knows nothing of links or names.
import type { Entry } from '../../cxo/archive.ts';
import type { GroupId } from '../../cxo/ids.ts';
import { SkychatError } from '../../errors.ts';
import type { PublicKey } from '../../identity.ts';
import { contentLimits, membershipLimits } from '../limits.ts';
import { parseContent } from '../content/message.ts';
import { comparePlaces, placeOf, type Place } from '../timeline/place.ts';

export interface MembershipOptions {
  readonly group: GroupId;
  readonly self: PublicKey;
  /** What the operator configured on this node: peers and allowed keys. */
  readonly configured: Iterable<PublicKey>;
  /** For tests of the bounds. */
  readonly limits?: { readonly membersMax: number; readonly keysMax: number };
}

export interface MembershipCounters {
  /** Vouches with more keys than one may have: as if they had not been signed. */
  readonly 'vouch-too-large': number;
  /** Vouches for which there was no room in memory: the author's earlier one stands. */
  readonly 'vouches-full': number;
  /** Keys that are vouched for and are no members, because the room is full. */
  readonly 'members-full': number;
}

interface Vouch {
  readonly place: Place;
  readonly keys: ReadonlySet<PublicKey>;
}

/**
 * Members are a function of the own key, the configured keys and the latest vouch of each author:
 * in whatever order the vouches come, the members are the same.
 */
export class Membership {
  readonly #group: GroupId;
  readonly #self: PublicKey;
  readonly #limits: { readonly membersMax: number; readonly keysMax: number };
  readonly #vouches = new Map<PublicKey, Vouch>();
  readonly #listeners = new Set<() => void>();
  readonly #counters = { 'vouch-too-large': 0, 'vouches-full': 0, 'members-full': 0 };
  #configured: ReadonlySet<PublicKey>;
  #members: Set<PublicKey>;
  #sorted: readonly PublicKey[] | undefined;
  /** Keys of all vouches together. */
  #keys = 0;
  #version = 0;

  constructor(options: MembershipOptions) {
    this.#group = options.group;
    this.#self = options.self;
    this.#limits = options.limits ?? membershipLimits;
    this.#configured = this.#parseConfigured(options.configured);
    this.#members = this.#closure();
  }

  get counters(): MembershipCounters {
    return this.#counters;
  }

  get self(): PublicKey {
    return this.#self;
  }

  /** Grows whenever the members are others than before. */
  get version(): number {
    return this.#version;
  }

  get size(): number {
    return this.#members.size;
  }

  isMember(key: PublicKey): boolean {
    return this.#members.has(key);
  }

  /** This node's own key among them, in the order of the keys. */
  members(): readonly PublicKey[] {
    this.#sorted ??= [...this.#members].sort();
    return this.#sorted;
  }

  /** Calls back after each change of the set; returns how to stop. */
  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => {
      this.#listeners.delete(listener);
    };
  }

  /** @throws SkychatError `bad-config` for more keys than one vouch can name */
  setConfigured(keys: Iterable<PublicKey>): void {
    this.#configured = this.#parseConfigured(keys);
    this.#replaceMembers(this.#closure());
  }

  /** Takes the vouches among the entries into account; any of them again changes nothing. */
  apply(entries: Iterable<Entry>): void {
    const grown = new Set<PublicKey>();
    let isShrunk = false;
    for (const entry of entries) {
      if (entry.feed.group !== this.#group) continue;
      const content = parseContent(entry.object);
      if (content.type !== 'vouch') continue;
      const change = this.#replaceVouch(entry.feed.author, placeOf(entry), content.keys);
      if (change === undefined || !this.#isFollowed(entry.feed.author)) continue;
      isShrunk ||= !isSubset(change.earlier, change.keys);
      for (const key of change.keys) grown.add(key);
    }
    if (isShrunk || this.#members.size >= this.#limits.membersMax) {
      this.#replaceMembers(this.#closure());
    } else if (grown.size > 0) {
      this.#grow([...grown]);
    }
  }

  /** The keys to vouch for, where the latest own vouch says something else; undefined where not. */
  vouchNeeded(): readonly PublicKey[] | undefined {
    const published = this.#vouches.get(this.#self)?.keys ?? new Set();
    const wanted = this.#configured;
    if (published.size === wanted.size && isSubset(wanted, published)) return undefined;
    return [...wanted].sort();
  }

  /** Undefined where the vouch is refused or not the author's latest. */
  #replaceVouch(
    author: PublicKey,
    place: Place,
    named: readonly PublicKey[],
  ): { earlier: ReadonlySet<PublicKey>; keys: ReadonlySet<PublicKey> } | undefined {
    if (named.length > contentLimits.vouchKeysMax) {
      this.#counters['vouch-too-large']++;
      return undefined;
    }
    const earlier = this.#vouches.get(author);
    if (earlier !== undefined && comparePlaces(place, earlier.place) <= 0) return undefined;
    const keys = new Set(named);
    const kept = this.#keys - (earlier?.keys.size ?? 0) + keys.size;
    if (kept > this.#limits.keysMax) {
      this.#counters['vouches-full']++;
      return undefined;
    }
    this.#keys = kept;
    this.#vouches.set(author, { place, keys });
    return { earlier: earlier?.keys ?? new Set(), keys };
  }

  /** Own vouches are for the others: here the configuration itself counts, at once. */
  #isFollowed(author: PublicKey): boolean {
    return author !== this.#self && this.#members.has(author);
  }

  /** Most vouches name more than the ones before them: then nobody leaves. */
  #grow(keys: readonly PublicKey[]): void {
    const before = this.#members.size;
    if (!this.#extend(this.#members, keys)) this.#members = this.#closure();
    if (this.#members.size !== before) this.#changed();
  }

  /** From scratch, nearest first and then in the order of the keys, so that a full room is stable. */
  #closure(): Set<PublicKey> {
    const members = new Set([this.#self]);
    this.#counters['members-full'] = 0;
    this.#extend(members, [...this.#configured]);
    return members;
  }

  /** Adds keys and all that they vouch for; false where the room was full before the end. */
  #extend(members: Set<PublicKey>, keys: readonly PublicKey[]): boolean {
    let level: readonly PublicKey[] = keys;
    while (level.length > 0) {
      const fresh = level.filter((key) => !members.has(key)).sort();
      const next = new Set<PublicKey>();
      for (const [i, key] of fresh.entries()) {
        if (members.size >= this.#limits.membersMax) {
          this.#counters['members-full'] = fresh.length - i;
          return false;
        }
        members.add(key);
        for (const vouched of this.#vouches.get(key)?.keys ?? []) {
          if (!members.has(vouched)) next.add(vouched);
        }
      }
      level = [...next];
    }
    return true;
  }

  #replaceMembers(members: Set<PublicKey>): void {
    const isSame = members.size === this.#members.size && isSubset(members, this.#members);
    this.#members = members;
    if (!isSame) this.#changed();
  }

  #changed(): void {
    this.#version++;
    this.#sorted = undefined;
    for (const listener of [...this.#listeners]) listener();
  }

  #parseConfigured(keys: Iterable<PublicKey>): ReadonlySet<PublicKey> {
    const parsed = new Set(keys);
    parsed.delete(this.#self);
    if (parsed.size > contentLimits.vouchKeysMax) {
      throw new SkychatError('bad-config', `more than ${contentLimits.vouchKeysMax} keys`, {
        hint: 'Configure some of the keys on another member: its vouch counts here as well.',
      });
    }
    return parsed;
  }
}

function isSubset(some: ReadonlySet<PublicKey>, all: ReadonlySet<PublicKey>): boolean {
  for (const key of some) if (!all.has(key)) return false;
  return true;
}
