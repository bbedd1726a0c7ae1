// Writes what a store has of its feeds as a bundle: every signed root with its objects as they are
// stored, sealed ones as they are, and the proofs of forks. Works on the store of a node that runs.
import { BundleWriter } from '../cxo/bundle.ts';
import type { GroupId } from '../cxo/ids.ts';
import { segmentLimits } from '../cxo/limits.ts';
import type { FeedId } from '../cxo/root.ts';
import type { Store } from '../cxo/store.ts';
import { encodeForkProof } from '../sync/fork-proof.ts';
import { forkRowPrefix, parseForkRow } from '../sync/forks.ts';
import { syncLimits } from '../sync/limits.ts';
import { buildSegment } from '../sync/outflow.ts';

/** Gives the pieces of the bundle in order. What is behind damage on this disk is not in it. */
export async function* exportBundle(
  store: Pick<Store, 'feeds' | 'records' | 'local'>,
  isWanted: (group: GroupId) => boolean,
): AsyncGenerator<Uint8Array> {
  const writer = new BundleWriter();
  let cut = 0;
  yield writer.begin();
  for (const { feed, head, tail } of store.feeds()) {
    if (!isWanted(feed.group)) continue;
    const stretches = [{ from: 1, last: head.seq }];
    if (tail !== undefined) stretches.push({ from: tail.from, last: tail.head.seq });
    for (const { from, last } of stretches) {
      let next = from;
      for await (const segment of segmentsOf(store, feed, from, last)) {
        const item = { type: 'segment', feed, from: next, bytes: segment.bytes } as const;
        next = segment.last + 1;
        yield writer.item(item);
      }
      if (next <= last) cut++;
    }
  }
  for (const row of await store.local(forkRowPrefix)) {
    const fork = parseForkRow(row);
    if (fork === undefined || !isWanted(fork.feed.group)) continue;
    const proof = encodeForkProof(fork.proof);
    yield writer.item({ type: 'fork', feed: fork.feed, proof });
  }
  yield writer.end(cut);
}

/** Signed segments from a seq on, each ready to be verified for itself. Ends before what is damaged. */
async function* segmentsOf(
  store: Pick<Store, 'records'>,
  feed: FeedId,
  from: number,
  last: number,
): AsyncGenerator<{ readonly bytes: Uint8Array; readonly last: number }> {
  for (let seq = from; seq <= last;) {
    const segment = await readSegment(store, feed, seq, syncLimits.readBytes);
    if (segment === undefined) return;
    yield segment;
    seq = segment.last + 1;
  }
}

/** The signed segment that begins with a root, of the store's own bytes. */
export async function readSegment(
  store: Pick<Store, 'records'>,
  feed: FeedId,
  seq: number,
  bytesTarget: number,
): Promise<{ readonly bytes: Uint8Array; readonly last: number } | undefined> {
  for (const bytesMax of [bytesTarget, syncLimits.readBytesMax]) {
    const records = await store.records(feed, seq, bytesMax);
    const bounds = { bytesTarget: Math.min(bytesTarget, segmentLimits.bytesMax) };
    const built = buildSegment({ feed, seq }, records, bounds);
    if (built !== 'unsigned') return built;
  }
  return undefined;
}
