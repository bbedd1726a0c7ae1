// What happens beside the messages: told to whoever watches at that moment, and kept nowhere, since
// all of it can be asked for as it is at present. Knows nothing of streams.
import type { GapView, GroupView, PeerView, ReadView } from '../view.ts';

export type Happening =
  | { readonly event: 'peer'; readonly data: PeerView }
  | { readonly event: 'read'; readonly data: ReadView }
  | { readonly event: 'group'; readonly data: GroupView }
  | { readonly event: 'gap'; readonly data: GapView };

export type HappeningKind = Happening['event'];

export class Happenings {
  readonly #listeners = new Set<(happening: Happening) => void>();

  /** Whether anybody would be told. */
  get isWatched(): boolean {
    return this.#listeners.size > 0;
  }

  get watchers(): number {
    return this.#listeners.size;
  }

  /** Returns how to stop. */
  watch(listener: (happening: Happening) => void): () => void {
    this.#listeners.add(listener);
    return () => {
      this.#listeners.delete(listener);
    };
  }

  tell(happening: Happening): void {
    for (const listener of [...this.#listeners]) listener(happening);
  }
}
