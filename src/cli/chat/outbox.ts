// Lines on their way to the daemon: sent one after the other, each under a key of its own that it keeps
// until it is answered, so that a restart of the daemon neither loses nor repeats one.
import { toHex } from '../../bytes.ts';
import type { MessageView } from '../../chat/view.ts';
import type { Random } from '../../env.ts';
import type { Client } from '../client.ts';
import { isPassing, wordsOf } from '../failures.ts';
import { retryMsMax, retryMsMin, unsentMax } from '../limits.ts';

export interface Post {
  readonly text: string;
  readonly group?: string;
  readonly to?: string;
  readonly reply_to?: string;
}

export interface OutboxPorts {
  readonly client: Pick<Client, 'ask'>;
  readonly random: Pick<Random, 'bytes'>;
  readonly signal: AbortSignal;
  sleep(ms: number, signal: AbortSignal): Promise<void>;
  /** It is on the daemon's disk. */
  onSent(message: MessageView): void;
  /** The daemon refuses it for good: it is given back, and the reason in words. */
  onRefused(post: Post, words: string): void;
  /** How many wait has changed. */
  onChange(): void;
}

export class Outbox {
  readonly #ports: OutboxPorts;
  readonly #waiting: { readonly post: Post; readonly key: string }[] = [];
  #sending: Promise<void> | undefined;

  constructor(ports: OutboxPorts) {
    this.#ports = ports;
  }

  get size(): number {
    return this.#waiting.length;
  }

  /** False where too many wait. */
  put(post: Post): boolean {
    if (this.#waiting.length >= unsentMax) return false;
    this.#waiting.push({ post, key: toHex(this.#ports.random.bytes(16)) });
    this.#sending ??= this.#run().finally(() => {
      this.#sending = undefined;
    });
    return true;
  }

  /** What was not sent by the end. */
  unsent(): readonly Post[] {
    return this.#waiting.map(({ post }) => post);
  }

  async #run(): Promise<void> {
    const { signal } = this.#ports;
    for (let next = this.#waiting[0]; next !== undefined; next = this.#waiting[0]) {
      this.#ports.onChange();
      const outcome = await this.#send(next);
      if (signal.aborted) return;
      this.#waiting.shift();
      if ('message' in outcome) this.#ports.onSent(outcome.message);
      else this.#ports.onRefused(next.post, outcome.refusal);
    }
    this.#ports.onChange();
  }

  async #send({ post, key }: { readonly post: Post; readonly key: string }): Promise<Outcome> {
    const { client, signal } = this.#ports;
    const headers = { 'idempotency-key': key };
    const question = { method: 'POST', path: '/messages', body: post, headers, signal } as const;
    for (let delay = retryMsMin; ; delay = Math.min(retryMsMax, 2 * delay)) {
      try {
        return { message: (await client.ask<MessageView>(question)).value };
      } catch (error) {
        if (signal.aborted || !isPassing(error)) return { refusal: wordsOf(error) };
      }
      // The signal's abort is seen by the next attempt.
      await this.#ports.sleep(delay, signal).catch(() => undefined);
    }
  }
}

type Outcome = { readonly message: MessageView } | { readonly refusal: string };
