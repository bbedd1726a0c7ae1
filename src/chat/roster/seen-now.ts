// What this node has seen of a group, for its next operation there. What bears on the operation
// comes first, since the list has an end. Knows nothing of how operations are signed.
import type { PublicKey } from '../../identity.ts';
import { rosterLimits } from '../limits.ts';
import type { Fold } from './fold.ts';
import { authorHead, buildSeen, type SeenFeed } from './seen.ts';

/** Every head of the key's feeds in the group that is on this disk, with the seq of its last root. */
export type HeadsOf = (
  key: PublicKey,
) => readonly { readonly head: number; readonly seq: number }[];

export function buildSeenOf(
  fold: Fold,
  headsOf: HeadsOf,
  author: PublicKey,
  subject: PublicKey | undefined,
): Uint8Array {
  const feeds = new Map<string, SeenFeed>();
  const take = (key: PublicKey, head: number, seq: number): void => {
    if (key === author || seq < 1 || feeds.size >= rosterLimits.seenFeedsMax) return;
    const name = authorHead(key, head);
    if (!feeds.has(name)) feeds.set(name, { key, head, seq });
  };
  const takeAll = (key: PublicKey): void => {
    // The newest first: where there are too many, the oldest are left out.
    for (const { head, seq } of headsOf(key).toSorted((a, b) => b.head - a.head)) {
      take(key, head, seq);
    }
  };
  if (subject !== undefined) takeSubject(fold, headsOf, subject, take);
  for (const key of concerned(fold, author, subject)) takeAll(key);
  for (const key of fold.admins) takeAll(key);
  return buildSeen([...feeds.values()]);
}

/** No further than what counts of it: or the removal of who was removed before would take that back. */
function takeSubject(
  fold: Fold,
  headsOf: HeadsOf,
  subject: PublicKey,
  take: (key: PublicKey, head: number, seq: number) => void,
): void {
  const person = fold.people.get(subject);
  for (const { head, seq } of headsOf(subject).toSorted((a, b) => b.head - a.head)) {
    take(subject, head, Math.min(seq, person?.reachOf(head) ?? seq));
  }
}

/** Who made the author an admin, and who let the subject in or ended anything of it. */
function concerned(
  fold: Fold,
  author: PublicKey,
  subject: PublicKey | undefined,
): ReadonlySet<PublicKey> {
  const keys = new Set<PublicKey>();
  for (const { grant } of fold.people.get(author)?.stints ?? []) {
    if (grant !== undefined) keys.add(grant.author);
  }
  const person = subject === undefined ? undefined : fold.people.get(subject);
  for (const { act } of person?.ends ?? []) keys.add(act.author);
  for (const { act } of person?.grants ?? []) if (act !== undefined) keys.add(act.author);
  return keys;
}
