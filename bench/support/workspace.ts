// Where one run of the bench works: a scratch directory and the processes that it started, all of
// which are gone when it closes. What is costly to prepare is kept in .bench/ from run to run.
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const projectRoot = fileURLToPath(new URL('../..', import.meta.url));

export class Workspace {
  /** Survives the run; git does not see it. */
  readonly cache = join(projectRoot, '.bench');
  /** Directory for CPU profiles, where they are wanted. */
  readonly profiles: string | undefined;
  readonly #scratch: string;
  readonly #children = new Set<ChildProcess>();
  #directories = 0;

  constructor(profiles: string | undefined) {
    mkdirSync(this.cache, { recursive: true });
    this.#scratch = mkdtempSync(join(this.cache, 'run-'));
    this.profiles = profiles;
    if (profiles !== undefined) mkdirSync(profiles, { recursive: true });
  }

  /** A path in the scratch directory where nothing is yet. */
  path(name: string): string {
    return join(this.#scratch, `${this.#directories++}-${name}`);
  }

  note(text: string): void {
    console.error(`  ${text}`);
  }

  /** Starts node with the arguments; its stderr is shown. */
  spawn(args: readonly string[], options: { readonly profile?: boolean } = {}): ChildProcess {
    const flags =
      options.profile === true && this.profiles !== undefined
        ? ['--cpu-prof', `--cpu-prof-dir=${this.profiles}`]
        : [];
    const child = spawn(process.execPath, [...flags, ...args], {
      cwd: projectRoot,
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    this.#children.add(child);
    child.once('exit', () => this.#children.delete(child));
    return child;
  }

  /** A TypeScript file of bench/children in a process of its own. */
  spawnScript(name: string, ...args: readonly string[]): ChildProcess {
    return this.spawn(['--import', 'tsx', join('bench', 'children', `${name}.ts`), ...args]);
  }

  async close(): Promise<void> {
    await Promise.all([...this.#children].map((child) => stop(child)));
    rmSync(this.#scratch, { recursive: true, force: true });
  }

  /** What can still be done while the process ends at once. */
  abandon(): void {
    for (const child of this.#children) child.kill('SIGKILL');
    rmSync(this.#scratch, { recursive: true, force: true });
  }
}

/** Asks a process to end, and makes it after 15 s. */
export async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, 'exit');
  child.kill('SIGTERM');
  const timer = setTimeout(() => child.kill('SIGKILL'), 15_000);
  await exited;
  clearTimeout(timer);
}

/** Bytes that the files below a directory take on the disk. */
export function diskBytes(directory: string): number {
  let bytes = 0;
  for (const entry of readdirSync(directory, { recursive: true, withFileTypes: true })) {
    if (entry.isFile()) bytes += statSync(join(entry.parentPath, entry.name)).blocks * 512;
  }
  return bytes;
}
