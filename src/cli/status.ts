// `status`: how the node is, as GET /status; with --watch, as it changes.
import { Command, InvalidArgumentError, Option } from 'commander';
import type { StatusView } from '../chat/view.ts';
import type { Act, Call } from './call.ts';
import { Client } from './client.ts';
import { exitCodes, UsageError, type ExitCode } from './failures.ts';
import { watchMs, watchMsMin } from './limits.ts';
import { loadClientConfig } from './load-settings.ts';
import { addClientOptions, addExamples, duration } from './options.ts';
import { buildProgressWords } from './progress-line.ts';
import { buildTable } from './table.ts';
import { watchStatus } from './watch.ts';

export function statusCommand(act: Act): Command {
  const command = new Command('status')
    .description('show how the node is; with --watch, go on')
    .option('-w, --watch', 'go on until interrupted, over restarts of the daemon')
    .addOption(
      new Option('--interval <time>', 'how often --watch asks (default: 1s)').argParser(interval),
    )
    .action(act(status));
  return addExamples(
    addClientOptions(command),
    'skychat-node status',
    'skychat-node status --json',
    'skychat-node status --watch',
    'skychat-node status --watch --json --interval 5s',
  );
}

function interval(text: string): number {
  const ms = duration(text);
  if (ms >= watchMsMin) return ms;
  throw new InvalidArgumentError(`Write ${watchMsMin}ms or longer.`);
}

async function status(call: Call): Promise<ExitCode> {
  const intervalMs = call.number('interval');
  if (intervalMs !== undefined && !call.flag('watch')) {
    throw new UsageError('--interval belongs to --watch', 'Add --watch.');
  }
  const client = new Client(loadClientConfig(call));
  if (call.flag('watch')) return watchStatus(call, client, intervalMs ?? watchMs);
  const view = await client.get<StatusView>('/status', {}, call.ports.interrupt);
  await (call.flag('json') ? call.out.json(view) : call.out.text(buildTable(rowsOf(view))));
  return exitCodes.done;
}

const plain = { unicode: true, colors: false };

function rowsOf(view: StatusView): readonly (readonly string[])[] {
  const { peers, counters, store } = view;
  return [
    ['key', view.pk],
    ['name', view.name ?? '-'],
    ['version', view.version],
    ['up', durationOf(view.uptime_s)],
    ['room', view.room],
    ['listen', view.listen ?? 'dials only'],
    ['http', view.http],
    ['peers', `${peers.connected} of ${peers.known} connected`],
    ['messages', `${view.messages} in ${view.feeds} feeds`],
    ['behind', view.behind === 0 ? '0 (in sync)' : String(view.behind)],
    ...(view.behind === 0 ? [] : [['sync', buildProgressWords(view.sync, plain)]]),
    ['store', `${store.bytes} bytes`],
    ['held', String(counters.held)],
    ['forks', String(counters.forks)],
    ...countsOf('dropped', counters.dropped),
    ...countsOf('refused', counters.refused),
  ];
}

function countsOf(what: string, counts: Readonly<Record<string, number>>): string[][] {
  return Object.entries(counts)
    .filter(([, count]) => count > 0)
    .map(([reason, count]) => [what, `${count} ${reason}`]);
}

function durationOf(seconds: number): string {
  const days = Math.floor(seconds / 86_400);
  const hours = Math.floor(seconds / 3600) % 24;
  const minutes = Math.floor(seconds / 60) % 60;
  if (days > 0) return `${days} d ${hours} h`;
  if (hours > 0) return `${hours} h ${minutes} min`;
  return minutes > 0 ? `${minutes} min` : `${Math.floor(seconds)} s`;
}
