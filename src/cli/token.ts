// `token`: what programs call the node with; made, listed and revoked over the HTTP surface.
import { Command, Option } from 'commander';
import { scopes, type NewTokenView, type TokenView } from '../http/tokens.ts';
import type { Act, Call } from './call.ts';
import { Client } from './client.ts';
import { exitCodes, type ExitCode } from './failures.ts';
import { loadClientConfig } from './load-settings.ts';
import { addClientOptions, addExamples, collect, listingCommand } from './options.ts';
import { buildTable } from './table.ts';

export function tokenCommand(act: Act): Command {
  const command = listingCommand(act, 'token', list)
    .description('make, list and revoke the tokens by which programs call this node')
    .addCommand(createCommand(act))
    .addCommand(
      addExamples(
        addClientOptions(new Command('list').description('list the tokens').action(act(list))),
        'skychat-node token list',
      ),
    )
    .addCommand(revokeCommand(act));
  return addExamples(
    command,
    'skychat-node token create --name grafana --group ops',
    'skychat-node token create --name dashboard --scope read --expires 30d',
    'skychat-node token list',
    'skychat-node token revoke ID',
  );
}

function createCommand(act: Act): Command {
  const command = new Command('create')
    .description('make a token and print it, this once; its program posts under the name')
    .addOption(new Option('--name <name>', 'shown beside what it posts').makeOptionMandatory())
    .addOption(
      new Option('--scope <scope>', 'what it may do, and all before it (default: post)').choices(
        scopes,
      ),
    )
    .addOption(
      new Option('--group <group>', 'nothing but this group; repeatable').argParser(collect),
    )
    .option('--expires <time>', 'such as 12h or 30d (default: never)')
    .action(act(create));
  return addExamples(
    addClientOptions(command),
    'skychat-node token create --name grafana --group ops',
    'skychat-node token create --name backup --scope read --expires 30d > backup.token',
  );
}

function revokeCommand(act: Act): Command {
  const command = new Command('revoke')
    .description('have a token open nothing any more')
    .argument('<id>', 'as the list shows it; it is the second part of the token')
    .action(act(revoke));
  return addExamples(addClientOptions(command), 'skychat-node token revoke ID');
}

async function create(call: Call): Promise<ExitCode> {
  const body = {
    name: call.text('name'),
    scope: call.text('scope'),
    groups: call.texts('group'),
    expires_in: call.text('expires'),
  };
  const { value: made } = await new Client(loadClientConfig(call)).ask<NewTokenView>({
    ...{ method: 'POST', path: '/tokens', body, signal: call.ports.interrupt },
  });
  await (call.flag('json') ? call.out.json(made) : call.out.line(made.token));
  return exitCodes.done;
}

async function list(call: Call): Promise<ExitCode> {
  const client = new Client(loadClientConfig(call));
  const { interrupt } = call.ports;
  const answer = await client.get<{ tokens: readonly TokenView[] }>('/tokens', {}, interrupt);
  await (call.flag('json') ? call.out.json(answer) : call.out.text(tableOf(answer.tokens)));
  return exitCodes.done;
}

function tableOf(tokens: readonly TokenView[]): string {
  if (tokens.length === 0)
    return 'no tokens; make one with: skychat-node token create --name NAME\n';
  const rows = tokens.map(({ id, name, scope, groups, expires, last_used: used }) => [
    ...[id, name, scope],
    groups === null ? 'all' : groups.map((group) => group.slice(0, 8)).join(' '),
    expires ?? 'never',
    used ?? '-',
  ]);
  return buildTable([['ID', 'NAME', 'SCOPE', 'GROUPS', 'EXPIRES', 'LAST USED'], ...rows]);
}

async function revoke(call: Call): Promise<ExitCode> {
  const path = `/tokens/${encodeURIComponent(call.arguments[0] ?? '')}`;
  const { value } = await new Client(loadClientConfig(call)).ask<TokenView>({
    ...{ method: 'DELETE', path, signal: call.ports.interrupt },
  });
  await (call.flag('json') ? call.out.json(value) : call.out.line(value.id));
  return exitCodes.done;
}
