// Runs the transcripts of a Markdown page: each command of a `console` block by a shell, against nodes
// that are started as the page says, and compares what is printed with what the page shows.
//
// A prompt is `$` or `name$`; each name is a machine with a data directory of its own. In what is
// shown, `…` is anything in its line, and a line of its own any lines; eight hex digits before it are
// the beginning of an id, the same one wherever they are repeated; times and cursors are any.
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { inject } from 'vitest';

export interface Step {
  /** Empty for the prompt `$`. */
  readonly machine: string;
  readonly command: string;
  readonly shown: readonly string[];
}

/** The fenced blocks of a language, without the fences. */
export function blocksOf(markdown: string, language: string): string[] {
  const blocks = markdown.matchAll(/^```(\w+)\n(.*?)^```$/gms);
  return [...blocks].filter(([, name]) => name === language).map(([, , text = '']) => text);
}

export function stepsOf(markdown: string): Step[] {
  const steps: { machine: string; command: string; shown: string[] }[] = [];
  for (const block of blocksOf(markdown, 'console')) {
    for (const line of block.split('\n').slice(0, -1)) {
      const [, machine, command] = /^(\w*)\$ (.*)$/.exec(line) ?? [];
      if (machine !== undefined && command !== undefined) {
        steps.push({ machine, command, shown: [] });
      } else steps.at(-1)?.shown.push(line);
    }
  }
  return steps;
}

interface Running {
  readonly child: ChildProcess;
  readonly pid: number;
  readonly pk: string;
  readonly listen: string;
  /** `host:port` */
  readonly http: string;
}

/** What the page calls the control surface and the link port of whatever machine it is at. */
const shownHttp = '127.0.0.1:8001';
const shownListen = /\b10\.0\.0\.\d+:8870\b/g;

export class Session {
  readonly #folder: string;
  readonly #running = new Map<string, Running>();
  readonly #children: ChildProcess[] = [];
  /** Ids and keys by their first eight digits on the page. */
  readonly #ids = new Map<string, string>();

  constructor(folder: string) {
    this.#folder = folder;
    mkdirSync(join(folder, 'bin'));
    symlinkSync(resolve('node_modules'), join(folder, 'node_modules'));
    // Bundled for these tests, so that no build can be stale. README.md's words stay as they are.
    const program = `exec '${process.execPath}' '${inject('entry')}' "$@"`;
    this.#shim('npx', `shift\n${program}`);
    this.#shim('npm', `[ "$1" = ci ] && exit 0\nshift; [ "$1" = -- ] && shift\n${program}`);
  }

  /** The URL of a machine's control surface. */
  http(machine: string): string {
    return `http://${this.#running.get(machine)?.http ?? ''}`;
  }

  write(name: string, text: string): void {
    writeFileSync(join(this.#folder, name), text);
  }

  /** Runs a step; gives what was printed, and a pattern of what is shown. */
  async run({ machine, command, shown }: Step): Promise<{ printed: string; pattern: RegExp }> {
    const isStart = /\bnpm start\b/.test(command);
    const child = this.spawn(machine, this.#named(this.#actual(command, machine)));
    const printed = isStart ? await this.#started(machine, child) : await printedBy(child);
    return { printed, pattern: this.#patternOf(shown, machine) };
  }

  /** Remembers the ids by which the printed text matches the pattern. */
  learn(printed: string, pattern: RegExp): void {
    for (const [name, id] of Object.entries(pattern.exec(printed)?.groups ?? {})) {
      this.#ids.set(name.slice(1), id);
    }
  }

  spawn(machine: string, command: string): ChildProcess {
    const child = spawn('sh', ['-c', command], {
      cwd: this.#folder,
      // A group of its own, so that what the shell has started ends with it.
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: {
        PATH: `${join(this.#folder, 'bin')}:${process.env['PATH'] ?? ''}`,
        HOME: this.#folder,
        SKYCHAT_DATA: join(this.#folder, `data-${machine}`),
        SKYCHAT_LISTEN: '127.0.0.1:0',
        SKYCHAT_HTTP: '127.0.0.1:0',
        SKYCHAT_URL: this.http(machine),
      },
    });
    this.#children.push(child);
    return child;
  }

  /** Ends everything that was started; gives the exit codes of the nodes. */
  async close(): Promise<(number | null)[]> {
    const nodes = [...this.#running.values()];
    const codes = await Promise.all(
      nodes.map(async ({ child, pid }) => {
        const gone = isGone(child) ? Promise.resolve() : once(child, 'exit');
        if (!isGone(child)) process.kill(pid, 'SIGTERM');
        await gone;
        return child.exitCode;
      }),
    );
    for (const child of this.#children) {
      if (isGone(child) || child.pid === undefined) continue;
      process.kill(-child.pid, 'SIGKILL');
      await once(child, 'exit');
    }
    return codes;
  }

  #shim(name: string, script: string): void {
    writeFileSync(join(this.#folder, 'bin', name), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
  }

  async #started(machine: string, child: ChildProcess): Promise<string> {
    const printed = await untilPrinted(child, /^try .*\n/m);
    const path = join(this.#folder, `data-${machine}`, 'runtime.json');
    const runtime = JSON.parse(readFileSync(path, 'utf8')) as Omit<Running, 'child'>;
    this.#running.set(machine, { ...runtime, child, http: new URL(runtime.http).host });
    return printed;
  }

  /** The page's words with the real keys and ports. */
  /** A command names whole ids, of which the page shows the beginning. */
  #named(command: string): string {
    return command.replace(/\b([0-9a-f]{8})…/g, (shown, digits: string) => {
      return this.#ids.get(digits) ?? shown;
    });
  }

  #actual(text: string, machine: string): string {
    const here = this.#running.get(machine);
    const addressed = text.replace(/\b([0-9a-f]{8})…@[\d.]+:\d+/g, (shown, digits: string) => {
      const pk = this.#ids.get(digits);
      const peer = [...this.#running.values()].find((each) => each.pk === pk);
      return peer === undefined ? shown : `${peer.pk}@${peer.listen}`;
    });
    if (here === undefined) return addressed;
    return addressed.replaceAll(shownHttp, here.http).replace(shownListen, here.listen);
  }

  #patternOf(shown: readonly string[], machine: string): RegExp {
    const seen = new Set<string>();
    const lines = shown.map((line) =>
      line === '…' ? '(?:.*\\n)*?' : `${this.#sourceOf(this.#actual(line, machine), seen)}\\n`,
    );
    // JSON answers have no line's end, which a page cannot show.
    return new RegExp(`^${lines.join('').replace(/\\n$/, '\\n?')}$`);
  }

  #sourceOf(line: string, seen: Set<string>): string {
    const parts = line.split(
      /([0-9a-f]{8}…|…|\b[0-9a-f]{8}\b|\d{4}-\d\d-\d\dT[\d:.]+Z|\b\d{16}\b)/u,
    );
    return parts
      .map((part, i) => (i % 2 === 0 ? escaped(part) : this.#maskOf(part, seen)))
      .join('');
  }

  #maskOf(part: string, seen: Set<string>): string {
    if (part === '…') return '.*';
    if (part.endsWith('Z')) return String.raw`\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z`;
    if (/^\d{16}$/.test(part)) return String.raw`\d{16}`;
    const digits = part.slice(0, 8);
    const known = this.#ids.get(digits);
    if (!part.endsWith('…')) return known === undefined ? part : known.slice(0, 8);
    if (known !== undefined) return known;
    if (seen.has(digits)) return String.raw`\k<_${digits}>`;
    seen.add(digits);
    return `(?<_${digits}>[0-9a-f]{64})`;
  }
}

function escaped(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|/]/g, String.raw`\$&`);
}

async function printedBy(child: ChildProcess): Promise<string> {
  const closed = once(child, 'close') as Promise<[number | null]>;
  let printed = '';
  let complaint = '';
  child.stdout?.setEncoding('utf8').on('data', (part: string) => (printed += part));
  child.stderr?.setEncoding('utf8').on('data', (part: string) => (complaint += part));
  const [code] = await closed;
  return code === 0 ? printed : `exit ${String(code)}: ${printed}${complaint}`;
}

/** What was printed when it matches, or when the child is gone. */
function untilPrinted(child: ChildProcess, pattern: RegExp): Promise<string> {
  let printed = '';
  let complaint = '';
  return new Promise((resolve, reject) => {
    // Read to the end, so that a log never waits for a reader.
    child.stderr?.setEncoding('utf8').on('data', (part: string) => (complaint += part));
    child.stdout?.setEncoding('utf8').on('data', (part: string) => {
      printed += part;
      if (pattern.test(printed)) resolve(printed);
    });
    child.once('close', (code) => {
      reject(new Error(`the node ended with ${String(code)}: ${complaint}`));
    });
  });
}

function isGone({ exitCode, signalCode }: ChildProcess): boolean {
  return exitCode !== null || signalCode !== null;
}
