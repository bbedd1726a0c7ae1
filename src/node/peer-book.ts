// The peers that this node was told of: by its configuration, over its API, and the keys that an
// open node has met. What changed while it ran is kept in local rows of the store.
import type { LocalChange, LocalRow } from '../cxo/store.ts';
import { parseUtf8, utf8 } from '../bytes.ts';
import { parsePublicKey, type PublicKey } from '../identity.ts';
import { formatPeerAddress, parsePeerAddress, type PeerAddress } from '../net/address.ts';

export const peerRowPrefix = 'peer/';

/** Keys that an open node takes in; beyond it they may link, and their messages are not taken. */
const metMax = 1000;

/** A row's text: `added ADDRESS`, `removed ADDRESS` (or a bare `removed`), or `met`. */
const added = 'added ';
const removed = 'removed';
const met = 'met';

export interface ConfiguredPeers {
  readonly peers: readonly PeerAddress[];
  readonly allow: readonly PublicKey[];
}

export class PeerBook {
  readonly #addresses = new Map<PublicKey, PeerAddress>();
  readonly #keys = new Set<PublicKey>();
  #met = 0;

  constructor({ peers, allow }: ConfiguredPeers, rows: readonly LocalRow[]) {
    for (const address of peers) this.#addresses.set(address.pk, address);
    for (const key of [...allow, ...peers.map(({ pk }) => pk)]) this.#keys.add(key);
    for (const row of rows) this.#restore(row);
  }

  /** The peers to dial. */
  addresses(): readonly PeerAddress[] {
    return [...this.#addresses.values()];
  }

  /** The keys that this node's operator stands for. */
  keys(): readonly PublicKey[] {
    return [...this.#keys];
  }

  has(key: PublicKey): boolean {
    return this.#keys.has(key);
  }

  add(address: PeerAddress): LocalChange {
    this.#addresses.set(address.pk, address);
    this.#keys.add(address.pk);
    return change(address.pk, added + formatPeerAddress(address));
  }

  /** Undefined where the key is not in the book. */
  remove(key: PublicKey): LocalChange | undefined {
    if (!this.#keys.delete(key)) return undefined;
    const address = this.#addresses.get(key);
    this.#addresses.delete(key);
    return change(
      key,
      address === undefined ? removed : `${removed} ${formatPeerAddress(address)}`,
    );
  }

  /** Takes in a key that linked itself to an open node; undefined where it is known or there is no room. */
  meet(key: PublicKey): LocalChange | undefined {
    if (this.#keys.has(key) || this.#met >= metMax) return undefined;
    this.#keys.add(key);
    this.#met++;
    return change(key, met);
  }

  #restore({ key, value }: LocalRow): void {
    const pk = parsePublicKey(key.slice(peerRowPrefix.length));
    const text = parseUtf8(value) ?? '';
    if (pk === undefined) return;
    if (text.startsWith(added)) {
      // An address in the configuration is newer: it was given at this very start.
      if (!this.#addresses.has(pk))
        this.#addresses.set(pk, parsePeerAddress(text.slice(added.length)));
      this.#keys.add(pk);
    } else if (text === met) {
      this.#keys.add(pk);
      this.#met++;
    } else if (text.startsWith(removed)) this.#restoreRemoval(pk, text.slice(removed.length + 1));
  }

  /** A removal holds against the same configuration as before, not against another address. */
  #restoreRemoval(pk: PublicKey, address: string): void {
    const configured = this.#addresses.get(pk);
    if (configured !== undefined && formatPeerAddress(configured) !== address) return;
    this.#addresses.delete(pk);
    this.#keys.delete(pk);
  }
}

function change(pk: PublicKey, text: string): LocalChange {
  return { key: peerRowPrefix + pk, value: utf8(text) };
}
