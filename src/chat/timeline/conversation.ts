// The reading side: pages of messages in both orders, one message, its proof, and the wait for more.
// A reader has no state here: its cursor is all that it needs, so none takes from another.
import { toHex } from '../../bytes.ts';
import type { Entry } from '../../cxo/archive.ts';
import { parseMessageId, type GroupId } from '../../cxo/ids.ts';
import type { Store } from '../../cxo/store.ts';
import { SkychatError } from '../../errors.ts';
import { parsePublicKey, type PublicKey } from '../../identity.ts';
import type { Backlog } from '../news/backlog.ts';
import { formatCursor, parseCursor } from './cursor.ts';
import { readingLimits } from '../limits.ts';
import type { LiveEdge } from '../news/live-edge.ts';
import type { MessageViews } from './message-views.ts';
import type { NoteEvents } from '../notes/note-events.ts';
import type { Listed, Notes } from '../notes/notes.ts';
import { PageBuilder } from './page-builder.ts';
import type { MessageSource } from '../ports.ts';
import { compareEntries, Timeline } from './timeline.ts';
import type { EventPage, MessageView, Page, ProofView } from '../view.ts';

/** What a reader wants to see. */
export interface Selection {
  /** Id or name of a group; all groups where not given. */
  readonly group?: string;
  /** Ids: nothing outside of these groups. */
  readonly within?: readonly string[];
  /** Public key, 64 hex characters. */
  readonly author?: string;
  /** Only messages at or after this wall-clock time, microseconds. */
  readonly since?: number;
  /** Only messages that ask this key (`me`: the own one) for an acknowledgement that has not come. */
  readonly needsAck?: string;
  readonly pinned?: boolean;
}

export interface ConversationOptions {
  /** Every group that is shown. */
  readonly groups: ReadonlySet<GroupId>;
  /** The group that a request names; SkychatError `unknown-group`, `not-permitted`. */
  readonly groupOf: (idOrName: string, within?: readonly string[]) => GroupId;
  readonly archive: Omit<MessageSource, 'labelled'>;
  readonly store: Pick<Store, 'latestArrival'>;
  readonly views: MessageViews;
  readonly notes: Pick<Notes, 'replies' | 'requests' | 'pinned'>;
  readonly events: NoteEvents;
  /** Read before anything is shown: older notes are about messages of any age. */
  readonly backlog: Pick<Backlog, 'isRead' | 'read'>;
  readonly live: LiveEdge;
  /** For tests of the bounds. */
  readonly limits?: Partial<Record<keyof typeof readingLimits, number>>;
}

interface Criteria {
  readonly groups: ReadonlySet<GroupId>;
  readonly author: PublicKey | undefined;
  readonly since: number;
  readonly needsAck: PublicKey | undefined;
  readonly pinned: boolean;
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
    const { next, more } = await this.#arrivals(
      cursor,
      (entry) => !this.#matches(entry, criteria) || page.add(entry),
    );
    return { messages: page.views(), next, more };
  }

  /** As `after`, with what was said about messages in between: each exactly once, too. */
  async eventsAfter(cursor: string, selection: Selection, limit: number): Promise<EventPage> {
    const { views, events } = this.#options;
    const criteria = this.#criteriaOf(selection);
    const page = new PageBuilder(views, this.#limits, limit);
    const { next, more } = await this.#arrivals(
      cursor,
      (entry) => {
        const event = events.nameOf(entry);
        if (event === undefined) {
          if (this.#matches(entry, criteria)) return page.add(entry);
          const isGap = this.#selects(entry, criteria) && views.isExpired(entry);
          return !isGap || page.addGap('expired', { ...entryPlace(entry), count: 1 });
        }
        return events.findTarget(entry).then((message) => {
          const isTold = message !== undefined && this.#matches(message, criteria);
          return !isTold || page.add(message, event, entry.arrival);
        });
      },
      (after, arrival) => {
        page.addGap('unreadable', { group: null, arrival, count: null }, after);
      },
    );
    return { events: page.events(), next, more };
  }

  /** Answers to a message that are not deleted: the newest, or those before one of them. */
  async replies(id: string, before: string | undefined, limit: number): Promise<Page> {
    await this.#ready();
    const { feed } = await this.readEntry(id);
    const replies = this.#options.notes.replies(feed.group, id.toLowerCase());
    const criteria = this.#criteriaOf({});
    return this.#listed(replies, before, criteria, limit);
  }

  /**
   * The newest messages in timeline order, oldest first. What arrives from now on is left out, even
   * where it sorts before these: it comes with the pages after `next`.
   */
  async newest(selection: Selection, limit: number): Promise<Page> {
    await this.#ready();
    const criteria = this.#criteriaOf(selection);
    const listed = this.#listOf(criteria);
    if (listed !== undefined) return this.#listed(await listed, undefined, criteria, limit);
    const { latest } = this.#options.live;
    const { page, more } = await this.#page(undefined, criteria, limit, latest);
    return { messages: page.views().reverse(), next: formatCursor(latest), more };
  }

  /** The page before a message (an id or a cursor) in timeline order; `next` continues it. */
  async before(position: string, selection: Selection, limit: number): Promise<Page> {
    await this.#ready();
    const criteria = this.#criteriaOf(selection);
    const listed = this.#listOf(criteria);
    if (listed !== undefined) return this.#listed(await listed, position, criteria, limit);
    const start = await this.findPlace(position);
    if (start === undefined) return { messages: [], next: formatCursor(0), more: false };
    const { latest } = this.#options.live;
    const { page, more, last } = await this.#page(start, criteria, limit, latest);
    const next = formatCursor(last?.arrival ?? start.arrival);
    return { messages: page.views().reverse(), next, more };
  }

  /**
   * The page from a message (an id or a cursor) on in timeline order, itself first, and from the first
   * message of all with `0`; `next` continues it.
   */
  async from(position: string, selection: Selection, limit: number): Promise<Page> {
    await this.#ready();
    const { views, archive, live } = this.#options;
    const criteria = this.#criteriaOf(selection);
    const start = await this.findPlace(position);
    const { latest } = live;
    const { chunkEntriesMax, timelineScanMax } = this.#limits;
    const page = new PageBuilder(views, this.#limits, limit);
    const chunk = Math.min(chunkEntriesMax, limit + 1);
    const source = { timeline: archive.timelineFrom.bind(archive) };
    const timeline = new Timeline(source, criteria.groups, start, chunk, true);
    let next = start?.arrival ?? 0;
    for (let scanned = 0; ; scanned++) {
      const entry = await timeline.next();
      if (entry !== undefined && entry.arrival > latest) continue;
      next = entry?.arrival ?? next;
      const isNext = entry !== undefined && scanned < timelineScanMax;
      if (isNext && (!this.#matches(entry, criteria) || page.add(entry))) continue;
      return { messages: page.views(), next: formatCursor(next), more: entry !== undefined };
    }
  }

  /** @throws SkychatError `bad-id`, or `unknown-message` also where it is held back from view */
  async message(id: string): Promise<MessageView> {
    await this.#ready();
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

  /** @throws SkychatError `bad-id`, or `unknown-message` also where its author is blocked */
  async readEntry(id: string): Promise<Entry> {
    const entry = await this.#readPlace(id);
    if (!this.#options.views.isBlocked(entry)) return entry;
    throw new SkychatError('unknown-message', 'the author of the message is blocked here', {
      hint: `DELETE /members/${entry.feed.author}/block shows it again.`,
    });
  }

  /** Where the message stands, though it may not be shown. */
  async #readPlace(id: string): Promise<Entry> {
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

  #groupsOf({ group: idOrName, within }: Selection): ReadonlySet<GroupId> {
    const { groupOf, groups } = this.#options;
    if (idOrName !== undefined) return new Set([groupOf(idOrName, within)]);
    return within === undefined ? groups : new Set([...groups].filter((id) => within.includes(id)));
  }

  #criteriaOf(selection: Selection): Criteria {
    const author = selection.author === undefined ? undefined : parsePublicKey(selection.author);
    if (selection.author !== undefined && author === undefined) {
      throw new SkychatError('bad-field', 'an author is a public key of 64 hex characters');
    }
    const { needsAck: asked, pinned = false, since = 0 } = selection;
    const { self } = this.#options.views;
    const needsAck = asked === undefined || asked === 'me' ? asked && self : parsePublicKey(asked);
    if (asked !== undefined && needsAck === undefined) {
      throw new SkychatError('bad-field', 'who is to acknowledge is me or a public key');
    }
    return { groups: this.#groupsOf(selection), author, since, needsAck, pinned };
  }

  #selects(entry: Entry, { groups, author, since }: Criteria): boolean {
    if (author !== undefined && entry.feed.author !== author) return false;
    return groups.has(entry.feed.group) && entry.time >= since;
  }

  #matches(entry: Entry, criteria: Criteria): boolean {
    const { views } = this.#options;
    const { needsAck, pinned } = criteria;
    if (!this.#selects(entry, criteria)) return false;
    if (needsAck !== undefined && !views.needsAck(entry, needsAck)) return false;
    if (pinned && !views.isPinned(entry)) return false;
    return views.isShown(entry);
  }

  /** The few messages that can pass at all, where there is a list of them, oldest first. */
  #listOf({ groups, needsAck, pinned }: Criteria): Promise<readonly Listed[]> | undefined {
    const { notes } = this.#options;
    if (pinned) return this.#readListed([...groups].flatMap((group) => notes.pinned(group)));
    if (needsAck === undefined) return undefined;
    const requests = [...groups].flatMap((group) => notes.requests(group));
    return Promise.resolve(groups.size > 1 ? requests.sort(compareEntries) : requests);
  }

  async #readListed(ids: readonly string[]): Promise<Listed[]> {
    const listed: Listed[] = [];
    for (const id of ids) {
      const entry = await this.#findListed(id);
      if (entry !== undefined) listed.push({ ...entry, id });
    }
    return listed.sort(compareEntries);
  }

  async #findListed(id: string): Promise<Entry | undefined> {
    const parsed = parseMessageId(id);
    const entry = parsed && (await this.#options.archive.find(parsed));
    return entry?.arrival === 0 ? undefined : entry;
  }

  /** A page back over messages that are known by their places. */
  async #listed(
    listed: readonly Listed[],
    before: string | undefined,
    criteria: Criteria,
    limit: number,
  ): Promise<Page> {
    const page = new PageBuilder(this.#options.views, this.#limits, limit);
    const { latest } = this.#options.live;
    const start = before === undefined ? undefined : await this.findPlace(before);
    let last = start?.arrival ?? 0;
    let more = before === undefined || start !== undefined;
    let scanned = 0;
    for (let i = listed.length - 1; more; i--) {
      const one = listed[i];
      if (one === undefined) more = false;
      else if (start !== undefined && compareEntries(one, start) >= 0) continue;
      else {
        const entry = await this.#findListed(one.id);
        if (entry === undefined || entry.arrival > latest) continue;
        if (++scanned > this.#limits.listedScanMax) break;
        if (this.#matches(entry, criteria) && !page.add(entry)) break;
        last = entry.arrival;
      }
    }
    const next = formatCursor(before === undefined ? latest : last);
    return { messages: page.views().reverse(), next, more };
  }

  /**
   * Hands over what arrived after the cursor until `take` says no, which leaves the entry for the next
   * page, or it takes too long.
   */
  async #arrivals(
    cursor: string,
    take: (entry: Entry) => boolean | Promise<boolean>,
    onUnreadable: (after: number, latest: number) => void = () => undefined,
  ): Promise<{ next: string; more: boolean }> {
    await this.#ready();
    const { live, archive } = this.#options;
    const { latest } = live;
    let next = this.#parseCursor(cursor);
    for (let scanned = 0; next < latest && scanned < this.#limits.scanMax;) {
      const wanted = Math.min(this.#limits.chunkEntriesMax, this.#limits.scanMax - scanned);
      const chunk = live.after(next, wanted) ?? (await archive.after(next, wanted));
      // Behind the last entry that can be read there is nothing to wait for: the store is damaged
      // there, which it has reported itself.
      if (chunk.length === 0) {
        onUnreadable(next, latest);
        next = latest;
      }
      for (const entry of chunk) {
        if (entry.arrival > latest) {
          next = latest;
          break;
        }
        const taken = take(entry);
        if (taken === false || (taken !== true && !(await taken))) {
          return { next: formatCursor(next), more: true };
        }
        next = entry.arrival;
        scanned++;
      }
    }
    return { next: formatCursor(next), more: next < latest };
  }

  async #ready(): Promise<void> {
    const { backlog } = this.#options;
    if (!backlog.isRead) await backlog.read();
  }

  #parseCursor(text: string): number {
    const { live, store } = this.#options;
    return parseCursor(text, live.latest, Math.max(live.latest, store.latestArrival()));
  }

  /** The message of an id or a cursor, though it may not be shown; undefined for the very first cursor. */
  async findPlace(position: string): Promise<Entry | undefined> {
    if (parseMessageId(position) !== undefined) return this.#readPlace(position);
    const arrival = this.#parseCursor(position);
    if (arrival === 0) return undefined;
    const [entry] = await this.#options.archive.after(arrival - 1, 1);
    return entry;
  }

  async #page(
    before: Entry | undefined,
    criteria: Criteria,
    limit: number,
    latest: number,
  ): Promise<{ page: PageBuilder; more: boolean; last: Entry | undefined }> {
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

function entryPlace({ feed, arrival }: Entry): { group: GroupId; arrival: number } {
  return { group: feed.group, arrival };
}

function unknownMessage(id: string): SkychatError {
  return new SkychatError('unknown-message', `no message ${id.slice(0, 8)}… on this node`, {
    hint: 'It may not have arrived yet, or not be in a group of this node.',
  });
}
