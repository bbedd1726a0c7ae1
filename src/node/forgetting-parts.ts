// Joins what is not kept to the parts of the node that keep it. Holds nothing.
import type { Chat } from '../chat/chat.ts';
import { Forgetting } from '../chat/forgetting/forgetting.ts';
import type { Clock, Logger, Timers } from '../env.ts';
import type { Runner } from '../sync/runner.ts';
import { renewOwnHead } from './own-feed.ts';
import type { Storage } from './storage.ts';

export interface ForgettingParts {
  readonly storage: Storage;
  readonly chat: Pick<Chat, 'book' | 'erased'>;
  /** Once there is one. */
  readonly runner: () => Runner;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly logger: Logger;
  /** What the operator wants to keep, seconds; undefined: everything. */
  readonly retainS: number | undefined;
}

export function openForgetting(parts: ForgettingParts): Forgetting {
  const { storage, chat, runner, retainS, ...ports } = parts;
  const { store, archive, ownHead } = storage;
  return new Forgetting({
    ...{ ...ports, store, archive, book: chat.book },
    policy: { ageS: retainS, bytes: undefined },
    erase: (erasures, local) => runner().erase(erasures, local),
    writeLocal: (local) => runner().writeLocal(local),
    reclaim: async (everything) => {
      await store.reclaim(everything);
      await renewOwnHead(archive, ownHead);
    },
    explained: () => {
      runner().explained();
    },
    onErased: (erased) => {
      chat.erased(erased);
    },
  });
}
