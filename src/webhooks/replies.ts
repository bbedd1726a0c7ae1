// Turns the answer of a receiver, `{"text"}`, into a reply to the message that it was told of: one for
// each message, however often it is delivered. Knows nothing of deliveries.
import { utf8 } from '../bytes.ts';
import type { MessageView } from '../chat/view.ts';
import { SkychatError, type ErrorCode } from '../errors.ts';
import { fieldsOf } from '../bots/row-book.ts';
import type { Api } from '../http/api.ts';
import type { Hook } from './hook.ts';
import { webhookLimits } from './limits.ts';
import type { OutgoingAnswer } from './port.ts';

/** Faults of this node that pass: the delivery is made again. All else is the answer's own fault. */
const passing: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  ...(['closing', 'disk-full', 'store-failed', 'store-damaged', 'too-many-requests'] as const),
  ...(['own-feed-unknown', 'not-ready', 'no-key', 'internal'] as const),
]);

export class Replies {
  readonly #api: Pick<Api, 'post' | 'message'>;
  readonly #hook: Hook;

  constructor(api: Pick<Api, 'post' | 'message'>, hook: Hook) {
    this.#api = api;
    this.#hook = hook;
  }

  /** Resolves when the reply is on disk, or there is none to be made. Rejects with what passes. */
  async answer(message: MessageView, { body }: OutgoingAnswer): Promise<void> {
    const text = textOf(body);
    if (text === undefined || (await this.#isLoop(message))) return;
    const { id, name } = this.#hook;
    try {
      await this.#api.post(
        { text, group: message.group, replyTo: message.id, bot: name },
        // A space is in no key that comes over HTTP. Another answer to the same message changes nothing.
        { idempotency: { key: `webhook ${id} ${message.id}`, body: utf8(message.id) } },
      );
    } catch (error) {
      if (!(error instanceof SkychatError) || passing.has(error.code)) throw error;
    }
  }

  /** Bots that answer each other are let do so a few times. */
  async #isLoop(message: MessageView): Promise<boolean> {
    let above = message;
    for (let bots = 1; above.bot === true; bots++) {
      if (bots >= webhookLimits.botRepliesMax) return true;
      const up = above.reply_to;
      const next = up === null ? undefined : await this.#api.message(up).catch(() => undefined);
      if (next === undefined) return false;
      above = next;
    }
    return false;
  }
}

function textOf(body: string | undefined): string | undefined {
  // Most receivers answer with nothing, or with a word.
  if (body === undefined || !body.trimStart().startsWith('{')) return undefined;
  try {
    const { text } = fieldsOf(JSON.parse(body));
    return typeof text === 'string' && text !== '' ? text : undefined;
  } catch {
    return undefined;
  }
}
