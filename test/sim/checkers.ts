// What has to hold of a mesh, read from the nodes' stores without the code that shows messages.
import { toHex } from '../../src/bytes.ts';
import { rebuildRun, verifySegment } from '../../src/cxo/segment.ts';
import type { Store, StoredRecord } from '../../src/cxo/store.ts';
import type { PublicKey } from '../../src/identity.ts';
import { conversationOf, type Cluster } from './cluster.ts';
import type { SimNode } from './node.ts';
import type { Truth } from './truth.ts';

export interface Place {
  readonly id: string;
  readonly arrival: number;
  readonly time: number;
  readonly author: PublicKey;
  readonly head: number;
  readonly seq: number;
  readonly index: number;
}

interface Read {
  readonly rewrites: number;
  readonly places: Place[];
}

const read = new WeakMap<Store, Read>();

/** Every visible message of a store, in arrival order. */
export async function readConversation(store: Store): Promise<readonly Place[]> {
  const known = read.get(store);
  const rewrites = store.rewrites();
  // Unless some were withdrawn, arrivals are only ever added: what was read stays read.
  const places: Place[] = known?.rewrites === rewrites ? known.places : [];
  read.set(store, { rewrites, places });
  for (const row of await store.arrivals(places.at(-1)?.arrival ?? 0, 1_000_000)) {
    const [record] = await store.records(row.feed, row.from, 1);
    if (record === undefined) throw new Error('an arrival row points to no record');
    const { author, head } = row.feed;
    let { arrival } = row;
    for (const { id, seq, time, index } of messagesOf(record)) {
      places.push({ id, arrival: arrival++, time, author, head, seq, index });
    }
  }
  return places;
}

type Message = Pick<Place, 'id' | 'seq' | 'time' | 'index'>;

/** By the bytes of the record, which many nodes may share. */
const decoded = new WeakMap<Uint8Array, readonly Message[]>();

function messagesOf({ feed, from, bytes, signed }: StoredRecord): readonly Message[] {
  const known = decoded.get(bytes);
  if (known !== undefined) return known;
  const rebuilt = rebuildRun(feed, from, bytes, signed);
  if (!rebuilt.ok) throw new Error(`a record is ${rebuilt.reason}`);
  const messages = rebuilt.run.entries.flatMap(({ seq, time, objects }) =>
    objects.map(({ message }, index) => ({ id: toHex(message), seq, time, index })),
  );
  decoded.set(bytes, messages);
  return messages;
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
export async function findBroken({
  nodes,
  liars,
  links,
  limits,
  truth,
}: Cluster): Promise<string[]> {
  const broken: string[] = [...links.credit.faults, ...limits.faults];
  const conversations = new Map<string, string>();
  for (const node of nodes) {
    broken.push(...node.faults);
    if (!node.running) {
      broken.push(`${node.name} is not running`);
      continue;
    }
    const places = await readConversation(node.store);
    broken.push(...arrivalFaults(node, places), ...truthFaults(node, places, truth));
    broken.push(...(await chainFaults(node)));
    // A node goes on counting what a liar claimed that had sent it something true as well.
    if (liars.length === 0) broken.push(...stateFaults(node));
    broken.push(...forkFaults(node, nodes, truth));
    const conversation = await conversationOf(node);
    broken.push(...lossFaults(node, nodes, new Set(conversation)));
    conversations.set(conversation.join(), node.name);
  }
  if (conversations.size !== 1) {
    broken.push(`the timelines differ: ${[...conversations.values()].join(', ')}`);
  }
  return broken;
}

function lossFaults(node: SimNode, nodes: readonly SimNode[], ids: ReadonlySet<string>): string[] {
  const faults: string[] = [];
  for (const other of nodes) {
    if (!other.running) continue;
    const isDisputed = disputedIn(other.store);
    for (const { id, head, seq } of other.acknowledged) {
      if (ids.has(id) || isDisputed({ author: other.key, head, seq })) continue;
      faults.push(`${node.name} lacks ${id}, acknowledged by ${other.name}`);
    }
  }
  return faults;
}

/** Only an author whose disk was put back, or who lies, may have forked its feed. */
function forkFaults(node: SimNode, nodes: readonly SimNode[], truth: Truth): string[] {
  const restored = new Set(nodes.filter((other) => other.restored).map(({ key }) => key));
  return node.store
    .feeds()
    .filter(({ feed: { author }, forkedAt }) => forkedAt !== undefined && !restored.has(author))
    .filter(({ feed: { author } }) => !truth.isLiar(author))
    .map(({ feed }) => `${node.name} has a fork of ${feed.author.slice(0, 8)}/${feed.head}`);
}

/** Honest members are never shown to have said what they did not: the simulation knows what they said. */
function truthFaults(node: SimNode, places: readonly Place[], truth: Truth): string[] {
  return places
    .filter(({ author, id }) => !truth.covers(author, id))
    .map(({ author, id }) => `${node.name} shows ${id}, which ${author.slice(0, 8)} never wrote`);
}

function arrivalFaults(node: SimNode, places: readonly Place[]): string[] {
  const faults: string[] = [];
  let last = 0;
  // What belongs to a branch of a fork may be taken back; its number is not given again.
  const mayLack = node.store.feeds().some(({ forkedAt }) => forkedAt !== undefined);
  for (const { arrival } of places) {
    if (mayLack ? arrival <= last : arrival !== last + 1) {
      faults.push(`${node.name} has a hole or a repeat at arrival ${arrival}`);
    }
    last = arrival;
  }
  if (new Set(places.map(({ id }) => id)).size !== places.length) {
    faults.push(`${node.name} shows a message twice`);
  }
  for (const id of node.reader.early) faults.push(`${node.name} showed ${id} before its time`);
  const ids = new Set(places.map(({ id }) => id));
  const seen = mayLack ? node.reader.seen.filter((id) => ids.has(id)) : node.reader.seen;
  if (seen.length !== places.length || seen.some((id, i) => id !== places[i]?.id)) {
    faults.push(`${node.name}'s reader saw ${seen.length} of ${places.length}, or others`);
  }
  return faults;
}

/** Every feed has to verify from its first root to its last, from the bytes up. */
async function chainFaults(node: SimNode): Promise<string[]> {
  const faults: string[] = [];
  for (const { feed, head, tail } of node.store.feeds()) {
    const of = `${node.name}'s feed ${feed.author.slice(0, 8)}/${feed.head}`;
    if (tail !== undefined) faults.push(`${of} still has a tail`);
    let previous: Uint8Array | undefined;
    let next = 1;
    let isSigned = true;
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
      isSigned = record?.signed === true;
      previous = run.head.root;
      next = run.head.seq + 1;
    }
    if (!isSigned) faults.push(`${of} ends with a root that nobody signed`);
  }
  return faults;
}

function stateFaults(node: SimNode): string[] {
  const { gossip } = node;
  if (gossip === undefined) return [`${node.name} is not running`];
  const behind = gossip.overview.behind();
  return behind === 0 ? [] : [`${node.name} says that it is ${behind} behind`];
}
