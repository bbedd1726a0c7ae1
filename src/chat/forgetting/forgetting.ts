// What this node does not keep, and what it may lack: bodies that their authors have deleted, and those
// that are older than the node or their group keeps. Brings the policy, the word of deletions and the
// eraser together.
import { toHex } from '../../bytes.ts';
import type { Entry } from '../../cxo/entry.ts';
import type { GroupId, MessageId } from '../../cxo/ids.ts';
import type { FeedId } from '../../cxo/root.ts';
import type { Clock } from '../../env.ts';
import type { PublicKey } from '../../identity.ts';
import { Eraser, type Deleted, type EraserOptions } from './eraser.ts';
import type { GroupBook } from '../groups/group-book.ts';
import type { MessageSource } from '../ports.ts';
import { Retention, type RetentionPolicy } from './retention.ts';

export interface ForgettingOptions extends Omit<
  EraserOptions,
  'contents' | 'retention' | 'allDeleted'
> {
  readonly archive: Pick<MessageSource, 'labelled'>;
  readonly book: GroupBook;
  readonly clock: Pick<Clock, 'now'>;
  /** What this node's operator wants. */
  readonly policy: RetentionPolicy;
}

export class Forgetting {
  readonly #options: ForgettingOptions;
  readonly #retention: Retention;
  readonly #eraser: Eraser;
  /** By group, author and message: what the author has deleted. */
  readonly #deleted = new Map<string, Deleted>();
  /** The policies of the latest sweep. */
  #swept: string;

  constructor(options: ForgettingOptions) {
    const { book, clock, policy } = options;
    this.#options = options;
    this.#retention = new Retention({
      ...{ clock, contents: book, ofNode: policy },
      ofGroup: (group) => policyOf(book, group),
      isDeleted: (group, author, id) => this.#deleted.has(keyOf(group, author, id)),
    });
    this.#swept = this.#policies();
    this.#eraser = new Eraser({
      ...{ ...options, contents: book, retention: this.#retention },
      allDeleted: () => this.#deleted.values(),
    });
  }

  /** Begins to erase what is due; nothing waits for it. */
  async start(): Promise<void> {
    const entries = await this.#options.archive.labelled('delete');
    this.#note(entries.filter(({ arrival }) => arrival > 0));
    await this.#eraser.start();
  }

  /** To be called with everything that has arrived. */
  arrived(entries: readonly Entry[]): void {
    this.#eraser.erase(this.#note(entries));
    this.#eraser.arrived(entries);
  }

  /** To be called when a group's policy may be another. */
  rulesChanged(): void {
    const policies = this.#policies();
    if (policies === this.#swept) return;
    this.#swept = policies;
    this.#eraser.sweep();
  }

  #policies(): string {
    const { book } = this.#options;
    return JSON.stringify([...book.groups()].map(({ id }) => policyOf(book, id)));
  }

  close(): Promise<void> {
    return this.#eraser.close();
  }

  /** Whether bodies of this time are not kept: they are not shown either, though they are there still. */
  isExpired(group: GroupId, time: number): boolean {
    return this.#retention.isExpired(group, time);
  }

  learn(entries: readonly Entry[]): void {
    this.#retention.learn(entries);
  }

  mayLack(feed: FeedId, time: number, id: MessageId): boolean {
    return this.#retention.mayLack(feed, time, id);
  }

  sheds(entry: Entry): boolean {
    return this.#retention.sheds(entry);
  }

  /** Takes note of deletions; gives those that are new. */
  #note(entries: readonly Entry[]): Deleted[] {
    const { book } = this.#options;
    const news: Deleted[] = [];
    for (const entry of entries) {
      const content = book.of(entry);
      if (content.type !== 'delete' || !book.allows(entry)) continue;
      const { author, group } = entry.feed;
      for (const id of [content.target, ...content.edits].map(toHex)) {
        const key = keyOf(group, author, id);
        if (this.#deleted.has(key)) continue;
        const deleted = { group, author, ids: [id] };
        this.#deleted.set(key, deleted);
        news.push(deleted);
      }
    }
    return news;
  }
}

function policyOf(book: GroupBook, group: GroupId): RetentionPolicy {
  const said = book.find(group)?.roster.retention();
  return { ageS: said?.age_s ?? undefined, bytes: said?.bytes ?? undefined };
}

function keyOf(group: GroupId, author: PublicKey, id: string): string {
  return `${group} ${author} ${id}`;
}
