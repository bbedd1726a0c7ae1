// What people carry by hand, over the store and the engine of a node that runs.
import type { Chat } from '../chat/chat.ts';
import { readBundle } from '../cxo/bundle.ts';
import type { LevelStore } from '../cxo/level-store.ts';
import { encodeRows } from '../cxo/row-stream.ts';
import type { Carrying, TakenView } from '../http/carrying.ts';
import { exportBundle } from './bundle-export.ts';
import type { Runner } from '../sync/runner.ts';
import { BundleIntake } from './bundle-intake.ts';

export interface CarryingParts {
  readonly chat: Pick<Chat, 'groupView'>;
  readonly store: LevelStore;
  readonly runner: Runner;
}

export function buildCarrying({ chat, store, runner }: CarryingParts): Carrying {
  const intake = new BundleIntake({ runner: () => runner, store });
  return {
    exportBundle: async (group) => {
      const only = group === undefined ? undefined : (await chat.groupView(group)).id;
      return exportBundle(store, (each) => only === undefined || each === only);
    },
    importBundle: async (bytes, isLast) => {
      const readAt = (offset: number, length: number): Promise<Uint8Array> =>
        Promise.resolve(bytes.subarray(offset, offset + length));
      const items = [];
      for await (const item of readBundle(readAt)) items.push(item);
      const taken = await Promise.all(items.map((item) => intake.take(item, isLast)));
      await intake.settle();
      return taken.map(({ verdict, messages, isNewFork }): TakenView => ({
        ...{ verdict, messages, new_fork: isNewFork },
      }));
    },
    copyStore: () => encodeRows(store.rows()),
  };
}
