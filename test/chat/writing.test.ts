import { expect, test } from 'vitest';
import type { Draft } from '../../src/cxo/draft.ts';
import type { Entry } from '../../src/cxo/entry.ts';
import { SkychatError } from '../../src/errors.ts';
import { parseKeyGrant } from '../../src/chat/sealing/epoch.ts';
import { parseObject } from '../../src/cxo/object.ts';
import { Writing } from '../../src/chat/writing.ts';
import { group, last, Member } from './sealing/rig.ts';

const moment = { now: 1_000_000_000_000, objects: 0 };
const withHistory = { history: true };

interface Waiting {
  readonly draft: Draft;
  readonly resolve: (entry: Entry) => void;
  readonly reject: (reason: Error) => void;
}

/** Writes as a node does: what waits gets its places at once, is on the disk later, and is heard then. */
class Disk {
  readonly writing: Writing;
  readonly #author: Member;
  /** What happens before what waits gets its places: once. */
  meanwhile: () => void = () => undefined;
  isFull = false;
  #waiting: Waiting[] = [];

  constructor(author: Member) {
    this.#author = author;
    const { random } = author;
    this.writing = new Writing({
      random,
      writer: {
        append: (_group, draft) => this.#append(draft),
        writeLocal: (local) => {
          author.write(local);
          return Promise.resolve();
        },
      },
      sealerOf: () => ({
        prepare: () => {
          const ticket = author.keys.prepare(moment);
          return {
            ...ticket,
            seal: (fields, { feed, seq, index }) =>
              ticket.seal(fields, { author: feed.author, head: feed.head, seq, index }, moment),
          };
        },
      }),
    });
  }

  post(text: string): Promise<Entry> {
    return this.writing.append(group, { kind: 'text', text });
  }

  #append(draft: Draft): Promise<Entry> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ draft, resolve, reject });
      if (this.#waiting.length === 1) {
        queueMicrotask(() => {
          this.#place();
        });
      }
    });
  }

  #place(): void {
    this.meanwhile();
    this.meanwhile = () => undefined;
    const author = this.#author;
    const batch = this.#waiting;
    this.#waiting = [];
    for (const { draft, resolve, reject } of batch) {
      const feed = { group, author: author.key, head: 0 };
      const made = draft({ feed, seq: author.feed.length + 1, index: 0, time: moment.now });
      if ('code' in made) {
        reject(new SkychatError(made.code, 'not here'));
        continue;
      }
      if (this.isFull) {
        reject(new SkychatError('disk-full', 'no room'));
        continue;
      }
      const entry = author.append(made.object, moment.now);
      setImmediate(() => {
        author.write(made.local);
        author.apply([entry]);
        resolve(entry);
      });
    }
  }
}

function four(): [Member, Member, Member, Member] {
  return [new Member('a'), new Member('b'), new Member('c'), new Member('d')];
}

/** Whom the author has given keys to, in order. */
function givenBy({ feed }: Member): string[] {
  return feed.flatMap(({ object }) => {
    const parsed = parseObject(object ?? new Uint8Array());
    const grant = parsed.ok ? parseKeyGrant(parsed.fields) : undefined;
    return grant === undefined ? [] : [grant.to];
  });
}

test('keys that wait for their place are not given to somebody whose removal is seen meanwhile', async () => {
  const [a, b, c] = four();
  a.sees(a, b);
  const disk = new Disk(a);
  const before = await disk.post('before');
  a.sees(a, b, [c, withHistory]);
  disk.meanwhile = () => {
    a.sees(a, b);
  };
  const after = await disk.post('after');
  expect(givenBy(a)).toEqual([]);
  for (const node of [b, c]) node.apply(a.feed);
  expect([before, after].map((entry) => b.reads(entry))).toEqual(['before', 'after']);
  expect([before, after].map((entry) => c.reads(entry))).toEqual(['locked', 'locked']);
});

test('keys beside some that are not given any more are given, and once', async () => {
  const [a, b, c, d] = four();
  a.sees(a, b);
  const disk = new Disk(a);
  const before = await disk.post('before');
  a.sees(a, b, [c, withHistory], [d, withHistory]);
  disk.meanwhile = () => {
    a.sees(a, b, [d, withHistory]);
  };
  const after = await disk.post('after');
  expect(givenBy(a)).toEqual([d.key]);
  d.apply(a.feed);
  expect([before, after].map((entry) => d.reads(entry))).toEqual(['before', 'after']);
  expect(last(a.feed)).toBe(after);
});

test('keys that the disk refuses refuse the post, and come with the next one', async () => {
  const [a, b] = four();
  a.sees(a, b);
  const disk = new Disk(a);
  disk.isFull = true;
  await expect(disk.post('before')).rejects.toMatchObject({ code: 'disk-full' });
  disk.isFull = false;
  const after = await disk.post('after');
  b.apply(a.feed);
  expect(b.reads(after)).toBe('after');
});
