// Starts programs for tests over real processes: collects what they print line by line, lets a test
// wait for a line, and ends all of them when the test or the file is over, whatever has happened.
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { afterAll, afterEach, inject } from 'vitest';

/** The lines of one stream, those so far and those to come. */
export class Lines {
  readonly all: string[] = [];
  readonly #waiting = new Set<() => void>();
  #ended = false;

  constructor(stream: Readable) {
    createInterface({ input: stream })
      .on('line', (line) => {
        this.all.push(line);
        this.#wake();
      })
      .on('close', () => {
        this.#ended = true;
        this.#wake();
      });
  }

  /** The first line that passes, from the given one on; rejects when the stream ends without one. */
  async find(passes: (line: string) => boolean, from = 0): Promise<string> {
    for (let at = from; ; at++) {
      while (at >= this.all.length) {
        if (this.#ended) throw new Error(`no such line: ${this.all.slice(from).join('\n')}`);
        await new Promise<void>((resolve) => this.#waiting.add(resolve));
      }
      const line = this.all[at] ?? '';
      if (passes(line)) return line;
    }
  }

  #wake(): void {
    const waiting = [...this.#waiting];
    this.#waiting.clear();
    for (const wake of waiting) wake();
  }
}

export interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

export class Process {
  readonly child: ChildProcess;
  readonly stdout: Lines;
  readonly stderr: Lines;
  readonly ended: Promise<Ended>;

  constructor(command: string, words: readonly string[], options: ProcessOptions) {
    const child = spawn(command, words, {
      cwd: options.cwd,
      env: options.env,
      stdio: ['pipe', 'pipe', 'pipe'],
      // A group of its own, so that what it started ends with it.
      detached: true,
    });
    this.child = child;
    const raw = { stdout: '', stderr: '' };
    child.stdout.setEncoding('utf8').on('data', (part: string) => (raw.stdout += part));
    child.stderr.setEncoding('utf8').on('data', (part: string) => (raw.stderr += part));
    this.stdout = new Lines(child.stdout);
    this.stderr = new Lines(child.stderr);
    // A program need not read what it is given.
    child.stdin.on('error', () => undefined);
    if (options.input !== undefined) child.stdin.end(options.input);
    this.ended = Promise.race([
      once(child, 'close').then(() => ({
        code: child.exitCode,
        signal: child.signalCode,
        ...raw,
      })),
      once(child, 'error').then(([error]) => Promise.reject(error as Error)),
    ]);
    this.ended.catch(() => undefined);
  }

  get pid(): number {
    if (this.child.pid === undefined) throw new Error('the process did not start');
    return this.child.pid;
  }

  get isRunning(): boolean {
    return this.child.exitCode === null && this.child.signalCode === null;
  }

  async end(signal: NodeJS.Signals): Promise<Ended> {
    this.child.kill(signal);
    return this.ended;
  }

  /** With everything that it has started. */
  destroy(): void {
    try {
      process.kill(-this.pid, 'SIGKILL');
    } catch {
      // It is gone.
    }
  }
}

export interface ProcessOptions {
  readonly cwd: string;
  readonly env: NodeJS.ProcessEnv;
  /** What it reads; its standard input stays open where not given. */
  readonly input?: string;
}

/** The processes and files of one test file. */
export class Workspace {
  #folder: string | undefined;
  readonly #processes = new Set<Process>();

  /** Made when it is first needed: a file whose tests are all skipped leaves nothing behind. */
  get folder(): string {
    this.#folder ??= mkdtempSync(join(tmpdir(), 'skychat-e2e-'));
    return this.#folder;
  }

  removeFolder(): void {
    if (this.#folder !== undefined) rmSync(this.#folder, { recursive: true, force: true });
    this.#folder = undefined;
  }

  /** A home that nobody has configured. */
  get env(): NodeJS.ProcessEnv {
    return { PATH: process.env['PATH'], HOME: this.folder, LC_ALL: 'C.UTF-8' };
  }

  path(...parts: readonly string[]): string {
    return join(this.folder, ...parts);
  }

  spawn(command: string, words: readonly string[], options: Partial<ProcessOptions> = {}): Process {
    const env = { ...this.env, ...options.env };
    const started = new Process(command, words, { cwd: this.folder, ...options, env });
    this.#processes.add(started);
    return started;
  }

  /** Runs a program to its end. */
  run(command: string, words: readonly string[], options: Partial<ProcessOptions> = {}) {
    return this.spawn(command, words, { input: '', ...options }).ended;
  }

  spawnCli(words: readonly string[], options: Partial<ProcessOptions> = {}): Process {
    return this.spawn(process.execPath, [inject('entry'), ...words], options);
  }

  cli(words: readonly string[], options: Partial<ProcessOptions> = {}): Promise<Ended> {
    return this.run(process.execPath, [inject('entry'), ...words], options);
  }

  async close(): Promise<void> {
    for (const each of this.#processes) each.destroy();
    await Promise.allSettled([...this.#processes].map(({ ended }) => ended));
    this.#processes.clear();
  }
}

/** To be called once at the top of a test file. What runs ends with each test, or with the file. */
export function useWorkspace(endsWith: 'test' | 'file' = 'test'): Workspace {
  const workspace = new Workspace();
  const end = (): void => void workspace.close();
  process.once('exit', end);
  if (endsWith === 'test') afterEach(() => workspace.close());
  afterAll(async () => {
    await workspace.close();
    process.off('exit', end);
    workspace.removeFolder();
  });
  return workspace;
}
