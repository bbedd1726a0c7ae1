// The tabs that a shared hub serves: who is there, and who may hear what. Runs in the worker.
import type { HubPorts } from './hub.ts';
import { Hub } from './hub.ts';
import type { FromHub, ToHub } from './wire.ts';

export interface TabPort {
  postMessage(message: FromHub): void;
}

/** More tabs than a person opens; the oldest is let go. */
const tabsMax = 64;

export class Tabs {
  readonly #ports: HubPorts;
  /** With the token that each has given. */
  readonly #tabs = new Map<TabPort, string | null>();
  #hub: Hub | undefined;
  #token: string | null = null;

  constructor(ports: HubPorts) {
    this.#ports = ports;
  }

  get size(): number {
    return this.#tabs.size;
  }

  handle(port: TabPort, message: ToHub): void {
    switch (message.kind) {
      case 'hello':
        this.#add(port, message.token);
        break;
      case 'token':
        this.#tabs.set(port, message.token);
        this.#use(message.token);
        this.#tell(port);
        break;
      case 'retry':
        this.#hub?.retry();
        break;
      case 'bye':
        this.remove(port);
        break;
    }
  }

  remove(port: TabPort): void {
    this.#tabs.delete(port);
    if (this.#tabs.size > 0) return;
    this.#hub?.close();
    this.#hub = undefined;
  }

  #add(port: TabPort, token: string | null): void {
    const [oldest] = this.#tabs.keys();
    if (this.#tabs.size >= tabsMax && oldest !== undefined) this.#tabs.delete(oldest);
    this.#tabs.set(port, token);
    if (this.#hub === undefined) {
      this.#token = token;
      const hub = new Hub(this.#ports, (each) => {
        if (this.#hub === hub) this.#broadcast(each);
      });
      this.#hub = hub;
      void hub.run(token);
    } else if (this.#hub.state.kind === 'locked') this.#use(token);
    this.#tell(port);
  }

  #use(token: string | null): void {
    if (token === this.#token && this.#hub?.state.kind !== 'locked') return;
    this.#token = token;
    this.#hub?.setToken(token);
  }

  #tell(port: TabPort): void {
    if (this.#hub === undefined) return;
    const isIn = this.#tabs.get(port) === this.#token;
    port.postMessage({ kind: 'state', state: isIn ? this.#hub.state : { kind: 'locked' } });
  }

  /** A tab without the token hears nothing of what it opens. */
  #broadcast(message: FromHub): void {
    for (const [port, token] of this.#tabs) if (token === this.#token) port.postMessage(message);
  }
}
