// Asks a node over its HTTP interface, with the token where there is one, and repeats what may be
// repeated while the node restarts. Knows nothing of what is asked for.
import { readFileSync, statSync } from 'node:fs';
import { request, type IncomingMessage, type RequestOptions } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { answerBytesMax, tokenBytesMax, type Times } from './limits.ts';
import { findNode, nameOf, type NodeAddress, type Whereabouts } from './node-address.ts';
import { NodeFailure } from './node-failure.ts';

export interface ClientOptions extends Whereabouts {
  readonly tokenFile: string | undefined;
  readonly token: string | undefined;
  readonly times: Times;
}

export interface Question {
  readonly method?: 'GET' | 'POST' | 'PUT' | 'DELETE';
  readonly path: string;
  readonly query?: Readonly<Record<string, string | number | undefined>>;
  /** Sent as JSON. */
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  /** How long the node was asked to wait before it answers, milliseconds. */
  readonly waitMs?: number;
  readonly signal: AbortSignal;
}

interface Answer {
  readonly status: number;
  readonly content: string;
}

export class NodeClient {
  readonly #options: ClientOptions;

  constructor(options: ClientOptions) {
    this.#options = options;
  }

  /**
   * The node's answer, its shape trusted. Throws NodeFailure where it refuses or does not answer, and
   * the signal's reason.
   */
  async ask<T>(question: Question): Promise<T> {
    const address = findNode(this.#options);
    const { requestMs } = this.#options.times;
    const deadline = AbortSignal.timeout(requestMs + (question.waitMs ?? 0));
    const signal = AbortSignal.any([question.signal, deadline]);
    try {
      const answer = await exchange(address, question, this.#headers(), signal);
      if (answer.status < 200 || answer.status > 299) throw refusalOf(answer);
      return parse(answer.content, address) as T;
    } catch (error) {
      question.signal.throwIfAborted();
      if (error instanceof NodeFailure) throw error;
      const words = deadline.aborted ? 'does not answer' : 'cannot be reached';
      throw new NodeFailure('unreachable-node', `the node at ${nameOf(address)} ${words}`, {
        hint: 'Start it with: skychat-node run; or give its address with --http.',
        passes: true,
        cause: error,
      });
    }
  }

  /** The same for what has the same effect however often it is asked: goes on while the node is down. */
  async askUntilUp<T>(question: Question): Promise<T> {
    const { patienceMs, retryMs, retryMsMax } = this.#options.times;
    const giveUpAt = performance.now() + patienceMs;
    for (let delay = retryMs; ; delay = Math.min(2 * delay, retryMsMax)) {
      try {
        return await this.ask<T>(question);
      } catch (error) {
        const isPassing = error instanceof NodeFailure && error.passes;
        if (!isPassing || performance.now() + delay > giveUpAt) throw error;
      }
      await sleep(delay, undefined, { signal: question.signal });
    }
  }

  get<T>(path: string, query: Question['query'], signal: AbortSignal): Promise<T> {
    return this.askUntilUp<T>({ path, query: query ?? {}, signal });
  }

  /** The token is read each time, so that a new one needs no restart. */
  #headers(): Record<string, string> {
    const { token, tokenFile } = this.#options;
    const bearer = tokenFile === undefined ? token : readToken(tokenFile);
    return bearer === undefined ? {} : { authorization: `Bearer ${bearer}` };
  }
}

function exchange(
  address: NodeAddress,
  { method = 'GET', path, query = {}, body, headers }: Question,
  more: Readonly<Record<string, string>>,
  signal: AbortSignal,
): Promise<Answer> {
  const text = body === undefined ? undefined : JSON.stringify(body);
  const options: RequestOptions = {
    ...(address.kind === 'unix'
      ? { socketPath: address.path, path: pathOf(path, query) }
      : { host: address.host, port: address.port, path: address.prefix + pathOf(path, query) }),
    ...{ method, signal, agent: false },
    headers: {
      accept: 'application/json',
      ...(text !== undefined && {
        'content-type': 'application/json',
        'content-length': String(Buffer.byteLength(text)),
      }),
      ...headers,
      ...more,
    },
  };
  return new Promise((resolve, reject) => {
    const sent = request(options, (response) => {
      read(response).then((content) => {
        resolve({ status: response.statusCode ?? 0, content });
      }, reject);
    });
    sent.on('error', reject);
    sent.end(text);
  });
}

async function read(response: IncomingMessage): Promise<string> {
  const parts: Buffer[] = [];
  let length = 0;
  for await (const part of response as AsyncIterable<Buffer>) {
    length += part.length;
    if (length > answerBytesMax) {
      const hint = 'Ask for fewer messages at once.';
      throw new NodeFailure('answer-too-large', 'the answer of the node is too large', { hint });
    }
    parts.push(part);
  }
  return Buffer.concat(parts).toString('utf8');
}

function parse(content: string, address: NodeAddress): unknown {
  if (content === '') return null;
  try {
    return JSON.parse(content);
  } catch {
    const hint = 'Check the address of --http: it is that of the HTTP interface.';
    throw new NodeFailure('not-a-node', `what answers at ${nameOf(address)} is no skychat-node`, {
      hint,
    });
  }
}

function refusalOf({ status, content }: Answer): NodeFailure {
  let fields: Partial<Record<string, unknown>> | null = null;
  try {
    fields = JSON.parse(content) as typeof fields;
  } catch {
    // What stands in between answers with a page of its own.
  }
  const textOf = (name: string): string | undefined => {
    const value = fields?.[name];
    return typeof value === 'string' ? value : undefined;
  };
  const code = textOf('code') ?? `http-${status}`;
  const message = textOf('detail') ?? textOf('title') ?? `the node answered with ${status}`;
  const passes = status === 503 || status === 429;
  return new NodeFailure(code, message, { hint: textOf('hint'), passes });
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
    const hint = 'Check --http-token-file.';
    throw new NodeFailure('bad-token-file', 'cannot read the token file', { hint, cause: error });
  }
  if (isToken(token)) return token;
  const hint = 'Put one line of letters and digits there.';
  throw new NodeFailure('bad-token-file', 'the token file does not hold a token', { hint });
}

/** What a header can carry; anything else would fail later and less clearly. */
export function isToken(text: string): boolean {
  return /^[\x21-\x7e]+$/.test(text);
}
