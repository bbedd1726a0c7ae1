// `search`: the newest messages that have some words, as GET /messages?q=.
import { Command, Option } from 'commander';
import { buildTextLine } from '../chat/text-line.ts';
import type { SearchPage } from '../chat/view.ts';
import type { Act, Call } from './call.ts';
import { Client } from './client.ts';
import { exitCodes, type ExitCode } from './failures.ts';
import { limitMax, searchSeconds } from './limits.ts';
import { filterOf } from './list-options.ts';
import { loadClientConfig } from './load-settings.ts';
import { addClientOptions, addExamples, wholeNumber } from './options.ts';

export function searchCommand(act: Act): Command {
  const command = new Command('search')
    .description('print the newest messages that have the words, oldest first')
    .argument('<words...>', '"a phrase", -without, from:NAME, in:GROUP, before:DATE, after:7d')
    .addOption(
      new Option('-n, --limit <n>', 'at most so many (default: 50)').argParser(
        wholeNumber(1, limitMax),
      ),
    )
    .option('--from <key|name>', 'only messages of one author')
    .option('--group <group>', 'id or name of a group (default: all)')
    .option('--since <time>', 'only newer ones: 10m, 2h, 7d or an ISO time')
    .option('--before <id|cursor>', 'only older ones than a message')
    .action(act(search));
  return addExamples(
    addClientOptions(command),
    'skychat-node search disk full',
    `skychat-node search '"disk full" -db3' --from alice`,
    'skychat-node search after:7d in:ops backup',
    "skychat-node search -- '-draft report'",
  );
}

async function search(call: Call): Promise<ExitCode> {
  const from = call.text('from');
  const words = [
    from === undefined ? [] : `from:"${from.replaceAll('"', '')}"`,
    ...call.arguments,
  ].flat();
  const query = {
    ...filterOf(call),
    q: words.join(' '),
    limit: call.number('limit'),
    before: call.text('before'),
    wait: searchSeconds,
  };
  const client = new Client(loadClientConfig(call));
  const page = await client.get<SearchPage>('/messages', query, call.ports.interrupt);
  if (call.flag('json')) await call.out.json(page);
  else {
    const oldestFirst = [...page.messages].reverse();
    await call.out.text(oldestFirst.map((each) => `${buildTextLine(each)}\n`).join(''));
  }
  if (!page.complete) await call.note(incomplete(page));
  return exitCodes.done;
}

function incomplete({ searched_from: from }: SearchPage): string {
  return from === null
    ? 'nothing is indexed yet: try again'
    : `only what was said since ${from} is searched so far`;
}
