// The incoming hooks of a node: URLs by which other programs post, each bound to one group and one name.
// What is kept of the secret in a URL is its hash. Knows nothing of requests but their bytes.
import { utf8 } from '../bytes.ts';
import { parseName } from '../chat/people/names.ts';
import { isoOfTime } from '../chat/time-text.ts';
import type { MessageView } from '../chat/view.ts';
import type { LocalChange, Store } from '../cxo/store.ts';
import type { Clock, Random } from '../env.ts';
import { SkychatError } from '../errors.ts';
import type { Api, PostOptions } from '../http/api.ts';
import type {
  HookAnswer,
  HookRequest,
  IncomingHookDraft,
  IncomingHookView,
} from '../http/hooks.ts';
import { buildCredential, findCredentialId, isCredential } from './credential.ts';
import { botLimits } from './limits.ts';
import type { Notice } from './payloads/notice.ts';
import { readNotice } from './payloads/read-notice.ts';
import { fieldsOf, RowBook } from './row-book.ts';

export interface HookBookOptions {
  readonly api: Pick<Api, 'post'>;
  readonly store: Pick<Store, 'local'>;
  readonly writeLocal: (changes: readonly LocalChange[]) => Promise<void>;
  readonly clock: Pick<Clock, 'now'>;
  readonly random: Pick<Random, 'bytes'>;
  /** @throws SkychatError `unknown-group` */
  readonly groupIdOf: (idOrName: string) => string;
  /** Name of the group that is meant where none is named. */
  readonly room: string;
  /** For tests of the bound. */
  readonly hooksMax?: number;
}

interface Row {
  readonly id: string;
  readonly hash: string;
  readonly name: string;
  readonly group: string;
  /** Wall clock, microseconds. */
  readonly created: number;
}

export class HookBook {
  readonly #options: HookBookOptions;
  readonly #rows: RowBook<Row>;
  /** By id, since the start. */
  readonly #used = new Map<string, number>();

  private constructor(options: HookBookOptions, rows: RowBook<Row>) {
    this.#options = options;
    this.#rows = rows;
  }

  static async open(options: HookBookOptions): Promise<HookBook> {
    const { store, writeLocal } = options;
    const rows = await RowBook.open({ prefix: 'hook/', store, writeLocal, parse: parseRow });
    return new HookBook(options, rows);
  }

  has(id: string): boolean {
    return this.#rows.find(id) !== undefined;
  }

  list(): readonly IncomingHookView[] {
    return this.#rows.list().map((row) => this.#viewOf(row));
  }

  /** @throws SkychatError `bad-field`, `unknown-group` */
  async create(draft: IncomingHookDraft): Promise<IncomingHookView & { readonly secret: string }> {
    const { clock, random, groupIdOf, room, hooksMax = botLimits.hooksMax } = this.#options;
    if (this.#rows.size >= hooksMax) {
      throw new SkychatError('bad-field', `there are ${hooksMax} hooks, no more can be made`, {
        hint: 'Remove those that nobody uses.',
      });
    }
    const { id, text, hash } = buildCredential('skh', random);
    const group = groupIdOf(draft.group ?? room);
    const row = { id, hash, name: parseName(draft.name), group, created: clock.now() };
    await this.#rows.put(row);
    return { ...this.#viewOf(row), secret: text };
  }

  /** @throws SkychatError `unknown-hook` */
  async remove(id: string): Promise<IncomingHookView> {
    const row = this.#rows.find(id);
    if (row === undefined) throw new SkychatError('unknown-hook', 'there is no such hook');
    const view = this.#viewOf(row);
    await this.#rows.remove(id);
    this.#used.delete(id);
    return view;
  }

  /** @throws SkychatError `unknown-hook`, or as for a post */
  async receive(secret: string, request: HookRequest): Promise<HookAnswer> {
    const id = findCredentialId('skh', secret);
    const row = id === undefined ? undefined : this.#rows.find(id);
    if (row === undefined || !isCredential(secret, row.hash)) {
      throw new SkychatError('unknown-hook', 'this URL opens no hook');
    }
    this.#used.set(row.id, this.#options.clock.now());
    const notice = readNotice(request, row.name);
    const { text, priority } = notice;
    const draft = { text, group: row.group, bot: row.name };
    const { message } = await this.#options.api.post(
      priority === undefined ? draft : { ...draft, priority },
      retryOf(row.id, request),
    );
    return answerOf(notice, message, row.name);
  }

  #viewOf({ id, name, group, created }: Row): IncomingHookView {
    const used = this.#used.get(id);
    return {
      ...{ id, kind: 'incoming', name, group, created: isoOfTime(created) },
      last_used: used === undefined ? null : isoOfTime(used),
    };
  }
}

/** What GitHub delivers again, or a script says is a retry, is posted once. */
function retryOf(id: string, { headers, body }: HookRequest): PostOptions {
  const key = headers['x-github-delivery'] ?? headers['idempotency-key'];
  if (typeof key !== 'string' || key === '') return {};
  // A space is in no key that comes over HTTP otherwise.
  return { idempotency: { key: `hook ${id} ${key}`, body: body.length > 0 ? body : utf8('-') } };
}

function answerOf({ ntfy }: Notice, message: MessageView, name: string): HookAnswer {
  if (ntfy === undefined) return { contentType: 'text/plain; charset=utf-8', body: 'ok' };
  const time = Math.floor(Date.parse(message.time) / 1000);
  const { topic = name, ...rest } = ntfy;
  const body = JSON.stringify({ id: message.id, time, event: 'message', topic, ...rest });
  return { contentType: 'application/json; charset=utf-8', body };
}

function parseRow(value: unknown): Row | undefined {
  const { id, hash, name, group, created } = fieldsOf(value);
  if (typeof id !== 'string' || typeof hash !== 'string' || typeof name !== 'string') return;
  if (typeof group !== 'string' || typeof created !== 'number') return undefined;
  return { id, hash, name, group, created };
}
