// The HTTP surface over a fake Api, for injection or behind a real socket.
import { request, type IncomingMessage, type RequestOptions } from 'node:http';
import { connect, type Socket } from 'node:net';
import { once } from 'node:events';
import { gzipSync } from 'node:zlib';
import { onTestFinished } from 'vitest';
import {
  silentLogger,
  systemClock,
  systemRandom,
  systemTimers,
  type Logger,
} from '../../src/env.ts';
import { listenHttp } from '../../src/http/listen.ts';
import type { Metrics } from '../../src/http/metrics.ts';
import { createHttpServer, type HttpOptions, type HttpServer } from '../../src/http/server.ts';
import type { WebFile, WebFiles } from '../../src/http/web-files.ts';
import { FakeCarrying } from './fake-carrying.ts';
import { FakeApi } from './fake-api.ts';
import { FakePrograms } from './fake-programs.ts';
import { watchContract, type Strictness } from './http-contract.ts';

function webFile(type: string, text: string): WebFile {
  const bytes = Buffer.from(text);
  return { type, etag: `"${text.length}"`, bytes, gzip: gzipSync(bytes) };
}

/** A page as the build would have left it. */
export const exampleWeb: WebFiles = {
  index: webFile('text/html; charset=utf-8', '<!doctype html><title>the page</title>'),
  parts: new Map([['main-EXAMPLE.js', webFile('text/javascript; charset=utf-8', 'start()')]]),
};

export interface Fixture {
  readonly api: FakeApi;
  readonly programs: FakePrograms;
  readonly server: HttpServer;
  readonly logged: { level: string; fields: object; message: string }[];
}

/** Every answer is held against /openapi.json. */
/** A node of which there is nothing to count. */
export const noMetrics: Metrics = {
  read: () => Promise.resolve({ contentType: 'text/plain; version=0.0.4', text: '' }),
};

export function openFixture(
  options: Partial<HttpOptions> = {},
  strictness: Strictness = 'declared codes',
): Fixture {
  const api = new FakeApi();
  const programs = new FakePrograms();
  const logged: Fixture['logged'] = [];
  const log = (level: string) => (fields: object, message: string) => {
    logged.push({ level, fields, message });
  };
  const logger: Logger = { ...silentLogger, warn: log('warn'), error: log('error') };
  const server = createHttpServer(api, {
    allowHosts: [],
    programs,
    metrics: noMetrics,
    logger,
    clock: systemClock,
    timers: systemTimers,
    web: exampleWeb,
    random: systemRandom,
    writeRate: 0,
    carrying: new FakeCarrying(),
    ...options,
  });
  watchContract(server.fastify, strictness);
  onTestFinished(() => server.close());
  return { api, programs, server, logged };
}

export interface Listening extends Fixture {
  readonly port: number;
}

export async function listenFixture(options: Partial<HttpOptions> = {}): Promise<Listening> {
  const fixture = openFixture(options);
  const url = await listenHttp(fixture.server, '127.0.0.1:0');
  return { ...fixture, port: Number(new URL(url).port) };
}

export interface Answer {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}

export async function ask(
  port: number,
  path: string,
  options: RequestOptions = {},
): Promise<Answer> {
  const outgoing = request({ host: '127.0.0.1', port, path, ...options });
  outgoing.end();
  const [incoming] = (await once(outgoing, 'response')) as [IncomingMessage];
  let body = '';
  incoming.setEncoding('utf8');
  for await (const chunk of incoming) body += String(chunk);
  return { status: incoming.statusCode ?? 0, headers: incoming.headers, body };
}

/** A connection that speaks raw bytes and remembers what came back. */
export class RawClient {
  readonly socket: Socket;
  received = '';

  constructor(port: number) {
    this.socket = connect(port, '127.0.0.1');
    this.socket.setEncoding('utf8');
    this.socket.on('error', () => undefined);
    this.socket.on('data', (text) => {
      this.received += String(text);
    });
    onTestFinished(() => {
      this.socket.destroy();
    });
  }

  async until(found: (received: string) => boolean): Promise<string> {
    while (!found(this.received)) await once(this.socket, 'data');
    return this.received;
  }

  async closed(): Promise<string> {
    if (!this.socket.closed) await once(this.socket, 'close');
    return this.received;
  }
}

export interface StreamEvent {
  readonly id: string;
  readonly event: string;
  readonly data: { readonly text?: string } & Record<string, unknown>;
}

/** Reads server-sent events as a browser does: blocks without data are not events. */
export class EventReader {
  readonly #incoming: IncomingMessage;
  readonly #chunks: AsyncIterator<string>;
  #buffer = '';
  /** What a reconnecting browser would send as Last-Event-ID. */
  lastId = '';
  comments = 0;

  constructor(incoming: IncomingMessage) {
    incoming.setEncoding('utf8');
    this.#incoming = incoming;
    this.#chunks = incoming[Symbol.asyncIterator]() as AsyncIterator<string>;
    onTestFinished(() => {
      incoming.destroy();
    });
  }

  static async open(port: number, path: string, headers = {}): Promise<EventReader> {
    const outgoing = request({ host: '127.0.0.1', port, path, headers });
    outgoing.end();
    const [incoming] = (await once(outgoing, 'response')) as [IncomingMessage];
    if (incoming.statusCode !== 200) throw new Error(`status ${incoming.statusCode ?? 0}`);
    return new EventReader(incoming);
  }

  /** Resolves with undefined at the end of the stream. */
  async next(): Promise<StreamEvent | undefined> {
    for (;;) {
      const event = this.#takeBlock();
      if (event !== undefined) return event;
      const chunk = await this.#chunks.next();
      if (chunk.done === true) return undefined;
      this.#buffer += chunk.value;
    }
  }

  /** Reads until a block that has an id was seen, be it an event or not. */
  async opened(): Promise<void> {
    while (this.lastId === '') {
      const chunk = await this.#chunks.next();
      this.#buffer += String(chunk.value);
      const id = /^id: (.*)\n/m.exec(this.#buffer)?.[1];
      if (id !== undefined) this.lastId = id;
    }
  }

  async texts(count: number): Promise<string[]> {
    const texts: string[] = [];
    while (texts.length < count) texts.push((await this.next())?.data.text ?? 'no text');
    return texts;
  }

  destroy(): void {
    this.#incoming.destroy();
  }

  #takeBlock(): StreamEvent | undefined {
    for (;;) {
      const end = this.#buffer.indexOf('\n\n');
      if (end < 0) return undefined;
      const lines = this.#buffer.slice(0, end).split('\n');
      this.#buffer = this.#buffer.slice(end + 2);
      const fields = new Map<string, string>();
      for (const line of lines) {
        if (line.startsWith(':')) this.comments++;
        else fields.set(line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 2));
      }
      this.lastId = fields.get('id') ?? this.lastId;
      const data = fields.get('data');
      if (data === undefined) continue;
      const event = fields.get('event') ?? 'message';
      return { id: this.lastId, event, data: JSON.parse(data) as StreamEvent['data'] };
    }
  }
}
