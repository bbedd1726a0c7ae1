// The failures that an operator or a caller can meet, each with a stable code.
// A peer's bad data is not here: that is a value with a reason, counted where it is met.

export const errorCodes = [
  // start-up and configuration
  'bad-config',
  'bad-peer-address',
  'bad-key-file',
  'key-file-exposed',
  'key-file-exists',
  'data-locked',
  'port-busy',
  'token-required',
  'store-newer',
  'store-damaged',
  'store-failed',
  'disk-full',
  // requests
  'bad-request',
  'header-too-large',
  'request-timeout',
  'bad-json',
  'bad-field',
  'bad-text',
  'bad-cursor',
  'bad-id',
  'text-too-large',
  'empty-text',
  'unsupported-media-type',
  'unknown-route',
  'unknown-group',
  'unknown-message',
  'unknown-peer',
  'not-a-member',
  'not-an-admin',
  'founder-stays',
  'senior-admin',
  'not-the-author',
  'unknown-member',
  'unknown-invite',
  'unknown-token',
  'unknown-hook',
  'already-member',
  'group-left',
  'no-key',
  'deleted',
  'invite-altered',
  'invite-expired',
  'invite-used',
  'invite-revoked',
  'unauthorized',
  'not-permitted',
  'forbidden-host',
  'forbidden-origin',
  'idempotency-mismatch',
  'too-many-requests',
  'method-not-allowed',
  'not-ready',
  'own-feed-unknown',
  'closing',
  'unreachable-daemon',
  'bad-bundle',
  'internal',
] as const;

export type ErrorCode = (typeof errorCodes)[number];

export class SkychatError extends Error {
  readonly code: ErrorCode;
  /** What the reader can do about it, in one sentence. */
  readonly hint: string | undefined;

  constructor(code: ErrorCode, message: string, options: { hint?: string; cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'SkychatError';
    this.code = code;
    this.hint = options.hint;
  }
}

/** The end of an exhaustive switch: the compiler refuses a case that was left out. */
export function unreachable(value: never): never {
  throw new Error(`unreachable: ${JSON.stringify(value)}`);
}
