import type { Transport } from '@modelcontextprotocol/sdk/shared/transport.js';
import type { JSONRPCMessage } from '@modelcontextprotocol/sdk/types.js';
import { expect, test } from 'vitest';
import { Deliveries } from '../src/deliveries.ts';

/** What happened to the answers of some calls, over a client that takes one when it likes. */
class Rig {
  readonly happened: string[] = [];
  readonly deliveries = new Deliveries();
  readonly #transport: Transport;
  #take: () => void = () => undefined;

  constructor() {
    this.#transport = {
      start: () => Promise.resolve(),
      close: () => Promise.resolve(),
      send: () => new Promise((resolve) => (this.#take = resolve)),
    };
    this.deliveries.attach(this.#transport);
  }

  offer(id: number, signal = new AbortController().signal): void {
    const delivery = {
      commit: () => this.happened.push(`commit ${id}`),
      revert: () => this.happened.push(`revert ${id}`),
    };
    this.deliveries.offer(id, delivery, signal);
  }

  /** The answer is on its way; to be called when the client takes it. */
  send(message: object): () => Promise<void> {
    const sent = this.#transport.send({ jsonrpc: '2.0', ...message } as JSONRPCMessage);
    return () => {
      this.#take();
      return sent;
    };
  }

  cancel(requestId: number): void {
    const params = { requestId };
    this.#transport.onmessage?.({ jsonrpc: '2.0', method: 'notifications/cancelled', params });
  }
}

test('what was offered counts once its answer was taken, and not before', async () => {
  const rig = new Rig();
  rig.offer(1);
  await rig.send({ id: 2, result: {} })();
  await rig.send({ method: 'notifications/progress' })();
  const take = rig.send({ id: 1, result: {} });
  expect(rig.happened).toEqual([]);
  await take();
  expect(rig.happened).toEqual(['commit 1']);
});

test('it does not count where an error is sent, or the call was cancelled', async () => {
  const rig = new Rig();
  const cancelled = new AbortController();
  rig.offer(1);
  rig.offer(2, cancelled.signal);
  rig.offer(3, AbortSignal.abort());
  cancelled.abort();
  await rig.send({ id: 1, error: { code: 1, message: '' } })();
  await rig.send({ id: 2, result: {} })();
  await rig.send({ id: 3, result: {} })();
  expect(rig.happened).toEqual([]);
});

test('a cancellation that crosses the answer keeps it from counting', async () => {
  const rig = new Rig();
  rig.offer(1);
  const take = rig.send({ id: 1, result: {} });
  rig.cancel(1);
  await take();
  expect(rig.happened).toEqual([]);
});

test('one that comes behind the answer takes it back, once', async () => {
  const rig = new Rig();
  rig.offer(1);
  await rig.send({ id: 1, result: {} })();
  rig.cancel(7);
  rig.cancel(1);
  rig.cancel(1);
  expect(rig.happened).toEqual(['commit 1', 'revert 1']);
});

test('what came before the latest answer stays', async () => {
  const rig = new Rig();
  for (const id of [1, 2]) {
    rig.offer(id);
    await rig.send({ id, result: {} })();
  }
  rig.cancel(1);
  expect(rig.happened).toEqual(['commit 1', 'commit 2']);
});
