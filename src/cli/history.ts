// `history`: one page of messages, as GET /messages.
import { Command, Option } from 'commander';
import { buildTextLine } from '../chat/text-line.ts';
import type { Page } from '../chat/view.ts';
import type { Act, Call } from './call.ts';
import { Client } from './client.ts';
import { exitCodes, type ExitCode } from './failures.ts';
import { limitMax } from './limits.ts';
import { filterOf } from './list-options.ts';
import { loadClientConfig } from './load-settings.ts';
import { addClientOptions, addExamples, wholeNumber } from './options.ts';

export function historyCommand(act: Act): Command {
  const command = new Command('history')
    .description('print a page of messages, oldest first')
    .addOption(
      new Option('--limit <n>', 'at most so many (default: 50)').argParser(
        wholeNumber(1, limitMax),
      ),
    )
    .addOption(new Option('--before <id|cursor>', 'the page before a message').conflicts('after'))
    .option('--after <cursor>', 'what arrived after a cursor, in order of arrival; 0 for all')
    .option('--author <key>', 'only messages of one author')
    .option('--since <time>', 'only newer ones: 10m, 2h, 7d or an ISO time')
    .option('--group <group>', 'id or name of a group (default: all)')
    .action(act(history));
  return addExamples(
    addClientOptions(command),
    'skychat-node history --limit 20',
    'skychat-node history --since 2h --group lobby',
    'skychat-node history --json --after 0 --limit 1000',
  );
}

async function history(call: Call): Promise<ExitCode> {
  const query = {
    ...filterOf(call),
    limit: call.number('limit'),
    before: call.text('before'),
    after: call.text('after'),
  };
  const client = new Client(loadClientConfig(call));
  const page = await client.get<Page>('/messages', query, call.ports.interrupt);
  if (call.flag('json')) await call.out.json(page);
  else await call.out.text(page.messages.map((each) => `${buildTextLine(each)}\n`).join(''));
  return exitCodes.done;
}
