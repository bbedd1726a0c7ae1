// Mounts for tests of disks that are full or read-only: each in a namespace of its process's own.
import { execFileSync } from 'node:child_process';

/** Whether this user may mount; where not, one line on stderr names what is skipped for it. */
export function mayMount(folder: string, what: string): boolean {
  try {
    execFileSync('unshare', ['-rm', 'mount', '-t', 'tmpfs', 'none', folder], { stdio: 'ignore' });
    return true;
  } catch {
    process.stderr.write(`no mounts for this user: ${what} are skipped\n`);
    return false;
  }
}
