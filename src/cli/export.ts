// `export`: writes what a node has of its groups as a bundle, from the daemon or from the files.
import { resolve } from 'node:path';
import { Command } from 'commander';
import { countBundle } from '../node/bundle-import.ts';
import { withFile, writeNewFile } from './bundle-file.ts';
import type { Act, Call } from './call.ts';
import { exitCodes, type ExitCode } from './failures.ts';
import { addBundleOptions, openBundles } from './bundle-source.ts';
import { addExamples } from './options.ts';

export function exportCommand(act: Act): Command {
  const command = new Command('export')
    .description('write the messages to a file, to be carried by hand and imported elsewhere')
    .argument('<file>', 'where the bundle goes, a new file; - for standard output')
    .option('--group <group>', 'id or name of a group (default: all that is here)')
    .action(act(exportTo));
  return addExamples(
    addBundleOptions(command),
    'skychat-node export messages.bundle',
    'skychat-node export --group ops /mnt/stick/ops.bundle',
    'skychat-node export - | ssh db3 skychat-node import -',
  );
}

async function exportTo(call: Call): Promise<ExitCode> {
  const [name = ''] = call.arguments;
  const source = await openBundles(call);
  try {
    const pieces = source.export(call.text('group'));
    if (name !== '-') await writeNewFile(resolve(call.ports.cwd, name), pieces);
    else for await (const piece of pieces) await call.out.bytes(piece);
  } finally {
    await source.close();
  }
  return name === '-' ? exitCodes.done : report(call, name);
}

/** Reads what was written, from the disk. */
async function report(call: Call, name: string): Promise<ExitCode> {
  const counts = await withFile(resolve(call.ports.cwd, name), countBundle);
  const { feeds, messages, bytes, cut } = counts;
  if (call.flag('json')) await call.out.json({ file: name, ...counts });
  else await call.out.line(`${messages} messages of ${feeds} feeds, ${bytes} bytes`);
  if (cut === 0) return exitCodes.done;
  await call.note(`${cut} feeds are damaged on this disk; what is behind the damage is left out`);
  return exitCodes.failed;
}
