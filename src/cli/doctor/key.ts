// The secret: there, in order, and nobody else's to read.
import { existsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { SkychatError } from '../../errors.ts';
import { findKeyFile } from '../../key-file.ts';
import { quote } from '../quote.ts';
import type { Check, Finding } from './finding.ts';

const othersMayWrite = 0o022;

export const checkKey: Check = ({ config, runtime }) => [
  ...keyFindings(config.keyFile, join(config.data, 'store'), runtime?.pk),
  ...folderFindings(config.data),
];

function keyFindings(path: string, store: string, running: string | undefined): Finding[] {
  try {
    const identity = findKeyFile(path);
    if (identity === undefined && existsSync(store)) {
      return [
        {
          what: `there is no key at ${path}, though this node has a store: it would begin as somebody else`,
          fix: 'Put the key back from its copy before the node is started.',
          command: `install -m 600 COPY ${quote(path)}`,
        },
      ];
    }
    if (identity === undefined || running === undefined || identity.publicKey === running)
      return [];
    return [
      {
        what: `the daemon runs with another key than that of ${path}`,
        fix: 'Name the right one with --key, or start the daemon again.',
        command: null,
      },
    ];
  } catch (error) {
    if (!(error instanceof SkychatError)) throw error;
    const command = error.code === 'key-file-exposed' ? `chmod 600 ${quote(path)}` : null;
    const fix =
      command === null
        ? (error.hint ?? 'Put the key back from its copy.')
        : 'Take the rights away. Whoever has read the key can write in its name: if that may be, make a new one.';
    return [{ what: error.message, fix, command }];
  }
}

function folderFindings(data: string): Finding[] {
  if (!existsSync(data) || (statSync(data).mode & othersMayWrite) === 0) return [];
  return [
    {
      what: `others than its owner may write to ${data}, and so replace the key and the store`,
      fix: 'Take the right away.',
      command: `chmod 700 ${quote(data)}`,
    },
  ];
}
