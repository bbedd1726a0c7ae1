// The reading side: pages of messages in both orders, one message, its proof, and the wait for more.
// A reader has no state here: its cursor is all that it needs, so none takes from another.
import { toHex } from '../bytes.ts';
import type { Entry } from '../cxo/archive.ts';
import { parseMessageId, type GroupId } from '../cxo/ids.ts';
import type { Store } from '../cxo/store.ts';
import { SkychatError } from '../errors.ts';
import { parsePublicKey, type PublicKey } from '../identity.ts';
import { formatCursor, parseCursor } from './cursor.ts';
import { readingLimits } from './limits.ts';
import type { LiveEdge } from './live-edge.ts';
import type { MessageViews } from './message-views.ts';
import type { MessageSource } from './ports.ts';
import { readGroup, type Room } from './room.ts';
import { Timeline } from './timeline.ts';
import type { MessageView, Page, ProofView } from './view.ts';

/** What a reader wants to see. */
export interface Selection {
  /** Id or name of a group; all groups where not given. */
  readonly group?: string;
  /** Public key, 64 hex characters. */
  readonly author?: string;
  /** Only messages at or after this wall-clock time, microseconds. */
  readonly since?: number;
}

export interface ConversationOptions {
  readonly room: Room;
  /** Every group that has entries here, and the room. */
  readonly groups: ReadonlySet<GroupId>;
  readonly archive: Pick<MessageSource, 'after' | 'timeline' | 'find' | 'proof'>;
  readonly store: Pick<Store, 'latestArrival'>;
  readonly views: MessageViews;
  readonly live: LiveEdge;
  /** For tests of the bounds. */
  readonly limits?: Partial<Record<keyof typeof readingLimits, number>>;
}

interface Criteria {
  readonly groups: ReadonlySet<GroupId>;
  readonly author: PublicKey | undefined;
  readonly since: number;
}

export class Conversation {
  readonly #options: ConversationOptions;
  readonly #limits: Readonly<Record<keyof typeof readingLimits, number>>;

  constructor(options: ConversationOptions) {
    this.#options = options;
    this.#limits = { ...readingLimits, ...options.limits };
  }

  /** The cursor behind the latest arrival. */
  latestCursor(): string {
    return formatCursor(this.#options.live.latest);
  }

  /** Resolves once something arrived after the cursor, or when `signal` aborts. */
  async arrival(cursor: string, signal: AbortSignal): Promise<void> {
    await this.#options.live.wait(this.#parseCursor(cursor), signal);
  }

  /**
   * What arrived after the cursor, in arrival order. Going on from `next` until `more` is false
   * gives each message exactly once: `next` moves over what is not shown, and never further than
   * what was looked at. A page may be short, or empty, with `more` set, where it took long to fill.
   */
  async after(cursor: string, selection: Selection, limit: number): Promise<Page> {
    const criteria = this.#criteriaOf(selection);
    const page = new PageBuilder(this.#options.views, this.#limits, limit);
    const { live, archive } = this.#options;
    const { latest } = live;
    let next = this.#parseCursor(cursor);
    for (let scanned = 0; next < latest && scanned < this.#limits.scanMax;) {
      const wanted = Math.min(this.#limits.chunkEntriesMax, this.#limits.scanMax - scanned);
      const chunk = live.after(next, wanted) ?? (await archive.after(next, wanted));
      // Behind the last entry that can be read there is nothing to wait for: the store is damaged
      // there, which it has reported itself.
      if (chunk.length === 0) next = latest;
      for (const entry of chunk) {
        if (entry.arrival > latest) {
          next = latest;
          break;
        }
        if (this.#matches(entry, criteria) && !page.add(entry)) {
          return { messages: page.views(), next: formatCursor(next), more: true };
        }
        next = entry.arrival;
        scanned++;
      }
    }
    return { messages: page.views(), next: formatCursor(next), more: next < latest };
  }

  /**
   * The newest messages in timeline order, oldest first. What arrives from now on is left out, even
   * where it sorts before these: it comes with the pages after `next`.
   */
  async newest(selection: Selection, limit: number): Promise<Page> {
    const { latest } = this.#options.live;
    const { page, more } = await this.#page(undefined, selection, limit, latest);
    return { messages: page.views().reverse(), next: formatCursor(latest), more };
  }

  /** The page before a message (an id or a cursor) in timeline order; `next` continues it. */
  async before(position: string, selection: Selection, limit: number): Promise<Page> {
    const start = await this.#findEntry(position);
    if (start === undefined) return { messages: [], next: formatCursor(0), more: false };
    const { latest } = this.#options.live;
    const { page, more, last } = await this.#page(start, selection, limit, latest);
    const next = formatCursor(last?.arrival ?? start.arrival);
    return { messages: page.views().reverse(), next, more };
  }

  /** @throws SkychatError `bad-id`, or `unknown-message` also where it is held back from view */
  async message(id: string): Promise<MessageView> {
    return this.#options.views.build(await this.readEntry(id));
  }

  async proof(id: string): Promise<ProofView> {
    const entry = await this.readEntry(id);
    const proof = await this.#options.archive.proof(entry.id);
    if (proof === undefined) throw unknownMessage(id);
    return {
      object: toHex(proof.object),
      root: toHex(proof.root),
      signature: toHex(proof.signature),
      author: entry.feed.author,
      chain: proof.chain.map(toHex),
    };
  }

  /** @throws SkychatError `bad-id` or `unknown-message` */
  async readEntry(id: string): Promise<Entry> {
    const parsed = parseMessageId(id);
    if (parsed === undefined) {
      throw new SkychatError('bad-id', 'an id is 64 hex characters', {
        hint: 'Use the "id" of a message.',
      });
    }
    const entry = await this.#options.archive.find(parsed);
    if (entry === undefined || entry.arrival === 0) throw unknownMessage(id);
    return entry;
  }

  #groupsOf(idOrName: string | undefined): ReadonlySet<GroupId> {
    const { room, groups } = this.#options;
    return idOrName === undefined ? groups : new Set([readGroup(idOrName, room, groups)]);
  }

  #criteriaOf(selection: Selection): Criteria {
    const author = selection.author === undefined ? undefined : parsePublicKey(selection.author);
    if (selection.author !== undefined && author === undefined) {
      throw new SkychatError('bad-field', 'an author is a public key of 64 hex characters');
    }
    return { groups: this.#groupsOf(selection.group), author, since: selection.since ?? 0 };
  }

  #matches(entry: Entry, { groups, author, since }: Criteria): boolean {
    if (author !== undefined && entry.feed.author !== author) return false;
    if (!groups.has(entry.feed.group) || entry.time < since) return false;
    return this.#options.views.isShown(entry);
  }

  #parseCursor(text: string): number {
    const { live, store } = this.#options;
    return parseCursor(text, live.latest, Math.max(live.latest, store.latestArrival()));
  }

  async #findEntry(position: string): Promise<Entry | undefined> {
    if (parseMessageId(position) !== undefined) return this.readEntry(position);
    const arrival = this.#parseCursor(position);
    if (arrival === 0) return undefined;
    const [entry] = await this.#options.archive.after(arrival - 1, 1);
    return entry;
  }

  async #page(
    before: Entry | undefined,
    selection: Selection,
    limit: number,
    latest: number,
  ): Promise<{ page: PageBuilder; more: boolean; last: Entry | undefined }> {
    const criteria = this.#criteriaOf(selection);
    const page = new PageBuilder(this.#options.views, this.#limits, limit);
    const chunk = Math.min(this.#limits.chunkEntriesMax, limit + 1);
    const timeline = new Timeline(this.#options.archive, criteria.groups, before, chunk);
    let last: Entry | undefined;
    for (let scanned = 0; scanned < this.#limits.timelineScanMax; scanned++) {
      const entry = await timeline.next();
      if (entry === undefined || entry.time < criteria.since) return { page, more: false, last };
      if (entry.arrival > latest) continue;
      if (this.#matches(entry, criteria) && !page.add(entry)) return { page, more: true, last };
      last = entry;
    }
    return { page, more: true, last };
  }
}

/** Collects entries up to the bounds of a page. */
class PageBuilder {
  readonly #views: MessageViews;
  readonly #limits: { readonly pageBytesMax: number };
  readonly #limit: number;
  readonly #entries: Entry[] = [];
  #bytes = 0;

  constructor(
    views: MessageViews,
    limits: { readonly pageBytesMax: number; readonly pageMessagesMax: number },
    limit: number,
  ) {
    if (!Number.isSafeInteger(limit) || limit < 1 || limit > limits.pageMessagesMax) {
      throw new SkychatError('bad-field', `a limit is from 1 to ${limits.pageMessagesMax}`);
    }
    this.#views = views;
    this.#limits = limits;
    this.#limit = limit;
  }

  /** False where the page is full: the entry belongs to the next one. */
  add(entry: Entry): boolean {
    if (this.#entries.length >= this.#limit || this.#bytes >= this.#limits.pageBytesMax) {
      return false;
    }
    this.#entries.push(entry);
    this.#bytes += entry.object?.length ?? 0;
    return true;
  }

  views(): MessageView[] {
    return this.#entries.map((entry) => this.#views.build(entry));
  }
}

function unknownMessage(id: string): SkychatError {
  return new SkychatError('unknown-message', `no message ${id.slice(0, 8)}… on this node`, {
    hint: 'It may not have arrived yet, or not be in a group of this node.',
  });
}
