// `repair`: rebuilds the store of a node that is not running, and keeps the damaged one beside it.
import { Command } from 'commander';
import { repairData } from '../node/care.ts';
import type { Act, Call } from './call.ts';
import { exitCodes, type ExitCode } from './failures.ts';
import { loadClientConfig } from './load-settings.ts';
import { addDataOptions, addExamples } from './options.ts';

export function repairCommand(act: Act): Command {
  const command = new Command('repair')
    .description('rebuild the store of a stopped node from its roots and objects')
    .action(act(repair));
  return addExamples(
    addDataOptions(command),
    'skychat-node repair',
    'skychat-node repair --data /var/lib/skychat-node --json',
  );
}

async function repair(call: Call): Promise<ExitCode> {
  const { data } = loadClientConfig(call);
  const { cut, kept, feeds, records, messages, namelessRecords, localRows } =
    await repairData(data);
  const lost = cut.map(({ feed, from, records: ofFeed, what }) => ({
    author: feed.author,
    head: feed.head,
    from,
    records: ofFeed,
    what,
  }));
  if (call.flag('json')) {
    const unnamed = { nameless_records: namelessRecords, local_rows: localRows };
    await call.out.json({ feeds, records, messages, cut: lost, ...unnamed, kept });
    return exitCodes.done;
  }
  for (const { author, from, what } of lost) {
    await call.out.line(`${author} is cut at ${from}: ${what}; peers give the rest again`);
  }
  if (namelessRecords > 0)
    await call.out.line(`${namelessRecords} records belong to no known feed`);
  if (localRows > 0) await call.out.line(`${localRows} local settings are lost`);
  await call.out.line(`${feeds} feeds, ${messages} messages; the old store is kept in ${kept}`);
  return exitCodes.done;
}
