// Publishes what this node says of itself (its name, the keys it vouches for, where it can be
// dialed), and tries again where that is not possible yet.
import type { Chat } from '../chat/chat.ts';
import type { OwnProfile } from '../chat/people/directory.ts';
import type { Logger, Timers } from '../env.ts';

const retryMs = 5_000;

export interface AnnouncerOptions {
  readonly chat: Pick<Chat, 'announce'>;
  readonly profile: OwnProfile;
  /** `host:port`, where others can dial this node at present. */
  readonly addresses: () => readonly string[];
  readonly timers: Timers;
  readonly logger: Logger;
  /** Called after each time that everything was published. */
  readonly onAnnounced: () => void;
}

export class Announcer {
  readonly #options: AnnouncerOptions;
  #cancel: (() => void) | undefined;
  #running = false;
  #again = false;
  #closed = false;

  constructor(options: AnnouncerOptions) {
    this.#options = options;
  }

  /** Publishes what has changed; a call during another is not lost. */
  announce(): void {
    this.#again = true;
    this.#cancel?.();
    if (!this.#running && !this.#closed) void this.#run();
  }

  close(): void {
    this.#closed = true;
    this.#cancel?.();
  }

  async #run(): Promise<void> {
    const { chat, profile, addresses, timers, logger, onAnnounced } = this.#options;
    this.#running = true;
    try {
      while (this.#again) {
        this.#again = false;
        await chat.announce(profile, addresses());
        onAnnounced();
      }
    } catch (error) {
      if (this.#isClosed()) return;
      logger.warn({ cause: String(error) }, 'name, peers and addresses could not be published yet');
      this.#cancel = timers.after(retryMs, () => {
        this.announce();
      });
    } finally {
      this.#running = false;
    }
  }

  #isClosed(): boolean {
    return this.#closed;
  }
}
