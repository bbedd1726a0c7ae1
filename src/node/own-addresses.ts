// Where this node tells others that it can be dialed: what its operator says, or else what it
// listens on. Knows nothing of who is told.
import { networkInterfaces } from 'node:os';
import { formatEndpoint, isWildcard, type Advertise, type Endpoint } from '../config.ts';
import { contentLimits } from '../chat/limits.ts';
import { parseEndpoint } from '../net/address.ts';

export interface NetworkAddress {
  readonly address: string;
  readonly family: 'IPv4' | 'IPv6';
  readonly internal: boolean;
}

/** Of a node that listens on every interface: more are networks of containers, not of people. */
export const interfaceAddressesMax = 4;

/** @param listen what is bound; undefined for a node that only dials */
export function ownAddresses(
  advertise: Advertise,
  listen: Endpoint | undefined,
  network: readonly NetworkAddress[],
): readonly string[] {
  if (advertise === 'none' || listen === undefined) return [];
  if (advertise.length > 0)
    return advertise.map(formatEndpoint).slice(0, contentLimits.addressesMax);
  const { host, port } = listen;
  if (!isWildcard(host)) return [formatEndpoint(listen)];
  return network
    .filter((each) => isDialable(each) && (host === '::' || each.family === 'IPv4'))
    .slice(0, interfaceAddressesMax)
    .map(({ address }) => formatEndpoint({ host: address, port }));
}

/**
 * With the interfaces that there are now: a machine that moves has others.
 * @param listen `host:port`
 */
export function readOwnAddresses(advertise: Advertise, listen: string | null): readonly string[] {
  const network = Object.values(networkInterfaces()).flatMap((each) => each ?? []);
  return ownAddresses(advertise, listen === null ? undefined : parseEndpoint(listen), network);
}

/** A link-local address means nothing without the name of the interface. */
function isDialable({ address, family, internal }: NetworkAddress): boolean {
  return !internal && !(family === 'IPv6' && /^fe[89ab]/i.test(address));
}
