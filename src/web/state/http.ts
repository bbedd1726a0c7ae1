// Requests to the node that serves this page, with the reader's token where there is one.
import { signal } from '@preact/signals';

interface ProblemBody {
  readonly detail?: string;
  readonly code?: string;
  readonly hint?: string;
}

/** The node's answer where it refuses: the words are its own. */
export class Problem extends Error {
  readonly status: number;
  readonly code: string;
  readonly hint: string;
  readonly retryAfterMs: number;

  constructor(status: number, body: ProblemBody, retryAfterS: number) {
    super(body.detail ?? `the node answered ${status}`);
    this.status = status;
    this.code = body.code ?? 'unknown';
    this.hint = body.hint ?? '';
    this.retryAfterMs = retryAfterS * 1000;
  }
}

/** There was no answer. */
export class Unreachable extends Error {}

const tokenName = 'skychat/token';

export const token = signal(readToken());
/** Whether the node has refused the token, or that there is none. */
export const isLocked = signal(false);

function readToken(): string | null {
  return sessionStorage.getItem(tokenName) ?? localStorage.getItem(tokenName);
}

/** @param isKept whether the browser keeps it when it is closed */
export function setToken(value: string | null, isKept: boolean): void {
  sessionStorage.removeItem(tokenName);
  localStorage.removeItem(tokenName);
  if (value !== null) (isKept ? localStorage : sessionStorage).setItem(tokenName, value);
  token.value = value;
  isLocked.value = false;
}

export interface Ask {
  /** Sent as JSON. */
  readonly json?: unknown;
  /** Sent as it is: a body that is JSON already. */
  readonly body?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** Longer than any request of the page takes; a node that hangs is one that is not there. */
const requestMsMax = 30_000;

/** @throws Problem where the node refuses, Unreachable where it does not answer */
export async function ask<T>(method: string, path: string, options: Ask = {}): Promise<T> {
  const body =
    options.body ?? (options.json === undefined ? undefined : JSON.stringify(options.json));
  const response = await fetch(path, {
    method,
    cache: 'no-store',
    signal: AbortSignal.timeout(requestMsMax),
    headers: {
      ...(body !== undefined && { 'content-type': 'application/json' }),
      ...(token.value !== null && { authorization: `Bearer ${token.value}` }),
      ...options.headers,
    },
    ...(body !== undefined && { body }),
  }).catch((error: unknown) => {
    throw new Unreachable('the node does not answer', { cause: error });
  });
  const text = await response.text().catch((error: unknown) => {
    throw new Unreachable('the answer was cut off', { cause: error });
  });
  if (response.ok) return (text === '' ? undefined : JSON.parse(text)) as T;
  if (response.status === 401) isLocked.value = true;
  const retryAfterS = Number(response.headers.get('retry-after') ?? 0);
  throw new Problem(response.status, parseProblem(text), retryAfterS);
}

export function get<T>(path: string): Promise<T> {
  return ask<T>('GET', path);
}

function parseProblem(text: string): ProblemBody {
  try {
    return JSON.parse(text) as ProblemBody;
  } catch {
    return {};
  }
}

/** What went wrong, for a person: what it is and what to do. */
export function wordsOf(error: unknown): string {
  const what = error instanceof Error ? error.message : String(error);
  const sentence = `${what.charAt(0).toUpperCase()}${what.slice(1)}`;
  return error instanceof Problem && error.hint !== '' ? `${sentence}. ${error.hint}` : sentence;
}
