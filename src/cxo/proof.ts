// One message proved alone: its object, the root that lists it, the roots behind that one up to a
// signed one, and the author's signature. Pure; knows nothing of what is stored or of who its author is.
import { equal } from '../bytes.ts';
import { publicKeyBytes } from '../identity.ts';
import type { Proof } from './archive.ts';
import type { Entry } from './entry.ts';
import { groupIdBytes, messageIdOf, objectIdOf, rootIdOf } from './ids.ts';
import { segmentLimits } from './limits.ts';
import { verifyObject } from './object.ts';
import { feedKey, parseRoot, verifySuccessor } from './root.ts';
import { verifySignature } from './sign.ts';

/** The message as its author signed it, without a place in any order of arrival; undefined if not. */
export function verifyProof(proof: Omit<Proof, 'author'>): Entry | undefined {
  const { object, root, signature, chain } = proof;
  const listing = parseRoot(root);
  if (!listing.ok || chain.length > segmentLimits.rootsMax) return undefined;
  const { feed, seq, time, objects } = listing.root;
  const objectId = objectIdOf(object);
  const index = objects.findIndex((id) => equal(id, objectId));
  if (index < 0 || !verifyObject(object).ok) return undefined;
  const { author } = feed;
  let [last, lastBytes] = [listing.root, root];
  for (const bytes of chain) {
    const next = parseRoot(bytes);
    if (!next.ok || feedKey(next.root.feed) !== feedKey(feed)) return undefined;
    if (!verifySuccessor(last, rootIdOf(lastBytes), next.root).ok) return undefined;
    [last, lastBytes] = [next.root, bytes];
  }
  if (!verifySignature(author, 'root', lastBytes, signature)) return undefined;
  const id = messageIdOf(groupIdBytes(feed.group), publicKeyBytes(author), objectId);
  return { arrival: 0, feed, seq, index, time, id, objectId, object };
}
