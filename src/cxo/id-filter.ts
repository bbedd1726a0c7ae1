// A Bloom filter over the ids of a store: says for certain that an id is new, or that it has to be
// looked up. A look-up costs as much as all the rest of storing a message, and an honest author
// never lists an object twice. Knows nothing of rows; filled from an empty store on, or not at all.
import { storeLimits } from './limits.ts';

export class IdFilter {
  readonly #bits = new Uint8Array(storeLimits.idFilterBytes);

  /** @param id begins with 12 bytes of a hash, at `offset` */
  has(id: Uint8Array, offset: number): boolean {
    for (let probe = 0; probe < 3; probe++) {
      const at = placeAt(id, offset + 4 * probe);
      if (((this.#bits[at >>> 3] ?? 0) & (1 << (at & 7))) === 0) return false;
    }
    return true;
  }

  add(id: Uint8Array, offset: number): void {
    for (let probe = 0; probe < 3; probe++) {
      const at = placeAt(id, offset + 4 * probe);
      this.#bits[at >>> 3] = (this.#bits[at >>> 3] ?? 0) | (1 << (at & 7));
    }
  }
}

/** Number of a bit: the hash is random already. The number of bits is a power of two. */
function placeAt(id: Uint8Array, offset: number): number {
  const word =
    ((id[offset] ?? 0) << 24) |
    ((id[offset + 1] ?? 0) << 16) |
    ((id[offset + 2] ?? 0) << 8) |
    (id[offset + 3] ?? 0);
  return (word >>> 0) & (8 * storeLimits.idFilterBytes - 1);
}
