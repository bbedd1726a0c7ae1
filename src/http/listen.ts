// Binds the HTTP surface to `HOST:PORT` or `unix:PATH`.
import { lstat, unlink } from 'node:fs/promises';
import { connect, type ListenOptions, type Server } from 'node:net';
import { SkychatError } from '../errors.ts';
import type { HttpServer } from './server.ts';

/** sun_path has 104 bytes on macOS and 108 on Linux, the closing NUL among them. */
const socketPathBytesMax = 103;

/** Starts to listen; resolves with `http://host:port` or `unix:PATH`. SkychatError `port-busy`. */
export async function listenHttp(server: HttpServer, address: string): Promise<string> {
  await server.fastify.ready();
  const path = /^unix:(.+)$/.exec(address)?.[1];
  if (path !== undefined) {
    // libuv binds a longer one under a shortened name, without a word.
    if (Buffer.byteLength(path) > socketPathBytesMax) {
      throw new SkychatError('bad-config', `the path of ${address} is too long for a socket`);
    }
    await removeStaleSocket(path);
    await listenOnPath(server.fastify.server, path);
    return address;
  }
  const [, host = '', port = ''] = /^(.+):(\d{1,5})$/.exec(address) ?? [];
  if (host === '' || Number(port) > 65535) {
    throw new SkychatError('bad-config', `${address} is neither HOST:PORT nor unix:PATH`);
  }
  const bare = host.replace(/^\[(.*)\]$/, '$1');
  await listen(server.fastify.server, { host: bare, port: Number(port) }, address);
  return boundUrl(server.fastify.server);
}

function boundUrl(server: Server): string {
  const bound = server.address();
  if (bound === null || typeof bound === 'string') throw new Error('a TCP listener has an address');
  const host = bound.family === 'IPv6' ? `[${bound.address}]` : bound.address;
  return `http://${host}:${bound.port}`;
}

function listen(server: Server, options: ListenOptions, address: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const onError = (error: NodeJS.ErrnoException): void => {
      server.off('listening', onListening);
      reject(listenError(error, address));
    };
    const onListening = (): void => {
      server.off('error', onError);
      resolve();
    };
    server.once('error', onError);
    server.once('listening', onListening);
    server.listen(options);
  });
}

function listenError(error: NodeJS.ErrnoException, address: string): SkychatError {
  if (error.code === 'EADDRINUSE') {
    return new SkychatError('port-busy', `${address} is taken by another process`, {
      cause: error,
      hint: 'Choose another --http, port 0 for any free one.',
    });
  }
  const reason = error.code ?? error.message;
  return new SkychatError('bad-config', `cannot listen on ${address}: ${reason}`, { cause: error });
}

/** The socket is made within the call of `listen`, so there is no moment with a wider mode. */
function listenOnPath(server: Server, path: string): Promise<void> {
  const mask = process.umask(0o177);
  const listening = listen(server, { path }, `unix:${path}`);
  process.umask(mask);
  return listening;
}

/** A process that was killed leaves its socket behind; one that nobody answers on is removed. */
async function removeStaleSocket(path: string): Promise<void> {
  const found = await lstat(path).catch(() => undefined);
  if (found?.isSocket() === true && !(await answers(path))) await unlink(path);
}

function answers(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path);
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => {
      resolve(false);
    });
  });
}
