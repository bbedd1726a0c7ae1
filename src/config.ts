// Flags, environment and config file become one frozen configuration, or one clear failure.
// A pure function of its inputs: reads no file, asks no system, knows nothing of commander.
import { isIPv4 } from 'node:net';
import { isAbsolute, join, resolve } from 'node:path';
import { SkychatError } from './errors.ts';
import { isValidPublicKey, parsePublicKey, type PublicKey } from './identity.ts';
import {
  formatEndpoint,
  parseEndpoint,
  parsePeerAddress,
  type PeerAddress,
} from './net/address.ts';

import {
  badConfig,
  Lookup,
  Refusal,
  type Context,
  type Parse,
  type SettingInputs,
} from './settings.ts';

export {
  formatEndpoint,
  formatPeerAddress,
  parseEndpoint,
  parsePeerAddress,
} from './net/address.ts';

/** The host is a name, or an address without brackets. */
export type Endpoint = ReturnType<typeof parseEndpoint>;

/** What others are told; where it is empty, what the node listens on. */
export type Advertise = readonly Endpoint[] | 'none';

export type HttpEndpoint =
  | { readonly kind: 'tcp'; readonly host: string; readonly port: number }
  | { readonly kind: 'unix'; readonly path: string };

export const logLevels = ['debug', 'info', 'warn', 'error', 'silent'] as const;
export type LogLevel = (typeof logLevels)[number];
export const logFormats = ['json', 'pretty'] as const;
export type LogFormat = (typeof logFormats)[number];

/** All paths are absolute. */
export interface NodeConfig {
  readonly peers: readonly PeerAddress[];
  readonly allow: readonly PublicKey[];
  readonly open: boolean;
  /** Undefined for a node that only dials. */
  readonly listen: Endpoint | undefined;
  readonly advertise: Advertise;
  readonly http: HttpEndpoint;
  readonly data: string;
  readonly keyFile: string;
  readonly room: string;
  readonly name: string | undefined;
  /** What the node says of itself beside its name. */
  readonly note: string | undefined;
  /** Whether no person stands behind the key. */
  readonly bot: boolean;
  /** Seconds that bodies of messages are kept; undefined for ever. */
  readonly retainS: number | undefined;
  readonly httpTokenFile: string | undefined;
  /** In lower case. */
  readonly allowHosts: readonly string[];
  /** How often a second each caller of the HTTP surface may write for good; 0: no bound. */
  readonly writeRate: number;
  readonly logLevel: LogLevel;
  readonly logFormat: LogFormat;
  readonly forceNewHead: boolean;
}

/** What a client command needs to find the daemon. */
export interface ClientConfig {
  /** Undefined where nobody named it, or only as a port that the daemon picks. */
  readonly http: HttpEndpoint | undefined;
  readonly data: string;
  readonly keyFile: string;
  readonly advertise: Advertise;
  readonly httpTokenFile: string | undefined;
}

export interface ConfigInputs extends SettingInputs {
  /** Whether the log goes to a terminal. */
  readonly terminal: boolean;
}

export interface LoadedConfig {
  readonly config: NodeConfig;
  /** Where each value came from, in words. */
  readonly sources: Readonly<Record<keyof NodeConfig, string>>;
}

/** Throws SkychatError `bad-config`, `bad-peer-address` or `token-required`. */
export function parseConfig(inputs: ConfigInputs): LoadedConfig {
  const lookup = new Lookup(inputs);
  const sources: Partial<Record<keyof NodeConfig, string>> = {};
  const take = <T>(key: keyof NodeConfig, [value, source]: readonly [T, string]): T => {
    sources[key] = source;
    return value;
  };
  refuseOtherModes(lookup);
  const data = take('data', findData(lookup, inputs));
  const config: NodeConfig = {
    peers: take('peers', lookup.list('peers', toPeer)),
    allow: take('allow', lookup.list('allow', toPublicKey)),
    open: take('open', lookup.switch('open')),
    listen: take('listen', findListen(lookup)),
    advertise: take('advertise', findAdvertise(lookup)),
    http: take('http', lookup.text('http', toHttp, { kind: 'tcp', host: '127.0.0.1', port: 8001 })),
    data,
    keyFile: take('keyFile', lookup.text('key', toPath, join(data, 'identity.key'))),
    room: take('room', lookup.text('room', toLabel, 'lobby')),
    name: take('name', lookup.text('name', toLabel, undefined)),
    note: take('note', lookup.text('note', toNote, undefined)),
    bot: take('bot', lookup.switch('bot')),
    retainS: take('retainS', lookup.text('retain', toDuration, undefined)),
    httpTokenFile: take('httpTokenFile', lookup.text('http-token-file', toPath, undefined)),
    allowHosts: take('allowHosts', lookup.list('allow-host', toHostName)),
    writeRate: take('writeRate', lookup.text('write-rate', toRate, 200)),
    logLevel: take('logLevel', lookup.text('log-level', toOneOf(logLevels), 'info')),
    logFormat: take(
      'logFormat',
      lookup.text('log-format', toOneOf(logFormats), inputs.terminal ? 'pretty' : 'json'),
    ),
    forceNewHead: take('forceNewHead', lookup.switch('force-new-head')),
  };
  refuseOpenDoor(config, sources.http ?? '');
  return { config: frozen(config), sources: frozen(sources as Record<keyof NodeConfig, string>) };
}

/** Looks only at what a client uses: a mistake in the daemon's other settings is not its business. */
export function parseClientConfig(inputs: SettingInputs): ClientConfig {
  const lookup = new Lookup(inputs);
  const [data] = findData(lookup, inputs);
  const [http] = lookup.text('http', toHttp, undefined);
  return {
    http: http?.kind === 'tcp' && http.port === 0 ? undefined : http,
    data,
    keyFile: lookup.text('key', toPath, join(data, 'identity.key'))[0],
    advertise: findAdvertise(lookup)[0],
    httpTokenFile: lookup.text('http-token-file', toPath, undefined)[0],
  };
}

/** There is no other mode than the one that `--standalone` names. */
function refuseOtherModes(lookup: Lookup): void {
  const given = lookup.find('standalone');
  if (given !== undefined && given.value !== true) {
    throw badConfig(`${given.label}: a node always stands alone`, 'Leave it out.');
  }
}

function findData(lookup: Lookup, { env, home }: SettingInputs): readonly [string, string] {
  const xdg = env['XDG_DATA_HOME'];
  // The XDG base directory specification has relative values ignored.
  const root = xdg !== undefined && isAbsolute(xdg) ? xdg : join(home, '.local', 'share');
  return lookup.text('data', toPath, join(root, 'skychat-node'));
}

function findListen(lookup: Lookup): readonly [Endpoint | undefined, string] {
  const off = lookup.find('no-listen');
  const at = lookup.find('listen');
  if (off?.value === true && (at === undefined || off.rank <= at.rank)) {
    if (off.rank === at?.rank) {
      throw badConfig(`${off.label} and ${at.label} contradict each other`, 'Keep one of them.');
    }
    return [undefined, off.source];
  }
  return lookup.text('listen', toEndpoint, { host: '0.0.0.0', port: 8870 });
}

/** As many as one `address` object names: src/chat/limits.ts. */
const advertiseMax = 8;

function findAdvertise(lookup: Lookup): readonly [Advertise, string] {
  const [given, source] = lookup.list('advertise', toAdvertised);
  const named = given.filter((each) => each !== 'none');
  if (named.length === 0) return [given.length === 0 ? named : 'none', source];
  const label = lookup.find('advertise')?.label ?? '';
  if (named.length < given.length) {
    throw badConfig(`${label}: none and an address contradict each other`, 'Keep one of them.');
  }
  if (named.length > advertiseMax) {
    throw badConfig(`${label}: more than ${advertiseMax} addresses`, 'Name the most useful ones.');
  }
  return [named, source];
}

function toAdvertised(text: string): Endpoint | 'none' {
  return text === 'none' ? text : toPublicEndpoint(text);
}

function toPeer(text: string): PeerAddress {
  return parsePeerAddress(text);
}

function toPublicKey(text: string): PublicKey {
  const key = parsePublicKey(text);
  if (key === undefined || !isValidPublicKey(key)) {
    throw new Refusal('is not a public key', 'A key is 64 hex characters; see: skychat-node id');
  }
  return key;
}

/** HOST:PORT to bind, where port 0 means any free one. */
function toEndpoint(text: string): Endpoint {
  const free = /:0+$/.test(text);
  try {
    const endpoint = parseEndpoint(free ? text.replace(/:0+$/, ':1') : text);
    return free ? { ...endpoint, port: 0 } : endpoint;
  } catch {
    throw new Refusal('is not HOST:PORT', 'Write it as 0.0.0.0:8870, [::1]:8870 or name:8870.');
  }
}

/** HOST:PORT that others can dial. */
function toPublicEndpoint(text: string): Endpoint {
  const endpoint = toEndpoint(text);
  if (endpoint.port === 0 || isWildcard(endpoint.host)) {
    throw new Refusal('is not an address that others can dial', 'Name a host and a port.');
  }
  return endpoint;
}

/** sun_path has 104 bytes on macOS and 108 on Linux, the closing NUL among them. */
const socketPathBytesMax = 103;

function toHttp(text: string, context: Context): HttpEndpoint {
  if (text.startsWith('unix:')) {
    const path = toPath(text.slice('unix:'.length), context);
    if (Buffer.byteLength(path) > socketPathBytesMax) {
      const hint = `Name a path of at most ${socketPathBytesMax} bytes.`;
      throw new Refusal('is too long for a Unix socket', hint);
    }
    return { kind: 'unix', path };
  }
  return { kind: 'tcp', ...toEndpoint(text.replace(/^http:\/\//i, '').replace(/\/$/, '')) };
}

function toPath(text: string, { base, home }: Context): string {
  if (text === '' || text.includes('\0'))
    throw new Refusal('is not a path', 'Name a file or folder.');
  // Shells leave `--data=~/x` alone, and nobody else expands what a file or a unit says.
  return text === '~' || text.startsWith('~/') ? join(home, text.slice(1)) : resolve(base, text);
}

const labelCharactersMax = 64;
const noteCharactersMax = 256;

/** A name for a room or a node. */
function toLabel(text: string): string {
  return toLine(text, labelCharactersMax, 'a name');
}

function toNote(text: string): string {
  return toLine(text, noteCharactersMax, 'a note');
}

function toLine(text: string, charactersMax: number, what: string): string {
  const label = text.trim();
  const length = Array.from(label).length;
  // Cc controls, Cs lone surrogates, Zl and Zp line and paragraph separators.
  if (length < 1 || length > charactersMax || /[\p{Cc}\p{Cs}\p{Zl}\p{Zp}]/u.test(label)) {
    const hint = `Write 1 to ${charactersMax} characters without control characters.`;
    throw new Refusal(`is not ${what}`, hint);
  }
  return label;
}

const secondsOf = { s: 1, m: 60, h: 3600, d: 86_400, w: 604_800 } as const;
/** A clock that is wrong by minutes must not erase what was just said. */
const retainSMin = 3600;
/** Beyond it a sum with a time is no safe integer any more. */
const retainSMax = 100 * 366 * 86_400;

/** A length of time in seconds, at least an hour. */
function toDuration(text: string): number {
  const [, digits, unit] = /^([0-9]{1,10})([smhdw])$/.exec(text.toLowerCase()) ?? [];
  const seconds = Number(digits) * secondsOf[(unit ?? 's') as keyof typeof secondsOf];
  if (!(seconds >= retainSMin && seconds <= retainSMax)) {
    throw new Refusal('is not a time of an hour or longer', 'Write it as 36h, 30d or 52w.');
  }
  return seconds;
}

/** More than any node can do. */
const rateMax = 1_000_000;

function toRate(text: string): number {
  if (/^[0-9]{1,7}$/.test(text) && Number(text) <= rateMax) return Number(text);
  throw new Refusal('is not a rate', `Write a whole number up to ${rateMax}; 0 for no bound.`);
}

function toHostName(text: string): string {
  const name = text.toLowerCase();
  if (!/^[a-z0-9._-]{1,253}$/.test(name) && !/^\[[0-9a-f:.]+\]$/.test(name)) {
    throw new Refusal('is not a host name', 'Write the name alone, without a port.');
  }
  return name;
}

function toOneOf<T extends string>(words: readonly T[]): Parse<T> {
  return (text) => {
    const word = words.find((each) => each === text.toLowerCase());
    if (word === undefined) throw new Refusal('is unknown', `Write one of ${words.join(', ')}.`);
    return word;
  };
}

function refuseOpenDoor({ http, httpTokenFile }: NodeConfig, source: string): void {
  if (http.kind === 'unix' || httpTokenFile !== undefined || isLoopback(http.host)) return;
  const message = `${formatEndpoint(http)} for --http (${source}) is open to other machines`;
  throw new SkychatError('token-required', `${message} and needs --http-token-file`, {
    hint: 'Put a secret into a file and name it, or listen on 127.0.0.1.',
  });
}

export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || (isIPv4(host) && host.startsWith('127.'));
}

/** An address that binds every interface and that nobody can dial. */
export function isWildcard(host: string): boolean {
  return host === '0.0.0.0' || host === '::';
}

function frozen<T extends object>(value: T): Readonly<T> {
  for (const each of Object.values(value)) {
    if (typeof each === 'object' && each !== null) frozen(each);
  }
  return Object.freeze(value);
}
