// Refusals as RFC 9457 problems: the closed table from a code to its status, title and hint, and the
// count of each. Knows nothing of routes.
import { SkychatError, type ErrorCode } from '../errors.ts';

interface Kind {
  readonly status: number;
  readonly title: string;
  /** What the caller does next. */
  readonly hint: string;
  readonly retryAfterSeconds?: number;
}

/** Every code that a request can be answered with. */
export const problemKinds = {
  'bad-request': {
    status: 400,
    title: 'Not a valid HTTP request',
    hint: 'Speak HTTP/1.1 to this port; peers dial the --listen address.',
  },
  'bad-json': {
    status: 400,
    title: 'The body is not JSON',
    hint: 'Send one JSON object, or the bare text with Content-Type: text/plain.',
  },
  'bad-field': {
    status: 400,
    title: 'A field is unknown or has a value that it cannot have',
    hint: 'Correct the field that the detail names; GET / lists the fields.',
  },
  'bad-text': {
    status: 422,
    title: 'The text cannot be carried unchanged',
    hint: 'Send valid UTF-8 without unpaired surrogates and without a leading U+FEFF.',
  },
  'bad-cursor': {
    status: 400,
    title: 'Not a cursor of this node',
    hint: 'Use 0, now, or a cursor that this node gave out.',
  },
  'bad-id': {
    status: 400,
    title: 'Not an id',
    hint: 'Ids and keys are 64 hex characters.',
  },
  'bad-peer-address': {
    status: 400,
    title: "Not a peer's address",
    hint: 'Write it as PUBLIC_KEY@HOST:PORT.',
  },
  'text-too-large': {
    status: 413,
    title: 'The text or the body is too large',
    hint: 'A text has at most 65,536 bytes of UTF-8; send it in parts.',
  },
  'header-too-large': {
    status: 431,
    title: 'The headers are too large',
    hint: 'Send fewer and shorter headers; 16 KiB in all.',
  },
  'request-timeout': {
    status: 408,
    title: 'The request did not arrive in time',
    hint: 'Send the whole request at once.',
  },
  'empty-text': {
    status: 400,
    title: 'There is no text',
    hint: 'Put the text into the body.',
  },
  'unsupported-media-type': {
    status: 415,
    title: 'The body has a type that is not read here',
    hint: 'Use application/json, text/plain or application/x-www-form-urlencoded, in UTF-8.',
  },
  'bad-bundle': {
    status: 422,
    title: 'The bundle is damaged, or is none',
    hint: 'Export it again, or copy it again; nothing was imported.',
  },
  'unknown-route': {
    status: 404,
    title: 'There is no such route',
    hint: 'GET / lists the routes.',
  },
  'method-not-allowed': {
    status: 405,
    title: 'The route is not served with this method',
    hint: 'Use one of the methods that the header Allow lists.',
  },
  'unknown-group': {
    status: 404,
    title: 'There is no such group here',
    hint: 'GET /groups lists the groups.',
  },
  'unknown-message': {
    status: 404,
    title: 'There is no such message here',
    hint: 'It may not have arrived yet; GET /status shows whether this node is behind.',
  },
  'unknown-peer': {
    status: 404,
    title: 'There is no such peer here',
    hint: 'GET /peers lists the peers.',
  },
  'not-a-member': {
    status: 403,
    title: 'This node is no member of the group',
    hint: 'GET /groups shows the state of each group; ask a member for an invite.',
  },
  'not-an-admin': {
    status: 403,
    title: 'Only an admin of the group may do this',
    hint: 'GET /groups/{id}/members shows who is.',
  },
  'founder-stays': {
    status: 403,
    title: 'The founder cannot be removed or demoted',
    hint: 'The founder stays with its group; promote others, who go on without it.',
  },
  'senior-admin': {
    status: 403,
    title: 'That admin is senior to this node',
    hint: 'An admin can be removed or demoted by the founder and by those who became admins before.',
  },
  'not-the-author': {
    status: 403,
    title: 'Only the author may do this',
    hint: 'An admin of a group can hide a message; anybody can block its author locally.',
  },
  'unknown-member': {
    status: 404,
    title: 'There is no such member in the group',
    hint: 'GET /groups/{id}/members lists the members.',
  },
  'unknown-invite': {
    status: 404,
    title: 'There is no such invite in the group',
    hint: 'An invite is named by the id that its creation gave.',
  },
  'unknown-token': {
    status: 404,
    title: 'There is no such token',
    hint: 'GET /tokens lists the tokens.',
  },
  'unknown-hook': {
    status: 404,
    title: 'There is no such hook',
    hint: 'GET /hooks lists the hooks; a hook URL that was revoked opens nothing any more.',
  },
  'already-member': {
    status: 409,
    title: 'The key is a member already',
    hint: 'Nothing has to be done.',
  },
  'group-left': {
    status: 409,
    title: 'This node has left the group',
    hint: 'Join it again by an invite.',
  },
  'no-key': {
    status: 409,
    title: 'There is no key for the group here yet',
    hint: 'It comes from a member; wait until the group is in sync.',
  },
  deleted: {
    status: 409,
    title: 'The message was deleted',
    hint: 'Its author took it back; there is nothing left to act on.',
  },
  'invite-altered': {
    status: 422,
    title: 'The invite is not what its admin signed',
    hint: 'Copy the whole link again, from skychat:// on.',
  },
  'invite-expired': {
    status: 422,
    title: 'The invite has expired',
    hint: 'Ask for a new one.',
  },
  'invite-used': {
    status: 422,
    title: 'The invite was used as often as it may be',
    hint: 'Ask for a new one.',
  },
  'invite-revoked': {
    status: 422,
    title: 'The invite was revoked',
    hint: 'Ask for a new one.',
  },
  unauthorized: {
    status: 401,
    title: 'A token is needed',
    hint: 'Send Authorization: Bearer TOKEN with the token of --http-token-file or of token create.',
  },
  'not-permitted': {
    status: 403,
    title: 'The token is not for this',
    hint: 'skychat-node token list shows its scope and groups; use another token.',
  },
  'forbidden-host': {
    status: 403,
    title: 'The Host is not one of this surface',
    hint: 'Use localhost or the bound address, or start the node with --allow-host NAME.',
  },
  'forbidden-origin': {
    status: 403,
    title: 'Web pages of another origin may not call',
    hint: 'Call from a program, or from a page that this surface serves.',
  },
  'idempotency-mismatch': {
    status: 422,
    title: 'The Idempotency-Key was used with another body',
    hint: 'Use a new key for a new message.',
  },
  'too-many-requests': {
    status: 429,
    title: 'Too many at once',
    hint: 'Close streams that are not needed, or try again later.',
    retryAfterSeconds: 5,
  },
  'not-ready': {
    status: 503,
    title: 'The node is not ready',
    hint: 'Try again; GET /readyz names the reasons.',
    retryAfterSeconds: 2,
  },
  'own-feed-unknown': {
    status: 503,
    title: 'The node does not know the end of its own feed',
    hint: 'Posting waits until a peer has answered; --force-new-head goes on without.',
    retryAfterSeconds: 5,
  },
  closing: {
    status: 503,
    title: 'The node is closing',
    hint: 'Try again when it runs again.',
    retryAfterSeconds: 2,
  },
  'disk-full': {
    status: 507,
    title: 'The disk is full',
    hint: 'Nothing was stored; make room and try again.',
  },
  'store-failed': {
    status: 503,
    title: 'The store did not take it',
    hint: 'Nothing was acknowledged; see the log of the node, then try again.',
    retryAfterSeconds: 5,
  },
  'store-damaged': {
    status: 500,
    title: 'The store is damaged',
    hint: 'Stop the node and run skychat-node verify, then repair.',
  },
  internal: {
    status: 500,
    title: 'The node failed',
    hint: 'This is a fault of the node; its log says more.',
  },
} as const satisfies Partial<Record<ErrorCode, Kind>>;

export type ProblemCode = keyof typeof problemKinds;

export interface Problem {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly detail: string;
  readonly code: ProblemCode;
  readonly hint: string;
}

/** What fastify itself refuses, by its own codes. */
const codesOfFastify: Readonly<Record<string, readonly [ProblemCode, string]>> = {
  FST_ERR_CTP_BODY_TOO_LARGE: ['text-too-large', 'the body is larger than any text can need'],
  FST_ERR_CTP_INVALID_MEDIA_TYPE: ['unsupported-media-type', 'the Content-Type is malformed'],
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: ['bad-request', 'the body is not as long as announced'],
  FST_ERR_BAD_URL: ['bad-request', 'the path is not valid percent-encoding'],
  FST_ERR_MAX_PARAM_LENGTH: ['bad-id', 'a part of the path is too long'],
  ECONNRESET: ['bad-request', 'the connection ended within the body'],
};

/** Anything that is not a refusal of the table is `internal`, and says nothing of what happened. */
export function problemOf(error: unknown): Problem {
  if (error instanceof SkychatError && isProblemCode(error.code)) {
    return buildProblem(error.code, error.message, error.hint);
  }
  const known = error instanceof Error && 'code' in error && codesOfFastify[String(error.code)];
  if (known) return buildProblem(known[0], known[1]);
  return buildProblem('internal', 'see the log of the node');
}

export function buildProblem(code: ProblemCode, detail: string, hint?: string): Problem {
  const { status, title, hint: usual } = problemKinds[code];
  const type = `urn:skychat-node:problem:${code}`;
  return { type, title, status, detail, code, hint: hint ?? usual };
}

export function retryAfterSeconds(code: ProblemCode): number | undefined {
  const kind: Kind = problemKinds[code];
  return kind.retryAfterSeconds;
}

function isProblemCode(code: string): code is ProblemCode {
  return Object.hasOwn(problemKinds, code);
}

/** How often each code was answered. Bounded by the table. */
export class Refusals {
  readonly #counts = new Map<ProblemCode, number>();

  count(code: ProblemCode): void {
    this.#counts.set(code, (this.#counts.get(code) ?? 0) + 1);
  }

  counters(): Record<string, number> {
    return Object.fromEntries(this.#counts);
  }
}
