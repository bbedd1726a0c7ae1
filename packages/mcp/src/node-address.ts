// Where the node answers: as it was named, or by runtime.json in its data directory. Looked up anew for
// each request, since a restart may move it. Knows nothing of requests.
import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { stateFileBytesMax } from './limits.ts';
import { NodeFailure } from './node-failure.ts';

export type NodeAddress =
  | { readonly kind: 'tcp'; readonly host: string; readonly port: number; readonly prefix: string }
  | { readonly kind: 'unix'; readonly path: string };

export interface Whereabouts {
  /** `http://host:port`, `host:port` or `unix:PATH`. */
  readonly http: string | undefined;
  readonly data: string;
}

/** Throws NodeFailure `unreachable-node` where nobody named a node and none runs here. */
export function findNode({ http, data }: Whereabouts): NodeAddress {
  return parseNodeAddress(http ?? readRuntime(data));
}

/** Throws NodeFailure `bad-address`. */
export function parseNodeAddress(text: string): NodeAddress {
  if (text.startsWith('unix:') && text.length > 5) return { kind: 'unix', path: text.slice(5) };
  const url = parseUrl(/^[a-z]+:\/\//i.test(text) ? text : `http://${text}`);
  if (url?.protocol !== 'http:' || url.search !== '' || url.hash !== '' || url.username !== '') {
    const hint = 'Write it as http://HOST:PORT or unix:PATH.';
    throw new NodeFailure('bad-address', `not the address of a node's HTTP interface`, { hint });
  }
  const host = url.hostname.replace(/^\[(.*)\]$/, '$1');
  const prefix = url.pathname.replace(/\/+$/, '');
  return { kind: 'tcp', host: dialable(host), port: Number(url.port || 80), prefix };
}

export function nameOf(address: NodeAddress): string {
  return address.kind === 'unix' ? `unix:${address.path}` : `${address.host}:${address.port}`;
}

/** Nobody can dial the address that means every interface, but the node is on this machine. */
function dialable(host: string): string {
  if (host === '0.0.0.0') return '127.0.0.1';
  return host === '::' ? '::1' : host;
}

function parseUrl(text: string): URL | undefined {
  try {
    return new URL(text);
  } catch {
    return undefined;
  }
}

function readRuntime(data: string): string {
  const hint = `Start one with: skychat-node run --data ${data}; or name it with --http.`;
  let runtime: { readonly pid?: unknown; readonly http?: unknown } | undefined;
  try {
    const path = join(data, 'runtime.json');
    if (statSync(path).size <= stateFileBytesMax) {
      runtime = JSON.parse(readFileSync(path, 'utf8')) as typeof runtime;
    }
  } catch {
    // There is none, or half of one: nobody runs there.
  }
  const { pid, http } = runtime ?? {};
  if (typeof http !== 'string' || typeof pid !== 'number' || !isAlive(pid)) {
    throw new NodeFailure('unreachable-node', `no node runs on ${data}`, { hint, passes: true });
  }
  return http;
}

function isAlive(pid: number): boolean {
  if (!Number.isSafeInteger(pid) || pid <= 0) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // EPERM: it lives, and belongs to somebody else.
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}
