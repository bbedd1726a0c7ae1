// The node as a program with a token may see and change it: it posts under its own name, takes back
// only what it wrote itself, and of groups that are not its own it learns nothing. What is not named
// here is refused to it. Knows nothing of tokens or requests.
import type { Happening } from '../chat/news/happenings.ts';
import type {
  EventPage,
  GroupView,
  MessageView,
  Page,
  ProofView,
  SearchPage,
} from '../chat/view.ts';
import { SkychatError } from '../errors.ts';
import type { Api, Draft, Filter, Posted, PostOptions } from './api.ts';
import type { Caller } from './tokens.ts';

/** What a route needs that those may call who are limited to some groups. */
export type GroupedApi = Pick<
  Api,
  | (
      | 'post'
      | 'newest'
      | 'before'
      | 'from'
      | 'search'
      | 'after'
      | 'eventsAfter'
      | 'replies'
      | 'message'
    )
  | ('edit' | 'erase' | 'react' | 'ack' | 'proof' | 'markRead')
  | ('latestCursor' | 'arrival' | 'happenings' | 'groups' | 'group' | 'members')
>;

export interface CallerApiOptions {
  readonly api: Api;
  readonly caller: Caller & { readonly bot: NonNullable<Caller['bot']> };
  /** The id of a group that is named; SkychatError `unknown-group`, `not-permitted`. */
  readonly groupIdOf: (idOrName: string, within?: readonly string[]) => string;
}

export class CallerApi implements GroupedApi {
  readonly #api: Api;
  readonly #options: CallerApiOptions;
  readonly #within: readonly string[] | undefined;

  constructor(options: CallerApiOptions) {
    this.#api = options.api;
    this.#options = options;
    this.#within = options.caller.within;
  }

  async post(draft: Draft, options: PostOptions): Promise<Posted> {
    const { bot } = this.#options.caller;
    const group = await this.#destinationOf(draft);
    const signed = { ...draft, ...(group !== undefined && { group }), bot: bot.name };
    if (options.idempotency === undefined) return this.#api.post(signed, options);
    // Two programs that choose the same key mean two messages. A space is in no key of a header.
    const { key, body } = options.idempotency;
    const idempotency = { key: `token ${bot.id} ${key}`, body };
    return this.#api.post(signed, { ...options, idempotency });
  }

  newest(filter: Filter, limit: number): Promise<Page> {
    return this.#api.newest(this.#limited(filter), limit);
  }

  before(position: string, filter: Filter, limit: number): Promise<Page> {
    return this.#api.before(position, this.#limited(filter), limit);
  }

  from(position: string, filter: Filter, limit: number): Promise<Page> {
    return this.#api.from(position, this.#limited(filter), limit);
  }

  search(line: string, filter: Filter, terms: Parameters<Api['search']>[2]): Promise<SearchPage> {
    return this.#api.search(line, this.#limited(filter), terms);
  }

  after(cursor: string, filter: Filter, limit: number): Promise<Page> {
    return this.#api.after(cursor, this.#limited(filter), limit);
  }

  eventsAfter(cursor: string, filter: Filter, limit: number): Promise<EventPage> {
    return this.#api.eventsAfter(cursor, this.#limited(filter), limit);
  }

  async replies(id: string, before: string | undefined, limit: number): Promise<Page> {
    await this.message(id);
    return this.#api.replies(id, before, limit);
  }

  async message(id: string): Promise<MessageView> {
    const message = await this.#api.message(id);
    this.#assertWithin(message.group);
    return message;
  }

  async proof(id: string): Promise<ProofView> {
    await this.message(id);
    return this.#api.proof(id);
  }

  async edit(id: string, text: string): Promise<MessageView> {
    await this.#assertOwn(id);
    return this.#api.edit(id, text);
  }

  async erase(id: string): Promise<MessageView> {
    await this.#assertOwn(id);
    return this.#api.erase(id);
  }

  async react(id: string, emoji: string, on: boolean): Promise<MessageView> {
    await this.message(id);
    return this.#api.react(id, emoji, on);
  }

  async ack(id: string): Promise<MessageView> {
    await this.message(id);
    return this.#api.ack(id);
  }

  latestCursor(): string {
    return this.#api.latestCursor();
  }

  arrival(cursor: string, signal: AbortSignal): Promise<void> {
    return this.#api.arrival(cursor, signal);
  }

  /** Who is limited to groups is told of these, and not who is linked. */
  get happenings(): Api['happenings'] {
    const { happenings } = this.#api;
    const within = this.#within;
    if (within === undefined) return happenings;
    return {
      watch: (listener) =>
        happenings.watch((happening) => {
          if (isWithin(happening, within)) listener(happening);
        }),
    };
  }

  async groups(): Promise<readonly GroupView[]> {
    const groups = await this.#api.groups();
    const within = this.#within;
    return within === undefined ? groups : groups.filter(({ id }) => within.includes(id));
  }

  async group(idOrName: string): Promise<GroupView> {
    return this.#api.group(this.#idOf(idOrName));
  }

  members(idOrName: string): ReturnType<Api['members']> {
    return this.#api.members(this.#idOf(idOrName));
  }

  async markRead(...[idOrName, cursor, back]: Parameters<Api['markRead']>) {
    return this.#api.markRead(this.#idOf(idOrName), cursor, back);
  }

  #limited({ group, ...filter }: Filter): Filter {
    const named = group === undefined ? {} : { group: this.#idOf(group) };
    const within = this.#within === undefined ? {} : { within: this.#within };
    return { ...filter, ...named, ...within };
  }

  /** Undefined where the draft says it, or may mean any group. */
  async #destinationOf({ group, to, replyTo }: Draft): Promise<string | undefined> {
    if (this.#within === undefined) return undefined;
    if (to !== undefined) throw notPermitted('the token is limited to groups');
    if (group !== undefined) return this.#idOf(group);
    if (replyTo !== undefined) return (await this.message(replyTo)).group;
    const [only, ...others] = this.#within;
    if (only !== undefined && others.length === 0) return only;
    throw new SkychatError('bad-field', 'group is missing', {
      hint: 'The token is for several groups: name one of them.',
    });
  }

  #idOf(idOrName: string): string {
    if (this.#within === undefined) return idOrName;
    return this.#options.groupIdOf(idOrName, this.#within);
  }

  #assertWithin(group: string): void {
    if (this.#within?.includes(group) === false) {
      throw notPermitted('the token is limited to other groups');
    }
  }

  /** The key signs for all its bots and its people: none of them takes back what another said. */
  async #assertOwn(id: string): Promise<void> {
    const message = await this.message(id);
    const { bot, scope } = this.#options.caller;
    if (scope === 'admin') return;
    const isOwn = message.mine && message.bot === true && message.name === bot.name;
    if (!isOwn) throw notPermitted('the token did not write this message');
  }
}

function isWithin({ event, data }: Happening, within: readonly string[]): boolean {
  if (event === 'peer') return false;
  if (event === 'group') return within.includes(data.id);
  if (event === 'read') return within.includes(data.group);
  return data.of !== 'message' || data.group === null || within.includes(data.group);
}

export function notPermitted(detail: string): SkychatError {
  return new SkychatError('not-permitted', detail);
}
