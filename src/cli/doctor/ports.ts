// The ports: answering where the daemon runs, free where it is to be started.
import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import { formatEndpoint, isWildcard, parseEndpoint, type Endpoint } from '../../config.ts';
import { dialMs } from '../limits.ts';
import type { Check, Finding } from './finding.ts';

export const checkPorts: Check = async ({ daemon, config }) => {
  if (daemon !== undefined) {
    const { listen, counters } = daemon.status;
    return [
      ...(listen === null ? [] : await answering(parseEndpoint(listen))),
      ...strangers(counters.refused['http-on-link-port'] ?? 0, daemon.status.http),
    ];
  }
  const { listen, http } = config;
  return [
    ...(listen === undefined ? [] : await free(listen, '--listen')),
    ...(http.kind === 'tcp' ? await free(http, '--http') : []),
  ];
};

async function answering(endpoint: Endpoint): Promise<Finding[]> {
  const { host, port } = endpoint;
  const socket = connect({ host: isWildcard(host) ? '127.0.0.1' : host, port, timeout: dialMs });
  try {
    await Promise.race([
      once(socket, 'connect'),
      once(socket, 'timeout').then(() => Promise.reject(new Error('no answer'))),
    ]);
    return [];
  } catch (error) {
    return [
      {
        what: `nobody answers at ${formatEndpoint(endpoint)}, where the daemon listens: ${wordsOf(error)}`,
        fix: 'Look for a firewall on this machine that closes the port.',
        command: `ss -ltnp 'sport = :${port}'`,
      },
    ];
  } finally {
    socket.destroy();
  }
}

function strangers(count: number, http: string): Finding[] {
  if (count === 0) return [];
  return [
    {
      what: `HTTP was spoken to the link port ${count} times`,
      fix: `Point the client to ${http}; only peers dial the link port.`,
      command: null,
    },
  ];
}

/** Whether a daemon could listen there. */
async function free({ host, port }: Endpoint, flag: string): Promise<Finding[]> {
  if (port === 0) return [];
  const server = createServer();
  try {
    server.listen({ host, port });
    await once(server, 'listening');
    return [];
  } catch (error) {
    return [busy(formatEndpoint({ host, port }), port, flag, error)];
  } finally {
    server.close();
  }
}

function busy(address: string, port: number, flag: string, error: unknown): Finding {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  if (code === 'EADDRINUSE') {
    return {
      what: `${address} of ${flag} is taken by another process`,
      fix: `End that process, or choose another port with ${flag}.`,
      command: `ss -ltnp 'sport = :${port}'`,
    };
  }
  if (code === 'EADDRNOTAVAIL') {
    return {
      what: `${address} of ${flag} is no address of this machine`,
      fix: `Correct ${flag}; 0.0.0.0 is every address.`,
      command: 'ip -brief address',
    };
  }
  return {
    what: `nobody can listen on ${address} of ${flag}: ${wordsOf(error)}`,
    fix: `Choose another with ${flag}; ports below 1024 need rights of their own.`,
    command: null,
  };
}

function wordsOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
