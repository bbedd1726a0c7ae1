// Whether somebody can make a change now, and if not, why: the answers of the roster before anything
// is written. Knows the same rules as the fold, and that nothing is concurrent to what is about to be.
import { toHex } from '../../bytes.ts';
import type { ErrorCode } from '../../errors.ts';
import type { PublicKey } from '../../identity.ts';
import { verifyJoinProof } from '../groups/invite.ts';
import type { InviteRecord } from './admissions.ts';
import { compareActs } from './act.ts';
import type { Fold } from './fold.ts';
import type { Genesis } from './genesis.ts';
import type { RosterChange } from './operation.ts';
import type { Person } from './person.ts';
import type { Tenure } from './tenure.ts';

/** @param now microseconds */
export function checkChange(
  genesis: Genesis,
  fold: Fold,
  change: RosterChange,
  author: PublicKey,
  now: number,
): ErrorCode | undefined {
  const person = fold.people.get(author);
  if (person?.isMember !== true) return 'not-a-member';
  if (change.op === 'admit') return checkAdmission(genesis, fold, change, now);
  if (change.op === 'leave') return person.isFounder ? 'founder-stays' : undefined;
  const { stint } = person;
  if (stint === undefined) return 'not-an-admin';
  switch (change.op) {
    case 'add':
      return fold.people.get(change.key)?.isMember === true ? 'already-member' : undefined;
    case 'promote':
      return fold.people.get(change.key)?.stint === undefined ? undefined : 'already-member';
    case 'remove':
    case 'demote':
      return checkEnd(fold.people.get(change.key), person, stint, change.op === 'remove');
    case 'revoke':
      return checkInvite(fold.invites.records.get(toHex(change.invite)));
    case 'invite':
      return fold.invites.records.has(toHex(change.invite)) ? 'bad-request' : undefined;
    case 'describe': {
      const isSealed = 'sealed' in change;
      return isSealed === genesis.encrypted ? undefined : 'bad-request';
    }
    case 'retain':
      return undefined;
  }
}

function checkEnd(
  subject: Person | undefined,
  author: Person,
  stint: Tenure,
  isRemoval: boolean,
): ErrorCode | undefined {
  if (subject === undefined || subject.grants.length === 0) return 'unknown-member';
  if (subject.isFounder) return 'founder-stays';
  // Who left can be removed still, so that no invite lets it in again.
  if (!subject.isMember && (subject.isRemoved || !isRemoval)) return 'unknown-member';
  // To go is to leave.
  if (subject === author) return isRemoval ? 'bad-request' : undefined;
  if (!isRemoval && subject.stint === undefined) return 'unknown-member';
  const seniors = subject.stints.filter((other) => isSenior(other, stint));
  return seniors.every(({ isEnded }) => isEnded) ? undefined : 'senior-admin';
}

function isSenior(a: Tenure, b: Tenure): boolean {
  if (a.grant === undefined || b.grant === undefined) return a.grant === undefined;
  return compareActs(a.grant, b.grant) < 0;
}

function checkInvite(record: InviteRecord | undefined): ErrorCode | undefined {
  if (record === undefined || record.opened.length === 0) return 'unknown-invite';
  return record.revoked === undefined ? undefined : 'invite-revoked';
}

function checkAdmission(
  genesis: Genesis,
  fold: Fold,
  change: RosterChange & { readonly op: 'admit' },
  now: number,
): ErrorCode | undefined {
  const record = fold.invites.records.get(toHex(change.invite));
  const code = checkInvite(record);
  if (record === undefined || code !== undefined) return code;
  const joiner = fold.people.get(change.key);
  if (joiner?.isMember === true) return 'already-member';
  const terms = record.opened[0]?.terms;
  if (now > (terms?.expires ?? Infinity)) return 'invite-expired';
  if (record.used.size >= (terms?.uses ?? Infinity) || record.used.has(change.key)) {
    return 'invite-used';
  }
  // Only an admin lets in again whom one has removed.
  if (joiner?.isRemoved === true) return 'not-an-admin';
  const invite = toHex(change.invite) as PublicKey;
  const isProved = verifyJoinProof(invite, genesis.id, change.key, change.signature);
  return isProved ? undefined : 'invite-altered';
}
