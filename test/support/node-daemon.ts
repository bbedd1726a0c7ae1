// A node as its users have it: a data directory, flags and a port that stay, and a process that comes
// and goes. Asked over HTTP.
import { createServer } from 'node:net';
import { once } from 'node:events';
import { mkdirSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, inject } from 'vitest';
import type { FeedView, MessageView, Page, PeerView, StatusView } from '../../src/chat/view.ts';
import { createKeyFile } from '../../src/key-file.ts';
import type { Ended, Process, Workspace } from './node-process.ts';

export interface Answer<T = unknown> {
  readonly status: number;
  readonly headers: Headers;
  readonly body: T;
}

export interface LogLine {
  readonly level: string;
  readonly msg: string;
  readonly reason?: string;
  readonly [field: string]: unknown;
}

interface Listening {
  readonly event: 'listening';
  readonly pk: string;
  readonly listen: string | null;
  readonly http: string;
  readonly data: string;
}

/** A bound on what hangs; a peer that was away for long is dialed again after half a minute. */
const patienceMs = 120_000;
const pollMs = 15;

export class Daemon {
  readonly name: string;
  readonly pk: string;
  readonly data: string;
  readonly key: string;
  readonly flags: string[];
  readonly port: number;
  /** `http://host:port`; another one after each start. */
  http = '';
  process: Process | undefined;
  readonly #workspace: Workspace;
  readonly #host: string;

  private constructor(workspace: Workspace, name: string, port: number, options: DaemonOptions) {
    this.#workspace = workspace;
    this.name = name;
    this.port = port;
    this.#host = options.host ?? '127.0.0.1';
    this.data = options.data ?? workspace.path(name);
    this.key = options.key ?? workspace.path(`${name}.key`);
    this.flags = [...(options.flags ?? [])];
    this.pk = options.pk ?? createKeyFile(this.key).publicKey;
    mkdirSync(workspace.folder, { recursive: true });
  }

  /** A node that does not run yet. Its name is that of its files, and has to be new in the file. */
  static async make(
    workspace: Workspace,
    name: string,
    options: DaemonOptions = {},
  ): Promise<Daemon> {
    return new Daemon(workspace, name, await freePort(), options);
  }

  static async start(
    workspace: Workspace,
    name: string,
    options: DaemonOptions = {},
  ): Promise<Daemon> {
    const daemon = await Daemon.make(workspace, name, options);
    await daemon.start();
    return daemon;
  }

  get address(): string {
    return `${this.pk}@${this.#host}:${this.port}`;
  }

  /** The entry and its flags. */
  get command(): string[] {
    const own = ['run', '--json', '--data', this.data, '--key', this.key, '--log-format', 'json'];
    const http = this.flags.includes('--http') ? [] : ['--http', '127.0.0.1:0'];
    const isDialed = !this.flags.includes('--no-listen') && !this.flags.includes('--listen');
    const listen = isDialed ? ['--listen', `${this.#host}:${this.port}`] : [];
    return [inject('entry'), ...own, ...http, ...listen, ...this.flags];
  }

  /** Starts the process and waits until it listens. */
  start(...more: readonly string[]): Promise<void> {
    return this.startWithin([], ...more);
  }

  /** The same by a program that becomes the node, such as `env`. */
  async startWithin(program: readonly string[], ...more: readonly string[]): Promise<void> {
    const [first = '', ...words] = [...program, process.execPath, ...this.command, ...more];
    const started = this.#workspace.spawn(first, words);
    this.process = started;
    const line = await started.stdout
      .find(() => true)
      .catch(async () => {
        const { code, stderr } = await started.ended;
        throw new Error(`${this.name} ended with ${code ?? 'a signal'}: ${stderr}`);
      });
    const { http, pk } = JSON.parse(line) as Listening;
    expect(pk).toBe(this.pk);
    this.http = http;
  }

  /** As a service manager stops it. */
  async stop(): Promise<Ended> {
    const ended = await this.#running.end('SIGTERM');
    expect(ended, `${this.name} drains`).toMatchObject({ code: 0 });
    return ended;
  }

  /** kill -9 */
  async kill(): Promise<void> {
    await this.#running.end('SIGKILL');
  }

  get #running(): Process {
    if (this.process === undefined) throw new Error(`${this.name} has not been started`);
    return this.process;
  }

  get log(): LogLine[] {
    return this.#running.stderr.all.map(parseLine);
  }

  /** The first line of the present process with that reason. */
  async logged(reason: string): Promise<LogLine> {
    const line = await this.#running.stderr.find((each) => {
      const { reason: of, code } = parseLine(each);
      return of === reason || code === reason;
    });
    return parseLine(line);
  }

  async ask<T = unknown>(method: string, path: string, init: Ask = {}): Promise<Answer<T>> {
    const { json, ...rest } = init;
    const response = await fetch(this.http + path, {
      method,
      ...rest,
      ...(json !== undefined && {
        body: JSON.stringify(json),
        headers: { 'content-type': 'application/json', ...init.headers },
      }),
    });
    const text = await response.text();
    const type = response.headers.get('content-type') ?? '';
    const isJson = /^application\/(problem\+)?json/.test(type);
    const body = (isJson && text !== '' ? JSON.parse(text) : text) as T;
    return { status: response.status, headers: response.headers, body };
  }

  async get<T>(path: string): Promise<T> {
    const { status, body } = await this.ask<T>('GET', path);
    if (status !== 200) throw new Error(`GET ${path}: ${status} ${JSON.stringify(body)}`);
    return body;
  }

  /** Posts a text; the message once it was acknowledged. */
  async post(text: string, init: Ask = {}): Promise<MessageView> {
    const { status, body } = await this.ask<MessageView>('POST', '/messages', {
      ...init,
      body: text,
    });
    if (status !== 201) throw new Error(`POST: ${status} ${JSON.stringify(body)}`);
    return body;
  }

  status(): Promise<StatusView> {
    return this.get('/status');
  }

  async peers(): Promise<readonly PeerView[]> {
    return (await this.get<{ peers: readonly PeerView[] }>('/peers')).peers;
  }

  async peer(pk: string): Promise<PeerView | undefined> {
    return (await this.peers()).find((each) => each.pk === pk);
  }

  async feeds(): Promise<readonly FeedView[]> {
    return (await this.get<{ feeds: readonly FeedView[] }>('/feeds')).feeds;
  }

  /** Everything, in the order of its arrival. */
  async arrivals(): Promise<MessageView[]> {
    const messages: MessageView[] = [];
    for (let after = '0'; ;) {
      const page = await this.get<Page>(`/messages?after=${after}&limit=1000`);
      messages.push(...page.messages);
      after = page.next;
      if (!page.more) return messages;
    }
  }

  /** Everything, in the order that is the same on every node. */
  async timeline(): Promise<MessageView[]> {
    let messages: MessageView[] = [];
    for (let query = ''; ;) {
      const page = await this.get<Page>(`/messages?limit=1000${query}`);
      messages = [...page.messages, ...messages];
      if (!page.more) return messages;
      query = `&before=${page.messages[0]?.id ?? ''}`;
    }
  }

  async texts(): Promise<string[]> {
    return (await this.timeline()).map(({ text }) => text);
  }

  /** Resolves once the node shows at least so many messages. */
  async untilMessages(count: number): Promise<void> {
    await this.until(`${count} messages`, async () => (await this.status()).messages >= count);
  }

  async untilConnected(...peers: readonly Daemon[]): Promise<void> {
    await this.until('the links', async () => {
      const linked = (await this.peers()).filter(({ state }) => state === 'connected');
      return peers.every((peer) => linked.some(({ pk }) => pk === peer.pk));
    });
  }

  /** Asks again and again: no other way shows the state of another process. */
  async until(what: string, holds: () => Promise<boolean>): Promise<void> {
    const deadline = performance.now() + patienceMs;
    while (!(await holds())) {
      if (performance.now() > deadline) {
        const state = JSON.stringify([await this.status(), await this.peers(), await this.feeds()]);
        throw new Error(`${this.name} waited in vain for ${what}: ${state}`);
      }
      await sleep(pollMs);
    }
  }
}

export interface DaemonOptions {
  readonly flags?: readonly string[];
  readonly host?: string;
  readonly data?: string;
  /** An existing key file and its public key. */
  readonly key?: string;
  readonly pk?: string;
}

export interface Ask {
  readonly body?: string | Uint8Array<ArrayBuffer>;
  readonly json?: unknown;
  readonly headers?: Record<string, string>;
  readonly signal?: AbortSignal;
}

function parseLine(line: string): LogLine {
  try {
    return JSON.parse(line) as LogLine;
  } catch {
    return { level: 'none', msg: line };
  }
}

/** Below those that the kernel gives to connections, which are this machine's busiest. */
const firstPort = 12_000;
const portsOfWorker = 1_000;
const worker = Number(process.env['VITEST_POOL_ID'] ?? 0) % 20;
let drawn = Math.floor(Math.random() * portsOfWorker);

/**
 * A port that is free and stays so, also while its node is stopped: each worker of the tests has
 * ports of its own, and gives each of them once.
 */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = firstPort + worker * portsOfWorker + (drawn++ % portsOfWorker);
    const server = createServer().listen(port, '::');
    try {
      await once(server, 'listening');
    } catch {
      continue;
    }
    server.close();
    await once(server, 'close');
    return port;
  }
}

/** A – B – C: the outer two know B alone, and B knows both. No addresses are exchanged, so that it
 * stays a line. None of them runs yet. */
export async function makeLine(
  workspace: Workspace,
  prefix = '',
): Promise<[Daemon, Daemon, Daemon]> {
  const b = await Daemon.make(workspace, `${prefix}b`);
  const alone = ['--advertise', 'none'];
  b.flags.push(...alone);
  const flags = ['--peers', b.address, ...alone];
  const a = await Daemon.make(workspace, `${prefix}a`, { flags });
  const c = await Daemon.make(workspace, `${prefix}c`, { flags });
  b.flags.push('--allow', `${a.pk},${c.pk}`);
  return [a, b, c];
}
