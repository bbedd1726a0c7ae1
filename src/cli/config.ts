// `config`: prints each value of the configuration with where it came from, and changes nothing.
import { Command } from 'commander';
import { formatEndpoint, formatPeerAddress, type NodeConfig } from '../config.ts';
import type { SettingName } from '../settings.ts';
import type { Act, Call } from './call.ts';
import { exitCodes, type ExitCode } from './failures.ts';
import { loadConfig } from './load-settings.ts';
import { addExamples, addRunOptions } from './options.ts';
import { buildTable } from './table.ts';

export function configCommand(act: Act): Command {
  const command = new Command('config')
    .description('print each setting that run would use, and where it comes from')
    .action(act(show));
  return addExamples(
    addRunOptions(command),
    'skychat-node config',
    'skychat-node config --config /etc/skychat-node.json --json',
  );
}

const flagOf: Readonly<Record<keyof NodeConfig, SettingName>> = {
  peers: 'peers',
  allow: 'allow',
  open: 'open',
  listen: 'listen',
  advertise: 'advertise',
  http: 'http',
  data: 'data',
  keyFile: 'key',
  room: 'room',
  name: 'name',
  note: 'note',
  bot: 'bot',
  retainS: 'retain',
  httpTokenFile: 'http-token-file',
  allowHosts: 'allow-host',
  writeRate: 'write-rate',
  logLevel: 'log-level',
  logFormat: 'log-format',
  forceNewHead: 'force-new-head',
};

async function show(call: Call): Promise<ExitCode> {
  const { config, sources } = loadConfig(call);
  const values = valuesOf(config);
  const keys = Object.keys(flagOf) as (keyof NodeConfig)[];
  if (call.flag('json')) {
    const entries = keys.map((key) => [flagOf[key], { value: values[key], source: sources[key] }]);
    await call.out.json(Object.fromEntries(entries));
  } else {
    await call.out.text(
      buildTable(keys.map((key) => [flagOf[key], wordsOf(values[key]), `(${sources[key]})`])),
    );
  }
  return exitCodes.done;
}

type Shown = string | boolean | null | readonly string[];

/** Each value as one would write it. */
function valuesOf(config: NodeConfig): Record<keyof NodeConfig, Shown> {
  const { http } = config;
  return {
    ...config,
    peers: config.peers.map(formatPeerAddress),
    listen: config.listen === undefined ? null : formatEndpoint(config.listen),
    advertise: config.advertise === 'none' ? 'none' : config.advertise.map(formatEndpoint),
    http: http.kind === 'unix' ? `unix:${http.path}` : formatEndpoint(http),
    name: config.name ?? null,
    note: config.note ?? null,
    retainS: config.retainS === undefined ? null : `${config.retainS}s`,
    httpTokenFile: config.httpTokenFile ?? null,
    writeRate: String(config.writeRate),
  };
}

function wordsOf(value: Shown): string {
  if (value === null) return '-';
  if (typeof value === 'boolean') return value ? 'yes' : 'no';
  return typeof value === 'string' ? value : value.join(',') || '-';
}
