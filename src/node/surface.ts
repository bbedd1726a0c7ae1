// Puts the HTTP surface together from what it asks besides the node itself, and opens it. Knows
// nothing of routes.
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

export interface NodeSurfaceOptions {
  readonly clock: Clock;
  readonly random: Random;
  readonly timers: Timers;
  readonly logger: Logger;
  readonly config: NodeConfig;
  /** That of --http-token-file. */
  readonly token: string | undefined;
  readonly storage: Storage;
  readonly api: NodeApi;
  readonly chat: Chat;
  readonly runner: Runner;
  readonly network: Network;
  readonly entrance: Entrance;
}

export class NodeSurface {
  readonly #bots: Bots;
  readonly #server: HttpServer;
  #address = '';

  static async open(options: NodeSurfaceOptions): Promise<NodeSurface> {
    const bots = await openBots(options);
    const surface = new NodeSurface(options, bots);
    try {
      await surface.#listen(options.config);
    } catch (error) {
      await surface.close();
      throw error;
    }
    return surface;
  }

  private constructor(options: NodeSurfaceOptions, bots: Bots) {
    const { config, token, storage, api, clock, random, timers, logger } = options;
    const { allowHosts, writeRate } = config;
    const guard = { allowHosts, writeRate, ...(token !== undefined && { token }) };
    const metrics = openMetrics({
      ...{ ...options, store: storage.store, server: () => this.#server },
      hooks: () => bots.programs.hooks.list(),
    });
    const carrying = buildCarrying({ ...options, store: storage.store });
    const parts = { programs: bots.programs, metrics, carrying, web: findWebFiles() };
    const ports = { clock, random, timers, logger };
    this.#bots = bots;
    this.#server = createHttpServer(api, { ...ports, ...guard, ...parts });
  }

  /** `http://host:port` or `unix:PATH`. */
  get address(): string {
    return this.#address;
  }

  /** How often each problem code was answered. */
  counters(): Record<string, number> {
    return this.#server.counters();
  }

  async close(): Promise<void> {
    await this.#bots.close();
    await this.#server.close();
  }

  async #listen({ http }: NodeConfig): Promise<void> {
    const address = http.kind === 'unix' ? `unix:${http.path}` : formatEndpoint(http);
    this.#address = await listenHttp(this.#server, address);
    this.#bots.start();
  }
}
