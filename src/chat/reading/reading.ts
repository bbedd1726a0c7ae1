// What the people of this node have read and look for, as one: the markers, the counts behind them,
// telling the others, and the search. Knows nothing of requests.
import type { Entry } from '../../cxo/archive.ts';
import type { GroupId } from '../../cxo/ids.ts';
import type { Store } from '../../cxo/store.ts';
import type { Clock, Timers } from '../../env.ts';
import type { PublicKey } from '../../identity.ts';
import type { Backlog } from '../news/backlog.ts';
import { formatCursor, parseCursor } from '../timeline/cursor.ts';
import type { LiveEdge } from '../news/live-edge.ts';
import type { MessageViews } from '../timeline/message-views.ts';
import type { People } from '../people/people.ts';
import type { MessageSource } from '../ports.ts';
import type { ReadMarkers } from './read-markers.ts';
import { ReadReceipts, type ReadReceiptsOptions } from './read-receipts.ts';
import { SearchPages, type SearchPagesOptions } from '../search/search-pages.ts';
import { Search } from '../search/search.ts';
import { Unread, type UnreadCounts } from './unread.ts';
import type { ReadView } from '../view.ts';

export interface ReadingOptions {
  readonly self: PublicKey;
  /** Groups that are shown. */
  readonly groups: ReadonlySet<GroupId>;
  readonly store: Pick<Store, 'feeds' | 'latestArrival'>;
  readonly archive: Pick<MessageSource, 'after' | 'find' | 'timeline'>;
  readonly markers: ReadMarkers;
  readonly views: MessageViews;
  readonly people: Pick<People, 'findName'>;
  readonly since: (group: GroupId) => number;
  readonly backlog: Pick<Backlog, 'read'>;
  readonly live: Pick<LiveEdge, 'latest'>;
  readonly clock: Pick<Clock, 'now'>;
  readonly timers: Timers;
  readonly findPlace: SearchPagesOptions['findPlace'];
  readonly groupOf: SearchPagesOptions['groupOf'];
  readonly publish: ReadReceiptsOptions['publish'];
  /** A marker has moved. */
  readonly onMoved: (view: ReadView) => void;
}

export class Reading {
  readonly search: SearchPages;
  readonly #options: ReadingOptions;
  readonly #unread: Unread;
  readonly #receipts: ReadReceipts;
  readonly #index: Search;

  constructor(options: ReadingOptions) {
    this.#options = options;
    const { markers, views, people, backlog, live, store } = options;
    const parts = {
      ...options,
      latest: () => live.latest,
      ready: () => backlog.read(),
      read: (entry: Entry) => views.read(entry),
    };
    this.#unread = new Unread({ ...parts, markerOf: (group) => markers.find(group) });
    this.#index = new Search(parts);
    this.#receipts = new ReadReceipts({ ...options, isShown: (entry) => views.isShown(entry) });
    this.search = new SearchPages({
      ...options,
      search: this.#index,
      authors: () => store.feeds().map(({ feed }) => feed.author),
      nameOf: (author) => people.findName(author),
    });
    // What was here before anybody could read it on this node is not new to anybody.
    for (const group of options.groups) markers.begin(group, live.latest);
  }

  /** With the cursor up to which everything counts as read: what is unread arrived behind it. */
  async counts(group: GroupId): Promise<UnreadCounts & { readonly read_cursor: string }> {
    const counts = await this.#unread.counts(group);
    return { ...counts, read_cursor: formatCursor(this.#options.markers.find(group) ?? 0) };
  }

  /**
   * Everything in the group up to the cursor was read; where it is an earlier one than before, nothing
   * changes, unless `back` says that it is meant.
   * @throws SkychatError `bad-cursor`
   */
  async mark(group: GroupId, cursor: string, back: boolean): Promise<ReadView> {
    const { live, store, markers } = this.#options;
    const { latest } = live;
    const arrival = parseCursor(cursor, latest, Math.max(latest, store.latestArrival()));
    const before = await markers.move(group, arrival, back);
    if (before !== undefined && arrival > before) {
      this.#unread.advanced(group, arrival);
      this.#receipts.moved(group, arrival);
    } else if (before !== undefined) this.#unread.forget(group);
    const { read_cursor: marker, ...counts } = await this.counts(group);
    const view = { group, cursor: marker, ...counts };
    if (before !== undefined) this.#options.onMoved(view);
    return view;
  }

  /** To be called when this node has become part of a group: what is in it by now counts as read. */
  async begin(group: GroupId): Promise<void> {
    const { markers, live } = this.#options;
    markers.begin(group, live.latest);
    await markers.save();
  }

  /** Writes what could not be written while the node was opened. */
  save(): Promise<void> {
    return this.#options.markers.save();
  }

  /** To be called with all entries that were announced, in arrival order. */
  arrived(entries: readonly Entry[]): void {
    const { groups, markers } = this.#options;
    for (const { feed, arrival } of entries) {
      if (groups.has(feed.group)) markers.begin(feed.group, arrival - 1);
    }
    this.#unread.arrived(entries);
    this.#index.arrived(entries);
  }

  /** To be called when something was said about messages. */
  touched(targets: Parameters<Unread['touched']>[0]): void {
    this.#unread.touched(targets);
    this.#index.touched(targets);
  }

  /** To be called when other messages are shown than before, or this node has another name. */
  forget(): void {
    this.#unread.forget();
    this.#index.reset();
  }

  close(): void {
    this.#receipts.close();
    this.#index.reset();
  }
}
