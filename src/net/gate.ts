// Places for inbound connections that have not proved a key yet: so many in all, so many for one
// remote host. Knows nothing of what a connection does.
import { unauthenticatedMax, unauthenticatedOfAddressMax } from './limits.ts';

export type Overload = 'too-many-connections' | 'too-many-connections-of-address';

export class Gate {
  readonly #ofHost = new Map<string, number>();
  #count = 0;

  /** Takes a place for a connection from `host:port`, or says why there is none. */
  enter(address: string): { readonly leave: () => void } | Overload {
    const host = address.replace(/:\d+$/, '');
    const used = this.#ofHost.get(host) ?? 0;
    if (this.#count >= unauthenticatedMax) return 'too-many-connections';
    if (used >= unauthenticatedOfAddressMax) return 'too-many-connections-of-address';
    this.#count++;
    this.#ofHost.set(host, used + 1);
    let left = false;
    return {
      leave: () => {
        if (left) return;
        left = true;
        this.#count--;
        const rest = (this.#ofHost.get(host) ?? 0) - 1;
        if (rest > 0) this.#ofHost.set(host, rest);
        else this.#ofHost.delete(host);
      },
    };
  }
}
