// `backup` and `restore`: a node's store and secret key, kept safe elsewhere and brought back.
import { resolve } from 'node:path';
import { Command } from 'commander';
import { decodeRows } from '../cxo/row-stream.ts';
import type { StatusView } from '../chat/view.ts';
import { readKeyFile } from '../key-file.ts';
import { copyData, restoreBackup, writeBackup } from '../node/backup.ts';
import { isDaemons } from './bundle-source.ts';
import type { Act, Call } from './call.ts';
import { Client } from './client.ts';
import { exitCodes, Problem, type ExitCode } from './failures.ts';
import { loadClientConfig } from './load-settings.ts';
import { addClientOptions, addDataOptions, addExamples, keyOption } from './options.ts';

export function backupCommand(act: Act): Command {
  const command = new Command('backup')
    .description('copy the store and the secret key to a new directory, also while the node runs')
    .argument('<dir>', 'a directory that is empty or not there; for its owner alone')
    .addOption(keyOption())
    .action(act(backup));
  return addExamples(
    addClientOptions(command),
    'skychat-node backup /mnt/backup/2026-11-22',
    'skychat-node backup --data /var/lib/skychat-node /mnt/backup/db3',
  );
}

export function restoreCommand(act: Act): Command {
  const command = new Command('restore')
    .description('make a data directory out of a backup; all of it is verified first')
    .argument('<dir>', 'a directory that `backup` has written')
    .addOption(keyOption())
    .action(act(restore));
  return addExamples(
    addDataOptions(command),
    'skychat-node restore /mnt/backup/2026-11-22',
    'skychat-node restore --data /var/lib/skychat-node /mnt/backup/db3',
  );
}

async function backup(call: Call): Promise<ExitCode> {
  const [name = ''] = call.arguments;
  const folder = resolve(call.ports.cwd, name);
  const config = loadClientConfig(call);
  const { data, keyFile } = config;
  const created = new Date(call.ports.clock.now() / 1000).toISOString();
  const source = { keyFile, created };
  const { pk, rows } = isDaemons(call, config)
    ? await writeBackup(folder, { ...source, rows: await rowsOfDaemon(call) })
    : await copyData(data, (copied) => writeBackup(folder, { ...source, rows: copied }));
  if (call.flag('json')) await call.out.json({ dir: folder, pk, created, rows });
  else await call.out.line(`${rows} rows of ${pk} in ${folder}`);
  await call.note('the backup holds the secret key: whoever reads it can write as this node');
  return exitCodes.done;
}

/** The key is copied from this machine, so it has to be that of the daemon. */
async function rowsOfDaemon(call: Call) {
  const config = loadClientConfig(call);
  const client = new Client(config);
  const { interrupt: signal } = call.ports;
  const { pk } = await client.get<StatusView>('/status', {}, signal);
  if (readKeyFile(config.keyFile).publicKey !== pk) {
    const hint = 'Run backup where the node runs, with its --data or --key.';
    throw new Problem(409, `${config.keyFile} is not the key of that node`, undefined, hint);
  }
  return decodeRows(await client.open({ path: '/backup', signal }));
}

async function restore(call: Call): Promise<ExitCode> {
  const [name = ''] = call.arguments;
  const { data, keyFile } = loadClientConfig(call);
  const { backup: found, verdict } = await restoreBackup(resolve(call.ports.cwd, name), {
    ...{ data, keyFile },
  });
  const { pk, created } = found;
  const { feeds, messages } = verdict;
  if (call.flag('json')) await call.out.json({ data, pk, created, feeds, messages });
  else await call.out.line(`${messages} messages in ${feeds} feeds, as of ${created}, in ${data}`);
  await call.note(
    'it posts nothing until a peer has told how far its own messages go; ' +
      'where there is none any more: run --force-new-head',
  );
  return exitCodes.done;
}
