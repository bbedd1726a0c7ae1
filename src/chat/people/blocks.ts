// Keys that this node's people do not want to read: kept here alone, told to nobody. Knows nothing of
// messages; whoever shows, counts or indexes them asks.
import { parseUtf8, utf8 } from '../../bytes.ts';
import type { LocalChange, Store } from '../../cxo/store.ts';
import type { Clock } from '../../env.ts';
import { SkychatError } from '../../errors.ts';
import { parsePublicKey, type PublicKey } from '../../identity.ts';
import { blockLimits } from '../limits.ts';

export interface BlocksOptions {
  readonly self: PublicKey;
  readonly store: Pick<Store, 'local'>;
  readonly writeLocal: (changes: readonly LocalChange[]) => Promise<void>;
  readonly clock: Pick<Clock, 'now'>;
  /** For tests of the bound. */
  readonly keysMax?: number;
}

export interface Block {
  readonly pk: PublicKey;
  /** Wall clock, microseconds. */
  readonly since: number;
}

const prefix = 'block/';

export class Blocks {
  readonly #options: BlocksOptions;
  readonly #keysMax: number;
  readonly #since: Map<PublicKey, number>;
  readonly #listeners = new Set<(key: PublicKey) => void>();

  private constructor(options: BlocksOptions, blocked: Iterable<Block>) {
    this.#options = options;
    this.#keysMax = options.keysMax ?? blockLimits.keysMax;
    this.#since = new Map([...blocked].map(({ pk, since }) => [pk, since]));
  }

  static async open(options: BlocksOptions): Promise<Blocks> {
    const blocked: Block[] = [];
    for (const { key, value } of await options.store.local(prefix)) {
      const pk = parsePublicKey(key.slice(prefix.length));
      if (pk !== undefined) blocked.push({ pk, since: Number(parseUtf8(value)) });
    }
    return new Blocks(options, blocked);
  }

  isBlocked(key: PublicKey): boolean {
    return this.#since.has(key);
  }

  /** In the order in which they were blocked. */
  list(): readonly Block[] {
    return [...this.#since]
      .map(([pk, since]) => ({ pk, since }))
      .sort((a, b) => a.since - b.since || (a.pk < b.pk ? -1 : 1));
  }

  /** Calls back after each change, with the key; returns how to stop. */
  onChange(listener: (key: PublicKey) => void): () => void {
    this.#listeners.add(listener);
    return () => {
      this.#listeners.delete(listener);
    };
  }

  /**
   * Resolves when it is on disk and holds; a key that is blocked already stays so since then.
   * @throws SkychatError `bad-field` for the own key, or where too many are blocked
   */
  async block(key: PublicKey): Promise<Block> {
    if (key === this.#options.self) {
      throw new SkychatError('bad-field', "this is the node's own key", {
        hint: 'Only others can be blocked.',
      });
    }
    const known = this.#since.get(key);
    if (known !== undefined) return { pk: key, since: known };
    if (this.#since.size >= this.#keysMax) {
      throw new SkychatError('bad-field', `${this.#keysMax} keys are blocked, no more can be`, {
        hint: 'Unblock some; an admin can remove a member from a group.',
      });
    }
    const since = this.#options.clock.now();
    await this.#options.writeLocal([{ key: prefix + key, value: utf8(String(since)) }]);
    this.#since.set(key, since);
    this.#changed(key);
    return { pk: key, since };
  }

  /** Resolves when it is on disk and holds; for a key that is not blocked, nothing changes. */
  async unblock(key: PublicKey): Promise<void> {
    await this.#options.writeLocal([{ key: prefix + key, value: undefined }]);
    if (this.#since.delete(key)) this.#changed(key);
  }

  #changed(key: PublicKey): void {
    for (const listener of [...this.#listeners]) listener(key);
  }
}
