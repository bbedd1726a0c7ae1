// What has to hold of what a mesh has forgotten: what was deleted is nowhere, what is too old is not with
// those who do not keep it, and whoever keeps all has all that anybody still has.
import { toHex } from '../../src/bytes.ts';
import { parseContent } from '../../src/chat/content/message.ts';
import { rebuildRun } from '../../src/cxo/segment.ts';
import type { PublicKey } from '../../src/identity.ts';
import type { Cluster } from './cluster.ts';
import type { SimNode } from './node.ts';

interface Body {
  readonly author: PublicKey;
  readonly time: number;
}

/** Texts that a node has, by message. */
async function bodiesOf({ store }: SimNode): Promise<Map<string, Body>> {
  const bodies = new Map<string, Body>();
  for (const { feed, head } of store.feeds()) {
    for (const { from, bytes, signed } of await store.records(feed, 1, Infinity)) {
      const rebuilt = rebuildRun(feed, from, bytes, signed);
      if (!rebuilt.ok) throw new Error(`a record up to ${head.seq} is ${rebuilt.reason}`);
      for (const { time, objects } of rebuilt.run.entries) {
        for (const { message, bytes: object } of objects) {
          if (object === undefined || parseContent(object).type !== 'text') continue;
          bodies.set(toHex(message), { author: feed.author, time });
        }
      }
    }
  }
  return bodies;
}

export async function forgettingFaults({ nodes, schedule }: Cluster): Promise<string[]> {
  if (schedule.deletions + schedule.retainers === 0) return [];
  const faults: string[] = [];
  const all = new Map<SimNode, Map<string, Body>>();
  for (const node of nodes) if (node.running) all.set(node, await bodiesOf(node));
  const anywhere = new Map([...all.values()].flatMap((bodies) => [...bodies]));
  for (const [node, bodies] of all) {
    for (const [id, { author, time }] of bodies) {
      const feed = { group: node.options.group, author, head: 0 };
      if (node.forgetting?.isDeleted(author, id) === true) {
        faults.push(`${node.name} has ${id}, which its author deleted`);
      } else if (node.forgetting?.isExpired(feed, time) === true) {
        faults.push(`${node.name} has ${id}, which is older than it keeps`);
      }
    }
    if (node.options.policy !== undefined) continue;
    for (const [id, { author }] of anywhere) {
      if (bodies.has(id) || node.forgetting?.isDeleted(author, id) === true) continue;
      faults.push(`${node.name} has no body of ${id}, which others have`);
    }
  }
  return faults;
}
