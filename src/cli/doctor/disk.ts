// Room for what comes, leave to write it, and files that may be open at once.
import { accessSync, constants, existsSync, readFileSync, statfsSync } from 'node:fs';
import { dirname } from 'node:path';
import { diskBytesMin, filesMin, inodesMin } from '../limits.ts';
import { quote } from '../quote.ts';
import type { Check, Finding } from './finding.ts';

export const checkDisk: Check = ({ config, runtime, daemon }) => {
  const folder = nearest(config.data);
  const pid = daemon === undefined ? process.pid : (runtime?.pid ?? process.pid);
  return [...writeFindings(folder), ...roomFindings(folder), ...fileFindings(pid)];
};

/** The folder, or the one in which it would be made. */
function nearest(path: string): string {
  return existsSync(path) || path === dirname(path) ? path : nearest(dirname(path));
}

function writeFindings(folder: string): Finding[] {
  try {
    accessSync(folder, constants.W_OK | constants.X_OK);
    return [];
  } catch (error) {
    const isReadOnly = error instanceof Error && 'code' in error && error.code === 'EROFS';
    const [what, fix] = isReadOnly
      ? [
          'is on a disk that is mounted read-only',
          'Look for errors of the disk, then mount it for writing.',
        ]
      : ['may not be written by this user', "Run as the node's user, or give it the directory."];
    const command = isReadOnly ? 'dmesg | tail -50' : `ls -ld ${quote(folder)}`;
    return [{ what: `${folder} ${what}`, fix, command }];
  }
}

function roomFindings(folder: string): Finding[] {
  const { bavail, bsize, files, ffree } = statfsSync(folder);
  const free = bavail * bsize;
  const findings: Finding[] = [];
  if (free < diskBytesMin) {
    findings.push({
      what: `the disk of ${folder} has ${Math.floor(free / 2 ** 20)} MiB left; at 0 posts are refused`,
      fix: 'Make room, or keep less with --retain. Nothing that was acknowledged is lost.',
      command: `df -h ${quote(folder)}`,
    });
  }
  // Some file systems make inodes as they are needed, and say 0 of 0.
  if (files > 0 && ffree < inodesMin) {
    findings.push({
      what: `the disk of ${folder} has room for ${ffree} more files`,
      fix: 'Remove files that are not needed.',
      command: `df -i ${quote(folder)}`,
    });
  }
  return findings;
}

/** Linux says it of each process; elsewhere nothing is said. */
function fileFindings(pid: number): Finding[] {
  const path = `/proc/${pid}/limits`;
  if (!existsSync(path)) return [];
  const [, soft = ''] = /^Max open files\s+(\d+)/m.exec(readFileSync(path, 'utf8')) ?? [];
  if (soft === '' || Number(soft) >= filesMin) return [];
  return [
    {
      what: `the process may open ${soft} files at once; links, readers and the store need up to ${filesMin}`,
      fix: 'Raise the limit where the node is started (LimitNOFILE= in its unit), and start it again.',
      command: `prlimit --nofile=65536 --pid ${pid}`,
    },
  ];
}
