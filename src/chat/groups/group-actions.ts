// What can be done with groups: the interface between those who ask (the HTTP surface, by way of the
// node) and the groups themselves. Types only.
import type { PublicKey } from '../../identity.ts';
import type { GroupView, InviteView, NewInviteView } from '../view.ts';

/**
 * A group is named by its id, or by its name where only one has it. Everything rejects with a
 * SkychatError (`unknown-group`, `not-a-member`, `not-an-admin`, …) and has then changed nothing; what
 * it resolves with is on disk.
 */
export interface GroupActions {
  create(draft: {
    readonly name: string;
    readonly encrypted: boolean;
    readonly members: readonly PublicKey[];
  }): Promise<GroupView>;
  describe(
    group: string,
    changes: { readonly name?: string; readonly topic?: string },
  ): Promise<GroupView>;
  /** `expiresInS`: seconds from now; null is no bound. */
  invite(
    group: string,
    terms: {
      readonly expiresInS: number | null;
      readonly uses: number | null;
      readonly history: boolean;
    },
  ): Promise<NewInviteView>;
  invites(group: string): Promise<readonly InviteView[]>;
  /** @param invite its public key, which is its id */
  revoke(group: string, invite: PublicKey): Promise<GroupView>;
  /** Resolves once the joining has begun; `invite-altered` where the link is not whole. */
  join(link: string): Promise<GroupView>;
  add(group: string, key: PublicKey, options: { readonly history: boolean }): Promise<GroupView>;
  remove(group: string, key: PublicKey): Promise<GroupView>;
  promote(group: string, key: PublicKey): Promise<GroupView>;
  demote(group: string, key: PublicKey): Promise<GroupView>;
  /** Ends a joining as well. */
  leave(group: string): Promise<GroupView>;
  /** Null: no bound. */
  retain(
    group: string,
    bounds: { readonly ageS: number | null; readonly bytes: number | null },
  ): Promise<GroupView>;
}
