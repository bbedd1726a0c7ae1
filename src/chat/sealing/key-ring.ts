// The epoch keys that this node holds, of all groups, and the local rows in which they are kept:
// each sealed under a key that is derived from the identity's seed. Knows nothing of who sent them.
import { decrypt, encrypt, keyBytes, nonceBytes } from '../../aead.ts';
import { concat } from '../../bytes.ts';
import { domainPrefix, groupIdBytes, parseGroupId, type GroupId } from '../../cxo/ids.ts';
import type { LocalChange, LocalRow } from '../../cxo/store.ts';
import { deriveSecret, type Identity } from '../../identity.ts';
import { epochIdBytes, epochIdOf, type EpochId } from './epoch-id.ts';
import { hmac } from './hmac.ts';

/** What the keys of the local rows begin with. */
export const ringPrefix = 'ring/';

const rowKeyPrefix = domainPrefix('ring-row');
/** A row's key is derived from group and epoch, whose key is the only plain text that it ever seals. */
const nonce = new Uint8Array(nonceBytes);

export class KeyRing {
  readonly #rowsKey: Uint8Array;
  readonly #keys = new Map<GroupId, Map<EpochId, Uint8Array>>();
  #damaged = 0;

  /** @param rows the local rows that begin with `ring/`; damaged ones are counted and left alone */
  constructor(identity: Identity, rows: Iterable<LocalRow>) {
    this.#rowsKey = deriveSecret(identity, 'key-ring');
    for (const row of rows) this.#load(row);
  }

  /** Rows that gave no key: written by another identity, or altered. The feeds bring the keys again. */
  get damaged(): number {
    return this.#damaged;
  }

  find(group: GroupId, epoch: EpochId): Uint8Array | undefined {
    return this.#keys.get(group)?.get(epoch);
  }

  /** In the order in which they came. */
  keysOf(group: GroupId): ReadonlyMap<EpochId, Uint8Array> {
    return this.#keys.get(group) ?? none;
  }

  /** Holds the key and returns the row to write. */
  add(group: GroupId, epochKey: Uint8Array): LocalChange {
    const epoch = epochIdOf(groupIdBytes(group), epochKey);
    this.#hold(group, epoch, epochKey);
    const value = encrypt(this.#rowKey(group, epoch), nonce, noData, epochKey);
    return { key: `${ringPrefix}${group}/${epoch}`, value };
  }

  #hold(group: GroupId, epoch: EpochId, epochKey: Uint8Array): void {
    const keys = this.#keys.get(group) ?? new Map<EpochId, Uint8Array>();
    this.#keys.set(group, keys.set(epoch, epochKey));
  }

  #load({ key, value }: LocalRow): void {
    const [, groupText = '', epochText = ''] =
      /^ring\/([0-9a-f]{64})\/([0-9a-f]{32})$/.exec(key) ?? [];
    const group = parseGroupId(groupText);
    const epoch = epochText as EpochId;
    const epochKey = group && decrypt(this.#rowKey(group, epoch), nonce, noData, value);
    if (group === undefined || epochKey?.length !== keyBytes) {
      this.#damaged++;
    } else {
      this.#hold(group, epoch, epochKey);
    }
  }

  /** HKDF-Expand (RFC 5869, section 2.3) to one block. */
  #rowKey(group: GroupId, epoch: EpochId): Uint8Array {
    const info = concat(rowKeyPrefix, groupIdBytes(group), epochIdBytes(epoch), Uint8Array.of(1));
    return hmac(this.#rowsKey, info);
  }
}

const none: ReadonlyMap<EpochId, Uint8Array> = new Map();
const noData = new Uint8Array();
