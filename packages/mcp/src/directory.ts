// Who the node is and what its groups are called: asked now and then, since every message is shown
// with the name of its group. Knows nothing of messages.
import { performance } from 'node:perf_hooks';
import type { NodeClient } from './node-client.ts';
import type { NodeGroup, NodeStatus } from './node-shapes.ts';

export interface Names {
  /** The node's own key. */
  readonly self: string;
  readonly groups: ReadonlyMap<string, NodeGroup>;
}

export class Directory {
  readonly #client: NodeClient;
  readonly #namesMs: number;
  #names: Names | undefined;
  #readAt = 0;

  constructor(client: NodeClient, namesMs: number) {
    this.#client = client;
    this.#namesMs = namesMs;
  }

  /** Not older than the bound, and with those groups where the node has them. */
  async names(groups: Iterable<string>, signal: AbortSignal): Promise<Names> {
    const known = this.#names;
    if (known !== undefined && this.#isFresh() && [...groups].every((id) => known.groups.has(id))) {
      return known;
    }
    return this.refresh(signal);
  }

  /** The node's own key; fails at once where the node is down. */
  async self(signal: AbortSignal): Promise<string> {
    if (this.#names !== undefined && this.#isFresh()) return this.#names.self;
    return (await this.#client.ask<NodeStatus>({ path: '/status', signal })).pk;
  }

  async refresh(signal: AbortSignal): Promise<Names> {
    const [status, { groups }] = await Promise.all([
      this.#client.get<NodeStatus>('/status', {}, signal),
      this.#client.get<{ groups: readonly NodeGroup[] }>('/groups', {}, signal),
    ]);
    const names = { self: status.pk, groups: new Map(groups.map((group) => [group.id, group])) };
    this.#names = names;
    this.#readAt = performance.now();
    return names;
  }

  #isFresh(): boolean {
    return performance.now() - this.#readAt < this.#namesMs;
  }
}
