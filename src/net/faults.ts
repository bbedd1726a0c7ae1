// What goes wrong on links: a closed set of reasons, each counted, each told in words, and logged
// without letting a storm fill the disk. Knows nothing of how a fault is found.
import type { Clock, Logger } from '../env.ts';
import { logKeysMax, logQuietMs } from './limits.ts';

/** Every reason that is counted, in the words of the side that counts it. */
export const faultWords = {
  'already-connected': 'a second link of a peer whose first one is alive was refused',
  'bad-frame': 'the peer sent a frame that is none',
  'bad-handshake': 'something that is no skychat-node speaks to the link port',
  'bad-identity': 'the dialer claims a key that it did not prove',
  'handshake-closed': 'the connection was closed during the handshake',
  'handshake-timeout': 'the handshake was not finished in time',
  'http-on-link-port': 'HTTP was spoken to the link port; the HTTP interface has another port',
  'not-accepted': 'the peer neither accepted nor refused the link in time',
  'not-authentic': 'an encrypted message was damaged on its way or forged',
  'not-reading': 'the peer does not read what it is sent',
  'other-key-expected': 'the dialer expects another key at this address',
  'own-key': "another node uses this node's key, or it dialed itself",
  'refused-by-peer': 'the peer refused the link',
  'too-many-connections': 'too many connections without a finished handshake',
  'too-many-connections-of-address': 'too many connections of one address without a handshake',
  'too-many-links': 'too many links',
  'wrong-key': 'another key (or no skychat-node) answers at this address',
  banned: 'a banned key was refused',
  lost: 'the connection was lost',
  'not-allowed': 'a key that is not allowed was refused',
  replaced: 'a newer link took the place of this one',
  silent: 'the peer was silent for too long',
  unreachable: 'the peer could not be reached',
} as const satisfies Record<string, string>;

export type Fault = keyof typeof faultWords;

export function isFault(reason: string): reason is Fault {
  return Object.hasOwn(faultWords, reason);
}

const wordsOfLocal = new Map<string, string>(
  Object.entries({
    ...faultWords,
    banned: 'the peer is banned for a while',
    'not-allowed': "the peer's key is not allowed",
    closing: 'this node is shutting down',
    removed: 'the peer was removed',
    surplus: 'this node has links enough; it dials the peer when it needs one',
  }),
);

const wordsOfPeer = new Map<string, string>(
  Object.entries({
    'already-connected': 'the peer still holds an older link to this node',
    banned: "the peer has banned this node's key for a while",
    closing: 'the peer is shutting down',
    'not-allowed': "the peer does not allow this node's key",
    'own-key': "the peer has this node's own key",
    removed: 'the peer removed this node',
    replaced: 'the peer kept another link to this node',
    surplus: 'the peer has links enough; it is dialed when this node needs one',
    'too-many-links': 'the peer has no place for another link',
  }),
);

/** Why a link ended, for people; `byPeer`: the peer gave the reason. */
export function inWords(reason: string, byPeer: boolean): string {
  const words = (byPeer ? wordsOfPeer : wordsOfLocal).get(reason);
  return words ?? `${byPeer ? 'the peer' : 'this node'} ended the link: ${reason}`;
}

/** Faults that happen in quiet operation; counted, but no reason to warn. */
const everyday: ReadonlySet<Fault> = new Set([
  'already-connected',
  'handshake-closed',
  'lost',
  'refused-by-peer',
  'replaced',
  'unreachable',
]);

export class Faults {
  readonly #logger: Logger;
  readonly #clock: Clock;
  readonly #counts: Record<Fault, number>;
  // Reason and host → when the last line was written, and what was kept quiet since.
  readonly #lines = new Map<string, { at: number; quiet: number }>();

  constructor(logger: Logger, clock: Clock) {
    this.#logger = logger;
    this.#clock = clock;
    this.#counts = { ...faultWords } as unknown as Record<Fault, number>;
    for (const fault of Object.keys(faultWords) as Fault[]) this.#counts[fault] = 0;
  }

  counters(): Record<Fault, number> {
    return { ...this.#counts };
  }

  /** Counts always; writes at most one line for each reason and remote host in a while. */
  report(fault: Fault, address: string, fields: { peer?: string; detail?: string } = {}): void {
    this.#counts[fault]++;
    const words = faultWords[fault];
    if (everyday.has(fault)) {
      this.#logger.debug({ reason: fault, address, ...fields }, words);
      return;
    }
    const key = `${fault} ${address.replace(/:\d+$/, '')}`;
    const line = this.#lines.get(key);
    const now = this.#clock.monotonic();
    if (line !== undefined && now - line.at < logQuietMs) {
      line.quiet++;
      return;
    }
    const quiet = line?.quiet ?? 0;
    this.#lines.delete(key);
    if (this.#lines.size >= logKeysMax) this.#lines.delete(this.#lines.keys().next().value ?? key);
    this.#lines.set(key, { at: now, quiet: 0 });
    const unlogged = quiet > 0 ? { unlogged: quiet } : {};
    this.#logger.warn({ reason: fault, address, ...fields, ...unlogged }, words);
  }
}
