// What honest members really wrote, known to the simulation alone: whatever else is shown in their
// name was shown unverified.
import { toHex } from '../../src/bytes.ts';
import { groupIdBytes, messageIdOf, objectIdOf, type GroupId } from '../../src/cxo/ids.ts';
import { publicKeyBytes, type PublicKey } from '../../src/identity.ts';

export class Truth {
  readonly #groupBytes: Uint8Array;
  readonly #liars: ReadonlySet<PublicKey>;
  readonly #written = new Set<string>();

  constructor(group: GroupId, liars: ReadonlySet<PublicKey>) {
    this.#groupBytes = groupIdBytes(group);
    this.#liars = liars;
  }

  /** Notes an object that a member hands to its node, before the node has it. */
  write(author: PublicKey, object: Uint8Array): void {
    const id = messageIdOf(this.#groupBytes, publicKeyBytes(author), objectIdOf(object));
    this.#written.add(toHex(id));
  }

  /** Whether a message of a liar, who may sign what it likes, or one that its author wrote. */
  covers(author: PublicKey, id: string): boolean {
    return this.#liars.has(author) || this.#written.has(id);
  }

  isLiar(author: PublicKey): boolean {
    return this.#liars.has(author);
  }
}
