// `run`: opens the node, says where it is, and drains at the first signal.
import { Command } from 'commander';
import type { StatusView } from '../chat/view.ts';
import { type HttpEndpoint, isWildcard, type NodeConfig } from '../config.ts';
import { systemTimers, type Logger } from '../env.ts';
import type { RunningNode } from '../node.ts';
import { addressesOf } from './addresses.ts';
import type { Act, Call } from './call.ts';
import { exitCodes, type ExitCode } from './failures.ts';
import { FirstSync } from './first-sync.ts';
import { drainMs } from './limits.ts';
import { loadConfig } from './load-settings.ts';
import { createLogger } from './logger.ts';
import { addExamples, addRunOptions } from './options.ts';
import { quote } from './quote.ts';
import { removeRuntimeFile, writeRuntimeFile } from './runtime-file.ts';
import { findServiceManager } from './service-manager.ts';

export function runCommand(act: Act, names: () => readonly string[]): Command {
  const command = new Command('run')
    .description('run a node (the default command)')
    .allowExcessArguments()
    .action(
      act((call) => {
        call.refuseArguments(names());
        return run(call);
      }),
    );
  return addExamples(
    addRunOptions(command),
    'skychat-node --peers PK@10.0.0.2:8870',
    'skychat-node run --room ops --name db3 --data /var/lib/skychat-node',
    'skychat-node run --http unix:/run/skychat-node.sock --no-listen --peers PK@[fd00::2]:8870',
  );
}

async function run(call: Call): Promise<ExitCode> {
  const { ports } = call;
  const { config } = loadConfig(call);
  const firstSync = new FirstSync(ports);
  const logger = createLogger(
    { level: config.logLevel, format: config.logFormat, colors: ports.stderr.isTTY === true },
    firstSync.log,
  );
  const node = await ports.openNode(config, { logger });
  const manager = findServiceManager({
    ...{ env: ports.env, pid: ports.pid, timers: systemTimers },
    status: async () => sentenceOf(await node.status()),
    onFailure: (cause) => {
      logger.warn({ cause }, 'the service manager could not be told');
    },
  });
  try {
    const { pk, listen, http } = node;
    writeRuntimeFile(node.data, { pid: ports.pid, pk, listen, http });
    await announce(call, config, node);
    await manager?.ready();
    await firstSync.show(() => node.status());
    await aborted(ports.interrupt);
  } finally {
    // While the node still holds the directory, so that this cannot be a successor's file.
    removeRuntimeFile(node.data, ports.pid);
    const told = manager?.stopping();
    await drain(call, node, logger);
    await told;
  }
  return exitCodes.done;
}

/** How the node is, in a line. */
function sentenceOf({ peers, behind, messages }: StatusView): string {
  const lag = behind === 0 ? 'in sync' : `${behind} behind`;
  return `${peers.connected} of ${peers.known} peers connected, ${messages} messages, ${lag}`;
}

async function announce(call: Call, config: NodeConfig, node: RunningNode): Promise<void> {
  const { pk, listen, http, data } = node;
  if (call.flag('json')) {
    return call.out.json({ event: 'listening', pk, listen, http, data });
  }
  const addresses = addressesOf(pk, config.advertise, listen, call.ports.networkAddresses());
  const lines = [
    ...addresses.map((address) => `address  ${address}`),
    ...(addresses.length === 0 ? [`key      ${pk} (dials only)`] : []),
    `http     ${http}`,
    `try      ${curlLine(config, node.http)}`,
  ];
  return call.out.line(lines.join('\n'));
}

/** Safe to paste, whatever the paths are. */
function curlLine({ http: configured, httpTokenFile }: NodeConfig, http: string): string {
  const token =
    httpTokenFile === undefined
      ? []
      : ['-H', `"Authorization: Bearer $(cat ${quote(httpTokenFile)})"`];
  return ['curl', ...token, '-d', 'hello', ...targetOf(configured, http)].join(' ');
}

function targetOf(configured: HttpEndpoint, http: string): readonly string[] {
  if (configured.kind === 'unix') {
    return ['--unix-socket', quote(configured.path), 'http://localhost/messages'];
  }
  const { port } = new URL(http);
  return [isWildcard(configured.host) ? `http://127.0.0.1:${port}/messages` : `${http}/messages`];
}

/** Resolves when the signal has aborted. */
function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else
      signal.addEventListener(
        'abort',
        () => {
          resolve();
        },
        { once: true },
      );
  });
}

/**
 * What was acknowledged is on disk already, so a close that takes too long loses nothing but its
 * good-byes.
 */
async function drain({ ports }: Call, node: RunningNode, logger: Logger): Promise<void> {
  const timer = new AbortController();
  const late = ports.sleep(drainMs, timer.signal).then(
    () => true,
    () => false,
  );
  const closed = node.close().then(() => false);
  if (await Promise.race([closed, late])) logger.warn({ ms: drainMs }, 'closing took too long');
  timer.abort();
}
