// Which operations show what a roster says of somebody, to a node that has others: what granted or
// ended it, and how the authors of that came to have a say. Pure; knows nothing of how it is sent.
import { equal } from '../../bytes.ts';
import type { Entry } from '../../cxo/entry.ts';
import type { PublicKey } from '../../identity.ts';
import type { Act } from './act.ts';
import { parseOperation, type RosterOperation } from './operation.ts';
import type { Person } from './person.ts';
import type { Roster } from './roster.ts';

/**
 * The last removal of the key by each who removed it, the most senior first: whom it has removed itself
 * may have no say in its own view.
 * @param max operations; what does not fit is left out
 */
export function evidenceOfRemoval(roster: Roster, key: PublicKey, max: number): readonly Entry[] {
  return evidenceOfEnds(roster, key, true, max);
}

/** That the keys are members; empty where one of them is none, or more is needed than fits. */
export function evidenceOfMembership(
  roster: Roster,
  keys: readonly PublicKey[],
  max: number,
): readonly Entry[] {
  const acts: Act[] = [];
  for (const key of keys) {
    if (!roster.isMember(key)) return [];
    acts.push(...grantsOf(roster.personOf(key)));
  }
  const entries = provedBy(roster, acts);
  return entries.length > max ? [] : entries;
}

/**
 * What takes the effect from those operations that have none: who ended their authors' power, and what
 * closed the invite. One list for each author, as its cause may be another.
 */
export function evidenceAgainst(
  roster: Roster,
  entries: readonly Entry[],
  max: number,
): readonly (readonly Entry[])[] {
  const refuted = entries.filter((entry) => !isValid(roster, entry));
  const lists = [...new Set(refuted.map(({ feed }) => feed.author))].map((author) =>
    evidenceOfEnds(roster, author, false, max),
  );
  for (const entry of refuted) {
    const operation = operationOf(entry);
    if (operation?.op === 'admit') lists.push(closedBy(roster, operation.invite, max));
  }
  return lists.filter(({ length }) => length > 0);
}

/** Whether the key was out of the group before, or did not have all grants that it was given. */
export function hadEnded(roster: Roster, key: PublicKey): boolean {
  return roster.personOf(key)?.tenures.some(({ isEnded }) => isEnded) === true;
}

function evidenceOfEnds(
  roster: Roster,
  key: PublicKey,
  isOfRemovals: boolean,
  max: number,
): readonly Entry[] {
  const person = roster.personOf(key);
  const ends = new Map<PublicKey, Act>();
  for (const { act, isRemoval } of person?.ends ?? []) {
    if (isRemoval || !isOfRemovals) ends.set(act.author, act);
  }
  const acts = roster.admins().flatMap((author) => ends.get(author) ?? []);
  if (!isOfRemovals)
    acts.push(...(person?.acts.filter(({ operation }) => isOwnEnd(operation, key)) ?? []));
  return thoseThatFit(roster, acts, max);
}

/** What revoked the invite, and those who were let in by it before somebody else could be. */
function closedBy(roster: Roster, invite: Uint8Array, max: number): readonly Entry[] {
  const record = roster.inviteRecord(invite);
  if (record === undefined) return [];
  const acts = record.revoked === undefined ? [] : [record.revoked];
  for (const key of record.used) {
    for (const { act } of roster.personOf(key)?.grants ?? []) {
      if (act?.operation.op === 'admit' && equal(act.operation.invite, invite)) acts.push(act);
    }
  }
  return thoseThatFit(roster, acts, max);
}

/** Each with all that it stands on, or not at all. */
function thoseThatFit(roster: Roster, acts: readonly Act[], max: number): readonly Entry[] {
  const entries = new Set<Entry>();
  for (const act of acts) {
    const more = provedBy(roster, [act]).filter((entry) => !entries.has(entry));
    if (entries.size + more.length > max) break;
    for (const entry of more) entries.add(entry);
  }
  return [...entries];
}

/** The operations, and every grant that their authors' say stands on. */
function provedBy(roster: Roster, acts: readonly Act[]): readonly Entry[] {
  const entries = new Set<Entry>();
  const open = [...acts];
  for (let act = open.shift(); act !== undefined; act = open.shift()) {
    if (entries.has(act.entry)) continue;
    entries.add(act.entry);
    const author = roster.personOf(act.author);
    const { operation } = act;
    if (operation.op === 'admit') {
      const opened = roster.inviteRecord(operation.invite)?.opened[0]?.act;
      if (opened !== undefined) open.push(opened);
      open.push(...grantsOf(author));
    } else {
      for (const { grant } of author?.stints ?? []) if (grant !== undefined) open.push(grant);
    }
  }
  return [...entries];
}

/** By which the person is a member now; none where the genesis says so. */
function grantsOf(person: Person | undefined): readonly Act[] {
  return (person?.tenures ?? []).flatMap(({ isEnded, grant }) =>
    isEnded || grant === undefined ? [] : [grant],
  );
}

function isValid(roster: Roster, entry: Entry): boolean {
  const operation = operationOf(entry);
  if (operation === undefined || isOwnEnd(operation, entry.feed.author)) return true;
  if (operation.op === 'remove' || operation.op === 'demote') {
    return isAmong(roster.personOf(operation.key)?.ends, entry);
  }
  return 'key' in operation ? isAmong(roster.personOf(operation.key)?.grants, entry) : true;
}

/** The same operation may have come another way. */
function isAmong(
  known: readonly { readonly act: Act | undefined }[] | undefined,
  { objectId, feed }: Entry,
): boolean {
  return (
    known?.some(({ act }) => {
      const isOfFeed = act?.author === feed.author && act.entry.feed.head === feed.head;
      return isOfFeed && equal(act.entry.objectId, objectId);
    }) === true
  );
}

function isOwnEnd(operation: RosterOperation, author: PublicKey): boolean {
  return operation.op === 'leave' || (operation.op === 'demote' && operation.key === author);
}

function operationOf({ object }: Entry): RosterOperation | undefined {
  return object && parseOperation(object);
}
