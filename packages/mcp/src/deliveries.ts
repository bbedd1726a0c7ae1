// Counts what a call gave as delivered only once its answer has been handed to the client, and takes
// that back where the client says that it gave up on the call before the answer came. Knows nothing of
// what is delivered.
import type { Transport } from '@modelcontextprotocol/sdk/shared/transport.js';
import type { JSONRPCMessage, RequestId } from '@modelcontextprotocol/sdk/types.js';

export interface Delivery {
  readonly commit: () => void;
  readonly revert: () => void;
}

export class Deliveries {
  readonly #offered = new Map<RequestId, Delivery>();
  /** The latest that was committed: nothing older can be taken back. */
  #latest: { readonly id: RequestId; readonly delivery: Delivery } | undefined;

  /** To be called before the answer of the request is returned; forgotten where none is sent. */
  offer(id: RequestId, delivery: Delivery, signal: AbortSignal): void {
    if (signal.aborted) return;
    this.#offered.set(id, delivery);
    signal.addEventListener('abort', () => this.#offered.delete(id), { once: true });
  }

  /** To be called before the server is connected to the transport. */
  attach(transport: Transport): void {
    const send = transport.send.bind(transport);
    transport.send = async (message, options) => {
      await send(message, options);
      this.#sent(message);
    };
    transport.onmessage = (message) => {
      this.#received(message);
    };
  }

  #sent(message: JSONRPCMessage): void {
    if (!('result' in message)) return;
    const delivery = this.#offered.get(message.id);
    if (delivery === undefined) return;
    this.#offered.delete(message.id);
    this.#latest = { id: message.id, delivery };
    delivery.commit();
  }

  #received(message: JSONRPCMessage): void {
    if (!('method' in message) || message.method !== 'notifications/cancelled') return;
    const id = message.params?.['requestId'];
    // Its answer is on its way, and will not be read.
    if (typeof id === 'string' || typeof id === 'number') this.#offered.delete(id);
    if (this.#latest === undefined || id !== this.#latest.id) return;
    this.#latest.delivery.revert();
    this.#latest = undefined;
  }
}
