// Runs command lines in this process: with injected streams, environment and interrupt, and a small
// HTTP server in the daemon's place.
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable, Writable } from 'node:stream';
import { setTimeout as wait } from 'node:timers/promises';
import { onTestFinished } from 'vitest';
import type { MessageView } from '../../src/chat/view.ts';
import type { Ports } from '../../src/cli/ports.ts';
import { runProgram } from '../../src/cli/program.ts';
import { systemClock, systemRandom } from '../../src/env.ts';

export function makeFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'skychat-cli-'));
  onTestFinished(() => {
    rmSync(folder, { recursive: true, force: true });
  });
  return folder;
}

/** Collects what is written and lets a test wait for it. */
export class Written extends Writable {
  text = '';
  isTTY = false;
  #waiting: (() => void)[] = [];

  override _write(chunk: Buffer, _: string, done: () => void): void {
    this.text += chunk.toString('utf8');
    for (const wake of this.#waiting.splice(0)) wake();
    done();
  }

  get lines(): string[] {
    return this.text.split('\n').slice(0, -1);
  }

  async until(check: (text: string) => boolean): Promise<void> {
    while (!check(this.text)) {
      await new Promise<void>((resolve) => {
        this.#waiting.push(resolve);
      });
    }
  }
}

export interface Started {
  readonly stdout: Written;
  readonly stderr: Written;
  readonly code: Promise<number>;
  interrupt(): void;
}

export type Overrides = Partial<Omit<Ports, 'stdout' | 'stderr' | 'stdin'>> & {
  readonly stdin?: Ports['stdin'];
};

export function start(words: readonly string[], overrides: Overrides = {}, isTTY = false): Started {
  const stdout = Object.assign(new Written(), { isTTY });
  const stderr = new Written();
  const interrupt = new AbortController();
  const folder = overrides.home ?? makeFolder();
  const ports: Ports = {
    env: { PATH: process.env['PATH'] },
    home: folder,
    cwd: folder,
    pid: process.pid,
    stdin: Object.assign(Readable.from([]), { isTTY: true }),
    stdout,
    stderr,
    clock: systemClock,
    random: systemRandom,
    // A tenth of the time, so that backoffs do not slow the tests down.
    sleep: (ms, signal) => wait(ms / 10, undefined, { signal }),
    interrupt: interrupt.signal,
    networkAddresses: () => [],
    openNode: () => Promise.reject(new Error('this test opens no node')),
    ...overrides,
  };
  return {
    stdout,
    stderr,
    code: runProgram(words, ports),
    interrupt: () => {
      interrupt.abort(new Error('SIGINT'));
    },
  };
}

export interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export async function run(words: readonly string[], overrides: Overrides = {}): Promise<Ended> {
  const started = start(words, overrides);
  const code = await started.code;
  return { code, stdout: started.stdout.text, stderr: started.stderr.text };
}

export interface Received {
  readonly method: string;
  readonly path: string;
  readonly query: Readonly<Record<string, string>>;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}

export type Responder = (received: Received, response: ServerResponse, index: number) => void;

export interface FakeDaemon {
  /** What the client is told: `host:port`. */
  readonly http: string;
  readonly port: number;
  readonly received: Received[];
  close(): Promise<void>;
}

/** Answers each request by the responder, which gets its index as well. */
export async function fakeDaemon(
  respond: Responder,
  at: number | { path: string } = 0,
): Promise<FakeDaemon> {
  const received: Received[] = [];
  const server = createServer((request, response) => {
    void readBody(request).then((body) => {
      const url = new URL(request.url ?? '/', 'http://localhost');
      const entry = {
        method: request.method ?? '',
        path: url.pathname,
        query: Object.fromEntries(url.searchParams),
        headers: request.headers,
        body,
      };
      received.push(entry);
      respond(entry, response, received.length - 1);
    });
  });
  await new Promise<void>((resolve) => {
    if (typeof at === 'number') server.listen(at, '127.0.0.1', resolve);
    else server.listen(at.path, resolve);
  });
  const close = (): Promise<void> => closeServer(server);
  onTestFinished(close);
  const port = typeof at === 'number' ? (server.address() as AddressInfo).port : 0;
  return { http: `127.0.0.1:${port}`, port, received, close };
}

async function readBody(request: IncomingMessage): Promise<string> {
  const parts: Buffer[] = [];
  for await (const part of request as AsyncIterable<Buffer>) parts.push(part);
  return Buffer.concat(parts).toString('utf8');
}

function closeServer(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => {
      resolve();
    });
    server.closeAllConnections();
  });
}

export function sendJson(response: ServerResponse, value: unknown, status = 200): void {
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(JSON.stringify(value));
}

export const alice = 'd75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a';

export function message(index: number, changes: Partial<MessageView> = {}): MessageView {
  return {
    id: String(index).padStart(64, '0'),
    cursor: String(index),
    group: 'ab'.repeat(32),
    author: alice,
    name: 'alice',
    seq: index,
    index: 0,
    time: '2026-11-22T05:10:00.123Z',
    kind: 'text',
    text: `text ${index}`,
    reply_to: null,
    replies: 0,
    edited: false,
    deleted: false,
    hidden: false,
    pinned: false,
    priority: null,
    ack: null,
    reactions: {},
    mentions: [],
    mine: false,
    delivery: { stored: [], members: 3 },
    ...changes,
  };
}

/** Answers GET /messages over a growing list as the daemon does; long polls wait for `arrived`. */
export class FakeTimeline {
  readonly messages: MessageView[] = [];
  #waiting: (() => void)[] = [];

  constructor(count = 0) {
    for (let i = 1; i <= count; i++) this.messages.push(message(i));
  }

  add(...changes: Partial<MessageView>[]): void {
    for (const each of changes) this.messages.push(message(this.messages.length + 1, each));
    for (const wake of this.#waiting.splice(0)) wake();
  }

  readonly respond: Responder = ({ query }, response) => {
    const limit = Number(query['limit'] ?? 50);
    const { after } = query;
    if (after === undefined) {
      const messages = this.messages.slice(-limit);
      sendJson(response, { messages, next: String(this.messages.length), more: false });
      return;
    }
    const from = after === 'now' ? this.messages.length : Number(after);
    const messages = this.messages.slice(from, from + limit);
    if (messages.length === 0 && query['wait'] !== undefined) {
      this.#waiting.push(() => {
        this.respond({ query } as Received, response, 0);
      });
      return;
    }
    const next = from + messages.length;
    sendJson(response, { messages, next: String(next), more: next < this.messages.length });
  };
}
