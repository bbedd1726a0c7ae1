// The first sync of a new node, shown by `run` in one line on stderr that is written anew in place
// until the node is in sync, then once in words. Log lines pass above it. Only on a terminal.
import { Writable } from 'node:stream';
import type { StatusView, SyncSourceView, SyncView } from '../chat/view.ts';
import type { Clock } from '../env.ts';
import { firstSyncMs, firstSyncSettleMs } from './limits.ts';
import { LiveRegion } from './live-region.ts';
import { clipped, isScreen, lookOf, sizeOf, type Look } from './look.ts';
import type { Ports } from './ports.ts';
import { buildProgressLine, countText, durationText, namesOf } from './progress-line.ts';

export class FirstSync {
  readonly #ports: Ports;
  readonly #look: Look;
  readonly #region = new LiveRegion();
  /** In stderr's place: what is written to it scrolls away above the line. */
  readonly log: Writable;

  constructor(ports: Ports) {
    this.#ports = ports;
    this.#look = lookOf(ports.env);
    if (!isScreen(ports.stderr, ports.env)) {
      this.log = ports.stderr;
      return;
    }
    // A log that nobody reads any more does not end the node.
    ports.stderr.on('error', () => undefined);
    this.log = new Writable({
      decodeStrings: false,
      write: (text: string, _, done) => {
        ports.stderr.write(this.#region.above(text, sizeOf(ports.stderr)));
        done();
      },
    });
  }

  /** Resolves once the node is in sync, or at the interrupt. Never rejects: it only shows. */
  async show(status: () => Promise<StatusView>): Promise<void> {
    const { stderr, env, clock, interrupt } = this.#ports;
    if (!isScreen(stderr, env)) return;
    try {
      const first = await status();
      if (first.messages > 0 || first.peers.known === 0) return;
      const course = new Course(clock);
      for (let view = first; !course.take(view); view = await status()) {
        this.#draw(course.isBegun ? view.sync : undefined, view.peers);
        await this.#ports.sleep(firstSyncMs, interrupt);
      }
      this.#write(this.#region.clear(sizeOf(stderr)) + `${course.words(this.#look)}\n`);
    } catch {
      // The node is closing.
      this.#write(this.#region.clear(sizeOf(stderr)));
    }
  }

  #draw(sync: SyncView | undefined, { connected, known }: StatusView['peers']): void {
    const size = sizeOf(this.#ports.stderr);
    const waiting = `${connected} of ${known} peers connected`;
    const line =
      sync === undefined
        ? clipped(waiting, size.cells, this.#look)
        : buildProgressLine(sync, size.cells, this.#look);
    this.#write(this.#region.draw([line], size));
  }

  #write(text: string): void {
    this.#ports.stderr.write(text);
  }
}

/** What was seen of the first sync so far. */
export class Course {
  readonly #clock: Clock;
  #begunAt: number | undefined;
  /** Since when nothing is missing, while a peer was there to ask. */
  #settledAt: number | undefined;
  #met = false;
  #messages = 0;
  readonly #sources = new Map<string, SyncSourceView>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Whether a peer was there, and anything has come or is known to be missing. */
  get isBegun(): boolean {
    return this.#met && this.#begunAt !== undefined;
  }

  /** Takes the next view; true once the node is in sync, and has been so for a while. */
  take({ sync, peers }: Pick<StatusView, 'sync' | 'peers'>): boolean {
    const now = this.#clock.monotonic();
    if (peers.connected > 0) this.#met = true;
    if (this.#met && sync.of > 0) this.#begunAt ??= now;
    this.#messages = sync.have;
    for (const source of sync.sources) {
      const before = this.#sources.get(source.pk)?.messages ?? 0;
      this.#sources.set(source.pk, { ...source, messages: Math.max(before, source.messages) });
    }
    if (sync.behind > 0 || !this.#met) this.#settledAt = undefined;
    else this.#settledAt ??= now;
    return this.#settledAt !== undefined && now - this.#settledAt >= firstSyncSettleMs;
  }

  /** `in sync: 20,000 messages in 1.2 s from alice` */
  words(look: Look): string {
    if (this.#messages === 0) return 'in sync: no messages yet';
    const tookMs = (this.#settledAt ?? 0) - (this.#begunAt ?? 0);
    const noun = this.#messages === 1 ? 'message' : 'messages';
    const sources = [...this.#sources.values()].sort((a, b) => b.messages - a.messages);
    const from = sources.length === 0 ? '' : ` from ${namesOf(sources, look)}`;
    const took = durationText(Math.max(0, tookMs) / 1000);
    return `in sync: ${countText(this.#messages)} ${noun} in ${took}${from}`;
  }
}
