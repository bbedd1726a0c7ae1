// What a node has dropped and refused, as /status shows it: since the start, and of late.
import type { Chat } from '../chat/chat.ts';
import type { StatusView } from '../chat/view.ts';
import type { Network } from '../net/network.ts';
import type { Runner } from '../sync/runner.ts';
import { RecentCounts, recentMinutes, type RecentCountsPorts } from './recent-counts.ts';

export interface NodeCountersParts extends RecentCountsPorts {
  readonly chat: Pick<Chat, 'counters'>;
  readonly runner: Pick<Runner, 'overview'>;
  readonly network: Pick<Network, 'counters'>;
  /** How often the HTTP surface refused, by problem code. */
  readonly refused: () => Readonly<Record<string, number>>;
}

export class NodeCounters {
  readonly #parts: NodeCountersParts;
  readonly #dropped: RecentCounts;
  readonly #refused: RecentCounts;

  constructor(parts: NodeCountersParts) {
    this.#parts = parts;
    const { chat, runner, network } = parts;
    this.#dropped = new RecentCounts(parts, () => ({
      ...runner.overview.dropped(),
      ...chat.counters,
    }));
    this.#refused = new RecentCounts(parts, () => ({ ...network.counters(), ...parts.refused() }));
  }

  view(): StatusView['counters'] {
    const { overview } = this.#parts.runner;
    const [dropped, refused] = [this.#dropped, this.#refused];
    return {
      ...{ dropped: dropped.total(), refused: refused.total() },
      ...{ held: overview.held, forks: overview.forks },
      recent: { minutes: recentMinutes, dropped: dropped.read(), refused: refused.read() },
    };
  }

  close(): void {
    this.#dropped.close();
    this.#refused.close();
  }
}
