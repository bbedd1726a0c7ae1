// The timelines that the page holds: of the open group, of those looked at before, and of the open
// thread; filled by pages and kept true by events.
import { signal } from '@preact/signals';
import type { MessageView, Page, ReadView } from '../../chat/view.ts';
import { Timeline } from '../model/timeline.ts';
import { get, ask, Problem, wordsOf } from './http.ts';
import { findGroup, putGroup } from './node.ts';
import { openId, panel, say } from './ui.ts';

/** One timeline, and what the page does about it. */
export class Conversation {
  readonly timeline = new Timeline();
  /** Counts the changes, for whoever draws it. */
  readonly revision = signal(0);
  readonly isLoading = signal(false);
  readonly failure = signal<string | null>(null);
  /** Id of the first message that was unread when the group was opened. */
  readonly unreadFrom = signal<string | null>(null);
  readonly #path: (limit: number, place: string) => string;
  /** Ids of the first and the last message of the pages that are shown. */
  #first: string | undefined;
  #last: string | undefined;
  #isLoaded = false;

  /** @param path of a page; `place` is more of its query */
  constructor(path: (limit: number, place: string) => string) {
    this.#path = path;
  }

  get isLoaded(): boolean {
    return this.#isLoaded;
  }

  put(message: MessageView, cursor: string): void {
    if (this.timeline.put([message], cursor)) this.#changed();
  }

  refresh(message: MessageView): void {
    if (this.timeline.refresh(message)) this.#changed();
  }

  /** The newest page, or again what may have changed without a word. */
  async loadNewest(): Promise<void> {
    // The page that is on its way may be older than what this one is asked for.
    while (this.isLoading.value) await this.#loaded;
    await this.#load(async () => {
      const { messages, next, more } = await this.#page(60);
      const version = /^\d{16}$/.test(next) ? next : latestOf(messages);
      const { isAtNewest } = this.timeline;
      if (!isAtNewest) this.timeline.moveTo(messages, version, { older: more, newer: false });
      else if (this.#isLoaded) this.timeline.put(messages, version);
      else this.timeline.putPage(messages, version, more);
      if (!this.#isLoaded || !isAtNewest) this.#first = messages[0]?.id;
    });
  }

  async loadOlder(limit = 200): Promise<void> {
    if (!this.#isLoaded || this.timeline.isWhole) return;
    await this.#load(async () => {
      const { messages, more } = await this.#page(limit, `&before=${this.#first ?? ''}`);
      this.timeline.putPage(messages, latestOf(messages), more);
      this.#first = messages[0]?.id ?? this.#first;
    });
  }

  async loadNewer(limit = 200): Promise<void> {
    if (this.timeline.isAtNewest) return;
    await this.#load(async () => {
      const { messages, more } = await this.#page(limit, `&from=${this.#last ?? ''}`);
      this.timeline.putNewer(messages, latestOf(messages), more);
      this.#last = messages.at(-1)?.id ?? this.#last;
    });
  }

  /** Shows a message with what is around it; false where it is not to be had. */
  async reach(id: string): Promise<boolean> {
    while (this.isLoading.value) await this.#loaded;
    if (this.timeline.indexOf(id) < 0) await this.#load(() => this.#moveTo(id));
    return this.timeline.indexOf(id) >= 0;
  }

  async #moveTo(id: string): Promise<void> {
    const pages = await Promise.all(
      ['before', 'from'].map((side) => this.#page(aroundMessages, `&${side}=${id}`)),
    ).catch(noneWhereUnknown);
    const [older, newer] = pages;
    if (older === undefined || newer === undefined) return;
    const messages = [...older.messages, ...newer.messages];
    if (newer.messages[0]?.id !== id) return;
    this.#first = messages[0]?.id;
    const { isAtNewest } = this.timeline;
    const isNear = newer.messages.some((message) => this.timeline.indexOf(message.id) >= 0);
    if (isAtNewest && isNear) this.timeline.putPage(messages, latestOf(messages), older.more);
    else {
      const more = { older: older.more, newer: newer.more };
      this.timeline.moveTo(messages, latestOf(messages), more);
      this.#last = messages.at(-1)?.id;
    }
  }

  trim(count: number): void {
    this.timeline.trim(count);
    this.#first = this.timeline.messages[0]?.id;
    this.#changed();
  }

  #loaded: Promise<void> = Promise.resolve();

  #page(limit: number, place = ''): Promise<Page> {
    return get<Page>(this.#path(limit, place));
  }

  async #load(take: () => Promise<void>): Promise<void> {
    if (this.isLoading.value) return this.#loaded;
    this.isLoading.value = true;
    this.#loaded = this.#take(take).finally(() => {
      this.isLoading.value = false;
    });
    return this.#loaded;
  }

  async #take(take: () => Promise<void>): Promise<void> {
    try {
      await take();
      this.failure.value = null;
      this.#isLoaded = true;
      this.#changed();
    } catch (error) {
      this.failure.value = wordsOf(error);
    }
  }

  #changed(): void {
    this.revision.value++;
  }
}

/** What a page says is as new as anything that it has; its `next` may be a place in it. */
function latestOf(messages: readonly MessageView[]): string {
  return messages.reduce((max, { cursor }) => (cursor > max ? cursor : max), '');
}

function noneWhereUnknown(error: unknown): Page[] {
  if (error instanceof Problem && error.status === 404) return [];
  throw error;
}

/** Above and from a message that the reader is sent to: more than fills the tallest screen. */
const aroundMessages = 60;

const conversations = new Map<string, Conversation>();
/** Groups of which the page keeps what it has read. */
const conversationsMax = 12;
/** Of those that are not open. */
const keptMax = 300;

export const thread = signal<Conversation | null>(null);
let threadRoot: string | undefined;

export function conversationOf(group: string): Conversation {
  const known = conversations.get(group);
  conversations.delete(group);
  const found =
    known ?? new Conversation((limit, place) => `/messages?group=${group}&limit=${limit}${place}`);
  conversations.set(group, found);
  for (const id of conversations.keys()) {
    if (conversations.size <= conversationsMax) break;
    conversations.delete(id);
  }
  return found;
}

export async function showGroup(group: string): Promise<void> {
  for (const [id, each] of conversations) {
    if (id !== group && each.timeline.messages.length > keptMax) each.trim(keptMax);
  }
  const conversation = conversationOf(group);
  await conversation.loadNewest();
  markUnread(group, conversation);
}

/** The line above what is new: it stays where it was when the group was opened. */
function markUnread(group: string, { timeline, unreadFrom }: Conversation): void {
  const { unread, read_cursor: read } = findGroup(group) ?? {};
  const first = timeline.messages.find(
    ({ mine, deleted, cursor }) => !mine && !deleted && read !== undefined && cursor > read,
  );
  unreadFrom.value = unread === 0 ? null : (first?.id ?? null);
}

export async function showThread(root: string): Promise<void> {
  if (threadRoot === root && thread.value !== null) return;
  threadRoot = root;
  const conversation = new Conversation(
    (limit, place) => `/messages/${root}/replies?limit=${limit}${place}`,
  );
  thread.value = conversation;
  await conversation.loadNewest();
}

export function closeThread(): void {
  threadRoot = undefined;
  thread.value = null;
}

/** Takes in a message, or what was said about one, wherever the page shows it. */
export function takeMessage(message: MessageView, cursor: string): void {
  conversations.get(message.group)?.put(message, cursor);
  if (message.reply_to === threadRoot || message.id === threadRoot)
    thread.value?.put(message, cursor);
  if (asked.has(message.id)) putExtra(message);
}

/** Whether the page has it in the timeline of a group. */
export function isShown(group: string, id: string): boolean {
  return conversations.get(group)?.timeline.find(id) !== undefined;
}

/** As the node answers a change: no event has told of it yet. */
export function refreshMessage(message: MessageView): void {
  conversations.get(message.group)?.refresh(message);
  thread.value?.refresh(message);
  if (asked.has(message.id)) putExtra(message);
}

/** Reads again what is shown: something was missed, or the node is another one. */
export function reloadConversations(): void {
  const open = openId.value;
  conversations.clear();
  if (open !== null) void showGroup(open);
  const root = threadRoot;
  closeThread();
  if (root !== undefined && panel.value?.kind === 'thread') void showThread(root);
}

/** Messages that are shown outside of their place: what an answer answers. Bounded. */
const extras = signal<ReadonlyMap<string, MessageView | null>>(new Map());
const extrasMax = 500;

function putExtra(message: MessageView): void {
  extras.value = new Map(extras.value).set(message.id, message);
}

function withoutExtra(id: string | undefined): Map<string, MessageView | null> {
  return new Map([...extras.value].filter(([each]) => each !== id));
}

/** Those of them that were asked for. */
const asked = new Set<string>();

/** Undefined while it is being asked for, null where the node has no such message. */
export function findMessage(group: string, id: string): MessageView | null | undefined {
  const known = conversations.get(group)?.timeline.find(id) ?? extras.value.get(id);
  if (known !== undefined || asked.has(id)) return known;
  asked.add(id);
  const [oldest] = extras.value.keys();
  if (extras.value.size >= extrasMax && oldest !== undefined) {
    extras.value = withoutExtra(oldest);
    asked.delete(oldest);
  }
  void get<MessageView>(`/messages/${id}`).then(putExtra, (error: unknown) => {
    // Ask again another time, unless it is certain that there is none.
    if (error instanceof Problem && error.status === 404) {
      extras.value = new Map(extras.value).set(id, null);
    } else asked.delete(id);
  });
  return undefined;
}

let isMarking = false;

/** Everything of the group that the page has was read. */
export async function markRead(group: string): Promise<void> {
  const found = findGroup(group);
  const { messages } = conversationOf(group).timeline;
  if (isMarking || found === undefined || found.unread === 0 || messages.length === 0) return;
  const cursor = messages
    .slice(-1000)
    .reduce((max, message) => (message.cursor > max ? message.cursor : max), '0');
  isMarking = true;
  try {
    const read = await ask<ReadView>('PUT', `/groups/${group}/read`, { json: { cursor } });
    const now = findGroup(group);
    if (now !== undefined) putGroup({ ...now, unread: read.unread, mentions: read.mentions });
  } catch (error) {
    if (!(error instanceof Problem)) return;
    say(wordsOf(error), true);
  } finally {
    isMarking = false;
  }
}
