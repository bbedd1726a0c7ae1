// Bundles to and from a daemon, over its control surface: given out as one stream, taken in as many
// small bundles.
import type { ClientConfig } from '../config.ts';
import { BundleWriter, type BundleItem } from '../cxo/bundle.ts';
import { concat } from '../bytes.ts';
import type { Taken } from '../node/bundle-intake.ts';
import type { Bundles } from './bundle-source.ts';
import type { Call } from './call.ts';
import { Client } from './client.ts';
import { importPauseMs } from './limits.ts';

interface TakenView {
  readonly verdict: Taken['verdict'];
  readonly messages: number;
  readonly new_fork: boolean;
}

export function daemonBundles(call: Call, config: ClientConfig): Bundles {
  const client = new Client(config);
  const { ports } = call;
  const signal = ports.interrupt;
  return {
    async *export(group) {
      yield* await client.open({ path: '/bundle', query: { group }, signal });
    },
    taker: () => ({
      take: async (items, isLast) => {
        const bundle = Buffer.from(bundleOf(items)).toString('base64');
        const body = { bundle, last: isLast };
        const question = { method: 'POST', path: '/bundle', body, signal } as const;
        const { value } = await client.ask<{ taken: readonly TakenView[] }>(question);
        return value.taken.map(({ verdict, messages, new_fork: isNewFork }) => ({
          ...{ verdict, messages, isNewFork },
        }));
      },
      settle: () => Promise.resolve(),
      pause: () => ports.sleep(importPauseMs, signal),
    }),
    close: () => Promise.resolve(),
  };
}

function bundleOf(items: readonly BundleItem[]): Uint8Array {
  const writer = new BundleWriter();
  const pieces = [writer.begin(), ...items.map((item) => writer.item(item))];
  return concat(...pieces, writer.end());
}
