// One run of the chat: joins the screen, the event stream and the lines on their way. What is shown of
// messages comes from the stream alone, so that nothing is shown twice, or before the daemon has it.
import type {
  GapView,
  GroupView,
  MemberView,
  MessageEventView,
  MessageView,
  Page,
} from '../../chat/view.ts';
import type { Call } from '../call.ts';
import type { Client } from '../client.ts';
import { exitCodes, wordsOf, type ExitCode } from '../failures.ts';
import {
  chatDeliveryMs,
  chatDeliveryMsMax,
  chatLeaveMs,
  chatPageMax,
  chatReadMs,
} from '../limits.ts';
import { shown, type Look } from '../look.ts';
import { pathOfGroup } from '../member-names.ts';
import { act } from './actions.ts';
import { parseInput } from './commands.ts';
import { complete } from './complete.ts';
import { dayOf, dayRow, messageRows, noteRows, painted, type LineContext } from './lines.ts';
import { Outbox, type Post } from './outbox.ts';
import { follow } from './reader.ts';
import { Rooms } from './rooms.ts';
import { Screen } from './screen.ts';
import { Seen } from './seen.ts';
import { wrap } from './wrap.ts';

/** Of one thing that is said, such as a note of a member about itself. */
const sayRowsMax = 10;

export interface SessionOptions {
  readonly call: Call;
  readonly client: Client;
  readonly look: Look;
  /** This node's key. */
  readonly self: string;
  readonly groups: readonly GroupView[];
  /** Id of the group to begin with. */
  readonly group: string;
  /** Whether a message that names this node rings. */
  readonly bell: boolean;
}

export class Session {
  readonly client: Client;
  readonly look: Look;
  readonly self: string;
  readonly rooms = new Rooms();
  readonly seen = new Seen();
  readonly screen: Screen;
  readonly outbox: Outbox;
  readonly #call: Call;
  readonly #bell: boolean;
  readonly #ended = new AbortController();
  readonly signal: AbortSignal;
  #members: readonly MemberView[] = [];
  /** The earliest message that is shown of the group. */
  #oldest: string | undefined;
  #day = '';
  #cursor = '';
  #isOpen = true;
  #delivery: { readonly stored: number; readonly others: number } | undefined;
  /** Events of a group that is about to be shown. */
  #held: MessageEventView[] | undefined;
  #readTimer: NodeJS.Timeout | undefined;
  #interruptedAt = -Infinity;
  #exit: ExitCode = exitCodes.done;

  constructor({ call, client, look, self, groups, group, bell }: SessionOptions) {
    this.#call = call;
    this.client = client;
    this.look = look;
    this.self = self;
    this.#bell = bell;
    this.signal = AbortSignal.any([call.ports.interrupt, this.#ended.signal]);
    this.rooms.update(groups);
    this.rooms.enter(group);
    this.outbox = new Outbox({
      ...{ client, random: call.ports.random, signal: this.signal },
      sleep: (ms, signal) => call.ports.sleep(ms, signal),
      onSent: (message) => {
        this.#sent(message);
      },
      onRefused: (post, words) => {
        this.#refused(post, words);
      },
      onChange: () => {
        this.#prompt();
      },
    });
    this.screen = new Screen({
      ...{ stdin: call.ports.stdin, stdout: call.ports.stdout },
      complete: (line) => complete(line, this.#known()),
      onLine: (line) => {
        this.#entered(line);
      },
      onInterrupt: () => {
        this.#interrupted();
      },
      onEnd: () => {
        this.leave(exitCodes.done);
      },
    });
  }

  async run(): Promise<ExitCode> {
    try {
      await this.show(this.rooms.open.id);
      await follow({
        ...{ client: this.client, cursor: this.#cursor, signal: this.signal },
        sleep: (ms, signal) => this.#call.ports.sleep(ms, signal),
        onEvent: (event) => {
          this.#event(event);
        },
        onGap: (gap) => {
          this.#missed(gap);
        },
        onGroups: () => {
          this.reloadGroups().catch(() => undefined);
        },
        onOpen: () => {
          this.#opened();
        },
        onGone: (words) => {
          this.#gone(words);
        },
      });
    } catch (error) {
      if (!this.#ended.signal.aborted) throw error;
    } finally {
      clearTimeout(this.#readTimer);
      this.screen.close();
    }
    return this.#leftBehind();
  }

  /** Ends the run. */
  leave(exit: ExitCode): void {
    this.#exit = exit;
    this.#ended.abort(new Error('left'));
  }

  /** Rows that are no messages. */
  say(...rows: readonly string[]): void {
    const room = { first: '  ', gutter: '  ', cells: this.screen.cells, rowsMax: sayRowsMax };
    const printed = rows.flatMap((row) => wrap(shown(row, this.look), room));
    this.screen.print(printed.map((row) => painted(row, 2, this.look)));
  }

  /** Goes to a group and shows its newest messages. */
  async show(group: string): Promise<void> {
    this.#held = [];
    this.rooms.enter(group);
    this.#prompt();
    try {
      const query = { group, limit: chatPageMax };
      const page = await this.client.get<Page>('/messages', query, this.signal);
      if (this.#cursor === '') this.#cursor = page.next;
      this.#day = '';
      this.#oldest = page.messages[0]?.id;
      this.#printPage(page.messages);
      const printed = new Set(page.messages.map(({ id }) => id));
      const held = this.#held;
      this.#held = undefined;
      for (const event of held) {
        if (event.event !== 'message' || !printed.has(event.message.id)) this.#event(event);
      }
      this.#markRead();
      await this.#loadMembers(group);
    } finally {
      this.#held = undefined;
    }
  }

  async showOlder(): Promise<void> {
    const messages = await this.#before(this.#oldest);
    this.#oldest = messages[0]?.id ?? this.#oldest;
    if (messages.length === 0) this.say('there is nothing before');
    else this.showList('older', messages);
  }

  async #before(oldest: string | undefined): Promise<readonly MessageView[]> {
    if (oldest === undefined) return [];
    const query = { group: this.rooms.open.id, before: oldest, limit: chatPageMax };
    return (await this.client.get<Page>('/messages', query, this.signal)).messages;
  }

  /** Messages out of their order, between two rows that say so. */
  showList(title: string, messages: readonly MessageView[]): void {
    const bar = this.look.unicode ? '┄┄' : '..';
    const day = this.#day;
    this.#day = '';
    this.screen.print([painted(`${bar} ${shown(title, this.look)} ${bar}`, 2, this.look)]);
    this.#printPage(messages);
    this.screen.print([painted(`${bar} now ${bar}`, 2, this.look)]);
    this.#day = day;
  }

  async reloadGroups(): Promise<void> {
    const path = '/groups';
    const { groups } = await this.client.get<{ groups: readonly GroupView[] }>(
      path,
      {},
      this.signal,
    );
    const { id } = this.rooms.open;
    this.rooms.update(groups);
    this.rooms.enter(id);
    this.#prompt();
  }

  get members(): readonly MemberView[] {
    return this.#members;
  }

  async #loadMembers(group: string): Promise<void> {
    const path = `${pathOfGroup(group)}/members`;
    const answer = await this.client.get<{ members: readonly MemberView[] }>(path, {}, this.signal);
    this.#members = answer.members;
  }

  #known(): { groups: readonly string[]; names: readonly string[] } {
    const others = this.#members.filter(({ pk }) => pk !== this.self);
    return {
      groups: this.rooms.all().map(({ name }) => name),
      names: others.flatMap(({ name }) => name ?? []),
    };
  }

  #entered(line: string): void {
    const input = parseInput(line);
    if (input.type === 'nothing') return;
    if (input.type === 'mistake') this.say(input.words);
    else if (input.type === 'text') {
      this.screen.takeBack(line);
      this.post({ text: input.text, group: this.rooms.open.id });
    } else {
      act(this, input).catch((error: unknown) => {
        if (!this.signal.aborted) this.say(wordsOf(error));
      });
    }
  }

  post(post: Post): void {
    if (this.outbox.put(post)) return;
    this.say(`too many lines wait for the daemon; this one was not taken: ${post.text}`);
  }

  #event(event: MessageEventView): void {
    this.#cursor = event.cursor;
    const { message } = event;
    if (message.group !== this.rooms.open.id) {
      this.#elsewhere(event);
      return;
    }
    if (this.#held !== undefined) {
      this.#held.push(event);
      return;
    }
    if (event.event === 'message') this.#printPage([message]);
    else this.screen.print(noteRows(event.event, message, this.#contextOf(message)));
    this.#ring(message);
    this.#markRead();
    const isNew = !message.mine && !this.#members.some(({ pk }) => pk === message.author);
    if (isNew) this.#loadMembers(message.group).catch(() => undefined);
  }

  /** Nothing is left out in silence. */
  #missed(gap: GapView): void {
    if (gap.of !== 'message') return;
    const { id } = this.rooms.open;
    if (gap.group === null || gap.group === id)
      this.say(`messages are missing here: ${gap.reason}`);
  }

  #elsewhere({ event, message }: MessageEventView): void {
    if (!this.rooms.has(message.group)) {
      this.reloadGroups().catch(() => undefined);
      return;
    }
    if (event !== 'message') return;
    this.rooms.note(message, this.self);
    this.#prompt();
    this.#ring(message);
    if (message.mine || !message.mentions.includes(this.self)) return;
    const name = this.rooms.all().find(({ id }) => id === message.group)?.name ?? message.group;
    this.say(`${message.name ?? message.author.slice(0, 8)} names you in ${name}: /group ${name}`);
  }

  #ring(message: MessageView): void {
    if (this.#bell && !message.mine && message.mentions.includes(this.self)) this.screen.ring();
  }

  #printPage(messages: readonly MessageView[]): void {
    const rows: string[] = [];
    for (const message of messages) {
      const time = new Date(message.time);
      if (dayOf(time) !== this.#day) {
        this.#day = dayOf(time);
        rows.push(painted(dayRow(time, this.look), 2, this.look));
      }
      rows.push(...messageRows(message, this.#contextOf(message)));
    }
    this.screen.print(rows);
  }

  #contextOf(message: MessageView): LineContext {
    const { look, self, seen } = this;
    const ref = seen.note(message);
    const answered = message.reply_to;
    const answeredRef = answered === null ? undefined : seen.refOf(answered);
    const isAmbiguous = seen.isAmbiguous(message);
    return { look, self, ref, answeredRef, isAmbiguous, cells: this.screen.cells };
  }

  #prompt(): void {
    const state = { isOpen: this.#isOpen, unsent: this.outbox.size, delivery: this.#delivery };
    this.screen.prompt(this.rooms.prompt(state, this.look, this.screen.cells));
  }

  #opened(): void {
    if (!this.#isOpen) this.say('the daemon is back');
    this.#isOpen = true;
    this.#prompt();
  }

  #gone(words: string): void {
    if (this.#isOpen) this.say(`${words} (trying again)`);
    this.#isOpen = false;
    this.#prompt();
  }

  #sent(message: MessageView): void {
    if (message.group !== this.rooms.open.id) {
      const isKnown = this.rooms.has(message.group);
      if (!isKnown) this.reloadGroups().catch(() => undefined);
      this.say(`sent: ${message.text}`);
    }
    void this.#watchDelivery(message);
  }

  /** On how many other nodes the latest own message is, until it is on all, or for a while. */
  async #watchDelivery({ id }: MessageView): Promise<void> {
    const path = `/messages/${id}`;
    for (let passed = 0; passed <= chatDeliveryMsMax; passed += chatDeliveryMs) {
      if (this.signal.aborted || (this.#watched !== id && passed > 0)) return;
      this.#watched = id;
      const found = await this.client
        .get<MessageView>(path, {}, this.signal)
        .catch(() => undefined);
      if (found !== undefined && this.#watched === id) {
        const { stored, members } = found.delivery;
        const others = Math.max(stored.length, members - 1);
        this.#delivery = others === 0 ? undefined : { stored: stored.length, others };
        this.#prompt();
        if (stored.length >= members - 1) return;
      }
      await this.#call.ports.sleep(chatDeliveryMs, this.signal).catch(() => undefined);
    }
  }
  #watched = '';

  #refused({ text }: Post, words: string): void {
    this.say(`not sent: ${words}`);
    if (!this.screen.giveBack(text)) this.say(`it was: ${text}`);
  }

  /** What is on the screen was read; told a moment later, once for all that comes in it. */
  #markRead(): void {
    this.#readTimer ??= setTimeout(() => {
      this.#readTimer = undefined;
      const path = `${pathOfGroup(this.rooms.open.id)}/read`;
      const body = { cursor: this.#cursor };
      this.client.ask({ method: 'PUT', path, body, signal: this.signal }).catch(() => undefined);
    }, chatReadMs);
  }

  #interrupted(): void {
    const now = this.#call.ports.clock.monotonic();
    if (now - this.#interruptedAt < chatLeaveMs) this.leave(exitCodes.interrupted);
    else this.say('Ctrl-C once more, or Ctrl-D, leaves');
    this.#interruptedAt = now;
  }

  async #leftBehind(): Promise<ExitCode> {
    const unsent = this.outbox.unsent();
    for (const { text } of unsent) await this.#call.note(`not known to be sent: ${text}`);
    return unsent.length > 0 && this.#exit === exitCodes.done ? exitCodes.failed : this.#exit;
  }
}
