// Starts a test's helper process and reads the lines that it prints.
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';

export interface Child {
  readonly pid: number;
  /** The lines so far and to come, in order. */
  readonly lines: AsyncIterator<string, undefined>;
  /** Ends it at once, as kill -9 does; resolves when it is gone. */
  kill(): Promise<void>;
}

export function startChild(script: string, ...parameters: readonly string[]): Child {
  const child: ChildProcess = spawn(process.execPath, ['--import', 'tsx', script, ...parameters], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  if (child.stdout === null || child.pid === undefined) throw new Error('the child has no output');
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const gone = once(child, 'exit');
  return {
    pid: child.pid,
    lines: lines as AsyncIterator<string, undefined>,
    kill: async () => {
      child.kill('SIGKILL');
      await gone;
    },
  };
}

/** The next line that the child prints. */
export async function nextLine({ lines }: Child): Promise<string> {
  const next: IteratorResult<string, undefined> = await lines.next();
  if (next.done === true) throw new Error('the child ended');
  return next.value;
}
