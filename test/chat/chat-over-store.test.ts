// The room over the real archive and a store in memory: what the doubles of the other tests promise.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { parseHex, toHex, utf8 } from '../../src/bytes.ts';
import { Archive } from '../../src/cxo/archive.ts';
import { MemoryStore } from '../../src/cxo/memory-store.ts';
import { objectIdOf, rootIdOf } from '../../src/cxo/ids.ts';
import { parseRoot } from '../../src/cxo/root.ts';
import { verifySignature } from '../../src/cxo/sign.ts';
import type { LocalChange } from '../../src/cxo/store.ts';
import { Chat } from '../../src/chat/chat.ts';
import { labelOf } from '../../src/chat/content/labels.ts';
import { parseContent, buildProfile, buildVouch } from '../../src/chat/content/message.ts';
import { compareEntries } from '../../src/chat/timeline/timeline.ts';
import { commitOf, FeedBuilder, testIdentity, type SegmentOptions } from '../support/feeds.ts';
import { ManualTime } from '../support/net-time.ts';
import { objectOf, room, nobodyJoins, testSalt } from './rig.ts';

const [self, alice, bob] = [testIdentity(0), testIdentity(1), testIdentity(2)] as const;

class Node {
  readonly store = new MemoryStore();
  readonly archive = new Archive(this.store, { cacheBytesMax: 1e6 });
  readonly feeds = new Map(
    [self, alice, bob].map((identity) => [identity, new FeedBuilder(identity, room.id)]),
  );
  readonly time = new ManualTime();
  chat!: Chat;
  #arrived = 0;

  static async open(): Promise<Node> {
    const node = new Node();
    await node.restart();
    return node;
  }

  async restart(): Promise<void> {
    this.chat = await Chat.open({
      identity: self,
      joiner: () => nobodyJoins,
      ownAddresses: () => [],
      room: 'lobby',
      configured: [alice.publicKey],
      store: this.store,
      archive: this.archive,
      writer: {
        append: async (group, draft) => {
          const feed = { group, author: self.publicKey, head: 0 };
          const made = draft({ feed, seq: 1, index: 0, time: this.time.now() });
          if ('code' in made) throw new Error('nothing is sealed in the room');
          await this.append(self, [[made.object]], this.time.now(), made.local);
          const [entry] = await this.archive.after(this.store.latestArrival() - 1, 1);
          if (entry === undefined) throw new Error('what was appended is there');
          return entry;
        },
        writeLocal: async (local) => {
          await this.store.commit({ ...commitOf(), local });
        },
      },
      delivery: { storedBy: () => [], onStored: () => () => undefined },
      clock: this.time,
      random: { bytes: (length) => testSalt().slice(0, length), unit: () => 0.5 },
      timers: this.time,
    });
  }

  /** One segment of roots, each of which lists some objects. */
  async append(
    author: typeof self,
    roots: readonly (readonly Uint8Array[])[],
    time: number,
    local: readonly LocalChange[] = [],
  ): Promise<void> {
    const feed = this.feeds.get(author);
    if (feed === undefined) throw new Error('an author has a feed');
    const objects = roots.flat();
    const label: SegmentOptions['label'] = (index) => {
      const object = objects[index] ?? new Uint8Array();
      return labelOf(parseContent(object).type, object);
    };
    const later = Math.max(time, feed.head.time);
    const segment = feed.segment(
      roots.map((objects, i) => ({
        time: later + i,
        slots: objects.map((object) => ({ object })),
      })),
      { label },
    );
    await this.store.commit({ ...commitOf(segment), local });
    const entries = await this.archive.after(this.#arrived, 1000);
    this.#arrived = this.store.latestArrival();
    this.chat.arrived(entries);
  }
}

const segments = fc.array(
  fc.record({
    author: fc.constantFrom(alice, bob),
    /** Of each root, the kinds of its objects. */
    roots: fc.array(
      fc.array(fc.constantFrom('text', 'vouch', 'profile'), { minLength: 1, maxLength: 3 }),
      { minLength: 1, maxLength: 3 },
    ),
    time: fc.integer({ min: 1, max: 20 }),
    restarts: fc.boolean(),
  }),
  { maxLength: 10 },
);

function objectOfKind(kind: string): Uint8Array {
  if (kind === 'vouch') return buildVouch([bob.publicKey], testSalt());
  if (kind === 'profile') return buildProfile('somebody', testSalt());
  return objectOf('text', { text: 'x' });
}

test('both orders give each message once over the real store, whatever the segments, also across restarts', async () => {
  await fc.assert(
    fc.asyncProperty(segments, fc.integer({ min: 1, max: 4 }), async (list, limit) => {
      const node = await Node.open();
      const seen: string[] = [];
      let cursor = '0';
      const read = async (): Promise<void> => {
        for (let more = true; more;) {
          const page = await node.chat.conversation.after(cursor, {}, limit);
          seen.push(...page.messages.map(({ id }) => id));
          ({ next: cursor, more } = page);
        }
      };
      for (const { author, roots, time, restarts } of list) {
        await node.append(
          author,
          roots.map((kinds) => kinds.map(objectOfKind)),
          time,
        );
        if (restarts) await node.restart();
        await read();
      }
      const entries = await node.archive.after(0, 1000);
      const shown = entries.filter(({ object }) => parseContent(object).type === 'text');
      expect(seen).toEqual(shown.map(({ id }) => toHex(id)));

      let page = await node.chat.conversation.newest({}, limit);
      const back = [...page.messages];
      while (page.more) {
        page = await node.chat.conversation.before(back[0]?.id ?? '', {}, limit);
        back.unshift(...page.messages);
      }
      const timeline = [...shown].sort(compareEntries);
      expect(back.map(({ id }) => id)).toEqual(timeline.map(({ id }) => toHex(id)));
    }),
    { numRuns: 50 },
  );
});

test('members and names are there after a restart', async () => {
  const node = await Node.open();
  await node.append(alice, [[buildVouch([bob.publicKey], testSalt())]], 1);
  await node.append(bob, [[buildProfile('Bob', testSalt())]], 2);
  await node.restart();
  expect(node.chat.membership.isMember(bob.publicKey)).toBe(true);
  expect(node.chat.directory.findName(bob.publicKey)).toBe('Bob');
});

test('F53 a retry after a restart finds its row and its message in the store', async () => {
  const node = await Node.open();
  const request = { idempotency: { key: 'k', body: utf8('body') } };
  const first = await node.chat.posting.post({ text: 'once' }, request);
  await node.restart();
  const again = await node.chat.posting.post({ text: 'once' }, request);
  expect(again).toEqual({ ...first, replayed: true });
  expect(node.store.latestArrival()).toBe(1);
  await node.time.advance(24 * 3600 * 1000, () => Promise.resolve());
  expect(await node.chat.idempotency.sweep()).toBe(1);
  expect(await node.store.local('idempotency/')).toEqual([]);
});

test('a proof is enough to verify its message alone', async () => {
  const node = await Node.open();
  const object = objectOf('text', { text: 'signed' });
  await node.append(
    alice,
    [[objectOf('text', { text: 'before' })], [object], [objectOf('poll')]],
    5,
  );
  const { messages } = await node.chat.conversation.after('1', {}, 1);
  const proof = await node.chat.conversation.proof(messages[0]?.id ?? '');
  const bytesOf = (hex: string): Uint8Array => parseHex(hex) ?? new Uint8Array();
  expect(proof).toMatchObject({ object: toHex(object), author: alice.publicKey });
  const roots = [proof.root, ...proof.chain].map(bytesOf);
  const parsed = roots.map((bytes) => parseRoot(bytes));
  for (const [i, verdict] of parsed.entries()) {
    if (!verdict.ok) throw new Error(verdict.reason);
    const before = roots[i - 1];
    if (i === 0) expect(verdict.root.objects).toContainEqual(objectIdOf(object));
    else expect(verdict.root.prev).toEqual(rootIdOf(before ?? new Uint8Array()));
  }
  const signed = roots.at(-1) ?? new Uint8Array();
  expect(verifySignature(alice.publicKey, 'root', signed, bytesOf(proof.signature))).toBe(true);
  await expect(node.chat.conversation.proof('00'.repeat(32))).rejects.toMatchObject({
    code: 'unknown-message',
  });
});
