// Addresses: `pk@host:port`, with an optional `tcp://` before it and brackets around IPv6.
// Text only; knows nothing of name resolution or sockets.
import { isIPv6 } from 'node:net';
import { SkychatError } from '../errors.ts';
import { isValidPublicKey, parsePublicKey, type PublicKey } from '../identity.ts';
import type { Endpoint } from './transport.ts';

export interface PeerAddress extends Endpoint {
  readonly pk: PublicKey;
}

const form = 'Write it as pk@host:port, the key as 64 hex characters.';
/** RFC 1035, section 2.3.4. */
const hostCharactersMax = 253;

/** Throws SkychatError `bad-peer-address`. */
export function parsePeerAddress(text: string): PeerAddress {
  const bare = text.trim().replace(/^tcp:\/\//i, '');
  const at = bare.indexOf('@');
  if (at < 0) throw refusal(text, 'there is no @ between key and host', form);
  const key = bare.slice(0, at);
  const pk = parsePublicKey(key);
  if (pk === undefined) {
    throw refusal(
      text,
      `the key has ${describe(key)}`,
      'A key is 64 hex characters; see `skychat-node id`.',
    );
  }
  if (!isValidPublicKey(pk)) {
    throw refusal(
      text,
      'the key is no valid Ed25519 public key',
      'Copy it again from `skychat-node id`.',
    );
  }
  return { pk, ...parseEndpointOf(text, bare.slice(at + 1)) };
}

/** Parses `host:port`. Throws SkychatError `bad-peer-address`. */
export function parseEndpoint(text: string): Endpoint {
  return parseEndpointOf(text, text.trim());
}

export function formatPeerAddress(address: PeerAddress): string {
  return `${address.pk}@${formatEndpoint(address)}`;
}

export function formatEndpoint({ host, port }: Endpoint): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}

function parseEndpointOf(text: string, part: string): Endpoint {
  const match = /^(?:\[([^\]]*)\]|([^:[\]]*)):([^:]*)$/.exec(part);
  if (match === null) {
    const hint = part.includes(':') ? 'Write IPv6 addresses as pk@[::1]:port.' : form;
    throw refusal(text, 'host and port cannot be told apart', hint);
  }
  const [, bracketed, named, digits = ''] = match;
  const host = bracketed ?? named ?? '';
  if (bracketed === undefined ? !isHostName(host) : !isIPv6(host)) {
    throw refusal(text, host === '' ? 'the host is missing' : 'the host is malformed', form);
  }
  const port = /^\d{1,5}$/.test(digits) ? Number(digits) : 0;
  if (port < 1 || port > 65_535) {
    throw refusal(text, 'the port is not a number from 1 to 65535', form);
  }
  return { host, port };
}

function isHostName(host: string): boolean {
  // An underscore is no host name by RFC 1123, but container networks use it.
  return host.length <= hostCharactersMax && /^(?!-)[a-z0-9_-]+(\.[a-z0-9_-]+)*\.?$/i.test(host);
}

function describe(key: string): string {
  if (key === '') return 'no characters';
  return /^[0-9a-f]*$/i.test(key) ? `${key.length} characters` : 'characters that are not hex';
}

const quotedCharactersMax = 120;

function refusal(text: string, problem: string, hint: string): SkychatError {
  const quoted = JSON.stringify(text.slice(0, quotedCharactersMax));
  return new SkychatError('bad-peer-address', `bad peer address ${quoted}: ${problem}`, { hint });
}
