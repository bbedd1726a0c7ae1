// `import`: takes a bundle into a node, by the daemon where one runs, else into the files.
import { mkdtemp, open, rm } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { Command } from 'commander';
import type { ReadAt } from '../cxo/bundle.ts';
import { importBundle, type BundleTaker, type ImportReport } from '../node/bundle-import.ts';
import { withFile } from './bundle-file.ts';
import type { Act, Call } from './call.ts';
import { exitCodes, type ExitCode } from './failures.ts';
import { refusedShownMax } from './limits.ts';
import { addBundleOptions, openBundles } from './bundle-source.ts';
import { addExamples } from './options.ts';

export function importCommand(act: Act): Command {
  const command = new Command('import')
    .description('take the messages of a bundle in; all of it is verified first')
    .argument('<file>', 'a bundle that `export` wrote; - for standard input')
    .action(act(importFrom));
  return addExamples(
    addBundleOptions(command),
    'skychat-node import messages.bundle',
    'skychat-node import --peers PK@10.0.0.2:8870 /mnt/stick/ops.bundle',
    'skychat-node import --json messages.bundle',
  );
}

async function importFrom(call: Call): Promise<ExitCode> {
  const [name = ''] = call.arguments;
  const take = (readAt: ReadAt): Promise<ImportReport> => takeIn(call, readAt);
  const report =
    name === '-' ? await spooled(call, take) : await withFile(pathOf(call, name), take);
  await print(call, report);
  const isInVain = report.refused > 0 && report.stored + report.known === 0;
  return isInVain ? exitCodes.failed : exitCodes.done;
}

function pathOf(call: Call, name: string): string {
  return resolve(call.ports.cwd, name);
}

async function takeIn(call: Call, readAt: ReadAt): Promise<ImportReport> {
  const target = await openBundles(call);
  const taker = target.taker();
  let stored: number | undefined;
  const take: BundleTaker['take'] = async (items, isLast) => {
    stored ??= 0;
    const taken = await taker.take(items, isLast);
    for (const { messages } of taken) stored += messages;
    return taken;
  };
  try {
    return await importBundle(readAt, { ...taker, take });
  } catch (error) {
    if (stored !== undefined) {
      const kept = stored === 0 ? '' : `${stored} new messages are in and stay; `;
      await call.note(`the import stopped: ${kept}the same import again brings the rest`);
    }
    throw error;
  } finally {
    await target.close();
  }
}

/** A bundle is checked as a whole before any of it is taken: what comes by a pipe is kept until then. */
async function spooled<T>(call: Call, use: (readAt: ReadAt) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(call.ports.env['TMPDIR'] ?? '/tmp', 'skychat-node-'));
  const path = join(folder, 'bundle');
  try {
    const file = await open(path, 'wx', 0o600);
    try {
      for await (const part of call.ports.stdin as AsyncIterable<Uint8Array>) {
        call.ports.interrupt.throwIfAborted();
        await file.writeFile(part);
      }
    } finally {
      await file.close();
    }
    return await withFile(path, use);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function print(call: Call, report: ImportReport): Promise<void> {
  const { feeds, messages, stored, known, refused, forks } = report;
  const named = report.refusedFeeds.map(({ feed, reason, messages: count }) => ({
    ...{ group: feed.group, author: feed.author, head: feed.head, reason, messages: count },
  }));
  if (call.flag('json')) {
    await call.out.json({ ...report, refusedFeeds: undefined, refused_feeds: named });
    return;
  }
  const counts = `${stored} new, ${known} known, ${refused} refused`;
  await call.out.line(`${messages} messages of ${feeds} feeds: ${counts}`);
  for (const { author, group, reason, messages: count } of named.slice(0, refusedShownMax)) {
    const where = `${author.slice(0, 8)} in ${group.slice(0, 8)}`;
    await call.note(`refused: ${count} messages of ${where}: ${reasonOf(reason)}`);
  }
  const left = named.length - refusedShownMax;
  if (left > 0) await call.note(`refused: ${left} more feeds; --json lists all`);
  if (forks > 0) await call.note(`${forks} authors have signed two branches; see forks in: status`);
}

const reasons: Readonly<Record<string, string>> = {
  'unknown-group': 'this node is not in that group (unknown-group)',
  'not-a-member':
    'the author is no member; name it as for run, by --peers or --allow (not-a-member)',
  removed: 'the author was removed from the group before (removed)',
  gap: 'what comes before is missing (gap)',
  'object-missing': 'texts are missing that nothing says were deleted (object-missing)',
  forked: 'the author has signed another branch (forked)',
  'held-full': 'they are dated too far ahead (held-full)',
};

function reasonOf(reason: string): string {
  return reasons[reason] ?? reason;
}
