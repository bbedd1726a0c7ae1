// One outgoing hook at work: reads what arrives behind its cursor, sends it, tries again, and moves the
// cursor on once the receiver has it. Nothing is skipped and nothing waits for another hook. What was
// sent when the node was killed is sent again, with the same webhook-id.
import { isoOfTime } from '../chat/time-text.ts';
import type { EventView } from '../chat/view.ts';
import type { Clock, Logger, Random, Timers } from '../env.ts';
import { SkychatError } from '../errors.ts';
import type { Api } from '../http/api.ts';
import type { PublicKey } from '../identity.ts';
import { backoffMs, type WebhookTimes } from './backoff.ts';
import { isFor, type Hook } from './hook.ts';
import { webhookLimits } from './limits.ts';
import type { OutgoingAnswer, Sender } from './port.ts';
import { Replies } from './replies.ts';
import { buildHeaders } from './signature.ts';

export interface DeliveryPorts {
  readonly api: Pick<Api, 'eventsAfter' | 'arrival' | 'post' | 'message'>;
  readonly sender: Sender;
  readonly self: PublicKey;
  readonly clock: Pick<Clock, 'now'>;
  readonly timers: Timers;
  readonly random: Pick<Random, 'unit'>;
  readonly logger: Logger;
  /** As the receiver is told. */
  readonly agent: string;
  readonly times: WebhookTimes;
}

export interface DeliveryOptions extends DeliveryPorts {
  readonly hook: Hook;
  readonly cursor: string;
  /** Resolves when the cursor is on disk. */
  readonly saveCursor: (cursor: string) => Promise<void>;
  /** Called once, when the hook is dead. Resolves when that is on disk. */
  readonly onDead: (reason: string) => Promise<void>;
}

/** What came of one attempt. */
type Outcome =
  | { readonly kind: 'delivered'; readonly answer: OutgoingAnswer }
  | { readonly kind: 'gone' }
  | { readonly kind: 'failed'; readonly reason: string; readonly waitMs: number };

export class Delivery {
  readonly #options: DeliveryOptions;
  readonly #replies: Replies;
  readonly #closed = new AbortController();
  readonly #ended: Promise<void>;
  #cursor: string;
  #passed = 0;
  #failures = 0;
  #reason: string | null = null;
  #nextAttempt: number | undefined;
  #lastDelivered: number | undefined;
  #isDead = false;

  constructor(options: DeliveryOptions) {
    this.#options = options;
    this.#cursor = options.cursor;
    this.#replies = new Replies(options.api, options.hook);
    this.#ended = this.#run();
  }

  get cursor(): string {
    return this.#cursor;
  }

  get failures(): number {
    return this.#failures;
  }

  /** Why it does not get on; null where it does. */
  get reason(): string | null {
    return this.#reason;
  }

  /** Wall clock, microseconds; undefined where nothing is waited for. */
  get nextAttempt(): number | undefined {
    return this.#nextAttempt;
  }

  get lastDelivered(): number | undefined {
    return this.#lastDelivered;
  }

  /** Ends the request under way; its event is sent again by whoever goes on from the cursor. */
  async close(): Promise<void> {
    this.#closed.abort();
    await this.#ended;
  }

  #isOver(): boolean {
    return this.#isDead || this.#closed.signal.aborted;
  }

  async #run(): Promise<void> {
    while (!this.#isOver()) {
      try {
        await this.#step();
      } catch (error) {
        if (!this.#isOver()) await this.#recover(error);
      }
    }
  }

  async #step(): Promise<void> {
    const { api, hook, self } = this.#options;
    const filter = hook.group === null ? {} : { within: [hook.group] };
    const page = await api.eventsAfter(this.#cursor, filter, webhookLimits.pageEvents);
    this.#settle();
    for (const event of page.events) {
      if (this.#isOver()) return;
      if (!isFor(hook, self, event)) this.#pass(event.cursor);
      else if (!(await this.#deliver(event))) return;
    }
    this.#pass(page.next);
    if (this.#passed >= webhookLimits.passedMax) await this.#save(page.next);
    if (!page.more) await api.arrival(this.#cursor, this.#closed.signal);
  }

  /** Not worth a write each: after a crash it is looked at again. */
  #pass(cursor: string): void {
    if (cursor !== this.#cursor) this.#passed++;
    this.#cursor = cursor;
  }

  async #save(cursor: string): Promise<void> {
    await this.#options.saveCursor(cursor);
    this.#cursor = cursor;
    this.#passed = 0;
  }

  /** False where the hook died or was closed before the receiver had it. */
  async #deliver(event: EventView): Promise<boolean> {
    const { hook, times, clock } = this.#options;
    const id = `${hook.id}.${event.cursor}`;
    const body = bodyOf(event, clock.now());
    while (!this.#isOver()) {
      const outcome = await this.#attempt(id, body);
      if (outcome.kind === 'delivered') {
        if (event.event !== 'gap') await this.#replies.answer(event.message, outcome.answer);
        await this.#save(event.cursor);
        this.#lastDelivered = clock.now();
        this.#settle();
        return true;
      }
      // What was cut off by the close says nothing of the receiver.
      if (this.#isOver()) return false;
      if (outcome.kind === 'gone') return this.#die('the receiver answered 410 Gone');
      this.#failures++;
      this.#reason = outcome.reason;
      if (this.#failures >= times.attemptsMax) {
        return this.#die(`${this.#failures} attempts failed; the last one: ${outcome.reason}`);
      }
      await this.#sleep(outcome.waitMs);
    }
    return false;
  }

  async #attempt(id: string, body: string): Promise<Outcome> {
    const { hook, sender, clock, timers, times, agent } = this.#options;
    const timestamp = Math.floor(clock.now() / 1_000_000);
    const over = new AbortController();
    const stopTimer = timers.after(times.attemptMs, () => {
      over.abort();
    });
    try {
      const answer = await sender.send({
        url: hook.url,
        headers: {
          'content-type': 'application/json',
          'content-length': String(Buffer.byteLength(body)),
          'user-agent': agent,
          ...buildHeaders(hook.secret, { id, timestamp, body }),
        },
        body,
        signal: AbortSignal.any([over.signal, this.#closed.signal]),
      });
      return this.#outcomeOf(answer);
    } catch (error) {
      const late = `no answer within ${times.attemptMs / 1000} s`;
      return this.#failed(over.signal.aborted ? late : `no answer: ${nameOf(error)}`);
    } finally {
      stopTimer();
    }
  }

  #outcomeOf(answer: OutgoingAnswer): Outcome {
    const { status, retryAfter } = answer;
    if (status >= 200 && status < 300) return { kind: 'delivered', answer };
    if (status === 410) return { kind: 'gone' };
    const redirect = status >= 300 && status < 400 ? ', and redirects are not followed' : '';
    return this.#failed(`the receiver answered ${status}${redirect}`, retryAfter);
  }

  /** A receiver that says when it wants to be asked again is not asked before. */
  #failed(reason: string, retryAfter?: string): Outcome {
    const { random, times } = this.#options;
    const seconds = /^\d{1,9}$/.test(retryAfter ?? '') ? Number(retryAfter) : 0;
    const asked = Math.min(seconds * 1000, webhookLimits.retryAfterMsMax);
    const waitMs = Math.max(asked, backoffMs(this.#failures + 1, random, times));
    return { kind: 'failed', reason, waitMs };
  }

  async #die(reason: string): Promise<false> {
    this.#isDead = true;
    this.#reason = reason;
    this.#nextAttempt = undefined;
    const { logger, hook, onDead } = this.#options;
    logger.warn({ hook: hook.id, reason }, 'an outgoing hook is dead');
    await onDead(reason).catch((error: unknown) => {
      logger.warn({ hook: hook.id, cause: String(error) }, 'the end of a hook could not be kept');
    });
    return false;
  }

  #settle(): void {
    this.#failures = 0;
    this.#reason = null;
    this.#nextAttempt = undefined;
  }

  /** The store, or the node itself, could not do what was needed; or does not know the cursor. */
  async #recover(error: unknown): Promise<void> {
    if (error instanceof SkychatError && error.code === 'bad-cursor') {
      await this.#die('its place is unknown here, as after an older copy of the data was put back');
      return;
    }
    const { logger, hook, times } = this.#options;
    this.#reason = error instanceof SkychatError ? error.message : 'the node failed; see its log';
    logger.warn({ hook: hook.id, cause: String(error) }, 'an outgoing hook has to wait');
    await this.#sleep(times.faultMs);
  }

  #sleep(delayMs: number): Promise<void> {
    const { clock, timers } = this.#options;
    const { signal } = this.#closed;
    if (signal.aborted) return Promise.resolve();
    this.#nextAttempt = clock.now() + delayMs * 1000;
    return new Promise((resolve) => {
      const end = (): void => {
        stopTimer();
        signal.removeEventListener('abort', end);
        this.#nextAttempt = undefined;
        resolve();
      };
      const stopTimer = timers.after(delayMs, end);
      signal.addEventListener('abort', end);
    });
  }
}

/** As Standard Webhooks advises: what happened, when, and the REST object. */
function bodyOf(told: EventView, now: number): string {
  if (told.event === 'gap') {
    return JSON.stringify({ type: 'gap', timestamp: isoOfTime(now), data: told.gap });
  }
  const { event, message } = told;
  return JSON.stringify({ type: event, timestamp: message.time, data: message });
}

/** The message of an error may hold the URL. */
function nameOf(error: unknown): string {
  if (!(error instanceof Error)) return 'failed';
  return 'code' in error && typeof error.code === 'string' ? error.code : error.name;
}
