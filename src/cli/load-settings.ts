// Reads the configuration file that a call names, and hands all inputs to src/config.ts.
import { closeSync, openSync, readSync } from 'node:fs';
import { resolve } from 'node:path';
import { parseUtf8 } from '../bytes.ts';
import { parseClientConfig, parseConfig, type ClientConfig, type LoadedConfig } from '../config.ts';
import { badConfig, variableOf, type SettingInputs } from '../settings.ts';
import type { Call } from './call.ts';
import { configFileBytesMax } from './limits.ts';

export function loadConfig(call: Call): LoadedConfig {
  return parseConfig({ ...inputsOf(call), terminal: call.ports.stderr.isTTY === true });
}

export function loadClientConfig(call: Call): ClientConfig {
  return parseClientConfig(inputsOf(call));
}

function inputsOf(call: Call): SettingInputs {
  const { env, home, cwd } = call.ports;
  const path = call.text('config') ?? env[variableOf('config')];
  const file = path ? { path, text: readConfigFile(resolve(cwd, path), path) } : undefined;
  return { flags: call.settings(), env, file, home, cwd };
}

function readConfigFile(path: string, shown: string): string {
  const bytes = new Uint8Array(configFileBytesMax + 1);
  let length = 0;
  try {
    length = readAll(path, bytes);
  } catch (error) {
    throw badConfig(`cannot read ${shown}: ${String(error)}`, 'Name a file with --config.');
  }
  const text = length > configFileBytesMax ? undefined : parseUtf8(bytes.subarray(0, length));
  if (text === undefined) throw badConfig(`${shown} is not a text of JSON`, 'Name another file.');
  return text.replace(/^\u{feff}/u, '');
}

/** Fills the bytes as far as the file goes; works on pipes (`--config <(…)`) as well. */
function readAll(path: string, bytes: Uint8Array): number {
  const file = openSync(path, 'r');
  try {
    let length = 0;
    for (;;) {
      const read = readSync(file, bytes, length, bytes.length - length, null);
      length += read;
      if (read === 0 || length === bytes.length) return length;
    }
  } finally {
    closeSync(file);
  }
}
