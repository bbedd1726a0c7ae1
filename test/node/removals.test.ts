// What a node keeps of words by which it is out of a group: over other words, and over a restart.
import { expect, test } from 'vitest';
import { utf8 } from '../../src/bytes.ts';
import { buildGenesis } from '../../src/chat/roster/genesis.ts';
import { buildOperation, type RosterChange } from '../../src/chat/roster/operation.ts';
import { Roster } from '../../src/chat/roster/roster.ts';
import { buildSeen } from '../../src/chat/roster/seen.ts';
import { rosterLimits } from '../../src/chat/limits.ts';
import { Archive } from '../../src/cxo/archive.ts';
import { sha256 } from '../../src/cxo/ids.ts';
import { MemoryStore } from '../../src/cxo/memory-store.ts';
import { verifyProof } from '../../src/cxo/proof.ts';
import type { LocalRow } from '../../src/cxo/store.ts';
import { silentLogger } from '../../src/env.ts';
import type { Identity, PublicKey } from '../../src/identity.ts';
import { encodeStanding, type WordProof } from '../../src/node/door-frames.ts';
import { Removals } from '../../src/node/removals.ts';
import { commitOf, FeedBuilder, testIdentity } from '../support/feeds.ts';

const [founder, one, two, three] = [
  ...[testIdentity(0), testIdentity(1), testIdentity(2), testIdentity(3)],
] as const;
const self = testIdentity(9).publicKey;
const salt = (n: number): Uint8Array => sha256(utf8(`salt ${n}`)).slice(0, 16);
const genesis = buildGenesis(
  { name: 'ops', encrypted: false, founder: founder.publicKey },
  salt(0),
);

/** What everybody does, each operation with its proof. */
class Feeds {
  readonly #store = new MemoryStore();
  readonly #archive = new Archive(this.#store);
  readonly #feeds = new Map<PublicKey, FeedBuilder>();
  #time = 1000;

  /** @param isLarge whether its author had seen as many feeds as fit */
  async write(author: Identity, change: RosterChange, isLarge = false): Promise<WordProof> {
    const time = this.#time++;
    const seen = [...this.#feeds.values()]
      .filter(({ feed }) => feed.author !== author.publicKey)
      .map(({ feed, head: { seq } }) => ({ key: feed.author, head: 0, seq }));
    const others = Array.from({ length: isLarge ? rosterLimits.seenFeedsMax - 8 : 0 }, (_, n) => ({
      ...{ key: 'f'.repeat(64) as PublicKey, head: 2 ** 45 + n, seq: 2 ** 45 },
    }));
    const object = buildOperation({ ...change, seen: buildSeen([...seen, ...others]) }, salt(time));
    const feed = this.#feeds.get(author.publicKey) ?? new FeedBuilder(author, genesis.id);
    this.#feeds.set(author.publicKey, feed);
    const segment = feed.segment([{ time, slots: [{ object }] }]);
    await this.#store.commit(commitOf(segment));
    const [message] = segment.record.messages;
    const proof = message && (await this.#archive.proof(message.id));
    if (proof === undefined) throw new Error('what is stored can be proved');
    return proof;
  }
}

class Node {
  readonly roster = new Roster(genesis);
  readonly rows = new Map<string, LocalRow>();
  readonly removals = new Removals({
    ...{ self, logger: silentLogger },
    writeLocal: (changes) => {
      for (const { key, value } of changes) {
        if (value !== undefined) this.rows.set(key, { key, value });
      }
      return Promise.resolve();
    },
  });

  /** By a word; a feed has it for others. */
  hear(...proofs: readonly WordProof[]): void {
    const word = encodeStanding({ tag: salt(1), proofs });
    if (word === undefined) throw new Error('more than fits into a word');
    this.take(...proofs);
    expect(this.roster.isMember(self)).toBe(false);
    this.removals.keep(this.roster, word);
  }

  take(...proofs: readonly WordProof[]): void {
    this.roster.apply(proofs.flatMap((proof) => verifyProof(proof) ?? []));
  }

  get kept(): readonly WordProof[] {
    return this.removals.proofs(genesis.id);
  }
}

/** As a word has it. */
function bare({ object, root, chain, signature }: WordProof): WordProof {
  return { object, root, chain, signature };
}

/** A node that starts with what the other has on its disk, beside feeds. */
function restarted({ rows }: Node, ...feeds: readonly WordProof[]): Node {
  const node = new Node();
  node.take(...feeds);
  expect(node.roster.isMember(self)).toBe(true);
  expect(node.removals.restore([...rows.values()], () => node.roster)).toBe(true);
  return node;
}

const add = { op: 'add', key: self, history: false } as const;
const remove = { op: 'remove', key: self } as const;

test('F38 who was told of its removal can show it to others whatever it is told of since, and after a restart', async () => {
  const feeds = new Feeds();
  const node = new Node();
  const added = await feeds.write(founder, add);
  const promoted = await feeds.write(founder, { op: 'promote', key: one.publicKey });
  const again = await feeds.write(founder, add);
  const removed = await feeds.write(one, remove);
  node.take(added);
  node.hear(removed, promoted);
  // By somebody who has not heard of the removal.
  node.hear(again);
  expect(node.kept).toEqual([removed, promoted].map(bare));
  const next = restarted(node, added);
  expect(next.roster.removedBy(self)).toBe(one.publicKey);
  expect(next.kept).toEqual([removed, promoted].map(bare));
});

test('removals that came with several words are kept together, and what is void is not', async () => {
  const feeds = new Feeds();
  const node = new Node();
  const promoted: WordProof[] = [];
  for (const { publicKey } of [one, two, three]) {
    promoted.push(await feeds.write(founder, { op: 'promote', key: publicKey }));
  }
  const added = await feeds.write(founder, add);
  const removals: WordProof[] = [];
  for (const by of [one, two]) removals.push(await feeds.write(by, remove));
  const ended = await feeds.write(founder, { op: 'remove', key: three.publicKey });
  removals.push(await feeds.write(three, remove));
  node.take(added);
  for (const n of [2, 1, 0]) {
    node.hear(...[removals[n], promoted[n]].filter((proof) => proof !== undefined));
  }
  expect(node.kept).toHaveLength(6);
  node.hear(ended);
  const expected = [removals[0], promoted[0], removals[1], promoted[1]];
  expect(node.kept).toEqual(expected.flatMap((proof) => (proof ? [bare(proof)] : [])));
});

test('who was let in without effect keeps what took it, whatever it is told of since', async () => {
  const feeds = new Feeds();
  const node = new Node();
  const promoted = await feeds.write(founder, { op: 'promote', key: one.publicKey });
  const ended = await feeds.write(founder, { op: 'remove', key: one.publicKey });
  const added = await feeds.write(one, add);
  const other = await feeds.write(founder, { op: 'promote', key: two.publicKey });
  node.take(promoted, added);
  node.hear(ended);
  node.hear(other);
  expect(node.kept).toEqual([bare(ended)]);
  expect(restarted(node, promoted, added).roster.isMember(self)).toBe(false);
});

test('where all that it is out by does not fit into a word, the last that it was told is kept', async () => {
  const feeds = new Feeds();
  const node = new Node();
  const added = await feeds.write(founder, add);
  const words: WordProof[][] = [];
  for (const by of [one, two, three]) {
    const promote = { op: 'promote', key: by.publicKey } as const;
    const promoted = await feeds.write(founder, promote, true);
    words.push([await feeds.write(by, remove, true), promoted]);
  }
  node.take(added);
  for (const word of words) node.hear(...word);
  expect(node.kept).toEqual(words.at(-1)?.map(bare));
  expect(restarted(node, added).roster.removedBy(self)).toBe(three.publicKey);
});
