// `peers`: lists the peers, adds one, removes one; at once and kept over restarts.
import { Command } from 'commander';
import type { PeerView } from '../chat/view.ts';
import { formatPeerAddress, parsePeerAddress } from '../config.ts';
import { parsePublicKey } from '../identity.ts';
import type { Act, Call } from './call.ts';
import { Client } from './client.ts';
import { exitCodes, UsageError, type ExitCode } from './failures.ts';
import { loadClientConfig } from './load-settings.ts';
import { addClientOptions, addExamples } from './options.ts';
import { buildTable } from './table.ts';

export function peersCommand(act: Act): Command {
  const command = new Command('peers')
    .description('list the peers, add one, or remove one')
    .helpCommand(false)
    .enablePositionalOptions()
    .allowExcessArguments()
    .action(
      act((call) => {
        call.refuseArguments(['add', 'rm']);
        return list(call);
      }),
    );
  addExamples(
    addClientOptions(command),
    'skychat-node peers',
    'skychat-node peers add PK@10.0.0.2:8870',
    'skychat-node peers rm PK',
  );
  return command.addCommand(addCommand(act)).addCommand(removeCommand(act));
}

function addCommand(act: Act): Command {
  const command = new Command('add')
    .description('dial a peer from now on')
    .argument('<address>', 'pk@host:port')
    .action(act(add));
  return addExamples(addClientOptions(command), 'skychat-node peers add PK@10.0.0.2:8870');
}

function removeCommand(act: Act): Command {
  const command = new Command('rm')
    .description('dial a peer no more')
    .argument('<pk>', 'its key, or pk@host:port')
    .action(act(remove));
  return addExamples(addClientOptions(command), 'skychat-node peers rm PK');
}

async function list(call: Call): Promise<ExitCode> {
  const client = new Client(loadClientConfig(call));
  const answer = await client.get<{ peers: readonly PeerView[] }>(
    '/peers',
    {},
    call.ports.interrupt,
  );
  await (call.flag('json') ? call.out.json(answer) : call.out.text(tableOf(answer.peers)));
  return exitCodes.done;
}

function tableOf(peers: readonly PeerView[]): string {
  if (peers.length === 0) return 'no peers; add one with: skychat-node peers add PK@HOST:PORT\n';
  const rows = peers.map((peer) => [
    peer.state,
    peer.pk,
    peer.name ?? '-',
    peer.address ?? '-',
    peer.rtt_ms === null ? '-' : `${peer.rtt_ms} ms`,
    String(peer.behind),
    String(peer.ahead),
    peer.reason ?? '',
  ]);
  return buildTable([['STATE', 'KEY', 'NAME', 'ADDRESS', 'RTT', 'BEHIND', 'AHEAD', ''], ...rows]);
}

async function add(call: Call): Promise<ExitCode> {
  const address = formatPeerAddress(parsePeerAddress(call.arguments[0] ?? ''));
  const client = new Client(loadClientConfig(call));
  const { value: peer } = await client.ask<PeerView>({
    method: 'POST',
    path: '/peers',
    body: { address },
    signal: call.ports.interrupt,
  });
  await (call.flag('json') ? call.out.json(peer) : call.out.line(address));
  return exitCodes.done;
}

async function remove(call: Call): Promise<ExitCode> {
  const [named = ''] = call.arguments;
  const pk = named.includes('@') ? parsePeerAddress(named).pk : parsePublicKey(named);
  if (pk === undefined) {
    throw new UsageError(`${JSON.stringify(named)} is not a key`, 'A key is 64 hex characters.');
  }
  const client = new Client(loadClientConfig(call));
  await client.ask({ method: 'DELETE', path: `/peers/${pk}`, signal: call.ports.interrupt });
  await (call.flag('json') ? call.out.json({ pk }) : call.out.line(pk));
  return exitCodes.done;
}
