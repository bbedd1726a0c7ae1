// The groups that this node is part of or carries, besides the room: found again from local rows,
// told of every arrival, and asked by the engine and the conversation what belongs to which.
import type { PlaceInTime } from '../../cxo/draft.ts';
import type { Entry } from '../../cxo/entry.ts';
import type { GroupId } from '../../cxo/ids.ts';
import { parseObject, type ObjectFields } from '../../cxo/object.ts';
import type { FeedId } from '../../cxo/root.ts';
import type { LocalChange, LocalRow, Position, Store } from '../../cxo/store.ts';
import type { Clock, Random } from '../../env.ts';
import type { Identity, PublicKey } from '../../identity.ts';
import { FreshSeals } from '../content/fresh-seals.ts';
import { Group, placeIn } from './group.ts';
import { groupRow, parseGroupRow, type GroupRow } from './group-row.ts';
import { labelOf, labelOfContent } from '../content/labels.ts';
import { groupLimits } from '../limits.ts';
import type { Contents } from '../content/contents.ts';
import { contentOfFields, parseContent, type Content } from '../content/message.ts';
import { parseOffer, type Offer } from './offer.ts';
import type { Genesis } from '../roster/genesis.ts';
import { GroupKeys } from '../sealing/group-keys.ts';
import { KeyRing } from '../sealing/key-ring.ts';
import { isSealed } from '../sealing/message-seal.ts';
import type { Sealer } from '../writing.ts';

export interface GroupBookOptions {
  readonly identity: Identity;
  readonly room: { readonly id: GroupId; isMember(key: PublicKey): boolean };
  /** As of the start: counts of what each group has. */
  readonly store: Pick<Store, 'feeds' | 'find'>;
  readonly clock: Pick<Clock, 'now'>;
  readonly random: Random;
  /** Local rows of the groups and of the key ring. */
  readonly rows: readonly LocalRow[];
  readonly ringRows: readonly LocalRow[];
  /** Whether this node is on its way into the group by an invite. */
  readonly isJoining: (group: GroupId) => boolean;
}

export interface GroupChanges {
  /** Groups that are new here, or whose members are others. */
  readonly members: boolean;
  /** Rows to write: keys and groups that have come. */
  readonly local: readonly LocalChange[];
  /** Whether keys have come, by which more can be read. */
  readonly unlocked: boolean;
}

export class GroupBook implements Contents {
  readonly #options: GroupBookOptions;
  readonly #groups = new Map<GroupId, Group>();
  readonly #ring: KeyRing;
  /** Objects that came to each group, for the age of its epoch. */
  readonly #objects = new Map<GroupId, number>();
  /** By the bytes of the object: what is asked before it is on disk is asked again when it arrives. */
  readonly #contents = new WeakMap<Uint8Array, Content>();
  readonly #fresh = new FreshSeals();
  /** Rows of keys that were learned before their objects were on disk, and the groups that they open. */
  readonly #owed: LocalChange[] = [];
  readonly #opened = new Set<Group>();
  readonly #counters = { 'groups-full': 0, 'offer-malformed': 0, 'sealed-invalid': 0 };

  constructor(options: GroupBookOptions) {
    this.#options = options;
    this.#ring = new KeyRing(options.identity, options.ringRows);
    for (const { feed, head, tail } of options.store.feeds()) {
      const above = tail === undefined ? 0 : tail.head.count - tail.countBefore;
      this.#count(feed.group, head.count + above);
    }
    for (const row of options.rows) {
      const parsed = parseGroupRow(row);
      if (parsed !== undefined) this.#add(parsed);
    }
  }

  get counters(): Readonly<Record<string, number>> {
    return { ...this.#counters, 'ring-damaged': this.#ring.damaged };
  }

  /** In the order in which they came. */
  groups(): Iterable<Group> {
    return this.#groups.values();
  }

  find(id: GroupId): Group | undefined {
    return this.#groups.get(id);
  }

  /** Takes up a group; the row is to be written. Of a known one, that it is wanted from now on. */
  take(
    genesis: Genesis,
    isWanted: boolean,
    called?: string,
  ): { group: Group; local: LocalChange[] } | undefined {
    const known = this.#groups.get(genesis.id);
    if (known !== undefined) {
      if (!isWanted || known.isWanted) return { group: known, local: [] };
      known.isWanted = true;
      known.called ??= called;
      return { group: known, local: [groupRow(known)] };
    }
    const carried = [...this.#groups.values()].filter(({ isShown }) => !isShown).length;
    const isFull = this.#groups.size >= groupLimits.groupsMax;
    if (isFull || (!isWanted && carried >= groupLimits.carriedMax)) {
      this.#counters['groups-full']++;
      return undefined;
    }
    const group = this.#add({ genesis, isWanted, called });
    return { group, local: [groupRow(group)] };
  }

  /** A join was given up. */
  unwant(group: Group): LocalChange {
    group.isWanted = false;
    return groupRow(group);
  }

  #add({ genesis, isWanted, called }: GroupRow): Group {
    const { identity, random, isJoining } = this.#options;
    const group: Group = new Group({
      ...{ genesis, isWanted, called, self: identity.publicKey },
      isJoining: () => isJoining(genesis.id),
      contentOf: (entry) => this.of(entry),
      keysOf: (roster) =>
        new GroupKeys({
          ...{ group: genesis.id, identity, random, ring: this.#ring },
          roster: {
            revision: () => roster.version,
            members: () => roster.members(),
            counts: (author, head, seq) => roster.allows({ group: genesis.id, author, head }, seq),
          },
        }),
    });
    this.#groups.set(genesis.id, group);
    return group;
  }

  /** To be told of everything that arrives, once: epochs wear out by what comes to their group. */
  arrived(entries: readonly Entry[]): void {
    for (const { feed } of entries) this.#count(feed.group, 1);
  }

  /** What entries of any group say for the groups themselves: rosters, keys, offers. */
  apply(entries: readonly Entry[]): GroupChanges {
    const local: LocalChange[] = this.#owed.splice(0);
    let [members, unlocked] = [false, this.#opened.size > 0];
    for (const group of this.#opened) group.keysChanged();
    this.#opened.clear();
    for (const [group, own] of byGroup(entries)) {
      const known = this.#groups.get(group);
      // Most are messages of the room, or of people: what binds groups together is rare.
      const isAny = own.some((entry) => this.of(entry).type === 'group');
      if (known !== undefined && isAny) {
        const undisputed = own.filter((entry) => !this.#isDisputed(entry));
        if (known.roster.apply(undisputed)) members = true;
        // Also what does not count any more: others may have sealed with it before they knew.
        const learned = known.keys?.apply(own);
        if (learned?.keys === true) {
          unlocked = true;
          known.keysChanged();
        }
        local.push(...(learned?.local ?? []));
      }
      for (const entry of own) {
        if (this.#isOffer(entry) && this.#takeOffer(entry, local)) members = true;
      }
    }
    return { members, local, unlocked };
  }

  #isOffer(entry: Entry): boolean {
    const content = this.of(entry);
    return content.type === 'group' && content.kind === 'offer';
  }

  #takeOffer(entry: Entry, local: LocalChange[]): boolean {
    const { feed, seq, object } = entry;
    const { room, identity } = this.#options;
    const isRoom = feed.group === room.id;
    const isOfMember = isRoom
      ? room.isMember(feed.author)
      : this.#groups.get(feed.group)?.allows(feed, seq) === true;
    const fields = isOfMember && object !== undefined ? this.#fieldsOf(entry) : undefined;
    if (fields?.['kind'] !== 'offer') return false;
    const offer = parseOffer(fields);
    if (offer === undefined) {
      this.#counters['offer-malformed']++;
      return false;
    }
    if (!isFor(offer, identity.publicKey) || (offer.to === undefined && !isRoom)) return false;
    const isNew = !this.#groups.has(offer.genesis.id);
    const isOwn = isDirectWith(offer.genesis, identity.publicKey);
    const taken = this.take(offer.genesis, isOwn || offer.to !== undefined);
    if (taken === undefined) return false;
    local.push(...taken.local);
    const isNews = isNew || (offer.to === undefined && !taken.group.isOffered);
    if (offer.to === undefined) taken.group.isOffered = true;
    return isNews;
  }

  #fieldsOf(entry: Entry): Parameters<typeof parseOffer>[0] | undefined {
    const { object, feed } = entry;
    const parsed = object && parseObject(object);
    if (parsed?.ok !== true) return undefined;
    if (parsed.fields.kind !== 'sealed' || object === undefined) return parsed.fields;
    const opened = this.#groups.get(feed.group)?.keys?.open(object, placeIn(entry));
    return opened?.state === 'open' ? opened.fields : undefined;
  }

  /** What an entry says: where it is sealed, what was sealed. */
  of(entry: Entry): Content {
    return entry.object === undefined ? erased : this.#contentAt(entry.object, entry);
  }

  #contentAt(object: Uint8Array, place: Position): Content {
    const known = this.#contents.get(object);
    if (known !== undefined) return known;
    const content = this.#fresh.take(place, object) ?? this.#parse(object, place);
    // A key may come later.
    if (content.type !== 'locked') this.#contents.set(object, content);
    return content;
  }

  #parse(object: Uint8Array, place: Position): Content {
    // What is sealed is told by its form, rather than decoded for it.
    if (!isSealed(object)) {
      const content = parseContent(object);
      if (content.type !== 'group' || content.kind !== 'sealed') return content;
    }
    const keys = this.#groups.get(place.feed.group)?.keys;
    const opened = keys?.open(object, placeIn(place)) ?? { state: 'locked' };
    if (opened.state === 'locked') return { type: 'locked' };
    if (opened.state === 'invalid') {
      this.#counters['sealed-invalid']++;
      return { type: 'unknown', kind: 'sealed' };
    }
    return contentIn(opened.fields);
  }

  /**
   * The label under which the store finds an object again. Of what is sealed, that of what it says:
   * only who can read it keeps that, on its own disk.
   */
  labelOf(kind: string, object: Uint8Array, place: PlaceInTime): string | undefined {
    const group = this.#groups.get(place.feed.group);
    if (kind === 'epoch' || kind === 'keys') {
      // What comes in the same commit can be read by it.
      const learned = group?.keys?.apply([entryAt(place, object)]);
      this.#owed.push(...(learned?.local ?? []));
      if (group !== undefined && learned?.keys === true) this.#opened.add(group);
      return kind;
    }
    if (kind !== 'sealed') return labelOf(kind, object);
    return labelOfContent(this.#contentAt(object, place));
  }

  /** Of an encrypted group. */
  sealerOf(id: GroupId): Sealer | undefined {
    const keys = this.#groups.get(id)?.keys;
    if (keys === undefined) return undefined;
    const moment = () => ({
      now: this.#options.clock.now(),
      objects: this.#objects.get(id) ?? 0,
    });
    return {
      prepare: () => {
        const ticket = keys.prepare(moment());
        return {
          ...{ objects: ticket.objects, local: ticket.local, mayStand: ticket.mayStand },
          seal: (fields, place) => {
            const object = ticket.seal(fields, placeIn(place), moment());
            this.#fresh.put(place, object, contentIn(fields));
            return object;
          },
        };
      },
    };
  }

  /** Of two branches nobody can tell which the others have: neither says who is a member. */
  retract(feed: FeedId, seq: number): boolean {
    return this.#groups.get(feed.group)?.roster.retract(feed, seq) === true;
  }

  #isDisputed({ feed, seq }: Entry): boolean {
    const forkedAt = this.#options.store.find(feed)?.forkedAt;
    return forkedAt !== undefined && seq >= forkedAt;
  }

  /** Whether what stands there counts: an author who was removed counts up to its removal. */
  allows({ feed, seq }: Pick<Entry, 'feed' | 'seq'>): boolean {
    return this.#groups.get(feed.group)?.allows(feed, seq) ?? true;
  }

  #count(group: GroupId, objects: number): void {
    this.#objects.set(group, (this.#objects.get(group) ?? 0) + objects);
  }
}

/** What sealed fields say. */
function contentIn(fields: ObjectFields): Content {
  return contentOfFields(fields) ?? { type: 'unknown', kind: fields.kind };
}

function byGroup(entries: readonly Entry[]): Map<GroupId, Entry[]> {
  const groups = new Map<GroupId, Entry[]>();
  for (const entry of entries) {
    const own = groups.get(entry.feed.group);
    if (own === undefined) groups.set(entry.feed.group, [entry]);
    else own.push(entry);
  }
  return groups;
}

function isFor({ to }: Offer, key: PublicKey): boolean {
  return to === undefined || to.includes(key);
}

function isDirectWith(genesis: Genesis, key: PublicKey): boolean {
  return genesis.kind === 'direct' && genesis.members.includes(key);
}

const erased: Content = Object.freeze({ type: 'erased' });

/** Keys do not ask under which number or id they came. */
function entryAt(place: PlaceInTime, object: Uint8Array): Entry {
  const id = new Uint8Array() as Entry['id'];
  const objectId = new Uint8Array() as Entry['objectId'];
  return { ...place, arrival: 0, id, objectId, object };
}
