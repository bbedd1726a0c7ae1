// Joins the program to the process: its streams, signals and end.
import { homedir, networkInterfaces } from 'node:os';
import { setTimeout as wait } from 'node:timers/promises';
import { systemClock, systemRandom } from '../env.ts';
import { listenForInterrupt } from './interrupt.ts';
import type { Ports } from './ports.ts';
import { runProgram } from './program.ts';

export async function main(): Promise<void> {
  const interrupt = listenForInterrupt(process, (code) => process.exit(code));
  const ports: Ports = {
    env: process.env,
    home: homedir(),
    cwd: process.cwd(),
    pid: process.pid,
    // Opened only where it is read.
    get stdin() {
      return process.stdin;
    },
    stdout: process.stdout,
    stderr: process.stderr,
    clock: systemClock,
    random: systemRandom,
    sleep: (ms, signal) => wait(ms, undefined, { signal }),
    interrupt,
    networkAddresses: () => Object.values(networkInterfaces()).flatMap((each) => each ?? []),
    // Loaded by `run` alone, so that a client starts in a fraction of the time.
    openNode: async (config, overrides) => {
      const { openNode } = await import('../node.ts');
      return openNode(config, overrides);
    },
  };
  const exitCode = await runProgram(process.argv.slice(2), ports);
  // Whatever still holds the loop (a terminal that is being read, say) is of no use any more.
  process.exit(exitCode);
}
