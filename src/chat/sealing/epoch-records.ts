// The epochs that could be sealed with, and earlier ones for whose recipients they were: what their
// objects say in clear, put together from their parts. The latest of each issuer, within a bound of
// memory: the same ones whatever the order of arrival. Knows no keys and no members.
import { compare, concat, equal } from '../../bytes.ts';
import type { PublicKey } from '../../identity.ts';
import { sealingLimits } from '../limits.ts';
import type { EpochId } from './epoch-id.ts';
import { prefixBytes, type EpochPart } from './epoch.ts';

/** Where a part stands in its issuer's feed; undefined while it is built and not stored yet. */
export interface PartPlace {
  readonly head: number;
  readonly seq: number;
}

export interface EpochRecord {
  readonly id: EpochId;
  readonly issuer: PublicKey;
  readonly generation: number;
  readonly base: number;
  /** Of its latest part, microseconds. */
  readonly time: number;
  readonly places: readonly (PartPlace | undefined)[];
  /** The first 8 bytes of each recipient, in order; undefined until every part is here. */
  readonly recipients: Uint8Array | undefined;
}

interface Growing extends EpochRecord {
  time: number;
  readonly parts: (Uint8Array | undefined)[];
  readonly places: (PartPlace | undefined)[];
  recipients: Uint8Array | undefined;
  /** The issuer said two things of one part, or none that fit together: never sealed with. */
  contradicted: boolean;
  bytes: number;
}

export class EpochRecords {
  /** The oldest first. */
  #records: Growing[] = [];

  /** Whether anything changed. */
  add(issuer: PublicKey, part: EpochPart, time: number, place: PartPlace | undefined): boolean {
    let record = this.#records.find((each) => each.id === part.id && each.issuer === issuer);
    if (record === undefined) {
      record = startRecord(issuer, part, time);
      this.#records.push(record);
    }
    const changed = take(record, part, time, place);
    if (changed) this.#prune(issuer);
    return changed;
  }

  /** Those whose parts are all here and fit together, of each issuer the last few. */
  complete(): readonly EpochRecord[] {
    const spent = this.#spent();
    return this.#records.filter((each) => each.recipients !== undefined && !spent.has(each));
  }

  /** The same, with earlier ones that nobody seals with any more. */
  remembered(): readonly EpochRecord[] {
    return this.#records.filter((each) => each.recipients !== undefined);
  }

  find(id: EpochId): EpochRecord | undefined {
    return this.#records.find((each) => each.id === id && each.recipients !== undefined);
  }

  /** For what was built and not stored. */
  remove(issuer: PublicKey, id: EpochId): void {
    this.#records = this.#records.filter((each) => each.id !== id || each.issuer !== issuer);
  }

  /** Behind the last few of their issuer; the oldest first. */
  #spent(): ReadonlySet<Growing> {
    const spent = new Set<Growing>();
    const later = new Map<PublicKey, number>();
    for (const each of this.#records.toReversed()) {
      const count = later.get(each.issuer) ?? 0;
      later.set(each.issuer, count + 1);
      if (count >= sealingLimits.epochsOfIssuerMax) spent.add(each);
    }
    return new Set([...spent].reverse());
  }

  #prune(issuer: PublicKey): void {
    this.#records.sort((a, b) => a.time - b.time || (a.issuer + a.id < b.issuer + b.id ? -1 : 1));
    const { recordsOfIssuerMax, recipientBytesMax } = sealingLimits;
    const own = this.#records.filter((each) => each.issuer === issuer);
    const surplus = new Set(own.slice(0, Math.max(0, own.length - recordsOfIssuerMax)));
    let bytes = 0;
    for (const each of this.#records) bytes += surplus.has(each) ? 0 : each.bytes;
    // What may be sealed with stays the longest: nobody pushes it out with many of its own.
    for (const each of [...this.#spent(), ...this.#records.slice(0, -1)]) {
      if (bytes <= recipientBytesMax) break;
      if (surplus.has(each)) continue;
      surplus.add(each);
      bytes -= each.bytes;
    }
    if (surplus.size > 0) this.#records = this.#records.filter((each) => !surplus.has(each));
  }
}

function startRecord(issuer: PublicKey, part: EpochPart, time: number): Growing {
  const { id, generation, base, parts } = part;
  return {
    ...{ id, issuer, generation, base, time },
    parts: new Array<Uint8Array | undefined>(parts).fill(undefined),
    places: new Array<PartPlace | undefined>(parts).fill(undefined),
    recipients: undefined,
    contradicted: false,
    // Of the record itself, so that many small ones are bounded too.
    bytes: 512,
  };
}

function take(
  record: Growing,
  part: EpochPart,
  time: number,
  place: PartPlace | undefined,
): boolean {
  if (record.contradicted) return false;
  const known = record.parts[part.part];
  const fits =
    record.generation === part.generation &&
    record.base === part.base &&
    record.parts.length === part.parts &&
    (known === undefined || equal(known, part.prefixes));
  if (!fits) {
    record.contradicted = true;
    record.recipients = undefined;
    return true;
  }
  if (known !== undefined && (record.places[part.part] !== undefined || place === undefined))
    return false;
  // What was built here gets the time of the root that it came into.
  record.time = known === undefined ? Math.max(record.time, time) : time;
  record.places[part.part] = place;
  if (known === undefined) {
    record.parts[part.part] = part.prefixes;
    record.bytes += 2 * part.prefixes.length;
    record.recipients = joined(record.parts);
    if (record.recipients === undefined && !record.parts.includes(undefined))
      record.contradicted = true;
  }
  return true;
}

/** Undefined where a part is missing or the recipients are out of order. */
function joined(parts: readonly (Uint8Array | undefined)[]): Uint8Array | undefined {
  const all: Uint8Array[] = [];
  for (const part of parts) {
    if (part === undefined) return undefined;
    all.push(part);
  }
  const recipients = concat(...all);
  for (let at = prefixBytes; at < recipients.length; at += prefixBytes) {
    const before = recipients.subarray(at - prefixBytes, at);
    if (compare(before, recipients.subarray(at, at + prefixBytes)) > 0) return undefined;
  }
  return recipients;
}
