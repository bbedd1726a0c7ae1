// Builds and signs the next root of an own feed. Pure; knows nothing of when it is time for one.
import type { FeedHead } from '../cxo/feed.ts';
import { objectIdOf } from '../cxo/ids.ts';
import { RootEncoder, type FeedId } from '../cxo/root.ts';
import { encodeEntry, encodeSegment, rebuildRun, type Run } from '../cxo/segment.ts';
import { sign } from '../cxo/sign.ts';
import type { Identity } from '../identity.ts';

/** The run of one root behind `head` that adds the objects. */
export function buildOwnRun(
  identity: Identity,
  feed: FeedId,
  head: FeedHead,
  time: number,
  objects: readonly { readonly object: Uint8Array }[],
): Run {
  const { seq, root: prev, count: countBefore } = head;
  const root = new RootEncoder(feed).encode(
    seq + 1,
    prev,
    time,
    countBefore + objects.length,
    objects.map(({ object }) => objectIdOf(object)),
  );
  const signature = sign(identity, 'root', root);
  const header = { prev, countBefore, roots: 1 };
  const segment = encodeSegment(header, [encodeEntry(time, objects)], signature);
  const rebuilt = rebuildRun(feed, seq + 1, segment, true);
  if (!rebuilt.ok) throw new Error(`an own root is not valid: ${rebuilt.reason}`);
  return rebuilt.run;
}
