// The bare primitive below a durable post: LevelDB batches, synced, in which everything shares that
// arrived while the one before was written. Rows as the store's: one value of all bytes, a short
// row for each message, and a few for the batch.
import { randomFillSync } from 'node:crypto';
import { Level } from 'level';
import { idKeyBytes, idValueBytes } from '../../src/cxo/level-keys.ts';
import { rootLimits, storeLimits } from '../../src/cxo/limits.ts';

/** Key and value of the row by which a message is found by its id. */
const idRow = [idKeyBytes, idValueBytes] as const;
/** The rows of a batch: feed, arrival, timeline. */
const batchRows = [
  [5, 60],
  [9, 14],
  [30, 8],
] as const;
const signatureAndHeader = 100;

interface Waiting {
  readonly bytes: Uint8Array;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

export class GroupCommit {
  readonly #level: Level<Uint8Array, Uint8Array>;
  readonly #seal: (() => void) | undefined;
  #waiting: Waiting[] = [];
  #isWriting = false;

  /** @param seal done once for each batch, such as a signature */
  constructor(path: string, seal?: () => void) {
    this.#level = new Level(path, {
      keyEncoding: 'view',
      valueEncoding: 'view',
      writeBufferSize: storeLimits.writeBufferBytes,
      cacheSize: storeLimits.blockCacheBytes,
    });
    this.#seal = seal;
  }

  put(bytes: Uint8Array): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ bytes, resolve, reject });
      if (!this.#isWriting) void this.#drain();
    });
  }

  open(): Promise<void> {
    return this.#level.open();
  }

  /** Writes messages as one synced batch. */
  async write(messages: readonly Uint8Array[]): Promise<void> {
    this.#seal?.();
    const batch = this.#level.batch();
    let length = signatureAndHeader;
    for (const message of messages) {
      length += message.length;
      batch.put(random(idRow[0]), random(idRow[1]));
    }
    const value = new Uint8Array(length);
    let at = 0;
    for (const message of messages) {
      value.set(message, at);
      at += message.length;
    }
    batch.put(random(12), value);
    for (const [key, bytes] of batchRows) batch.put(random(key), random(bytes));
    await batch.write({ sync: true });
  }

  close(): Promise<void> {
    return this.#level.close();
  }

  async #drain(): Promise<void> {
    this.#isWriting = true;
    while (this.#waiting.length > 0) {
      const batch = this.#waiting.splice(0, rootLimits.objectsMax);
      try {
        await this.write(batch.map(({ bytes }) => bytes));
        for (const { resolve } of batch) resolve();
      } catch (error) {
        for (const { reject } of batch) reject(error);
      }
    }
    this.#isWriting = false;
  }
}

function random(length: number): Uint8Array {
  return randomFillSync(new Uint8Array(length));
}
