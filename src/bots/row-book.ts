// Values that are kept as JSON in local rows of the store, one a row, by their ids. What is listed is on
// the disk. Knows nothing of what the values mean.
import { parseUtf8, utf8 } from '../bytes.ts';
import type { LocalChange, Store } from '../cxo/store.ts';

export interface RowBookOptions<Row> {
  readonly prefix: string;
  readonly store: Pick<Store, 'local'>;
  readonly writeLocal: (changes: readonly LocalChange[]) => Promise<void>;
  /** Undefined for what is none: it is passed over. */
  readonly parse: (value: unknown) => Row | undefined;
}

export class RowBook<Row extends { readonly id: string }> {
  readonly #options: RowBookOptions<Row>;
  readonly #rows = new Map<string, Row>();

  private constructor(options: RowBookOptions<Row>) {
    this.#options = options;
  }

  static async open<Row extends { readonly id: string; readonly created: number }>(
    options: RowBookOptions<Row>,
  ): Promise<RowBook<Row>> {
    const book = new RowBook(options);
    const read: Row[] = [];
    for (const { value } of await options.store.local(options.prefix)) {
      const row = options.parse(parseRow(value));
      if (row !== undefined) read.push(row);
    }
    read.sort((a, b) => a.created - b.created || (a.id < b.id ? -1 : 1));
    for (const row of read) book.#rows.set(row.id, row);
    return book;
  }

  get size(): number {
    return this.#rows.size;
  }

  /** In the order in which they were made. */
  list(): readonly Row[] {
    return [...this.#rows.values()];
  }

  find(id: string): Row | undefined {
    return this.#rows.get(id);
  }

  /** Resolves when it is on disk and listed. @param rows to be written with it */
  async put(row: Row, rows: readonly LocalChange[] = []): Promise<void> {
    const value = utf8(JSON.stringify(row));
    await this.#options.writeLocal([{ key: this.#options.prefix + row.id, value }, ...rows]);
    this.#rows.set(row.id, row);
  }

  /** It holds no longer from the call on. @param rows to be written with it */
  async remove(id: string, rows: readonly LocalChange[] = []): Promise<void> {
    const row = this.#rows.get(id);
    this.#rows.delete(id);
    try {
      await this.#options.writeLocal([
        { key: this.#options.prefix + id, value: undefined },
        ...rows,
      ]);
    } catch (error) {
      if (row !== undefined) this.#rows.set(id, row);
      throw error;
    }
  }
}

function parseRow(value: Uint8Array): unknown {
  try {
    return JSON.parse(parseUtf8(value) ?? '') as unknown;
  } catch {
    return undefined;
  }
}

/** The fields of an object; of anything else none. */
export function fieldsOf(value: unknown): Readonly<Record<string, unknown>> {
  const isObject = typeof value === 'object' && value !== null && !Array.isArray(value);
  return isObject ? (value as Readonly<Record<string, unknown>>) : {};
}
