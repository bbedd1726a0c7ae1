// Who was given which earlier epoch keys, as the `keys` objects say in clear. Knows neither the keys
// nor the members.
import type { PublicKey } from '../../identity.ts';
import { sealingLimits } from '../limits.ts';
import type { EpochId } from './epoch-id.ts';
import type { KeyGrant } from './epoch.ts';

interface Grantee {
  /** Of the latest grant, microseconds: keys of no epoch behind it can be in any. */
  time: number;
  /** Of the latest grants that this node made, in any order. */
  ownTimes: readonly number[];
  readonly given: Map<PublicKey, Given>;
}

/** By one issuer. */
interface Given {
  /** Of its latest grant: where that does not count, none of its grants may have arrived. */
  head: number;
  seq: number;
  /** One bit for each epoch, by its ordinal. */
  epochs: Uint8Array;
}

/** Who knows whether what stands there in the author's feed counts. */
interface Judge {
  counts(author: PublicKey, head: number, seq: number): boolean;
}

export class KeyGrants {
  readonly #grantees = new Map<PublicKey, Grantee>();
  readonly #ordinals = new Map<EpochId, number>();
  readonly #named = new Map<PublicKey, number>();
  #forgottenTime = -1;

  add(
    issuer: PublicKey,
    { head, seq, time }: { readonly head: number; readonly seq: number; readonly time: number },
    grant: KeyGrant,
    own: PublicKey,
  ): void {
    const grantee = this.#grantees.get(grant.to) ?? {
      time,
      ownTimes: [],
      given: new Map<PublicKey, Given>(),
    };
    grantee.time = Math.max(grantee.time, time);
    if (issuer === own && !grantee.ownTimes.includes(time)) {
      const latest = [...grantee.ownTimes, time].sort((a, b) => b - a);
      grantee.ownTimes = latest.slice(0, sealingLimits.grantsPerIntervalMax);
    }
    this.#grantees.set(grant.to, grantee);
    const given = grantee.given.get(issuer) ?? { head, seq, epochs: new Uint8Array() };
    if (head > given.head || (head === given.head && seq > given.seq)) {
      given.head = head;
      given.seq = seq;
    }
    for (const id of grant.epochs) {
      const ordinal = this.#ordinalOf(id, issuer);
      if (ordinal !== undefined) given.epochs = withBit(given.epochs, ordinal);
    }
    if (given.epochs.length > 0) grantee.given.set(issuer, given);
  }

  /** Whether the key was given by somebody whose word counts still. */
  covers(to: PublicKey, id: EpochId, judge: Judge): boolean {
    const ordinal = this.#ordinals.get(id);
    const given = this.#grantees.get(to)?.given;
    if (ordinal === undefined || given === undefined) return false;
    for (const [issuer, { head, seq, epochs }] of given) {
      const isGiven = ((epochs[ordinal >> 3] ?? 0) & (1 << (ordinal & 7))) !== 0;
      if (isGiven && judge.counts(issuer, head, seq)) return true;
    }
    return false;
  }

  find(to: PublicKey): { readonly time: number } | undefined {
    return this.#grantees.get(to);
  }

  /** How many grants this node has made to the member since then; no more than the bound. */
  ownSince(to: PublicKey, time: number): number {
    return this.#grantees.get(to)?.ownTimes.filter((own) => own > time).length ?? 0;
  }

  /** The latest time at which a key that is no member was given keys; −1 where none was. */
  strangersTime(isMember: (key: PublicKey) => boolean): number {
    let latest = this.#forgottenTime;
    for (const [key, { time }] of this.#grantees)
      if (!isMember(key)) latest = Math.max(latest, time);
    return latest;
  }

  /** Beyond the bound, keys that are no members are forgotten: only how late they were given any stays. */
  prune(isMember: (key: PublicKey) => boolean): void {
    if (this.#grantees.size <= sealingLimits.granteesMax) return;
    for (const [key, { time }] of this.#grantees) {
      if (isMember(key)) continue;
      this.#forgottenTime = Math.max(this.#forgottenTime, time);
      this.#grantees.delete(key);
    }
  }

  /** Each issuer names new epochs up to its share: what is beyond is taken for not given. */
  #ordinalOf(id: EpochId, issuer: PublicKey): number | undefined {
    const known = this.#ordinals.get(id);
    if (known !== undefined) return known;
    const named = this.#named.get(issuer) ?? 0;
    const { keysMax, keysOfIssuerMax } = sealingLimits;
    if (named >= keysOfIssuerMax || this.#ordinals.size >= keysMax) return undefined;
    this.#named.set(issuer, named + 1);
    this.#ordinals.set(id, this.#ordinals.size);
    return this.#ordinals.size - 1;
  }
}

function withBit(bits: Uint8Array, ordinal: number): Uint8Array {
  let grown = bits;
  if (ordinal >> 3 >= bits.length) {
    grown = new Uint8Array(Math.max(8, 2 * (ordinal >> 3)));
    grown.set(bits);
  }
  grown[ordinal >> 3] = (grown[ordinal >> 3] ?? 0) | (1 << (ordinal & 7));
  return grown;
}
