// `hook`: URLs by which other programs post here, and URLs to which this node posts what arrives.
import { Command, Option } from 'commander';
import type { HookView, NewHookView } from '../http/hooks.ts';
import type { Act, Call } from './call.ts';
import { Client, type Question } from './client.ts';
import { exitCodes, type ExitCode } from './failures.ts';
import { loadClientConfig } from './load-settings.ts';
import { addClientOptions, addExamples, collect, listingCommand } from './options.ts';
import { buildTable } from './table.ts';

export function hookCommand(act: Act): Command {
  const command = listingCommand(act, 'hook', list)
    .description('make, list, revive and remove webhooks, incoming and outgoing')
    .addCommand(createCommand(act))
    .addCommand(
      addExamples(
        addClientOptions(new Command('list').description('list the hooks').action(act(list))),
        'skychat-node hook list',
      ),
    )
    .addCommand(reviveCommand(act))
    .addCommand(revokeCommand(act));
  return addExamples(
    command,
    'skychat-node hook create --name grafana --group ops',
    'skychat-node hook create --name deploy --url http://10.0.0.7:9000/chat --mentions',
    'skychat-node hook list',
    'skychat-node hook revive ID',
    'skychat-node hook revoke ID',
  );
}

function createCommand(act: Act): Command {
  const command = new Command('create')
    .description('print, this once, the URL by which others post; or what signs for --url')
    .addOption(new Option('--name <name>', 'shown beside what it posts').makeOptionMandatory())
    .option('--group <group>', 'where it posts (default: the room); with --url, what it is told of')
    .option('--url <url>', 'post there what arrives; http or https')
    .option('--mentions', 'with --url: only what names this node, or @NAME')
    .option('--bots', 'with --url: also what bots wrote')
    .addOption(
      new Option('--event <event>', 'with --url (default: message); repeatable').argParser(collect),
    )
    .action(act(create));
  return addExamples(
    addClientOptions(command),
    'skychat-node hook create --name grafana --group ops',
    'skychat-node hook create --name deploy --url https://ci.example/chat --group ops --mentions',
  );
}

function reviveCommand(act: Act): Command {
  const command = new Command('revive')
    .description('go on with an outgoing hook at once, where it stopped')
    .argument('<id>', 'as the list shows it')
    .option('--skip', 'go on with what arrives from now on')
    .action(act(revive));
  return addExamples(addClientOptions(command), 'skychat-node hook revive ID');
}

function revokeCommand(act: Act): Command {
  const command = new Command('revoke')
    .description('remove a hook: its URL opens nothing any more, nothing more is posted to it')
    .argument('<id>', 'as the list shows it')
    .action(act(revoke));
  return addExamples(addClientOptions(command), 'skychat-node hook revoke ID');
}

async function create(call: Call): Promise<ExitCode> {
  const body = {
    name: call.text('name'),
    group: call.text('group'),
    url: call.text('url'),
    ...(call.flag('mentions') && { mentions: true }),
    ...(call.flag('bots') && { bots: true }),
    events: call.texts('event'),
  };
  const made = await ask<NewHookView & { readonly post_to?: string }>(call, {
    ...{ method: 'POST', path: '/hooks', body },
  });
  await (call.flag('json') ? call.out.json(made) : call.out.line(made.post_to ?? made.secret));
  return exitCodes.done;
}

async function list(call: Call): Promise<ExitCode> {
  const answer = await ask<{ readonly hooks: readonly HookView[] }>(call, { path: '/hooks' });
  await (call.flag('json') ? call.out.json(answer) : call.out.text(tableOf(answer.hooks)));
  return exitCodes.done;
}

function tableOf(hooks: readonly HookView[]): string {
  if (hooks.length === 0) return 'no hooks; make one with: skychat-node hook create --name NAME\n';
  const rows = hooks.map((hook) => {
    const common = [hook.id, hook.name, hook.group?.slice(0, 8) ?? 'all'];
    return hook.kind === 'incoming'
      ? ['in', ...common, '-', hook.last_used ?? '-', '', '']
      : ['out', ...common, hook.state, hook.last_delivered ?? '-', hook.url, hook.reason ?? ''];
  });
  return buildTable([['', 'ID', 'NAME', 'GROUP', 'STATE', 'LAST', 'URL', ''], ...rows]);
}

async function revive(call: Call): Promise<ExitCode> {
  const hook = await ask<HookView>(call, {
    ...{ method: 'POST', path: `${pathOf(call)}/revive`, body: { skip: call.flag('skip') } },
  });
  await (call.flag('json') ? call.out.json(hook) : call.out.line(hook.id));
  return exitCodes.done;
}

async function revoke(call: Call): Promise<ExitCode> {
  const hook = await ask<HookView>(call, { method: 'DELETE', path: pathOf(call) });
  await (call.flag('json') ? call.out.json(hook) : call.out.line(hook.id));
  return exitCodes.done;
}

function pathOf(call: Call): string {
  return `/hooks/${encodeURIComponent(call.arguments[0] ?? '')}`;
}

async function ask<T>(call: Call, question: Omit<Question, 'signal'>): Promise<T> {
  const client = new Client(loadClientConfig(call));
  return (await client.ask<T>({ ...question, signal: call.ports.interrupt })).value;
}
