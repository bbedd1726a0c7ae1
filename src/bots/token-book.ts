// The tokens that the owner of a node made for programs: each a name to post under, a scope, maybe some
// groups and an end. What is kept is their hashes. Knows nothing of requests.
import { parseName } from '../chat/people/names.ts';
import { isoOfTime } from '../chat/time-text.ts';
import type { LocalChange, Store } from '../cxo/store.ts';
import type { Clock, Random } from '../env.ts';
import { SkychatError } from '../errors.ts';
import {
  scopes,
  type Caller,
  type NewTokenView,
  type TokenDraft,
  type Tokens,
  type TokenView,
} from '../http/tokens.ts';
import { buildCredential, findCredentialId, isCredential } from './credential.ts';
import { botLimits } from './limits.ts';
import { fieldsOf, RowBook } from './row-book.ts';

export interface TokenBookOptions {
  readonly store: Pick<Store, 'local'>;
  readonly writeLocal: (changes: readonly LocalChange[]) => Promise<void>;
  readonly clock: Pick<Clock, 'now'>;
  readonly random: Pick<Random, 'bytes'>;
  /** @throws SkychatError `unknown-group` */
  readonly groupIdOf: (idOrName: string) => string;
  /** For tests of the bound. */
  readonly tokensMax?: number;
}

/** Times are of the wall clock, microseconds. */
interface Row {
  readonly id: string;
  readonly hash: string;
  readonly name: string;
  readonly scope: Caller['scope'];
  readonly groups: readonly string[] | null;
  readonly created: number;
  readonly expires: number | null;
}

export class TokenBook implements Tokens {
  readonly #options: TokenBookOptions;
  readonly #rows: RowBook<Row>;
  /** By id, since the start: a write for each use would cost more than it tells. */
  readonly #used = new Map<string, number>();

  private constructor(options: TokenBookOptions, rows: RowBook<Row>) {
    this.#options = options;
    this.#rows = rows;
  }

  static async open(options: TokenBookOptions): Promise<TokenBook> {
    const { store, writeLocal } = options;
    const rows = await RowBook.open({ prefix: 'token/', store, writeLocal, parse: parseRow });
    return new TokenBook(options, rows);
  }

  list(): readonly TokenView[] {
    return this.#rows.list().map((row) => this.#viewOf(row));
  }

  async create(draft: TokenDraft): Promise<NewTokenView> {
    const { clock, random, groupIdOf, tokensMax = botLimits.tokensMax } = this.#options;
    if (this.#rows.size >= tokensMax) {
      throw new SkychatError('bad-field', `there are ${tokensMax} tokens, no more can be made`, {
        hint: 'Revoke those that nobody uses.',
      });
    }
    if (draft.scope === 'admin' && draft.groups !== undefined) {
      throw new SkychatError('bad-field', 'an admin is not limited to groups', {
        hint: 'Leave out the groups, or give the scope read or post.',
      });
    }
    const created = clock.now();
    const { id, text, hash } = buildCredential('skt', random);
    const row = {
      ...{ id, hash, name: parseName(draft.name), scope: draft.scope, created },
      groups: draft.groups === undefined ? null : [...new Set(draft.groups.map(groupIdOf))],
      expires: draft.expiresInS === null ? null : created + draft.expiresInS * 1_000_000,
    };
    await this.#rows.put(row);
    return { ...this.#viewOf(row), token: text };
  }

  async revoke(id: string): Promise<TokenView> {
    const row = this.#rows.find(id);
    if (row === undefined) throw new SkychatError('unknown-token', 'there is no such token');
    const view = this.#viewOf(row);
    await this.#rows.remove(id);
    this.#used.delete(id);
    return view;
  }

  findCaller(token: string): Caller | undefined {
    const id = findCredentialId('skt', token);
    const row = id === undefined ? undefined : this.#rows.find(id);
    if (row === undefined || !isCredential(token, row.hash)) return undefined;
    const now = this.#options.clock.now();
    if (row.expires !== null && row.expires <= now) return undefined;
    this.#used.set(row.id, now);
    const { scope, groups, name } = row;
    return { scope, within: groups ?? undefined, bot: { id: row.id, name } };
  }

  #viewOf({ id, name, scope, groups, created, expires }: Row): TokenView {
    const used = this.#used.get(id);
    return {
      ...{ id, name, scope, groups, created: isoOfTime(created) },
      expires: expires === null ? null : isoOfTime(expires),
      last_used: used === undefined ? null : isoOfTime(used),
    };
  }
}

function parseRow(value: unknown): Row | undefined {
  const { id, hash, name, scope, groups, created, expires } = fieldsOf(value);
  const known = scopes.find((one) => one === scope);
  if (typeof id !== 'string' || typeof hash !== 'string' || typeof name !== 'string') return;
  if (known === undefined || typeof created !== 'number') return undefined;
  // What cannot be understood must not widen what the token may.
  if (groups !== null && !isTexts(groups)) return undefined;
  if (expires !== null && typeof expires !== 'number') return undefined;
  return { id, hash, name, scope: known, groups, created, expires };
}

function isTexts(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((each) => typeof each === 'string');
}
