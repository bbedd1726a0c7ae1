// The outgoing hooks of a node: made, listed, revived and removed, each with its own delivery. A hook
// and its cursor are rows of the store, so that a restart goes on where the receiver is.
import { buildSecret } from './signature.ts';
import { botLimits } from '../bots/limits.ts';
import { RowBook } from '../bots/row-book.ts';
import { parseUtf8, toHex, utf8 } from '../bytes.ts';
import { parseName } from '../chat/people/names.ts';
import { isoOfTime } from '../chat/time-text.ts';
import type { LocalChange, Store } from '../cxo/store.ts';
import type { Random } from '../env.ts';
import { SkychatError } from '../errors.ts';
import type { Api } from '../http/api.ts';
import type { OutgoingHookDraft, OutgoingHookView } from '../http/hooks.ts';
import { webhookTimes, type WebhookTimes } from './backoff.ts';
import { Delivery, type DeliveryPorts } from './delivery.ts';
import { checkUrl, parseHook, type Hook } from './hook.ts';
import { webhookLimits } from './limits.ts';

export interface WebhooksOptions extends Omit<DeliveryPorts, 'times' | 'api' | 'random'> {
  readonly api: DeliveryPorts['api'] & Pick<Api, 'latestCursor'>;
  readonly random: Random;
  readonly store: Pick<Store, 'local'>;
  readonly writeLocal: (changes: readonly LocalChange[]) => Promise<void>;
  /** @throws SkychatError `unknown-group` */
  readonly groupIdOf: (idOrName: string) => string;
  /** For tests. */
  readonly times?: Partial<WebhookTimes>;
  readonly hooksMax?: number;
}

const hookPrefix = 'webhook/';
const cursorPrefix = 'webhook-cursor/';

export class Webhooks {
  readonly #options: WebhooksOptions;
  readonly #rows: RowBook<Hook>;
  /** Of all hooks, as they were last written. */
  readonly #cursors: Map<string, string>;
  readonly #deliveries = new Map<string, Delivery>();
  #isStarted = false;
  #isClosed = false;

  private constructor(options: WebhooksOptions, rows: RowBook<Hook>, cursors: Map<string, string>) {
    this.#options = options;
    this.#rows = rows;
    this.#cursors = cursors;
  }

  static async open(options: WebhooksOptions): Promise<Webhooks> {
    const { store, writeLocal } = options;
    const rows = await RowBook.open({ prefix: hookPrefix, store, writeLocal, parse: parseHook });
    const cursors = new Map<string, string>();
    for (const { key, value } of await store.local(cursorPrefix)) {
      cursors.set(key.slice(cursorPrefix.length), parseUtf8(value) ?? '');
    }
    return new Webhooks(options, rows, cursors);
  }

  /** To be called once the node is up. */
  start(): void {
    this.#isStarted = true;
    for (const hook of this.#rows.list()) this.#begin(hook);
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    await Promise.all([...this.#deliveries.values()].map((delivery) => delivery.close()));
  }

  has(id: string): boolean {
    return this.#rows.find(id) !== undefined;
  }

  list(): readonly OutgoingHookView[] {
    return this.#rows.list().map((hook) => this.#viewOf(hook));
  }

  /** @throws SkychatError `bad-field`, `unknown-group` */
  async create(draft: OutgoingHookDraft): Promise<OutgoingHookView & { readonly secret: string }> {
    const { clock, random, groupIdOf, api } = this.#options;
    const { hooksMax = webhookLimits.hooksMax } = this.#options;
    if (this.#rows.size >= hooksMax) {
      throw new SkychatError('bad-field', `there are ${hooksMax} outgoing hooks, no more can be`, {
        hint: 'Remove those that nobody needs.',
      });
    }
    const { name, group, url, events, mentions, bots } = draft;
    const hook: Hook = {
      ...{ id: toHex(random.bytes(botLimits.idBytes)), secret: buildSecret(random) },
      ...{ name: parseName(name), url: checkUrl(url), events, mentions, bots },
      group: group === undefined ? null : groupIdOf(group),
      ...{ created: clock.now(), dead: null },
    };
    const cursor = api.latestCursor();
    await this.#rows.put(hook, [cursorRow(hook.id, cursor)]);
    this.#cursors.set(hook.id, cursor);
    this.#begin(hook);
    return { ...this.#viewOf(hook), secret: hook.secret };
  }

  /** @throws SkychatError `unknown-hook` */
  async remove(id: string): Promise<OutgoingHookView> {
    const view = this.#viewOf(this.#read(id));
    await this.#end(id);
    await this.#rows.remove(id, [{ key: cursorPrefix + id, value: undefined }]);
    this.#cursors.delete(id);
    return view;
  }

  /** @throws SkychatError `unknown-hook` */
  async revive(id: string, skip: boolean): Promise<OutgoingHookView> {
    const hook = { ...this.#read(id), dead: null };
    await this.#end(id);
    const cursor = skip ? this.#options.api.latestCursor() : this.#cursorOf(id);
    await this.#rows.put(hook, [cursorRow(id, cursor)]);
    this.#cursors.set(id, cursor);
    this.#begin(hook);
    return this.#viewOf(hook);
  }

  #read(id: string): Hook {
    const hook = this.#rows.find(id);
    if (hook === undefined) throw new SkychatError('unknown-hook', 'there is no such hook');
    return hook;
  }

  /** A hook whose cursor was lost goes on from now: nobody knows what its receiver has. */
  #cursorOf(id: string): string {
    return this.#cursors.get(id) ?? this.#options.api.latestCursor();
  }

  #begin(hook: Hook): void {
    if (!this.#isStarted || this.#isClosed || hook.dead !== null) return;
    if (this.#deliveries.has(hook.id)) return;
    const { id } = hook;
    const { times, ...ports } = this.#options;
    const delivery = new Delivery({
      ...ports,
      ...{ hook, cursor: this.#cursorOf(id), times: { ...webhookTimes, ...times } },
      saveCursor: async (cursor) => {
        await this.#options.writeLocal([cursorRow(id, cursor)]);
        this.#cursors.set(id, cursor);
      },
      onDead: async (reason) => {
        this.#cursors.set(id, delivery.cursor);
        await this.#rows.put({ ...hook, dead: reason }, [cursorRow(id, delivery.cursor)]);
      },
    });
    this.#deliveries.set(id, delivery);
  }

  async #end(id: string): Promise<void> {
    const delivery = this.#deliveries.get(id);
    if (delivery === undefined) return;
    await delivery.close();
    this.#deliveries.delete(id);
    this.#cursors.set(id, delivery.cursor);
  }

  #viewOf(hook: Hook): OutgoingHookView {
    const { id, name, url, group, events, mentions, bots, created, dead } = hook;
    const delivery = this.#deliveries.get(id);
    const failures = delivery?.failures ?? 0;
    const living = delivery?.reason == null ? 'active' : 'retrying';
    return {
      ...{ id, kind: 'outgoing', name, url, group, events, mentions, bots },
      created: isoOfTime(created),
      state: dead === null ? living : 'dead',
      reason: dead ?? delivery?.reason ?? null,
      failures,
      next_attempt: timeOf(delivery?.nextAttempt),
      last_delivered: timeOf(delivery?.lastDelivered),
      cursor: delivery?.cursor ?? this.#cursorOf(id),
    };
  }
}

function cursorRow(id: string, cursor: string): LocalChange {
  return { key: cursorPrefix + id, value: utf8(cursor) };
}

function timeOf(time: number | undefined): string | null {
  return time === undefined ? null : isoOfTime(time);
}
