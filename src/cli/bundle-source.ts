// Where `export` and `import` work: on the daemon, where one runs or is named, else on the files of the
// stopped node.
import { existsSync } from 'node:fs';
import { type Command, Option } from 'commander';
import type { BundleTaker } from '../node/bundle-import.ts';
import { exportBundle } from '../node/bundle-export.ts';
import type { Call } from './call.ts';
import { importPauseMs } from './limits.ts';
import { loadClientConfig, loadConfig } from './load-settings.ts';
import type { ClientConfig } from '../config.ts';
import { createLogger } from './logger.ts';
import { addClientOptions, keyOption } from './options.ts';
import { daemonBundles } from './bundle-daemon.ts';
import { findRuntimeFile, isAlive } from './runtime-file.ts';

export interface Bundles {
  /** The pieces of a bundle. */
  export(group: string | undefined): AsyncIterable<Uint8Array>;
  taker(): BundleTaker;
  close(): Promise<void>;
}

/** With what decides whose messages are taken, as it is said when the node runs. */
export function addBundleOptions(command: Command): Command {
  const collect = (value: string, all: readonly string[] = []): string[] => [...all, value];
  return addClientOptions(command)
    .addOption(
      new Option('--peers <addresses>', 'as for run, where it is not running').argParser(collect),
    )
    .addOption(
      new Option('--allow <keys>', 'as for run, where it is not running').argParser(collect),
    )
    .addOption(new Option('--room <name>', 'as for run, where it is not running'))
    .addOption(keyOption());
}

export async function openBundles(call: Call): Promise<Bundles> {
  const client = loadClientConfig(call);
  return isDaemons(call, client) ? daemonBundles(call, client) : fileBundles(call);
}

/** `--http` names a daemon. Elsewhere a setting may be the address of a node that does not run now. */
export function isDaemons(call: Call, { data, http }: ClientConfig): boolean {
  const runtime = findRuntimeFile(data);
  if (call.text('http') !== undefined || (runtime !== undefined && isAlive(runtime))) return true;
  return http !== undefined && !existsSync(data);
}

async function fileBundles(call: Call): Promise<Bundles> {
  const { config } = loadConfig(call);
  const { ports } = call;
  const look = { level: 'warn', format: config.logFormat, colors: false } as const;
  const { openOffline } = await import('../node/offline.ts');
  const node = await openOffline(config, createLogger(look, ports.stderr));
  return {
    async *export(group) {
      const only = group === undefined ? undefined : (await node.chat.groupView(group)).id;
      const isWanted = (each: string): boolean => only === undefined || each === only;
      yield* exportBundle(node.storage.store, isWanted);
    },
    taker: () => ({
      take: async (items, isLast) =>
        Promise.all(items.map((item) => node.bundles.take(item, isLast))),
      settle: () => node.bundles.settle(),
      pause: () => ports.sleep(importPauseMs, ports.interrupt),
    }),
    close: () => node.close(),
  };
}
