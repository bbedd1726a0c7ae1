// The changes of peers that one event stream has yet to tell: the latest state of each, bounded. They
// are not in the store, so a reader that was too slow for them is told of the gap instead.
import type { PeerView } from '../chat/view.ts';
import { peerEventsMax } from './limits.ts';

export interface PeerChanges {
  readonly peers: readonly PeerView[];
  /** Changes that were left out. */
  readonly dropped: number;
}

export class PeerEvents {
  readonly #latest = new Map<string, PeerView>();
  #dropped = 0;

  put(peer: PeerView): void {
    if (this.#latest.has(peer.pk) || this.#latest.size < peerEventsMax) {
      this.#latest.set(peer.pk, peer);
    } else {
      this.#dropped++;
    }
  }

  take(): PeerChanges {
    const changes = { peers: [...this.#latest.values()], dropped: this.#dropped };
    this.#latest.clear();
    this.#dropped = 0;
    return changes;
  }
}
