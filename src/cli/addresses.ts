// Which addresses to give to others, from what a node is told to advertise or listens on.
import { formatEndpoint, isWildcard, parseEndpoint, type Advertise } from '../config.ts';
import type { NetworkAddress } from './ports.ts';

/**
 * `pk@host:port`, one for each way; empty where none is known. An address that means every interface
 * is replaced by one of this machine that others can probably reach.
 */
export function addressesOf(
  pk: string,
  advertise: Advertise,
  listen: string | null,
  network: readonly NetworkAddress[],
): readonly string[] {
  // To advertise none keeps the address out of the room, not from the operator.
  if (advertise !== 'none' && advertise.length > 0)
    return advertise.map((each) => `${pk}@${formatEndpoint(each)}`);
  if (listen === null) return [];
  const { host, port } = parseEndpoint(listen);
  const plausible = isWildcard(host) ? plausibleHost(host, network) : host;
  return [`${pk}@${formatEndpoint({ host: plausible, port })}`];
}

function plausibleHost(wildcard: string, network: readonly NetworkAddress[]): string {
  const outer = network.filter(({ internal }) => !internal);
  const ipv4 = outer.find(({ family }) => family === 'IPv4');
  // A link-local address means nothing without the name of the interface.
  const ipv6 = outer.find((each) => each.family === 'IPv6' && !/^fe[89ab]/i.test(each.address));
  const found = wildcard === '::' ? (ipv4 ?? ipv6) : ipv4;
  return found?.address ?? (wildcard === '::' ? '::1' : '127.0.0.1');
}
