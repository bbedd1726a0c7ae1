// What a service manager (systemd, Type=notify) is told of the node: that it is ready, how it is, that
// it lives, that it stops. By the program systemd-notify, so that no datagram socket is needed; without
// a manager nothing is done. Knows nothing of what the node is.
import { spawn } from 'node:child_process';
import type { Timers } from '../env.ts';
import { notifyMs } from './limits.ts';

export interface ServiceManagerOptions {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly pid: number;
  readonly timers: Timers;
  /** A sentence for people: what the node is doing. */
  readonly status: () => Promise<string>;
  readonly onFailure: (cause: string) => void;
}

/** Undefined where no manager waits for word of this process. */
export function findServiceManager(options: ServiceManagerOptions): ServiceManager | undefined {
  return options.env['NOTIFY_SOCKET'] ? new ServiceManager(options) : undefined;
}

export class ServiceManager {
  readonly #options: ServiceManagerOptions;
  #cancelBeat: (() => void) | undefined;
  #isStopping = false;

  constructor(options: ServiceManagerOptions) {
    this.#options = options;
  }

  /** The node listens. From now on its life is shown as often as the manager asks for. */
  async ready(): Promise<void> {
    await this.#tell('READY=1', await this.#status());
    const { env, pid } = this.#options;
    const watchdogMs = watchdogMsOf(env, pid);
    if (watchdogMs !== undefined) this.#planBeat(watchdogMs / 2);
  }

  async stopping(): Promise<void> {
    this.#isStopping = true;
    this.#cancelBeat?.();
    await this.#tell('STOPPING=1', 'STATUS=closing');
  }

  /** The event loop drives it: a node that hangs falls silent, and is started anew. */
  #planBeat(delayMs: number): void {
    if (this.#isStopping) return;
    this.#cancelBeat = this.#options.timers.after(delayMs, () => {
      this.#planBeat(delayMs);
      void this.#status().then((status) => this.#tell('WATCHDOG=1', status));
    });
  }

  async #status(): Promise<string> {
    return `STATUS=${await this.#options.status().catch((error: unknown) => String(error))}`;
  }

  /** Resolves when it was told, or could not be: neither is a reason to end. */
  #tell(...words: readonly string[]): Promise<void> {
    const { PATH, NOTIFY_SOCKET } = this.#options.env;
    return new Promise((resolve) => {
      const child = spawn('systemd-notify', words, {
        env: { PATH, NOTIFY_SOCKET },
        stdio: 'ignore',
        timeout: notifyMs,
      });
      const fail = (cause: string): void => {
        this.#options.onFailure(cause);
        resolve();
      };
      child.once('error', (error) => {
        fail(error.message);
      });
      child.once('exit', (code) => {
        if (code === 0) resolve();
        else fail(`systemd-notify ended with ${code ?? 'a signal'}`);
      });
    });
  }
}

/** How long the manager waits for a sign of life of this process, where it does. */
function watchdogMsOf(env: ServiceManagerOptions['env'], pid: number): number | undefined {
  const { WATCHDOG_USEC: micros = '', WATCHDOG_PID: of } = env;
  if (!/^\d{4,15}$/.test(micros) || (of !== undefined && of !== String(pid))) return undefined;
  return Number(micros) / 1000;
}
