// `keygen`: writes a new secret and prints its public key alone.
import { resolve } from 'node:path';
import { Command } from 'commander';
import { createKeyFile, makeKeyFolder } from '../key-file.ts';
import type { Act, Call } from './call.ts';
import { exitCodes, type ExitCode } from './failures.ts';
import { loadClientConfig } from './load-settings.ts';
import { addDataOptions, addExamples, keyOption } from './options.ts';

export function keygenCommand(act: Act): Command {
  const command = new Command('keygen')
    .description('write a new secret (mode 0600, never overwrites) and print its public key')
    .argument('[file]', 'where to (default: identity.key in the data directory)')
    .addOption(keyOption())
    .action(act(keygen));
  return addExamples(
    addDataOptions(command),
    'skychat-node keygen',
    'skychat-node keygen /etc/skychat-node/identity.key',
  );
}

async function keygen(call: Call): Promise<ExitCode> {
  const { keyFile } = loadClientConfig(call);
  const [named] = call.arguments;
  const file = named === undefined ? keyFile : resolve(call.ports.cwd, named);
  if (named === undefined) makeKeyFolder(file);
  const { publicKey: pk } = createKeyFile(file, call.ports.random);
  await (call.flag('json') ? call.out.json({ pk, file }) : call.out.line(pk));
  return exitCodes.done;
}
