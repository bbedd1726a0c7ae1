// `verify`: re-checks the whole store of a node that is not running.
import { Command } from 'commander';
import { verifyData } from '../node/care.ts';
import type { Act, Call } from './call.ts';
import { exitCodes, type ExitCode } from './failures.ts';
import { loadClientConfig } from './load-settings.ts';
import { addDataOptions, addExamples } from './options.ts';

export function verifyCommand(act: Act): Command {
  const command = new Command('verify')
    .description('check every hash, chain, signature and index row of a stopped node')
    .action(act(verify));
  return addExamples(
    addDataOptions(command),
    'skychat-node verify',
    'skychat-node verify --data /var/lib/skychat-node --json',
  );
}

async function verify(call: Call): Promise<ExitCode> {
  const { data } = loadClientConfig(call);
  const { problems, problemCount, ...counts } = await verifyData(data);
  const named = problems.map(({ feed, from, what }) => ({
    author: feed?.author ?? null,
    head: feed?.head ?? null,
    from: from ?? null,
    what,
  }));
  if (call.flag('json')) {
    await call.out.json({ ...counts, problem_count: problemCount, problems: named });
  } else {
    for (const { author, from, what } of named) {
      await call.out.line(`${author ?? '-'} ${from ?? '-'} ${what}`);
    }
    const { feeds, roots, messages, signatures } = counts;
    const checked = `${feeds} feeds, ${roots} roots, ${messages} messages, ${signatures} signatures`;
    await call.out.line(
      `${checked}: ${problemCount === 0 ? 'no problem' : `${problemCount} problems`}`,
    );
  }
  if (problemCount > 0) await call.err.line('The store can be rebuilt with: skychat-node repair');
  return problemCount === 0 ? exitCodes.done : exitCodes.failed;
}
