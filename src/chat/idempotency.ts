// Which posts were made under which Idempotency-Key, so that a retry gives the first answer again.
// A row is written in the same commit as its message: there is never one without the other. Knows
// nothing of how posts are made.
import { concat, equal, toHex, utf8 } from '../bytes.ts';
import { domainHash, idBytes, type MessageId } from '../cxo/ids.ts';
import type { LocalChange, Store } from '../cxo/store.ts';
import type { Clock } from '../env.ts';
import { SkychatError } from '../errors.ts';
import { idempotencyLimits } from './limits.ts';

/** What the caller sent: the same key stands for the same body. */
export interface IdempotencyRequest {
  readonly key: string;
  readonly body: Uint8Array;
}

/** A request whose key is not remembered: to be written with its message, or given up. */
export interface Reservation {
  readonly local: (message: MessageId) => readonly LocalChange[];
  /** The message and its rows are on disk. */
  readonly done: () => void;
  /** Nothing was written. */
  readonly failed: () => void;
}

export interface IdempotencyOptions {
  readonly store: Pick<Store, 'local' | 'findLocal'>;
  readonly writeLocal: (changes: readonly LocalChange[]) => Promise<void>;
  readonly clock: Pick<Clock, 'now'>;
  /** For tests of the bound. */
  readonly keysMax?: number;
}

const prefix = 'idempotency/';

/** A remembered key: the hash of it, and when it expires (wall clock, microseconds). */
interface Remembered {
  readonly hash: string;
  readonly expires: number;
}

export class Idempotency {
  readonly #options: IdempotencyOptions;
  readonly #keysMax: number;
  /** Expiry of the row of each hash, the oldest first. */
  readonly #expiries = new Map<string, number>();
  /** Hashes whose rows a commit under way deletes. */
  readonly #leaving = new Set<string>();
  readonly #counters = { 'idempotency-full': 0 };
  #reserved = 0;

  private constructor(options: IdempotencyOptions, rows: readonly Remembered[]) {
    this.#options = options;
    this.#keysMax = options.keysMax ?? idempotencyLimits.keysMax;
    for (const { hash, expires } of rows) this.#expiries.set(hash, expires);
  }

  static async open(options: IdempotencyOptions): Promise<Idempotency> {
    const rows = await options.store.local(prefix);
    const remembered = rows.map(({ key }) => parseRowKey(key)).filter((row) => row !== undefined);
    return new Idempotency(
      options,
      remembered.sort((a, b) => a.expires - b.expires),
    );
  }

  /** Keys that were forgotten before their time, because there were too many. */
  get counters(): { readonly 'idempotency-full': number } {
    return this.#counters;
  }

  get size(): number {
    return this.#expiries.size;
  }

  /**
   * The message that was posted under the key; undefined where none was, or too long ago.
   * @throws SkychatError `idempotency-mismatch` where it was posted with another body
   */
  async find({ key, body }: IdempotencyRequest): Promise<MessageId | undefined> {
    const hash = hashOfKey(key);
    const expires = this.#expiries.get(hash);
    if (expires === undefined || expires <= this.#options.clock.now()) return undefined;
    const value = await this.#options.store.findLocal(rowKeyOf({ hash, expires }));
    if (value?.length !== 2 * idBytes) return undefined;
    if (!equal(value.subarray(0, idBytes), hashOfBody(body))) throw mismatch();
    return value.slice(idBytes) as MessageId;
  }

  /** Makes room for the key: the rows that it takes the place of leave in the same commit. */
  reserve({ key, body }: IdempotencyRequest): Reservation {
    const hash = hashOfKey(key);
    const expires = this.#options.clock.now() + idempotencyLimits.lifetimeUs;
    const victims = this.#chooseVictims(hash);
    this.#reserved++;
    for (const victim of victims) this.#leaving.add(victim.hash);
    const settle = (): void => {
      this.#reserved--;
      for (const victim of victims) this.#leaving.delete(victim.hash);
    };
    return {
      local: (message) => [
        ...victims.map(deletionOf),
        { key: rowKeyOf({ hash, expires }), value: concat(hashOfBody(body), message) },
      ],
      done: () => {
        settle();
        for (const victim of victims) this.#forget(victim);
        this.#expiries.delete(hash);
        this.#expiries.set(hash, expires);
      },
      failed: settle,
    };
  }

  /**
   * Deletes some rows whose time is over; to be called at the start and each hour, until it gives 0.
   * @returns how many it deleted
   */
  async sweep(): Promise<number> {
    const now = this.#options.clock.now();
    const expired: Remembered[] = [];
    for (const [hash, expires] of this.#expiries) {
      if (expires > now || expired.length >= idempotencyLimits.sweepRowsMax) break;
      if (!this.#leaving.has(hash)) expired.push({ hash, expires });
    }
    if (expired.length === 0) return 0;
    for (const { hash } of expired) this.#leaving.add(hash);
    try {
      await this.#options.writeLocal(expired.map(deletionOf));
      for (const row of expired) this.#forget(row);
    } finally {
      for (const { hash } of expired) this.#leaving.delete(hash);
    }
    return expired.length;
  }

  /** The key's own row where its time is over, and the oldest where there are too many. */
  #chooseVictims(hash: string): readonly Remembered[] {
    const own = this.#expiries.get(hash);
    const victims = own === undefined ? [] : [{ hash, expires: own }];
    const kept = this.#expiries.size - this.#leaving.size + this.#reserved;
    for (const [other, expires] of this.#expiries) {
      if (kept - victims.length < this.#keysMax) break;
      if (other !== hash && !this.#leaving.has(other)) victims.push({ hash: other, expires });
    }
    return victims;
  }

  /** Unless the key was used again in the meantime. */
  #forget({ hash, expires }: Remembered): void {
    if (this.#expiries.get(hash) !== expires) return;
    if (expires > this.#options.clock.now()) this.#counters['idempotency-full']++;
    this.#expiries.delete(hash);
  }
}

export function mismatch(): SkychatError {
  return new SkychatError('idempotency-mismatch', 'this Idempotency-Key stands for another body', {
    hint: 'Take a new key for a new message; send the same body again for a retry.',
  });
}

/** A hash, since a key can be as long as a header and hold anything. */
function hashOfKey(key: string): string {
  return toHex(domainHash('idempotency-key', utf8(key)));
}

function hashOfBody(body: Uint8Array): Uint8Array {
  return domainHash('idempotency-body', body);
}

/** With the expiry: deleting an old row, in whatever commit, never deletes the one after it. */
function rowKeyOf({ hash, expires }: Remembered): string {
  return `${prefix}${hash}/${expires}`;
}

function parseRowKey(key: string): Remembered | undefined {
  const [, hash, expires] = /^idempotency\/([0-9a-f]{64})\/([0-9]{1,16})$/.exec(key) ?? [];
  return hash === undefined ? undefined : { hash, expires: Number(expires) };
}

function deletionOf(row: Remembered): LocalChange {
  return { key: rowKeyOf(row), value: undefined };
}
