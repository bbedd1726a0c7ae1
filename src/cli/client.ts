// A thin client of the daemon's HTTP surface, over TCP or a Unix socket. Finds the daemon, carries the
// token, and turns refusals into failures. Knows nothing of what the commands ask for.
import { readFileSync, statSync } from 'node:fs';
import { request, type IncomingMessage, type RequestOptions } from 'node:http';
import { isWildcard, type ClientConfig, type HttpEndpoint } from '../config.ts';
import { SkychatError } from '../errors.ts';
import { badConfig } from '../settings.ts';
import { Problem } from './failures.ts';
import { answerBytesMax, answerMs, tokenBytesMax } from './limits.ts';
import { findRuntimeFile, isAlive } from './runtime-file.ts';

export interface Question {
  readonly method?: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  readonly path: string;
  readonly query?: Readonly<Record<string, string | number | undefined>>;
  /** Sent as JSON. */
  readonly body?: unknown;
  /** Sent as it is, in place of `body`. */
  readonly bytes?: Uint8Array;
  readonly headers?: Readonly<Record<string, string>>;
  readonly timeoutMs?: number;
  readonly signal: AbortSignal;
}

export interface Answer<T> {
  readonly status: number;
  /** As the daemon sent it; its shape is trusted. */
  readonly value: T;
  /** The daemon's clock, as HTTP says it. */
  readonly date: string | undefined;
}

/** The daemon went away between question and answer: it may or may not have done what was asked. */
export class AnswerLost extends SkychatError {
  constructor(cause: unknown) {
    super('unreachable-daemon', 'the daemon went away before it answered', {
      hint: 'It may have done what was asked; look before you repeat it.',
      cause,
    });
  }
}

export class Client {
  readonly #config: ClientConfig;
  readonly #token: string | undefined;

  constructor(config: ClientConfig) {
    this.#config = config;
    this.#token = config.httpTokenFile === undefined ? undefined : readToken(config.httpTokenFile);
  }

  /**
   * Looks for the daemon anew each time, since a restart may move it. Throws Problem where it refuses,
   * SkychatError `unreachable-daemon` where it does not answer, and the signal's reason.
   */
  async ask<T>(question: Question): Promise<Answer<T>> {
    const target = findDaemon(this.#config);
    const deadline = AbortSignal.timeout(question.timeoutMs ?? answerMs);
    const signal = AbortSignal.any([question.signal, deadline]);
    try {
      return await this.#exchange<T>(target, question, signal);
    } catch (error) {
      question.signal.throwIfAborted();
      if (deadline.aborted) throw unreachable(`the daemon at ${nameOf(target)} does not answer`);
      throw error;
    }
  }

  /** The value of a GET. */
  async get<T>(path: string, query: Question['query'], signal: AbortSignal): Promise<T> {
    return (await this.ask<T>({ path, query: query ?? {}, signal })).value;
  }

  /**
   * An answer whose body goes on for as long as the caller reads and the signal allows. Throws as `ask`.
   */
  async open(question: Question): Promise<IncomingMessage> {
    const target = findDaemon(this.#config);
    const { options, content } = this.#requestOf(target, question, question.signal);
    try {
      const response = await begin(options, content, target);
      const status = response.statusCode ?? 0;
      if (status >= 200 && status < 300) return response;
      throw problemOf(status, await read(response));
    } catch (error) {
      question.signal.throwIfAborted();
      throw error;
    }
  }

  async #exchange<T>(
    target: HttpEndpoint,
    question: Question,
    signal: AbortSignal,
  ): Promise<Answer<T>> {
    const request = this.#requestOf(target, question, signal);
    const { status, content, date } = await send(request.options, request.content, target);
    if (status >= 200 && status < 300) {
      return { status, value: parseAnswer(content, target) as T, date };
    }
    throw problemOf(status, content);
  }

  #requestOf(
    target: HttpEndpoint,
    { method = 'GET', path, query = {}, body, bytes, headers }: Question,
    signal: AbortSignal,
  ): { readonly options: RequestOptions; readonly content: Content } {
    const content = bytes ?? (body === undefined ? undefined : JSON.stringify(body));
    const options: RequestOptions = {
      ...(target.kind === 'unix'
        ? { socketPath: target.path }
        : { host: dialable(target.host), port: target.port }),
      method,
      path: pathOf(path, query),
      agent: false,
      signal,
      headers: {
        accept: 'application/json',
        ...(this.#token !== undefined && { authorization: `Bearer ${this.#token}` }),
        ...(content !== undefined && {
          'content-type': bytes === undefined ? 'application/json' : 'application/octet-stream',
          'content-length': String(Buffer.byteLength(content)),
        }),
        ...headers,
      },
    };
    return { options, content };
  }
}

/** Throws SkychatError `unreachable-daemon` where nobody named a daemon and none runs here. */
export function findDaemon({ http, data }: ClientConfig): HttpEndpoint {
  if (http !== undefined) return http;
  const runtime = findRuntimeFile(data);
  if (runtime === undefined) {
    throw unreachable(`no daemon runs on ${data}`);
  }
  if (!isAlive(runtime)) {
    throw unreachable(
      `the daemon of ${data} is gone: its process ${runtime.pid} left runtime.json`,
    );
  }
  if (runtime.http.startsWith('unix:')) return { kind: 'unix', path: runtime.http.slice(5) };
  const { hostname, port } = new URL(runtime.http);
  return { kind: 'tcp', host: hostname.replace(/^\[(.*)\]$/, '$1'), port: Number(port || 80) };
}

type Content = string | Uint8Array | undefined;

async function send(
  options: RequestOptions,
  content: Content,
  target: HttpEndpoint,
): Promise<{ status: number; content: string; date: string | undefined }> {
  const response = await begin(options, content, target);
  const { statusCode: status = 0, headers } = response;
  try {
    return { status, content: await read(response), date: headers.date };
  } catch (error) {
    throw error instanceof SkychatError ? error : new AnswerLost(error);
  }
}

/** Resolves when the answer begins. */
function begin(
  options: RequestOptions,
  content: Content,
  target: HttpEndpoint,
): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    let connected = false;
    const sent = request(options, resolve);
    sent.on('socket', (socket) => {
      socket.once('connect', () => {
        connected = true;
      });
    });
    sent.on('error', (error) => {
      const words = `cannot reach the daemon at ${nameOf(target)}: ${error.message}`;
      reject(connected ? new AnswerLost(error) : unreachable(words, error));
    });
    sent.end(content);
  });
}

async function read(response: IncomingMessage): Promise<string> {
  const parts: Buffer[] = [];
  let length = 0;
  for await (const part of response as AsyncIterable<Buffer>) {
    length += part.length;
    if (length > answerBytesMax) {
      const hint = 'Ask for fewer messages at once.';
      throw new SkychatError('bad-field', 'the answer is larger than this client takes', { hint });
    }
    parts.push(part);
  }
  return Buffer.concat(parts).toString('utf8');
}

function parseAnswer(content: string, target: HttpEndpoint): unknown {
  if (content === '') return null;
  try {
    return JSON.parse(content);
  } catch {
    throw new Problem(0, `what answers at ${nameOf(target)} is not a skychat-node`);
  }
}

function problemOf(status: number, content: string): Problem {
  let fields: Partial<Record<string, unknown>> | null = null;
  try {
    fields = JSON.parse(content) as typeof fields;
  } catch {
    // A proxy in between answers with a page of its own.
  }
  const textOf = (name: string): string | undefined => {
    const value = fields?.[name];
    return typeof value === 'string' ? value : undefined;
  };
  const message = textOf('detail') ?? textOf('title') ?? `the daemon answered with ${status}`;
  return new Problem(status, message, textOf('code'), textOf('hint'));
}

function pathOf(path: string, query: NonNullable<Question['query']>): string {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    if (value !== undefined) search.set(name, String(value));
  }
  return search.size === 0 ? path : `${path}?${search.toString()}`;
}

function readToken(path: string): string {
  let token = '';
  try {
    if (statSync(path).size <= tokenBytesMax) token = readFileSync(path, 'utf8').trim();
  } catch (error) {
    throw badConfig(`cannot read the token file: ${String(error)}`, 'Check --http-token-file.');
  }
  // What a header can carry; anything else would fail later and less clearly.
  if (/^[\x21-\x7e]+$/.test(token)) return token;
  throw badConfig(`${path} does not hold a token`, 'Put one line of letters and digits there.');
}

/** Nobody can dial the address that means every interface, but the daemon is on this machine. */
function dialable(host: string): string {
  if (!isWildcard(host)) return host;
  return host === '::' ? '::1' : '127.0.0.1';
}

function nameOf(target: HttpEndpoint): string {
  return target.kind === 'unix' ? `unix:${target.path}` : `${target.host}:${target.port}`;
}

function unreachable(message: string, cause?: unknown): SkychatError {
  const hint = 'Start one with: skychat-node run, or name it with --http or --data.';
  return new SkychatError('unreachable-daemon', message, { hint, cause });
}
