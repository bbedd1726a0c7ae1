import { expect, test } from 'vitest';
import { Archive, type Proof } from '../../src/cxo/archive.ts';
import { MemoryStore } from '../../src/cxo/memory-store.ts';
import { verifyProof } from '../../src/cxo/proof.ts';
import type { MessageId } from '../../src/cxo/ids.ts';
import {
  commitOf,
  FeedBuilder,
  testGroup,
  testIdentity,
  textObject,
  textRoot,
} from '../support/feeds.ts';
import { flipBit } from '../support/values.ts';

const group = testGroup('proof');

/** A feed of three roots, of which only the last is signed, and the proof of each message. */
async function makeProofs(author = 1, of = group): Promise<{ ids: MessageId[]; proofs: Proof[] }> {
  const builder = new FeedBuilder(testIdentity(author), of);
  const segment = builder.segment([textRoot(1, 'a'), textRoot(2, 'b', 'c'), textRoot(3, 'd')]);
  const store = new MemoryStore();
  await store.commit(commitOf(segment));
  const archive = new Archive(store);
  const ids = segment.record.messages.map(({ id }) => id);
  const proofs = await Promise.all(ids.map((id) => archive.proof(id)));
  return { ids, proofs: proofs.filter((proof) => proof !== undefined) };
}

test('what the archive proves is verified as the message in its place', async () => {
  const { ids, proofs } = await makeProofs();
  const entries = proofs.map(verifyProof);
  expect(entries.map((entry) => entry?.id)).toEqual(ids);
  const places = entries.map((entry) => [entry?.seq, entry?.index, entry?.time]);
  expect(places).toEqual([
    [1, 0, 1],
    [2, 0, 2],
    [2, 1, 2],
    [3, 0, 3],
  ]);
  expect(entries[0]).toMatchObject({ feed: { group, head: 0 }, arrival: 0 });
});

test('F41 nothing of a proof can be another', async () => {
  const { proofs } = await makeProofs();
  const [first, , , last] = proofs;
  const other = (await makeProofs(2)).proofs[0];
  const elsewhere = (await makeProofs(1, testGroup('elsewhere'))).proofs[0];
  if (!first || !last || !other || !elsewhere) throw new Error('proofs of all messages');
  const changed: Partial<Proof>[] = [
    { object: textObject('other') },
    { object: last.object },
    { root: last.root },
    { root: elsewhere.root },
    { root: flipBit(first.root, 100) },
    { signature: other.signature },
    { signature: flipBit(first.signature, 9) },
    { chain: [] },
    { chain: first.chain.slice(1) },
    { chain: [...first.chain].reverse() },
    { chain: [...first.chain, ...first.chain] },
    { chain: other.chain },
    { chain: elsewhere.chain },
  ];
  for (const [i, change] of changed.entries()) {
    expect(verifyProof({ ...first, ...change }), String(i)).toBeUndefined();
  }
  expect(verifyProof(first)).toBeDefined();
});
