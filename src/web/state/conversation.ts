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
  readonly #path: (before: string | undefined, limit: number) => string;
  #before: string | undefined;
  #isLoaded = false;

  constructor(path: (before: string | undefined, limit: number) => string) {
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
    await this.#load(undefined, 60);
  }

  /** True where there may be more. */
  async loadOlder(limit = 200): Promise<boolean> {
    if (!this.#isLoaded || this.timeline.isWhole) return false;
    await this.#load(this.#before, limit);
    return this.failure.value === null && !this.timeline.isWhole;
  }

  /** Loads older pages until the message is there; false where it is not to be had. */
  async reach(id: string): Promise<boolean> {
    while (this.timeline.indexOf(id) < 0) {
      if (this.isLoading.value) await this.#loaded;
      else if (!(await this.loadOlder(1000))) break;
    }
    return this.timeline.indexOf(id) >= 0;
  }

  trim(count: number): void {
    this.timeline.trim(count);
    this.#before = this.timeline.messages[0]?.id;
    this.#changed();
  }

  #loaded: Promise<void> = Promise.resolve();

  async #load(before: string | undefined, limit: number): Promise<void> {
    if (this.isLoading.value) return this.#loaded;
    this.isLoading.value = true;
    this.#loaded = this.#fetch(before, limit).finally(() => {
      this.isLoading.value = false;
    });
    return this.#loaded;
  }

  async #fetch(before: string | undefined, limit: number): Promise<void> {
    try {
      const page = await get<Page>(this.#path(before, limit));
      this.failure.value = null;
      this.#take(page, before !== undefined);
    } catch (error) {
      this.failure.value = wordsOf(error);
    }
  }

  #take({ messages, next, more }: Page, isOlder: boolean): void {
    // What a page of older messages says is as new as anything; its `next` is a place in it.
    const latest = messages.reduce((max, { cursor }) => (cursor > max ? cursor : max), '');
    const version = isOlder || !/^\d{16}$/.test(next) ? latest : next;
    const isAgain = this.#isLoaded && !isOlder;
    if (isAgain) this.timeline.put(messages, version);
    else {
      this.timeline.putPage(messages, version, more);
      this.#before = messages[0]?.id ?? this.#before;
    }
    this.#isLoaded = true;
    this.#changed();
  }

  #changed(): void {
    this.revision.value++;
  }
}

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
    known ??
    new Conversation((before, limit) => {
      const from = before === undefined ? '' : `&before=${before}`;
      return `/messages?group=${group}&limit=${limit}${from}`;
    });
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
  const conversation = new Conversation((before, limit) => {
    const from = before === undefined ? '' : `&before=${before}`;
    return `/messages/${root}/replies?limit=${limit}${from}`;
  });
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
