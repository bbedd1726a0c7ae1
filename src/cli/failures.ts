// How a command ends: the table of exit codes, and which failure ends with which.
import { CommanderError } from 'commander';
import { SkychatError, type ErrorCode } from '../errors.ts';
import { oneLine } from './output.ts';

export const exitCodes = {
  done: 0,
  failed: 1,
  usage: 2,
  unreachable: 3,
  unauthorized: 4,
  notFound: 5,
  conflict: 6,
  timeOut: 7,
  notReplicated: 8,
  interrupted: 130,
} as const;

export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes];

export const exitCodeMeanings: readonly (readonly [ExitCode, string])[] = [
  [exitCodes.done, 'done'],
  [exitCodes.failed, 'failed'],
  [exitCodes.usage, 'usage: a flag, an argument or a setting is wrong'],
  [exitCodes.unreachable, 'the daemon is not reachable'],
  [exitCodes.unauthorized, 'not authorized'],
  [exitCodes.notFound, 'not found'],
  [exitCodes.conflict, 'conflict with what is there already'],
  [exitCodes.timeOut, 'time ran out'],
  [exitCodes.notReplicated, 'accepted, but not yet replicated as asked'],
  [exitCodes.interrupted, 'interrupted'],
];

/** A mistake on the command line that commander cannot see. */
export class UsageError extends Error {
  readonly hint: string | undefined;

  constructor(message: string, hint?: string) {
    super(message);
    this.hint = hint;
  }
}

/** The end of a command's own time (`--timeout`). */
export class TimeRanOut extends Error {}

/** What the daemon refused, in its own words (RFC 9457). */
export class Problem extends Error {
  readonly status: number;
  readonly code: string | undefined;
  readonly hint: string | undefined;

  constructor(status: number, message: string, code?: string, hint?: string) {
    super(message);
    this.status = status;
    this.code = code;
    this.hint = hint;
  }
}

const exitCodeOfError: Partial<Record<ErrorCode, ExitCode>> = {
  'bad-config': exitCodes.usage,
  'bad-peer-address': exitCodes.usage,
  'token-required': exitCodes.usage,
  'key-file-exists': exitCodes.conflict,
  'unreachable-daemon': exitCodes.unreachable,
  'unknown-group': exitCodes.notFound,
};

const exitCodeOfStatus: Readonly<Record<number, ExitCode>> = {
  // What the daemon finds wrong with a request came from the command line.
  400: exitCodes.usage,
  401: exitCodes.unauthorized,
  403: exitCodes.unauthorized,
  404: exitCodes.notFound,
  408: exitCodes.timeOut,
  409: exitCodes.conflict,
  413: exitCodes.usage,
  422: exitCodes.usage,
  504: exitCodes.timeOut,
};

export function exitCodeOf(error: unknown): ExitCode {
  if (error instanceof CommanderError)
    return error.exitCode === 0 ? exitCodes.done : exitCodes.usage;
  if (error instanceof UsageError) return exitCodes.usage;
  if (error instanceof TimeRanOut) return exitCodes.timeOut;
  if (error instanceof Problem) return exitCodeOfStatus[error.status] ?? exitCodes.failed;
  if (error instanceof SkychatError) return exitCodeOfError[error.code] ?? exitCodes.failed;
  return exitCodes.failed;
}

/** Whether a daemon that restarts or is short of something can be the cause. */
export function isPassing(error: unknown): boolean {
  if (error instanceof Problem) return error.status >= 500 || error.status === 429;
  return error instanceof SkychatError && error.code === 'unreachable-daemon';
}

/** One line for stderr. */
export function wordsOf(error: unknown): string {
  if (!(error instanceof Error)) return oneLine(String(error));
  const message = oneLine(error.message.replace(/^error: /, ''));
  const code = 'code' in error && !(error instanceof CommanderError) ? error.code : undefined;
  const hint = 'hint' in error && typeof error.hint === 'string' ? oneLine(error.hint) : '';
  const named = typeof code === 'string' ? `${message} (${code})` : message;
  return hint === '' ? named : `${named.replace(/\.$/, '')}. ${hint}`;
}
