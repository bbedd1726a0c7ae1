// `chat`: a conversation in a terminal, line by line.
import { Command, Option } from 'commander';
import type { GroupView, StatusView } from '../chat/view.ts';
import type { Act, Call } from './call.ts';
import { Session } from './chat/session.ts';
import { Client } from './client.ts';
import { UsageError, type ExitCode } from './failures.ts';
import { loadClientConfig } from './load-settings.ts';
import { isScreen, lookOf } from './look.ts';
import { pathOfGroup } from './member-names.ts';
import { addClientOptions, addExamples } from './options.ts';

export function chatCommand(act: Act): Command {
  const command = new Command('chat')
    .description('read and write in a terminal, line by line; /help lists what can be typed')
    .option('--group <group>', 'id or name of the group to begin with (default: the room)')
    .addOption(
      new Option('--color <when>', 'auto, always or never').choices(['auto', 'always', 'never']),
    )
    .option('--bell', 'ring when a message names this node')
    .action(act(chat));
  return addExamples(
    addClientOptions(command),
    'skychat-node chat',
    'skychat-node chat --group ops --bell',
    'NO_COLOR=1 skychat-node chat',
  );
}

async function chat(call: Call): Promise<ExitCode> {
  const { stdin, stdout, env, interrupt } = call.ports;
  if (call.flag('json')) {
    throw new UsageError('chat has no --json', 'Programs use: skychat-node tail -f --json');
  }
  if (stdin.isTTY !== true || !isScreen(stdout, env)) {
    const hint = 'Without one use: skychat-node send, and skychat-node tail -f.';
    throw new UsageError('chat needs a terminal', hint);
  }
  const client = new Client(loadClientConfig(call));
  const { pk, room } = await client.get<StatusView>('/status', {}, interrupt);
  const { groups } = await client.get<{ groups: readonly GroupView[] }>('/groups', {}, interrupt);
  const wanted = pathOfGroup(call.text('group') ?? room);
  const { id: group } = await client.get<GroupView>(wanted, {}, interrupt);
  const usual = lookOf(env);
  const when = call.text('color') ?? 'auto';
  const look = { ...usual, colors: when === 'auto' ? usual.colors : when === 'always' };
  const bell = call.flag('bell');
  return new Session({ call, client, look, self: pk, groups, group, bell }).run();
}
