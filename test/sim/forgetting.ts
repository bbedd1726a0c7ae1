// What a simulated node forgets: messages that their authors have deleted, and those of others that are
// older than it keeps them. The production eraser and its rules, over the node's engine and store.
import { toHex } from '../../src/bytes.ts';
import { PlainContents } from '../support/plain-contents.ts';
import { Eraser, type Deleted } from '../../src/chat/forgetting/eraser.ts';
import { keepAll, Retention, type RetentionPolicy } from '../../src/chat/forgetting/retention.ts';
import { Archive } from '../../src/cxo/archive.ts';
import type { Entry } from '../../src/cxo/entry.ts';
import type { Erasure } from '../../src/cxo/erasure.ts';
import type { MessageId } from '../../src/cxo/ids.ts';
import type { FeedId } from '../../src/cxo/root.ts';
import type { LocalChange, Store } from '../../src/cxo/store.ts';
import { silentLogger, type Timers } from '../../src/env.ts';
import type { PublicKey } from '../../src/identity.ts';
import type { Shedding } from '../../src/sync/holes.ts';

export interface ForgettingOptions {
  readonly self: PublicKey;
  readonly store: Store;
  readonly timers: Timers;
  readonly wall: () => number;
  readonly policy: RetentionPolicy | undefined;
  readonly erase: (erasures: readonly Erasure[], local: readonly LocalChange[]) => Promise<void>;
  readonly writeLocal: (local: readonly LocalChange[]) => Promise<void>;
  readonly reclaim: () => Promise<void>;
  readonly explained: () => void;
}

export class Forgetting implements Shedding {
  readonly #options: ForgettingOptions;
  readonly #contents = new PlainContents();
  readonly #retention: Retention;
  readonly #eraser: Eraser;
  readonly #deleted = new Map<string, Deleted>();

  constructor(options: ForgettingOptions) {
    this.#options = options;
    this.#retention = new Retention({
      contents: this.#contents,
      clock: { now: options.wall },
      ofNode: options.policy ?? keepAll,
      ofGroup: () => keepAll,
      isDeleted: (_, author, id) => this.#deleted.has(`${author} ${id}`),
    });
    this.#eraser = new Eraser({
      ...options,
      // What a node has written itself it keeps, so that nobody's word is lost for the others.
      store: { ...bound(options.store), feeds: () => this.#othersFeeds() },
      ...{ contents: this.#contents, retention: this.#retention, logger: silentLogger },
      onErased: () => undefined,
      allDeleted: () => this.#deleted.values(),
    });
  }

  #othersFeeds(): ReturnType<Store['feeds']> {
    const { store, self } = this.#options;
    return store.feeds().filter(({ feed }) => feed.author !== self);
  }

  async start(): Promise<void> {
    await this.reread();
    void this.#eraser.start();
  }

  /** Learns of deletions that only the store knows. */
  async reread(): Promise<void> {
    this.arrived(await new Archive(this.#options.store).after(0, Infinity));
  }

  arrived(entries: readonly Entry[]): void {
    const news: Deleted[] = [];
    for (const entry of entries) {
      const content = this.#contents.of(entry);
      if (content.type !== 'delete' || entry.arrival === 0) continue;
      const { author, group } = entry.feed;
      const id = toHex(content.target);
      const key = `${author} ${id}`;
      if (this.#deleted.has(key)) continue;
      const deleted = { group, author, ids: [id] };
      this.#deleted.set(key, deleted);
      news.push(deleted);
    }
    this.#eraser.erase(news);
    this.#eraser.arrived(entries.filter((entry) => this.sheds(entry)));
  }

  sweep(): void {
    this.#eraser.sweep();
  }

  close(): Promise<void> {
    return this.#eraser.close();
  }

  isDeleted(author: PublicKey, id: string): boolean {
    return this.#deleted.has(`${author} ${id}`);
  }

  isExpired({ group, author }: FeedId, time: number): boolean {
    return author !== this.#options.self && this.#retention.isExpired(group, time);
  }

  learn(entries: readonly Entry[]): void {
    this.#retention.learn(entries);
  }

  mayLack(feed: FeedId, time: number, id: MessageId): boolean {
    return this.#retention.mayLack(feed, time, id);
  }

  sheds(entry: Entry): boolean {
    const isOwn = entry.feed.author === this.#options.self;
    if (isOwn && !this.isDeleted(entry.feed.author, toHex(entry.id))) return false;
    return this.#retention.sheds(entry);
  }
}

function bound(store: Store): Pick<Store, 'records' | 'positions' | 'findLocal'> {
  return {
    records: (...of) => store.records(...of),
    positions: (id) => store.positions(id),
    findLocal: (key) => store.findLocal(key),
  };
}
