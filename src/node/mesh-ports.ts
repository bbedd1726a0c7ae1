// Between the mesh, which knows keys and addresses as text, and what it decides on: the members and
// the addresses that they publish, and the links of the network.
import type { Chat } from '../chat/chat.ts';
import type { Clock, Random, Timers } from '../env.ts';
import { formatEndpoint, parseEndpoint } from '../net/address.ts';
import type { Network } from '../net/network.ts';
import type { LinkWatcher } from '../net/peer.ts';
import type { GroupId } from '../cxo/ids.ts';
import type { PublicKey } from '../identity.ts';
import type { GroupLinksPorts, Reached } from './group-links.ts';
import type { Mesh, Candidate, MeshPorts } from './mesh.ts';

export interface MeshParts {
  readonly chat: Pick<Chat, 'reachable' | 'people'>;
  readonly network: Network;
  readonly clock: Clock;
  readonly random: Random;
  readonly timers: Timers;
}

/** The same, for the links of groups. */
export interface GroupParts extends Omit<MeshParts, 'chat' | 'network'> {
  readonly network: Pick<Network, 'peers' | 'tryPeer'>;
  readonly chat: Pick<Chat, 'people' | 'book' | 'membership'>;
}

export function buildMeshPorts({ chat, network, ...ports }: MeshParts): MeshPorts {
  const readable = readableAddresses();
  return {
    ...ports,
    candidates: () => {
      const candidates: Candidate[] = [];
      for (const { pk, addresses } of chat.reachable()) {
        const known = readable(addresses);
        if (known.length > 0 && !network.isConfigured(pk))
          candidates.push({ pk, addresses: known });
      }
      for (const address of network.resting()) {
        const published = readable(chat.people.addressesOf(address.pk, ports.clock.now()));
        const addresses = [...new Set([formatEndpoint(address), ...published])];
        candidates.push({ pk: address.pk, addresses });
      }
      return candidates;
    },
    isConfigured: (pk) => network.isConfigured(pk),
    dial: (pk, addresses) => {
      network.tryPeer(pk, addresses.map(parseEndpoint));
    },
    askToPart: (pk) => {
      network.askToSpare(pk);
    },
    part: (pk) => {
      network.part(pk);
    },
  };
}

/** The groups that members of the room do not carry are linked for themselves. */
export function buildGroupLinksPorts({
  chat,
  network,
  clock,
  ...ports
}: GroupParts): GroupLinksPorts {
  const readable = readableAddresses();
  const reachable = (group: GroupId): Reached[] =>
    chat.people
      .members(group)
      .map((pk) => ({ pk, published: chat.people.addressesOf(pk, clock.now()) }))
      .map(({ pk, published }) => ({ pk, endpoints: readable(published).map(parseEndpoint) }))
      .filter(({ pk, endpoints }) => endpoints.length > 0 && pk !== chat.membership.self);
  const linked = (): PublicKey[] =>
    network.peers().flatMap(({ pk, state }) => (state === 'connected' ? [pk] : []));
  return {
    ...ports,
    *groups() {
      for (const { id, standing, isOffered } of chat.book.groups()) {
        if (standing === 'active' && !isOffered) yield { id, reachable: () => reachable(id) };
      }
    },
    linkCount: (group) => linked().filter((pk) => chat.people.isMember(group, pk)).length,
    isLinked: (key) => linked().includes(key),
    dial: (pk, endpoints) => {
      network.tryPeer(pk, endpoints);
    },
  };
}

/**
 * @param mesh once there is one
 * @param onTried somebody else who dials
 */
export function watchFor(
  mesh: () => Mesh | undefined,
  onTried: LinkWatcher['onTried'],
): LinkWatcher {
  return {
    onLinked: (pk) => mesh()?.linked(pk),
    onUnlinked: (pk, reason) => mesh()?.unlinked(pk, reason),
    onTried: (pk, failed, refusal) => {
      onTried(pk, failed, refusal);
      const addresses = failed.map(({ endpoint, fault }) => ({
        address: formatEndpoint(endpoint),
        isOthers: fault === 'wrong-key',
      }));
      mesh()?.dialFailed(pk, addresses, refusal);
    },
    onSpare: (pk) => mesh()?.asked(pk),
  };
}

/** Those that can be dialed, in their one form; each publication is looked at once. */
function readableAddresses(): (published: readonly string[]) => readonly string[] {
  const known = new WeakMap<readonly string[], readonly string[]>();
  return (published) => {
    let readable = known.get(published);
    if (readable === undefined) {
      readable = [...new Set(published.flatMap(inOneForm))];
      known.set(published, readable);
    }
    return readable;
  };
}

function inOneForm(text: string): string[] {
  try {
    return [formatEndpoint(parseEndpoint(text))];
  } catch {
    return [];
  }
}
