// Decides who calls, and who may not: by the Host, the Origin and the token of a request. Any web page can send a
// form to localhost, and by rebinding its own name also read the answer; neither gets past here.
// Knows nothing of routes.
import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { SkychatError } from '../errors.ts';
import { owner, type Caller, type Tokens } from './tokens.ts';

export interface GuardOptions {
  /** The owner's bearer token; none is asked for where it is not given. */
  readonly token?: Uint8Array | string;
  /** Those that the owner made for programs. */
  readonly tokens: Pick<Tokens, 'findCaller'>;
  /** Names that count as this surface, besides the loopback names and the bound address. */
  readonly allowHosts: readonly string[];
}

export class Guard {
  readonly #tokenHash: Uint8Array | undefined;
  readonly #tokens: Pick<Tokens, 'findCaller'>;
  readonly #allowHosts: ReadonlySet<string>;

  constructor(options: GuardOptions) {
    this.#tokenHash = options.token === undefined ? undefined : sha256(options.token);
    this.#tokens = options.tokens;
    this.#allowHosts = new Set(options.allowHosts.map((name) => name.toLowerCase()));
  }

  /** Why nobody may call in this way, whoever it is; undefined where it may pass. */
  refusalOf(request: IncomingMessage): SkychatError | undefined {
    return this.#hostRefusal(request) ?? this.#originRefusal(request);
  }

  /**
   * Who calls; undefined where the token is missing or wrong. Where none is needed, one that is given
   * limits the caller all the same.
   */
  findCaller(request: IncomingMessage): Caller | undefined {
    const { authorization } = request.headers;
    const [, given] = /^bearer(?: +(\S+))? *$/i.exec(authorization ?? '') ?? [];
    const hash = this.#tokenHash;
    if (hash === undefined && !/^bearer\b/i.test(authorization ?? '')) return owner;
    if (hash !== undefined && timingSafeEqual(sha256(given ?? ''), hash)) return owner;
    return given === undefined ? undefined : this.#tokens.findCaller(given);
  }

  #hostRefusal(request: IncomingMessage): SkychatError | undefined {
    if (countHosts(request.rawHeaders) !== 1) {
      return new SkychatError('forbidden-host', 'a request has exactly one Host');
    }
    // An absolute target (RFC 9112, section 3.2.2) would name a second host.
    if (request.url?.startsWith('/') !== true && request.url !== '*') {
      return new SkychatError('forbidden-host', 'the request target must be a path');
    }
    const name = hostName(request.headers.host ?? '');
    if (name !== undefined && this.#isAllowed(name, request)) return undefined;
    return new SkychatError('forbidden-host', 'the Host names another place');
  }

  #isAllowed(name: string, request: IncomingMessage): boolean {
    if (isLoopback(name) || this.#allowHosts.has(name)) return true;
    // An address cannot be rebound, so the one that the connection came to is always this surface.
    const local = request.socket.localAddress?.toLowerCase();
    if (local === undefined) return false;
    return name === local || name === `[${local}]` || `::ffff:${name}` === local;
  }

  #originRefusal(request: IncomingMessage): SkychatError | undefined {
    const { origin } = request.headers;
    const site = request.headers['sec-fetch-site'];
    if (origin === undefined) {
      if (site === undefined || site === 'none' || site === 'same-origin') return undefined;
      return new SkychatError('forbidden-origin', 'the request comes from another site');
    }
    if (site === 'cross-site' || !this.#isThisSurface(origin, request)) {
      return new SkychatError('forbidden-origin', 'the Origin is not this surface');
    }
    return undefined;
  }

  /** Either the very authority that the Host names, or an allowed name at the bound port. */
  #isThisSurface(origin: string, request: IncomingMessage): boolean {
    const [, scheme, authority = ''] = /^(https?):\/\/([^/]+)$/.exec(origin.toLowerCase()) ?? [];
    const name = hostName(authority);
    if (name === undefined || !this.#isAllowed(name, request)) return false;
    // This surface speaks plain HTTP; only a proxy that was named may put TLS before it.
    if (scheme === 'https' && !this.#allowHosts.has(name)) return false;
    if (authority === request.headers.host?.toLowerCase()) return true;
    return scheme === 'http' && authority === `${name}:${request.socket.localPort ?? ''}`;
  }
}

function sha256(value: Uint8Array | string): Uint8Array {
  return createHash('sha256').update(value).digest();
}

/** node:http keeps the first of several; only the raw headers show the others. */
function countHosts(rawHeaders: readonly string[]): number {
  let count = 0;
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const name = rawHeaders[i] ?? '';
    if (name.length === 4 && name.toLowerCase() === 'host') count++;
  }
  return count;
}

/** The lower-case name of `name[:port]`, an IPv6 address in its brackets; undefined if malformed. */
function hostName(authority: string): string | undefined {
  return /^([a-z0-9._-]+|\[[0-9a-f:.]+\])(?::\d{1,5})?$/.exec(authority.toLowerCase())?.[1];
}

function isLoopback(name: string): boolean {
  if (name === 'localhost' || name === '[::1]') return true;
  const [, ...parts] = /^127\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/.exec(name) ?? [];
  return parts.length === 3 && parts.every((part) => Number(part) <= 255);
}
