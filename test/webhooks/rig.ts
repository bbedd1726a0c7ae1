// Outgoing hooks over an Api and a receiver in memory, on time that moves when it is told to.
import { onTestFinished } from 'vitest';
import { silentLogger, systemRandom } from '../../src/env.ts';
import { SkychatError } from '../../src/errors.ts';
import type { OutgoingHookDraft, OutgoingHookView } from '../../src/http/hooks.ts';
import { parsePublicKey, type PublicKey } from '../../src/identity.ts';
import type { OutgoingAnswer, OutgoingRequest } from '../../src/webhooks/port.ts';
import { Webhooks, type WebhooksOptions } from '../../src/webhooks/webhooks.ts';
import { LocalRows } from '../chat/local-rows.ts';
import { alice, FakeApi, lobby } from '../support/fake-api.ts';
import { ManualTime } from '../support/net-time.ts';

export const draft: OutgoingHookDraft = {
  name: 'deploy',
  url: 'http://receiver.example/hook',
  group: undefined,
  events: ['message'],
  mentions: false,
  bots: false,
};

export type Answer = Partial<OutgoingAnswer> | 'nothing' | 'refused';

export class WebhookRig extends LocalRows {
  readonly api = new FakeApi();
  readonly time = new ManualTime();
  readonly requests: OutgoingRequest[] = [];
  /** What the receiver at a URL answers: 200 where nothing is said. */
  answerTo: (request: OutgoingRequest) => Answer = () => ({});
  /** Of full jitter: 1 for the longest wait. */
  unit = 1;

  async open(over: Partial<WebhooksOptions> = {}): Promise<Webhooks> {
    const webhooks = await Webhooks.open({
      ...{ api: this.api, store: this, writeLocal: this.writeLocal },
      ...{ clock: this.time, timers: this.time, logger: silentLogger },
      random: { bytes: (length) => systemRandom.bytes(length), unit: () => this.unit },
      self: parsePublicKey(alice) as PublicKey,
      agent: 'test',
      groupIdOf: (name) => {
        if (name === 'lobby') return lobby;
        throw new SkychatError('unknown-group', 'there is none');
      },
      sender: { send: (request) => this.#send(request) },
      ...over,
    });
    onTestFinished(() => webhooks.close());
    webhooks.start();
    return webhooks;
  }

  /** Texts of the messages that reached the receiver, in order. */
  get texts(): string[] {
    return this.requests.map(
      ({ body }) => (JSON.parse(body) as { data: { text: string } }).data.text,
    );
  }

  get ids(): (string | undefined)[] {
    return this.requests.map(({ headers }) => headers['webhook-id']);
  }

  /** Lets everything happen that waits for nothing but the event loop. */
  settle = async (): Promise<void> => {
    for (let i = 0; i < 40; i++) await new Promise((resolve) => setImmediate(resolve));
  };

  advance(ms: number): Promise<void> {
    return this.time.advance(ms, this.settle);
  }

  async #send(request: OutgoingRequest): Promise<OutgoingAnswer> {
    this.requests.push(request);
    const answer = this.answerTo(request);
    if (answer === 'refused') throw Object.assign(new Error('no'), { code: 'ECONNREFUSED' });
    if (answer !== 'nothing') return { status: 200, retryAfter: undefined, body: '', ...answer };
    return new Promise((_, reject) => {
      request.signal.addEventListener('abort', () => {
        reject(new Error('aborted'));
      });
    });
  }
}

/** The only hook that there is. */
export function only(webhooks: Webhooks): OutgoingHookView {
  const [hook] = webhooks.list();
  if (hook === undefined) throw new Error('there is no hook');
  return hook;
}
