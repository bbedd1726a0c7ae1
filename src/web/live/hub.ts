// Holds the one event stream that all tabs share: opens it, comes back to it from its cursor after
// whatever ended it, and says how it stands. Knows nothing of tabs, and of what the events mean.
import { EventParser } from './event-parser.ts';
import type { FromHub, LinkState } from './wire.ts';

export interface HubPorts {
  readonly fetch: (path: string, init: RequestInit) => Promise<Response>;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** Returns how to cancel it. */
  readonly after: (ms: number, callback: () => void) => () => void;
  /** From 0 to 1. */
  readonly random: () => number;
}

/** The node shows life every 10 s. */
const silentMsMax = 30_000;
const retryMsMin = 250;
const retryMsMax = 5_000;

export class Hub {
  readonly #ports: HubPorts;
  readonly #emit: (message: FromHub) => void;
  #token: string | null = null;
  #cursor: string | undefined;
  #state: LinkState = { kind: 'connecting' };
  #attempt: AbortController | undefined;
  #wake: (() => void) | undefined;
  #isClosed = false;
  #failures = 0;

  /** @param cursor to resume from; undefined: from here on */
  constructor(ports: HubPorts, emit: (message: FromHub) => void, cursor?: string) {
    this.#ports = ports;
    this.#emit = emit;
    this.#cursor = cursor;
  }

  get state(): LinkState {
    return this.#state;
  }

  /** Runs until `close`. */
  async run(token: string | null): Promise<void> {
    this.#token = token;
    while (!this.#isClosed) {
      await this.#stream();
      if (!this.#hasEnded()) await this.#pause();
    }
  }

  setToken(token: string | null): void {
    this.#token = token;
    this.#failures = 0;
    this.#attempt?.abort();
    this.#wake?.();
  }

  retry(): void {
    this.#failures = 0;
    this.#wake?.();
  }

  close(): void {
    this.#isClosed = true;
    this.#attempt?.abort();
    this.#wake?.();
  }

  /** One stream from its opening to its end, however it ends. */
  async #stream(): Promise<void> {
    const attempt = new AbortController();
    this.#attempt = attempt;
    let stopWatch = this.#watch(attempt);
    try {
      const response = await this.#ports.fetch(`/events?after=${this.#cursor ?? 'now'}`, {
        headers: {
          accept: 'text/event-stream',
          ...(this.#token !== null && { authorization: `Bearer ${this.#token}` }),
        },
        signal: attempt.signal,
      });
      if (!response.ok || response.body === null) {
        this.#refused(response.status);
        return;
      }
      const parser = new EventParser();
      const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
      for (;;) {
        const { done, value } = await reader.read();
        if (done) break;
        stopWatch();
        stopWatch = this.#watch(attempt);
        this.#take(parser, value);
      }
      this.#lost();
    } catch {
      this.#lost();
    } finally {
      stopWatch();
      attempt.abort();
    }
  }

  #take(parser: EventParser, text: string): void {
    const events = parser.push(text);
    if (parser.cursor === '') return;
    this.#cursor = parser.cursor;
    this.#failures = 0;
    if (this.#state.kind !== 'live') this.#become({ kind: 'live', since: this.#ports.now() });
    if (events.length > 0) this.#emit({ kind: 'events', events });
  }

  #refused(status: number): void {
    if (status === 401 || status === 403) {
      this.#become({ kind: 'locked' });
    } else if (status === 400) {
      // The cursor is of another store.
      this.#cursor = undefined;
      this.#emit({ kind: 'reset' });
    } else this.#lost();
  }

  #lost(): void {
    if (this.#hasEnded() || this.#state.kind === 'unreachable') return;
    this.#become({ kind: 'unreachable', since: this.#ports.now() });
  }

  #become(state: LinkState): void {
    this.#state = state;
    this.#emit({ kind: 'state', state });
  }

  #watch(attempt: AbortController): () => void {
    return this.#ports.after(silentMsMax, () => {
      attempt.abort();
    });
  }

  /** With a locked node only another token helps. */
  async #pause(): Promise<void> {
    const bound = Math.min(retryMsMax, retryMsMin * 2 ** this.#failures++);
    const ms = this.#state.kind === 'locked' ? undefined : bound * (0.5 + this.#ports.random() / 2);
    await new Promise<void>((resolve) => {
      const cancel = ms === undefined ? undefined : this.#ports.after(ms, resolve);
      this.#wake = () => {
        cancel?.();
        resolve();
      };
    });
    this.#wake = undefined;
  }

  #hasEnded(): boolean {
    return this.#isClosed;
  }
}
