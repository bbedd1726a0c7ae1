// Who calls: the owner of the node, or a program with a token that the owner made for it; and what the
// surface asks of whatever keeps the tokens. Knows nothing of how they are kept.

/** What each may includes what those before it may. */
export const scopes = ['read', 'post', 'admin'] as const;
export type Scope = (typeof scopes)[number];

export interface Caller {
  readonly scope: Scope;
  /** Ids: the only groups that it may know of; undefined for all. */
  readonly within: readonly string[] | undefined;
  /** Set for a program: the token's id, and the name under which it posts. */
  readonly bot: { readonly id: string; readonly name: string } | undefined;
}

/** The node's own people: with the token of --http-token-file, or where none is needed. */
export const owner: Caller = { scope: 'admin', within: undefined, bot: undefined };

export function mayCall(caller: Caller, scope: Scope): boolean {
  return scopes.indexOf(caller.scope) >= scopes.indexOf(scope);
}

export interface TokenDraft {
  readonly name: string;
  readonly scope: Scope;
  /** Ids or names of groups; undefined for all. */
  readonly groups: readonly string[] | undefined;
  /** Seconds from now; null: until it is revoked. */
  readonly expiresInS: number | null;
}

export interface TokenView {
  readonly id: string;
  /** Under which it posts. */
  readonly name: string;
  readonly scope: Scope;
  /** Ids; null where it is not limited to groups. */
  readonly groups: readonly string[] | null;
  readonly created: string;
  readonly expires: string | null;
  /** Since the node started; null where it was not used. */
  readonly last_used: string | null;
}

/** The token itself is told once. */
export interface NewTokenView extends TokenView {
  readonly token: string;
}

export interface Tokens {
  /** In the order in which they were made. */
  list(): readonly TokenView[];
  /** @throws SkychatError `bad-field`, `unknown-group` */
  create(draft: TokenDraft): Promise<NewTokenView>;
  /** @throws SkychatError `unknown-token` */
  revoke(id: string): Promise<TokenView>;
  /** Who calls with it; undefined where it is none, has expired or was revoked. */
  findCaller(token: string): Caller | undefined;
}
