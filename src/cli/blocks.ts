// `block`, `unblock` and `blocks`: whose messages this node does not show; nobody is told.
import { Command } from 'commander';
import type { BlockView, StatusView } from '../chat/view.ts';
import type { Act, Call } from './call.ts';
import { Client } from './client.ts';
import { exitCodes, type ExitCode } from './failures.ts';
import { loadClientConfig } from './load-settings.ts';
import { findKey, readMember } from './member-names.ts';
import { addClientOptions, addExamples } from './options.ts';
import { buildTable } from './table.ts';

const whose = 'its key, or the name of a member of the room';

export function blockCommand(act: Act): Command {
  const command = new Command('block')
    .description('show no more messages of a key, here alone')
    .argument('<key|name>', whose)
    .action(act(block));
  const examples = ['skychat-node block mallory', 'skychat-node block PK'];
  return addExamples(addClientOptions(command), ...examples);
}

export function unblockCommand(act: Act): Command {
  const command = new Command('unblock')
    .description('show the messages of a blocked key again')
    .argument('<key|name>', whose)
    .action(act(unblock));
  return addExamples(addClientOptions(command), 'skychat-node unblock mallory');
}

export function blocksCommand(act: Act): Command {
  const command = new Command('blocks')
    .description('list the keys whose messages are not shown')
    .action(act(list));
  return addExamples(
    addClientOptions(command),
    'skychat-node blocks',
    'skychat-node blocks --json',
  );
}

async function block(call: Call): Promise<ExitCode> {
  const client = new Client(loadClientConfig(call));
  const path = `/members/${await keyOf(call, client)}/block`;
  const question = { method: 'PUT', path, signal: call.ports.interrupt } as const;
  const { value: blocked } = await client.ask<BlockView>(question);
  await (call.flag('json') ? call.out.json(blocked) : call.out.line(blocked.pk));
  return exitCodes.done;
}

async function unblock(call: Call): Promise<ExitCode> {
  const client = new Client(loadClientConfig(call));
  const [word = ''] = call.arguments;
  const named = (await readBlocks(call, client)).filter(({ name }) => name === word);
  const [only] = named;
  const pk = only !== undefined && named.length === 1 ? only.pk : await keyOf(call, client);
  const signal = call.ports.interrupt;
  await client.ask({ method: 'DELETE', path: `/members/${pk}/block`, signal });
  await (call.flag('json') ? call.out.json({ pk }) : call.out.line(pk));
  return exitCodes.done;
}

async function list(call: Call): Promise<ExitCode> {
  const blocked = await readBlocks(call, new Client(loadClientConfig(call)));
  const rows = blocked.map(({ pk, name, since }) => [pk, name ?? '-', since]);
  const table = rows.length === 0 ? '' : buildTable([['KEY', 'NAME', 'SINCE'], ...rows]);
  await (call.flag('json') ? call.out.json({ blocked }) : call.out.text(table));
  return exitCodes.done;
}

async function readBlocks(call: Call, client: Client): Promise<readonly BlockView[]> {
  const { interrupt } = call.ports;
  return (await client.get<{ blocked: readonly BlockView[] }>('/blocks', {}, interrupt)).blocked;
}

/** Names are those of the room. */
async function keyOf(call: Call, client: Client): Promise<string> {
  const [word = ''] = call.arguments;
  const key = findKey(word);
  if (key !== undefined) return key;
  const { room } = await client.get<StatusView>('/status', {}, call.ports.interrupt);
  return readMember(call, client, room, word);
}
