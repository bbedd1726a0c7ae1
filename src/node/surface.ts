// The control surface of a node: what it is made of, from its opening to its close. Holds no logic.
import type { Chat } from '../chat/chat.ts';
import type { NodeConfig } from '../config.ts';
import type { Clock, Logger, Random, Timers } from '../env.ts';
import { listenHttp } from '../http/listen.ts';
import { createHttpServer, type HttpServer } from '../http/server.ts';
import { findWebFiles } from '../http/web-files.ts';
import { formatEndpoint } from '../net/address.ts';
import type { Network } from '../net/network.ts';
import type { Runner } from '../sync/runner.ts';
import { openBots, type Bots } from './bots.ts';
import { buildCarrying } from './carrying.ts';
import type { Entrance } from './entrance.ts';
import { openMetrics } from './metrics/snapshot.ts';
import type { NodeApi } from './node-api.ts';
import type { Storage } from './storage.ts';

export interface SurfaceParts {
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
  readonly logger: Logger;
  readonly config: NodeConfig;
  readonly token: string | undefined;
  readonly storage: Storage;
  readonly api: NodeApi;
  readonly chat: Chat;
  readonly runner: Runner;
  readonly network: Network;
  readonly entrance: Entrance;
}

export class NodeSurface {
  /** `http://host:port` or `unix:PATH`. */
  readonly address: string;
  readonly #server: HttpServer;
  readonly #bots: Bots;

  private constructor(address: string, server: HttpServer, bots: Bots) {
    this.address = address;
    this.#server = server;
    this.#bots = bots;
  }

  /** @throws SkychatError `port-busy`; then nothing of it stays open */
  static async open(parts: SurfaceParts): Promise<NodeSurface> {
    const { api, chat, network, runner, entrance, storage, token } = parts;
    const { allowHosts, http } = parts.config;
    const { store } = storage;
    const bots = await openBots({ ...parts, storage });
    const server: HttpServer = createHttpServer(api, {
      ...{ clock: parts.clock, timers: parts.timers, logger: parts.logger, allowHosts },
      ...(token !== undefined && { token }),
      ...{ programs: bots.programs, web: findWebFiles() },
      carrying: buildCarrying({ chat, store, runner }),
      metrics: openMetrics({ api, network, runner, store, entrance, server: () => server }),
    });
    const endpoint = http.kind === 'unix' ? `unix:${http.path}` : formatEndpoint(http);
    try {
      const address = await listenHttp(server, endpoint);
      bots.start();
      return new NodeSurface(address, server, bots);
    } catch (error) {
      await bots.close();
      await server.close();
      throw error;
    }
  }

  /** How often each problem code was answered. */
  counters(): Record<string, number> {
    return this.#server.counters();
  }

  async close(): Promise<void> {
    await this.#bots.close();
    await this.#server.close();
  }
}
