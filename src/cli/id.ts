// `id`: prints the address of this node, or its key where no address is known.
import { Command } from 'commander';
import { renderUnicodeCompact } from 'uqr';
import { findKeyFile } from '../key-file.ts';
import { addressesOf } from './addresses.ts';
import type { Act, Call } from './call.ts';
import { exitCodes, Problem, type ExitCode } from './failures.ts';
import { loadClientConfig } from './load-settings.ts';
import { addDataOptions, addExamples, advertiseOption, keyOption } from './options.ts';
import { findRuntimeFile, isAlive } from './runtime-file.ts';

export function idCommand(act: Act): Command {
  const command = new Command('id')
    .description('print pk@host:port to give to others, or the key where no address is known')
    .option('--qr', 'draw it as a QR code')
    .addOption(advertiseOption())
    .addOption(keyOption())
    .action(act(id));
  return addExamples(
    addDataOptions(command),
    'skychat-node id',
    'skychat-node id --qr --advertise chat.example.net:8870',
  );
}

async function id(call: Call): Promise<ExitCode> {
  const { keyFile, data, advertise } = loadClientConfig(call);
  const identity = findKeyFile(keyFile);
  if (identity === undefined) {
    const hint = 'Start the node once, or make a key with: skychat-node keygen';
    throw new Problem(404, `there is no key file ${keyFile}`, undefined, hint);
  }
  const pk = identity.publicKey;
  const runtime = findRuntimeFile(data);
  // The address of a node that is gone, or that runs under another key, is nobody's any more.
  const listen = runtime?.pk === pk && isAlive(runtime) ? runtime.listen : null;
  const addresses = addressesOf(pk, advertise, listen, call.ports.networkAddresses());
  if (call.flag('json')) {
    await call.out.json({ pk, address: addresses[0] ?? null, addresses });
    return exitCodes.done;
  }
  const lines = addresses.length === 0 ? [pk] : addresses;
  if (call.flag('qr')) await call.out.line(renderUnicodeCompact(lines[0] ?? pk));
  await call.out.line(lines.join('\n'));
  return exitCodes.done;
}
