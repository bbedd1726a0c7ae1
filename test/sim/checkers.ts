// What has to hold of a mesh, read from the nodes' stores without the code that shows messages.
import { toHex } from '../../src/bytes.ts';
import { rebuildRun, verifySegment } from '../../src/cxo/segment.ts';
import type { Store } from '../../src/cxo/store.ts';
import { conversationOf, type Cluster } from './cluster.ts';
import type { SimNode } from './node.ts';

export interface Place {
  readonly id: string;
  readonly arrival: number;
  readonly time: number;
  readonly author: string;
  readonly head: number;
  readonly seq: number;
  readonly index: number;
}

const read = new WeakMap<Store, Place[]>();

/** Every visible message of a store, in arrival order. */
export async function readConversation(store: Store): Promise<readonly Place[]> {
  const places = read.get(store) ?? [];
  read.set(store, places);
  // Arrivals are only ever added, so what was read stays read.
  for (const row of await store.arrivals(places.length, 1_000_000)) {
    const [record] = await store.records(row.feed, row.from, 1);
    if (record === undefined) throw new Error('an arrival row points to no record');
    const rebuilt = rebuildRun(row.feed, record.from, record.bytes, record.signed);
    if (!rebuilt.ok) throw new Error(`a record is ${rebuilt.reason}`);
    let arrival = row.arrival;
    for (const { seq, time, objects } of rebuilt.run.entries) {
      for (const [index, { message }] of objects.entries()) {
        const { author, head } = row.feed;
        places.push({ id: toHex(message), arrival: arrival++, time, author, head, seq, index });
      }
    }
  }
  return places;
}

export function inTimelineOrder(a: Place, b: Place): number {
  return (
    a.time - b.time ||
    (a.author < b.author ? -1 : a.author > b.author ? 1 : 0) ||
    a.head - b.head ||
    a.seq - b.seq ||
    a.index - b.index
  );
}

/** Whether a place lies in a stretch of a feed that its author signed twice. */
export function disputedIn(
  store: Store,
): (place: Pick<Place, 'author' | 'head' | 'seq'>) => boolean {
  const forks = new Map(store.feeds().map(({ feed, forkedAt }) => [nameOf(feed), forkedAt]));
  return (place) => (forks.get(nameOf(place)) ?? Infinity) <= place.seq;
}

function nameOf({ author, head }: { author: string; head: number }): string {
  return `${author}/${head}`;
}

/** Everything that is wrong with a healed mesh, in words; empty where the promises held. */
export async function findBroken({ nodes, network }: Cluster): Promise<string[]> {
  const broken: string[] = [...network.credit.faults];
  const conversations = new Map<string, string>();
  for (const node of nodes) {
    const places = await readConversation(node.store);
    broken.push(...arrivalFaults(node, places), ...(await chainFaults(node)));
    broken.push(...stateFaults(node), ...forkFaults(node, nodes));
    const conversation = await conversationOf(node);
    const ids = new Set(conversation);
    for (const other of nodes) {
      const isDisputed = disputedIn(other.store);
      for (const { id, head, seq } of other.acknowledged) {
        if (ids.has(id) || isDisputed({ author: other.key, head, seq })) continue;
        broken.push(`${node.name} lacks ${id}, acknowledged by ${other.name}`);
      }
    }
    conversations.set(conversation.join(), node.name);
  }
  if (conversations.size !== 1) {
    broken.push(`the timelines differ: ${[...conversations.values()].join(', ')}`);
  }
  return broken;
}

/** Only an author whose disk was put back may have forked its feed. */
function forkFaults(node: SimNode, nodes: readonly SimNode[]): string[] {
  const restored = new Set(nodes.filter((other) => other.restored).map(({ key }) => key));
  return node.store
    .feeds()
    .filter(({ feed, forkedAt }) => forkedAt !== undefined && !restored.has(feed.author))
    .map(({ feed }) => `${node.name} has a fork of ${feed.author.slice(0, 8)}/${feed.head}`);
}

function arrivalFaults(node: SimNode, places: readonly Place[]): string[] {
  const faults: string[] = [];
  places.forEach(({ arrival }, i) => {
    if (arrival !== i + 1) faults.push(`${node.name} has a hole or a repeat at arrival ${i + 1}`);
  });
  if (new Set(places.map(({ id }) => id)).size !== places.length) {
    faults.push(`${node.name} shows a message twice`);
  }
  for (const id of node.reader.early) faults.push(`${node.name} showed ${id} before its time`);
  const seen = node.reader.seen;
  if (seen.length !== places.length || seen.some((id, i) => id !== places[i]?.id)) {
    faults.push(`${node.name}'s reader saw ${seen.length} of ${places.length}, or others`);
  }
  return faults;
}

/** Every feed has to verify from its first root to its last, from the bytes up. */
async function chainFaults(node: SimNode): Promise<string[]> {
  const faults: string[] = [];
  for (const { feed, head } of node.store.feeds()) {
    const of = `${node.name}'s feed ${feed.author.slice(0, 8)}/${feed.head}`;
    let previous: Uint8Array | undefined;
    let next = 1;
    while (next <= head.seq) {
      const [record] = await node.store.records(feed, next, 1);
      const verified =
        record === undefined
          ? undefined
          : record.signed
            ? verifySegment(feed, record.from, record.bytes)
            : rebuildRun(feed, record.from, record.bytes, false);
      if (verified?.ok !== true) {
        faults.push(`${of} does not verify at ${next}`);
        break;
      }
      const { run } = verified;
      if (toHex(run.prev ?? new Uint8Array()) !== toHex(previous ?? new Uint8Array())) {
        faults.push(`${of} is broken at ${next}`);
      }
      previous = run.head.root;
      next = run.head.seq + 1;
    }
  }
  return faults;
}

function stateFaults(node: SimNode): string[] {
  const { gossip } = node;
  if (gossip === undefined) return [`${node.name} is not running`];
  const behind = gossip.overview.behind();
  return behind === 0 ? [] : [`${node.name} says that it is ${behind} behind`];
}
