// Which nodes an invite names: those at whose doors a joiner knocks. Knows nothing of links.
import { compare } from '../../bytes.ts';
import { SkychatError } from '../../errors.ts';
import { publicKeyBytes, type PublicKey } from '../../identity.ts';
import type { InviteNode } from './invite.ts';
import { inviteLimits } from '../limits.ts';
import type { Roster } from '../roster/roster.ts';

/**
 * The own node and the most senior of the others that can be dialed.
 * @param addressesOf `host:port` where a node can be dialed at present
 * @throws SkychatError `not-ready` where none can be
 */
export function findInviteNodes(
  roster: Pick<Roster, 'members'>,
  self: PublicKey,
  addressesOf: (key: PublicKey) => readonly string[],
): InviteNode[] {
  const others = [...roster.members()]
    .filter(([pk]) => pk !== self)
    .sort(
      ([a, { rank: of }], [b, { rank }]) =>
        rankOrder(of, rank) || compare(publicKeyBytes(a), publicKeyBytes(b)),
    )
    .map(([pk]) => pk);
  const nodes: InviteNode[] = [];
  for (const pk of [self, ...others]) {
    const addresses = addressesOf(pk).slice(0, inviteLimits.addressesOfNodeMax);
    if (addresses.length > 0) nodes.push({ pk, addresses });
    if (nodes.length >= inviteLimits.nodesNamedMax) break;
  }
  if (nodes.length > 0) return nodes;
  throw new SkychatError('not-ready', 'no member of the group is known to be dialable', {
    hint: 'Start this node with --advertise HOST:PORT, so that those who are invited find it.',
  });
}

function rankOrder(a: number | null, b: number | null): number {
  return (a ?? Infinity) - (b ?? Infinity) || 0;
}
