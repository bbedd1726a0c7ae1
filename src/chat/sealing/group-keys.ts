// The keys of one encrypted group: learns them from `epoch` and `keys` objects, says what a member
// has to append before it can seal, seals for a place and opens. Pure, synchronous; the roster says
// who is a member, the key ring keeps the keys.
import { keyBytes } from '../../aead.ts';
import type { Entry } from '../../cxo/entry.ts';
import { groupIdBytes, type GroupId } from '../../cxo/ids.ts';
import { parseObject, type ObjectFields } from '../../cxo/object.ts';
import type { LocalChange } from '../../cxo/store.ts';
import { equal } from '../../bytes.ts';
import type { Random } from '../../env.ts';
import { SkychatError } from '../../errors.ts';
import { publicKeyBytes, type Identity, type PublicKey } from '../../identity.ts';
import { sealingLimits } from '../limits.ts';
import type { Place } from '../timeline/place.ts';
import { epochIdOf, type EpochId } from './epoch-id.ts';
import { EpochRecords, type EpochRecord } from './epoch-records.ts';
import {
  buildEpoch,
  buildKeyGrant,
  openEpochPart,
  openKeyGrant,
  parseEpochPart,
  parseKeyGrant,
  type EpochPart,
  type KeyGrant,
} from './epoch.ts';
import { KeyGrants } from './key-grants.ts';
import type { KeyRing } from './key-ring.ts';
import { openSealed, parseSealed, sealObject, type SealedPlace } from './message-seal.ts';
import { dropUnmeant, isMeant, type PendingGrant } from './pending-grant.ts';
import { findReaders, isPending, type Readers, type SealingRoster } from './readers.ts';

export type { SealingRoster };

export interface GroupKeysOptions {
  readonly group: GroupId;
  readonly identity: Identity;
  readonly roster: SealingRoster;
  readonly random: Random;
  readonly ring: KeyRing;
}

export interface AuthorPlace extends Place {
  readonly author: PublicKey;
}

/** When something is sealed: an epoch wears out by time and by what came to the group. */
export interface SealingMoment {
  /** Microseconds. */
  readonly now: number;
  /** In the whole group, of all authors. */
  readonly objects: number;
}

export type Opened =
  | { readonly state: 'open'; readonly fields: ObjectFields }
  /** The key is not here (yet). */
  | { readonly state: 'locked'; readonly epoch: EpochId }
  /** Altered, or sealed for another place: nobody can ever open it here. */
  | { readonly state: 'invalid' };

/** What one append needs that seals objects. */
export interface SealingTicket {
  /** Objects to append directly before, in this order, in the same append or an earlier one. */
  readonly objects: readonly Uint8Array[];
  /** Rows of the key ring to write, at the latest with the objects. */
  readonly local: readonly LocalChange[];
  /**
   * Whether one of the objects is still right for the members, to be asked as it gets its place: keys
   * for somebody whose removal was seen meanwhile are not. If not, ask for another ticket.
   */
  readonly mayStand: (object: Uint8Array) => boolean;
  /**
   * The bytes of a `sealed` object for the place, with the epoch that is right at that moment.
   * @throws SkychatError `no-key` where there is none: ask for another ticket
   */
  seal(fields: ObjectFields, place: AuthorPlace, moment: SealingMoment): Uint8Array;
}

interface Carried {
  readonly epoch: EpochId | undefined;
  readonly grants: ReadonlyMap<PublicKey, PendingGrant>;
}

interface PendingEpoch {
  readonly id: EpochId;
  readonly objects: readonly Uint8Array[];
  /** Of the key ring: written with the objects, whichever ticket it is that they go with. */
  readonly row: LocalChange;
}

const nothingCarried: Carried = { epoch: undefined, grants: new Map() };

export class GroupKeys {
  readonly #options: GroupKeysOptions;
  readonly #own: PublicKey;
  readonly #groupBytes: Uint8Array;
  readonly #records = new EpochRecords();
  readonly #grants = new KeyGrants();
  /** Of the keys that are held: when their epoch began, and who brought it. */
  readonly #origins = new Map<EpochId, { readonly time: number; readonly issuer: PublicKey }>();
  readonly #keysOfIssuer = new Map<PublicKey, number>();
  #keysRefused = 0;
  /** Built here and not seen in the own feed yet. */
  #pendingEpoch: PendingEpoch | undefined;
  readonly #pendingGrants = new Map<PublicKey, PendingGrant>();
  #version = 0;
  #readers:
    { readonly version: number; readonly revision: number; readonly of: Readers } | undefined;

  constructor(options: GroupKeysOptions) {
    this.#options = options;
    this.#own = options.identity.publicKey;
    this.#groupBytes = groupIdBytes(options.group);
  }

  /** Epochs whose objects can be opened here. */
  get keyCount(): number {
    return this.#held().size;
  }

  /** Keys beyond the bounds, which were not kept. */
  get keysRefused(): number {
    return this.#keysRefused;
  }

  /**
   * Takes entries of kinds `epoch` and `keys`, in any order and any number of times; others are
   * passed over. Entries have to be visible here: one whose time has not come is not known yet.
   */
  apply(entries: Iterable<Entry>): { readonly keys: boolean; readonly local: LocalChange[] } {
    const local: LocalChange[] = [];
    for (const entry of entries) {
      if (entry.object === undefined || entry.feed.group !== this.#options.group) continue;
      const parsed = parseObject(entry.object);
      if (!parsed.ok) continue;
      const part = parseEpochPart(parsed.fields);
      if (part !== undefined) this.#applyPart(entry, part, local);
      const grant = parseKeyGrant(parsed.fields);
      if (grant !== undefined) this.#applyGrant(entry, grant, local);
    }
    return { keys: local.length > 0, local };
  }

  #applyPart({ feed, seq, time }: Entry, part: EpochPart, local: LocalChange[]): void {
    const place = { head: feed.head, seq };
    if (this.#records.add(feed.author, part, time, place)) this.#version++;
    if (part.id === this.#pendingEpoch?.id && feed.author === this.#own) {
      const record = this.#records.find(part.id);
      if (record?.places.includes(undefined) === false) this.#pendingEpoch = undefined;
    }
    if (this.#held().has(part.id)) {
      this.#note(part.id, feed.author, time);
      return;
    }
    const key = openEpochPart(part, this.#groupBytes, feed.author, this.#options.identity);
    if (key !== undefined) this.#learn(key, feed.author, time, local);
  }

  #applyGrant({ feed, seq, time, object }: Entry, grant: KeyGrant, local: LocalChange[]): void {
    const issuer = feed.author;
    // Said by somebody who had no say it covers nothing; that somebody has the keys it may still mean.
    const counts = this.#options.roster.counts(issuer, feed.head, seq);
    const place = { head: feed.head, seq, time };
    this.#grants.add(issuer, place, counts ? grant : { ...grant, epochs: [] }, this.#own);
    this.#grants.prune((key) => this.#options.roster.members().has(key));
    this.#version++;
    const pending = this.#pendingGrants.get(grant.to);
    if (issuer === this.#own && pending !== undefined && object !== undefined) {
      if (equal(pending.object, object)) this.#pendingGrants.delete(grant.to);
    }
    if (grant.to !== this.#own) return;
    if (grant.epochs.every((id) => this.#held().has(id))) return;
    const keys = openKeyGrant(grant, this.#groupBytes, issuer, this.#options.identity);
    for (const [id, key] of keys ?? []) {
      if (!this.#held().has(id)) this.#learn(key, issuer, undefined, local);
    }
  }

  #learn(key: Uint8Array, issuer: PublicKey, time: number | undefined, local: LocalChange[]): void {
    const { keysMax, keysOfIssuerMax } = sealingLimits;
    const fromIssuer = this.#keysOfIssuer.get(issuer) ?? 0;
    if (fromIssuer >= keysOfIssuerMax || this.#held().size >= keysMax) {
      this.#keysRefused++;
      return;
    }
    local.push(this.#options.ring.add(this.#options.group, key));
    this.#note(epochIdOf(this.#groupBytes, key), issuer, time ?? 0);
    this.#version++;
  }

  #note(id: EpochId, issuer: PublicKey, time: number): void {
    const known = this.#origins.get(id);
    this.#origins.set(id, {
      time: Math.max(time, known?.time ?? 0),
      issuer: known?.issuer ?? issuer,
    });
    if (known === undefined) {
      this.#keysOfIssuer.set(issuer, (this.#keysOfIssuer.get(issuer) ?? 0) + 1);
    }
  }

  /**
   * What to append before an object that is sealed now, and the function that seals it. The same
   * objects come with each ticket until `apply` has seen them, so that none depends on another's
   * success; wait for the first append of new ones to keep them from being written twice.
   */
  prepare(moment: SealingMoment): SealingTicket {
    const local: LocalChange[] = [];
    const readers = this.#currentReaders();
    const members = this.#options.roster.members();
    if (!members.has(this.#own)) return this.#ticket([], local, nothingCarried);
    dropUnmeant(this.#pendingGrants, members);
    const carried = { epoch: this.#pendingEpoch?.id, grants: this.#pendingGrants };
    const chosen = choose(readers, moment, carried)?.record;
    const wanted = this.#wantedGrants(readers, moment, chosen);
    const epoch = this.#epochFor(chosen, wanted.repaired, readers, moment);
    if (epoch !== undefined) local.push(epoch.row);
    const grants = new Map<PublicKey, PendingGrant>();
    const current = chosen ?? wanted.repaired;
    for (const to of wanted.to) grants.set(to, this.#grantFor(to, readers, current, moment));
    const objects = [
      ...(epoch?.objects ?? []),
      ...[...grants.values()].map(({ object }) => object),
    ];
    return this.#ticket(objects, local, { epoch: epoch?.id, grants });
  }

  /** To whom keys go along, and whether that makes an epoch usable that is not yet. */
  #wantedGrants(
    readers: Readers,
    moment: SealingMoment,
    chosen: EpochRecord | undefined,
  ): { readonly to: readonly PublicKey[]; readonly repaired: EpochRecord | undefined } {
    const best = readers.candidates.find(
      ({ record }) => isFresh(record, moment) && (chosen === undefined || record === chosen),
    );
    const { grantsAtOnceMax, grantsPerIntervalMax } = sealingLimits;
    const to = new Set<PublicKey>(best?.missing);
    for (const key of readers.lacking.keys()) {
      if (to.size >= grantsAtOnceMax) break;
      if (this.#givenOfLate(key, moment) < grantsPerIntervalMax) to.add(key);
    }
    for (const key of readers.owed.keys()) {
      if (to.size >= grantsAtOnceMax) break;
      to.add(key);
    }
    return { to: [...to], repaired: chosen === undefined ? best?.record : undefined };
  }

  #epochFor(
    chosen: EpochRecord | undefined,
    repaired: EpochRecord | undefined,
    readers: Readers,
    moment: SealingMoment,
  ): PendingEpoch | undefined {
    const current = chosen ?? repaired;
    if (current === undefined) return this.#rotate(readers, moment);
    if (current.id === this.#pendingEpoch?.id) return this.#pendingEpoch;
    return undefined;
  }

  #rotate(readers: Readers, moment: SealingMoment): PendingEpoch {
    const { group, random, ring } = this.#options;
    if (this.#pendingEpoch !== undefined) this.#records.remove(this.#own, this.#pendingEpoch.id);
    const epochKey = random.bytes(keyBytes);
    const id = epochIdOf(this.#groupBytes, epochKey);
    const objects = buildEpoch(
      {
        ...{ group: this.#groupBytes, issuer: this.#own, epochKey },
        generation: Math.min(readers.generation, sealingLimits.generationMax),
        ...{ base: moment.objects, recipients: readers.members },
      },
      random,
    );
    for (const object of objects) {
      const parsed = parseObject(object);
      const part = parsed.ok ? parseEpochPart(parsed.fields) : undefined;
      if (part === undefined) throw new Error('an own epoch does not parse');
      this.#records.add(this.#own, part, moment.now, undefined);
    }
    const row = ring.add(group, epochKey);
    this.#note(id, this.#own, moment.now);
    this.#version++;
    this.#pendingEpoch = { id, objects, row };
    return this.#pendingEpoch;
  }

  /** Grants by this node. */
  #givenOfLate(to: PublicKey, { now }: SealingMoment): number {
    return this.#grants.ownSince(to, now - sealingLimits.grantIntervalUs);
  }

  /**
   * For a member with history all keys that are held, since what it has is not always known; a moment
   * later only what it is known to lack. For any other no more than what was meant for it.
   */
  #grantFor(
    to: PublicKey,
    { owed, lacking, candidates }: Readers,
    current: EpochRecord | undefined,
    moment: SealingMoment,
  ): PendingGrant {
    const pending = this.#pendingGrants.get(to);
    const isWithHistory = this.#options.roster.members().get(to)?.history === true;
    const isAll = isWithHistory && this.#givenOfLate(to, moment) === 0;
    const wanted = new Set(owed.get(to));
    if (isWithHistory) for (const id of lacking.get(to) ?? []) wanted.add(id);
    const missing = candidates.find(({ record }) => record === current)?.missing;
    if (current !== undefined && missing?.includes(to) === true) wanted.add(current.id);
    const given = [...this.#held()].filter(([id]) => isAll || wanted.has(id));
    const latest = given.slice(-sealingLimits.keysOfGrantMax);
    if (pending !== undefined && latest.every(([id]) => pending.keys.has(id))) return pending;
    const keys = new Map(latest);
    const { random } = this.#options;
    const grant = { group: this.#groupBytes, issuer: this.#own, to, keys };
    const built = { object: buildKeyGrant(grant, random), keys, isWithHistory };
    this.#pendingGrants.set(to, built);
    return built;
  }

  /** The epoch that is right at the moment for objects that carry nothing with them. */
  sealingEpoch(moment: SealingMoment): EpochRecord | undefined {
    return choose(this.#currentReaders(), moment, nothingCarried)?.record;
  }

  #ticket(
    objects: readonly Uint8Array[],
    local: readonly LocalChange[],
    carried: Carried,
  ): SealingTicket {
    const seal = (fields: ObjectFields, place: AuthorPlace, moment: SealingMoment): Uint8Array => {
      const id = choose(this.#currentReaders(), moment, carried)?.record.id;
      const key = id === undefined ? undefined : this.#held().get(id);
      if (id === undefined || key === undefined) {
        throw new SkychatError('no-key', 'there is no epoch key for exactly the present members');
      }
      return sealObject(key, id, fields, this.#placeOf(place));
    };
    const mayStand = (object: Uint8Array): boolean => {
      const members = this.#options.roster.members();
      const [to, grant] = [...carried.grants].find(([, each]) => each.object === object) ?? [];
      if (to === undefined || grant === undefined) return true;
      return members.has(this.#own) && isMeant(grant, members.get(to));
    };
    return { objects, local, seal, mayStand };
  }

  open(object: Uint8Array, place: AuthorPlace): Opened {
    const sealed = parseSealed(object);
    if (sealed === undefined) return { state: 'invalid' };
    const key = this.#held().get(sealed.epoch);
    if (key === undefined) return { state: 'locked', epoch: sealed.epoch };
    const fields = openSealed(key, sealed, this.#placeOf(place));
    return fields === undefined ? { state: 'invalid' } : { state: 'open', fields };
  }

  #placeOf({ author, head, seq, index }: AuthorPlace): SealedPlace {
    return { group: this.#groupBytes, author: publicKeyBytes(author), head, seq, index };
  }

  #held(): ReadonlyMap<EpochId, Uint8Array> {
    return this.#options.ring.keysOf(this.#options.group);
  }

  #currentReaders(): Readers {
    const revision = this.#options.roster.revision();
    if (this.#readers?.version === this.#version && this.#readers.revision === revision) {
      return this.#readers.of;
    }
    const of = findReaders(this.#options.roster, {
      ...{ own: this.#own, grants: this.#grants, records: this.#records.complete() },
      remembered: this.#records.remembered(),
      held: this.#held(),
      timeOf: (id) => this.#origins.get(id)?.time,
    });
    this.#readers = { version: this.#version, revision, of };
    return of;
  }
}

function isFresh({ time, base }: EpochRecord, { now, objects }: SealingMoment): boolean {
  const { epochLifetimeUs, epochObjectsMax } = sealingLimits;
  return now - time < epochLifetimeUs && objects - base < epochObjectsMax;
}

function choose(
  { candidates }: Readers,
  moment: SealingMoment,
  carried: Carried,
): { readonly record: EpochRecord } | undefined {
  return candidates.find(
    ({ record, missing }) =>
      isFresh(record, moment) &&
      (!isPending(record) || carried.epoch === record.id) &&
      missing.every((key) => carried.grants.get(key)?.keys.has(record.id)),
  );
}
