// The local rows of a store without the store.
import type { LocalChange, LocalRow } from '../../src/cxo/store.ts';

export class LocalRows {
  readonly rows = new Map<string, Uint8Array>();
  writeLocal = async (changes: readonly LocalChange[]): Promise<void> => {
    await Promise.resolve();
    for (const { key, value } of changes) {
      if (value === undefined) this.rows.delete(key);
      else this.rows.set(key, value);
    }
  };

  local = (prefix: string): Promise<LocalRow[]> => {
    const rows = [...this.rows].map(([key, value]) => ({ key, value }));
    return Promise.resolve(rows.filter(({ key }) => key.startsWith(prefix)));
  };
}
