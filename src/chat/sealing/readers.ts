// Which epochs a member could seal with: those that all members can read and nobody else ever could.
// A pure function of the members, of what the objects say in clear, and of the keys that are held.
import { compare, concat } from '../../bytes.ts';
import { isValidPublicKey, publicKeyBytes, type PublicKey } from '../../identity.ts';
import { sealingLimits } from '../limits.ts';
import type { EpochId } from './epoch-id.ts';
import type { EpochRecord } from './epoch-records.ts';
import { prefixBytes } from './epoch.ts';
import type { KeyGrants } from './key-grants.ts';

export interface SealingMember {
  /** Whether the member may read what was before it. */
  readonly history: boolean;
  /** When it was let in the last time, microseconds; null or not given: it was there from the start. */
  readonly since?: number | null;
}

/** What sealing asks of a group's roster. */
export interface SealingRoster {
  /** Grows whenever an answer of the other two changes. */
  revision(): number;
  /** In this node's view. */
  members(): ReadonlyMap<PublicKey, SealingMember>;
  /** Whether what stands there in the author's feed counts: said as a member, before any cut. */
  counts(author: PublicKey, head: number, seq: number): boolean;
}

export interface Candidate {
  readonly record: EpochRecord;
  /** Members with history who have to be given its key first. */
  readonly missing: readonly PublicKey[];
}

export interface Readers {
  /** In order: those that could be new recipients. A key that is no point of the curve is none. */
  readonly members: readonly PublicKey[];
  /** The best first: the highest generation, then the smallest id. */
  readonly candidates: readonly Candidate[];
  /** By member with history, keys that this node could give and nobody has given it. */
  readonly lacking: ReadonlyMap<PublicKey, readonly EpochId[]>;
  /** By member, keys that were sealed for it where it may never get them: its author was removed since. */
  readonly owed: ReadonlyMap<PublicKey, readonly EpochId[]>;
  /** Above that of every epoch of a present member. */
  readonly generation: number;
}

export interface Known {
  readonly own: PublicKey;
  /** Those that can be sealed with. */
  readonly records: readonly EpochRecord[];
  /** These, and earlier ones. */
  readonly remembered: readonly EpochRecord[];
  readonly grants: KeyGrants;
  readonly held: ReadonlyMap<EpochId, Uint8Array>;
  /** Of the epochs whose objects are known, microseconds. */
  readonly timeOf: (id: EpochId) => number | undefined;
}

export function findReaders(roster: SealingRoster, known: Known): Readers {
  const all = roster.members();
  const members = [...all.keys()].filter(isValidPublicKey).sort();
  if (!all.has(known.own))
    return { members, candidates: [], lacking: none, owed: none, generation: 0 };
  const prefixes = prefixesOf(members);
  const strangersTime = known.grants.strangersTime((key) => all.has(key));
  const candidates: Candidate[] = [];
  const unread = new Map<EpochId, ReadonlySet<PublicKey>>();
  const sealable = new Set(known.records);
  let generation = 0;
  for (const record of known.remembered) {
    if (all.has(record.issuer)) generation = Math.max(generation, record.generation);
    if (!known.held.has(record.id)) continue;
    const { strangers, missing } = compareRecipients(members, prefixes, record.recipients);
    unread.set(record.id, new Set(missing));
    if (strangers || !all.has(record.issuer) || !sealable.has(record)) continue;
    // A key that was made here just now was given to nobody, whatever the clock says.
    if (!isPending(record) && record.time <= strangersTime) continue;
    if (!isCounted(roster, record)) continue;
    const left = missing.filter((key) => !known.grants.covers(key, record.id, roster));
    const canBeGiven = left.every((key) => all.get(key)?.history);
    if (canBeGiven && left.length <= sealingLimits.grantsAtOnceMax)
      candidates.push({ record, missing: left });
  }
  candidates.sort((a, b) => compareRecords(a.record, b.record));
  const lacking = new Map<PublicKey, readonly EpochId[]>();
  for (const key of members) {
    if (key === known.own || all.get(key)?.history !== true) continue;
    const ids = findLacking(roster, key, known, unread);
    if (ids.length > 0) lacking.set(key, ids);
  }
  const owed = findOwed(roster, members, known, unread);
  return { members, candidates, lacking, owed, generation: generation + 1 };
}

const none: ReadonlyMap<PublicKey, readonly EpochId[]> = new Map();

/**
 * What was said under an epoch counts also where the epoch itself does not: it stands behind the cut of
 * an author whose removal the others had not seen. Who saw it first never gets the epoch from there.
 */
function findOwed(
  roster: SealingRoster,
  members: readonly PublicKey[],
  { own, remembered, held, grants }: Known,
  unread: ReadonlyMap<EpochId, ReadonlySet<PublicKey>>,
): ReadonlyMap<PublicKey, readonly EpochId[]> {
  const owed = new Map<PublicKey, EpochId[]>();
  for (const record of remembered) {
    if (!held.has(record.id) || isPending(record) || isCounted(roster, record)) continue;
    for (const key of members) {
      const isRecipient = unread.get(record.id)?.has(key) === false;
      if (key === own || !isRecipient || grants.covers(key, record.id, roster)) continue;
      owed.set(key, [...(owed.get(key) ?? []), record.id]);
    }
  }
  return owed;
}

/**
 * Of a member that may read what was before it, the epochs that were not given to it and that this node
 * could give: made before it came, or by somebody who did not know of it.
 */
function findLacking(
  roster: SealingRoster,
  key: PublicKey,
  { grants, held, timeOf }: Known,
  unread: ReadonlyMap<EpochId, ReadonlySet<PublicKey>>,
): readonly EpochId[] {
  // Of epochs whose recipients are not remembered any more: those behind both its grant and its
  // admission are its own already.
  const until = Math.max(grants.find(key)?.time ?? -1, roster.members().get(key)?.since ?? -1);
  return [...held.keys()].filter((id) => {
    const isUnread = unread.get(id)?.has(key) ?? (timeOf(id) ?? 0) <= until;
    return isUnread && !grants.covers(key, id, roster);
  });
}

function compareRecords(a: EpochRecord, b: EpochRecord): number {
  if (a.generation !== b.generation) return b.generation - a.generation;
  return a.id < b.id ? -1 : a.id > b.id ? 1 : 0;
}

/** Whether it was built here and is not known to be stored. */
export function isPending({ places }: EpochRecord): boolean {
  return places.includes(undefined);
}

function isCounted(roster: SealingRoster, { issuer, places }: EpochRecord): boolean {
  return places.every(
    (place) => place === undefined || roster.counts(issuer, place.head, place.seq),
  );
}

function prefixesOf(members: readonly PublicKey[]): Uint8Array {
  return concat(...members.map((key) => publicKeyBytes(key).subarray(0, prefixBytes)));
}

/** A walk along both, in order: whom the recipients lack, and whether anybody else is among them. */
function compareRecipients(
  members: readonly PublicKey[],
  prefixes: Uint8Array,
  recipients: Uint8Array | undefined,
): { readonly strangers: boolean; readonly missing: readonly PublicKey[] } {
  const missing: PublicKey[] = [];
  let strangers = false;
  let at = 0;
  for (const [i, key] of members.entries()) {
    const prefix = prefixes.subarray(i * prefixBytes, (i + 1) * prefixBytes);
    let order = -1;
    for (; recipients !== undefined && at < recipients.length; at += prefixBytes) {
      order = compare(recipients.subarray(at, at + prefixBytes), prefix);
      if (order >= 0) break;
      strangers = true;
    }
    if (order === 0 && at < (recipients?.length ?? 0)) at += prefixBytes;
    else missing.push(key);
  }
  return { strangers: strangers || at < (recipients?.length ?? 0), missing };
}
