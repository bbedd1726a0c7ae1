// Watches that what an engine has under way stays within its bounds: effects of one event, reads,
// commits, frames and held records. Sees only what the engine shows.
import { segmentLimits } from '../../src/cxo/limits.ts';
import { frameBytesMax } from '../../src/net/limits.ts';
import type { Effect } from '../../src/sync/events.ts';
import { syncLimits } from '../../src/sync/limits.ts';
import type { SimNode } from './node.ts';

/** Branches of forks are searched for with a read each. */
const readsOfForksMax = 2 * syncLimits.searchesMax;

export class Limits {
  readonly faults: string[] = [];

  effects(node: SimNode, effects: readonly Effect[]): void {
    let reads = 0;
    let commits = 0;
    for (const effect of effects) {
      if (effect.type === 'read') reads++;
      else if (effect.type === 'commit') {
        commits++;
        this.#commit(node, effect);
      } else if (effect.type === 'send' && effect.frame.payload.length >= frameBytesMax) {
        this.#report(node, `sends a frame of ${effect.frame.payload.length} bytes`);
      }
    }
    const links = node.links.size;
    if (commits > 1) this.#report(node, `begins ${commits} commits at once`);
    if (reads > (2 + readsOfForksMax) * (links + 1)) {
      this.#report(node, `asks for ${reads} reads at once with ${links} links`);
    }
  }

  #commit(node: SimNode, { commit }: Extract<Effect, { type: 'commit' }>): void {
    let bytes = 0;
    for (const record of commit.records) bytes += record.bytes.length;
    const bytesMax = syncLimits.commitBytesMax + 2 * segmentLimits.bytesMax;
    if (bytes > bytesMax) this.#report(node, `commits ${bytes} bytes at once`);
    const held = node.gossip?.overview.held ?? 0;
    if (held > syncLimits.heldMax) this.#report(node, `holds ${held} records back`);
  }

  #report({ name }: SimNode, what: string): void {
    if (this.faults.length < 20) this.faults.push(`${name} ${what}`);
  }
}
