// Keys that were sealed for one member, in an object that has no place in the own feed yet. Until it
// gets one the member may be removed, or come back as one that may not read what was before it.
import type { PublicKey } from '../../identity.ts';
import type { EpochId } from './epoch-id.ts';
import type { SealingMember } from './readers.ts';

export interface PendingGrant {
  readonly object: Uint8Array;
  readonly keys: ReadonlyMap<EpochId, Uint8Array>;
  /** Whether it was built for a member that may read what was before it. */
  readonly isWithHistory: boolean;
}

/** Whether who is to get it may have all of it still. */
export function isMeant({ isWithHistory }: PendingGrant, to: SealingMember | undefined): boolean {
  return to !== undefined && (to.history || !isWithHistory);
}

/** Drops those that are not to be given any more: who is let in anew gets what is right then. */
export function dropUnmeant(
  grants: Map<PublicKey, PendingGrant>,
  members: ReadonlyMap<PublicKey, SealingMember>,
): void {
  for (const [to, grant] of grants) {
    if (!isMeant(grant, members.get(to))) grants.delete(to);
  }
}
