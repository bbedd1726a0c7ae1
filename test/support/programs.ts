// Programs of the system that a test needs and a machine may lack: the test is skipped then, and says so.
import { spawnSync } from 'node:child_process';

/** Whether a program is there; where not, one line on stderr names what is skipped for it. */
export function hasProgram(name: string, what: string): boolean {
  const found = spawnSync('sh', ['-c', `command -v ${name}`]).status === 0;
  if (!found) process.stderr.write(`there is no ${name}: ${what} is skipped\n`);
  return found;
}

export interface Ran {
  readonly status: number | null;
  /** Both streams together. */
  readonly printed: string;
}

/** Runs a program to its end. */
export function runProgramOf(name: string, words: readonly string[], input = ''): Ran {
  const { status, stdout, stderr } = spawnSync(name, words, { input, encoding: 'utf8' });
  return { status, printed: `${stdout}${stderr}` };
}
